// One game with its whole past, made into a pack: its rows as they stand, in a database of their own, and a digest over
// them. Before it: a reader of a directory, live or not; after it: reading.ts, on some other machine.
//
// A pack is written as safely as an image: under a temporary name, made durable, read back, and given its name last.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrreryError } from '../../../core/errors.ts';
import { wallClock } from '../../../core/patch/wall-clock.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Opening } from '../../openings.ts';
import { shardOf } from '../../shard-of.ts';
import type { Compaction } from '../compaction/compaction.ts';
import { readConfig, shardDirectory } from '../directory.ts';
import { alreadyExists, atomicWrite, discard, type Files, isMissing, temporaryPath } from '../files.ts';
import { sha256 } from '../image/body.ts';
import { Database } from '../image/database.ts';
import { copyGame, copyType } from '../image/game-tables.ts';
import { readOrigins, writeOrigins } from '../image/origins.ts';
import { writeMeta } from '../image/rows.ts';
import { readOpenings } from '../openings.ts';
import { ShardReader } from '../recovery/shard-reader.ts';
import { contentDigest, DIGEST_KEY } from './content-digest.ts';
import { writeOpenings } from './pack-openings.ts';
import { MAX_PACK_BYTES, PACK_FORMAT, type PackDescription } from './reading.ts';

export interface PackOptions {
  /** Replace a file that is there. Default false: PACK_EXISTS. */
  readonly force?: boolean;
}

/**
 * Writes a game of a directory into a file, also while another process plays in the directory.
 *
 * @throws OrreryError GAME_NOT_FOUND, GAME_UNREADABLE, NOT_AN_ORRERY_DIRECTORY, PACK_EXISTS, IMAGE_TOO_LARGE, DAMAGED,
 * DISK_FULL, IO_FAILED; then there is no file, or the one that was there.
 */
export async function packFromDirectory(
  files: Files,
  directory: string,
  game: string,
  file: string,
  { force = false }: PackOptions = {},
): Promise<PackDescription> {
  if (!force && files.exists(file)) throw taken(file);
  const { id, shards } = readConfig(files, directory);
  const shard = shardOf(game, shards);
  const reader = await ShardReader.open(files, shardDirectory(directory, shard), shard);
  try {
    reader.contents?.compaction.assertReadable(game);
    const row = reader.game(game);
    if (!row || !reader.contents) throw notFound(game, directory);
    const made = await packGame(reader.contents, row, {
      ...{ source: id, packed: wallClock(), writer: writerOf(files) },
      openings: readOpenings(files, directory),
    });
    writePack(files, file, made.bytes, force);
    return made.description;
  } finally {
    reader.close();
  }
}

/** Image and journal of a reader: nobody else holds them, so that what had gathered may become rows here. */
export interface PackSource {
  readonly database: Database;
  readonly compaction: Compaction;
}

async function packGame(
  { database, compaction }: PackSource,
  row: GameInfo,
  {
    openings,
    ...about
  }: {
    readonly source: string;
    readonly packed: number;
    readonly writer: string;
    readonly openings: readonly Opening[];
  },
): Promise<{ readonly bytes: Uint8Array; readonly description: PackDescription }> {
  const { id, type, version, seq, tick } = row;
  compaction.flush({});
  const pack = await Database.open();
  try {
    let sha = '';
    pack.transaction(() => {
      copyGame(database, pack, id);
      copyType(database, pack, type);
      writeOrigins(pack, id, readOrigins(database, id));
      writeMeta(pack, {
        pack_format: PACK_FORMAT,
        pack_least_reader: PACK_FORMAT,
        pack_writer: about.writer,
        pack_source: about.source,
        pack_created: new Date(about.packed).toISOString(),
      });
      writeOpenings(pack, openings, row);
      sha = contentDigest(pack, id);
      writeMeta(pack, { [DIGEST_KEY]: sha });
    });
    const bytes = pack.export();
    if (bytes.length > MAX_PACK_BYTES) throw tooLarge(id, bytes.length);
    return { bytes, description: { game: id, type, version, seq, tick, ...about, digest: sha, bytes: bytes.length } };
  } finally {
    pack.close();
  }
}

function writePack(files: Files, file: string, bytes: Uint8Array, force: boolean): void {
  if (force) {
    atomicWrite(files, file, bytes);
    return;
  }
  const handle = files.createNew(temporaryPath(file));
  try {
    files.write(handle, bytes, 0);
    files.sync(handle);
    if (Buffer.compare(sha256(files.read(handle.path)), sha256(bytes)) !== 0) {
      throw new OrreryError({
        code: 'IO_FAILED',
        what: 'a pack does not read back as it was written',
        hint: 'Look at the health of the disk, and write it to another.',
        context: { file },
      });
    }
    files.publishNew(handle.path, file);
  } catch (error) {
    discard(files, handle.path, handle);
    throw alreadyExists(error) ? taken(file) : error;
  }
  files.close(handle);
  files.syncDirectory(dirname(file));
}

/** Name and version of this package. Its description lies above this file, at a distance that depends on compiling. */
function writerOf(files: Files): string {
  for (const place of ['../../../../package.json', '../../../../../package.json']) {
    try {
      const text = Buffer.from(files.read(fileURLToPath(new URL(place, import.meta.url)))).toString('utf8');
      const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
      if (name === 'orrery') return `orrery ${String(version)}`;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return 'orrery';
}

function notFound(game: string, directory: string): OrreryError {
  return new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: '`orrery ls` lists the games of a directory; upper and lower case are different.',
    context: { game, directory },
  });
}

function taken(file: string): OrreryError {
  return new OrreryError({
    code: 'PACK_EXISTS',
    what: 'there is a file of that name already',
    hint: 'Choose another name, or say that it may be replaced (`force`, on the command line --force).',
    context: { file },
  });
}

function tooLarge(game: string, bytes: number): OrreryError {
  return new OrreryError({
    code: 'IMAGE_TOO_LARGE',
    what: `the pack would be ${bytes} bytes, and the bound is ${MAX_PACK_BYTES}`,
    hint: 'Thin out the history of the game first (`retention`), or copy the directory as it is.',
    context: { game },
  });
}
