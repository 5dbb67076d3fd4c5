// Salvaged games as a directory that opens: made beside its place, examined, and only then given its name. Before it:
// readable-directory.ts; after it: openOrrery, which finds an ordinary directory.

import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { OrreryError } from '../../../core/errors.ts';
import { shardOf } from '../../shard-of.ts';
import { shardDirectory, takeDirectory } from '../directory.ts';
import type { Files } from '../files.ts';
import { CHECKER_IN_PLACE } from '../image/image-check.ts';
import { examineDirectory } from '../inspection/directory.ts';
import type { Journal } from '../journal/journal.ts';
import { openShard } from '../recovery/open-shard.ts';
import { publish } from '../worker/checkpoint.ts';
import type { SalvagedGame } from './salvage.ts';
import { writeSalvaged } from './salvage-rows.ts';

/** The most that `maxImageBytes` can be: a program's own bound is kept when that program publishes. */
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/** Throws INVALID_OPTION when `to` is there and is not an empty folder, or when one directory lies in the other. */
export function checkPlace(directory: string, to: string): void {
  const from = real(directory);
  const target = real(to);
  if (isWithin(target, from) || isWithin(from, target)) {
    throw unusable(to, 'the new directory and the damaged one must not lie in each other');
  }
  const found = lstatSync(to, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) throw unusable(to, 'the new directory is there already, and is no folder');
  if (readdirSync(to).length > 0) throw unusable(to, 'the new directory is there already, and is not empty');
}

/** Writes the games down and gives the whole its name at the very end: what a crash leaves has another one. */
export async function writeDirectory(
  files: Files,
  to: string,
  shards: number,
  games: readonly SalvagedGame[],
  commandIndex: boolean,
): Promise<void> {
  const place = resolve(to);
  files.makeDirectory(dirname(place));
  const making = join(dirname(place), `${basename(place)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const { lock, config } = takeDirectory(files, making, shards, shards);
    try {
      for (let shard = 0; shard < shards; shard += 1) {
        const own = games.filter(({ id }) => shardOf(id, shards) === shard);
        await writeShard(files, shardDirectory(making, shard), shard, config.id, own, commandIndex);
      }
    } finally {
      lock.release();
    }
    await assertSound(files, making);
    // Not every platform lets a folder take the place of an empty one.
    if (lstatSync(place, { throwIfNoEntry: false })) rmdirSync(place);
    files.rename(making, place);
    files.syncDirectory(dirname(place));
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
}

async function writeShard(
  files: Files,
  folder: string,
  number: number,
  directory: string,
  games: readonly SalvagedGame[],
  commandIndex: boolean,
): Promise<void> {
  // The shards are made one by one, each with its games: one that is empty beside them is none that was lost.
  const recording = { directory, accept: true };
  const shard = await openShard(files, folder, number, { granularityOf: () => 'commands', commandIndex }, recording);
  // A new shard without a journal would not have been opened.
  const journal = shard.journal as Journal;
  try {
    for (const game of games) writeSalvaged(shard, game);
    const { lease, record, database, compaction, first } = shard;
    const parts = {
      files,
      directory: folder,
      number,
      lease,
      record,
      database,
      compaction,
      maxImageBytes: MAX_IMAGE_BYTES,
    };
    const publishing = publish(
      { ...parts, checker: CHECKER_IN_PLACE, published: () => undefined },
      shard.manifest.shard,
      first.start.generation,
      undefined,
      () => [journal.header],
      () => journal.durableFrame,
    );
    while (!publishing.next().done);
    journal.seal();
  } finally {
    journal.close();
    shard.database.close();
  }
}

/** What was written is read again, to the last step of every game. */
async function assertSound(files: Files, directory: string): Promise<void> {
  const { findings } = await examineDirectory(files, directory);
  const error = findings.find(({ level, kept }) => level === 'error' && !kept);
  if (!error) return;
  throw new OrreryError({
    code: 'INTERNAL',
    what: `what was salvaged does not pass its own examination (${error.file}: ${error.what})`,
    hint: 'This is a defect in Orrery: please report it with this message. The damaged directory is as it was.',
  });
}

/** The path without symbolic links, as far as it is there. */
function real(path: string): string {
  const whole = resolve(path);
  for (let existing = whole; ; existing = dirname(existing)) {
    if (lstatSync(existing, { throwIfNoEntry: false }))
      return join(realpathSync(existing), whole.slice(existing.length));
    if (existing === dirname(existing)) return whole;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function unusable(to: string, what: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what,
    hint: 'Pass `--to` a path that is not there yet, or an empty folder, outside the damaged directory.',
    context: { directory: to },
  });
}
