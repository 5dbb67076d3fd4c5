// The directory as a whole: what says that it is one of ours, and who has it open. What is in a shard's folder is the
// business of worker/ and recovery/.
//
//   orrery.json         format, number of shards, an id; written once, when the folders of the shards are there
//   LOCK                the process that has the directory open: see lock.ts
//   shard-00, ...       one folder per shard
//   shard-00.record     what is known of each: see recovery/shard-record.ts

import { randomUUID } from 'node:crypto';
import { OrreryError } from '../../core/errors.ts';
import { checked, objectOf, text, uuid, whole } from '../../core/fields.ts';
import { atomicWrite, type Files, isMissing } from './files.ts';
import { DirectoryLock, notADirectory } from './lock.ts';
import { sweep } from './sweep.ts';

const DIRECTORY_VERSION = 1;
const CONFIG = 'orrery.json';

/** What a crash may leave of the files above. Whatever else ends like this is not ours. */
const LEFTOVER = /^(LOCK|orrery\.json|openings\.jsonl|shard-\d{2,3}\.record)\.[0-9a-f]{12}\.tmp$/;

export interface DirectoryConfig {
  readonly version: number;
  readonly leastReader: number;
  readonly id: string;
  readonly shards: number;
  readonly created: string;
}

const configFields = objectOf<DirectoryConfig>({
  version: whole(1),
  leastReader: whole(1),
  id: uuid,
  shards: whole(1, 256),
  created: text(),
});

export function shardDirectory(directory: string, shard: number): string {
  return `${directory}/${shardName(shard)}`;
}

export function shardName(shard: number): string {
  return `shard-${String(shard).padStart(2, '0')}`;
}

/** Undefined for a name that is not that of a shard's folder. */
export function shardNumber(name: string): number | undefined {
  const digits = /^shard-(\d{2,3})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Throws NOT_AN_ORRERY_DIRECTORY, FORMAT_TOO_NEW, DAMAGED or IO_FAILED. */
export function readConfig(files: Files, directory: string): DirectoryConfig {
  const file = `${directory}/${CONFIG}`;
  let bytes: Uint8Array;
  try {
    bytes = files.read(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') throw notADirectory(directory);
    if (!isMissing(error)) throw error;
    throw new OrreryError({
      code: 'NOT_AN_ORRERY_DIRECTORY',
      what: `there is no ${CONFIG} in this directory`,
      hint: 'Check the path: it is the one that was passed to openOrrery as `directory`.',
      context: { directory },
    });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw damagedConfig(file, cause);
  }
  const least = (raw as { leastReader?: unknown } | null)?.leastReader;
  if (typeof least === 'number' && least > DIRECTORY_VERSION) {
    throw new OrreryError({
      code: 'FORMAT_TOO_NEW',
      what: `the directory can be read from format ${least} on, and this version of Orrery knows format ${DIRECTORY_VERSION}`,
      hint: 'Open it with the version of Orrery that wrote it, or a newer one.',
      context: { directory, file },
    });
  }
  const { value, fault } = checked(configFields, raw);
  if (fault !== undefined) throw damagedConfig(file, fault);
  return value;
}

/**
 * Makes the directory if it is not there, locks it for this process, and says how many shards it has. Throws
 * DIRECTORY_UNUSABLE when the path is something else, is read-only, or holds shards without saying how many,
 * ALREADY_OPEN, SHARD_COUNT_MISMATCH when another number was asked for, SHARD_MISSING when the folder of a shard is
 * gone (but for one that is to be made anew), and what readConfig throws.
 */
export function takeDirectory(
  files: Files,
  directory: string,
  shards: number | undefined,
  byDefault: number,
  anew?: number,
): { readonly lock: DirectoryLock; readonly config: DirectoryConfig } {
  try {
    files.makeDirectory(directory);
    files.list(directory);
  } catch (cause) {
    throw unusable(directory, cause);
  }
  // The lock comes first: two processes must not both make the description.
  const lock = takeLock(files, directory);
  try {
    sweep(
      files,
      directory,
      files.list(directory).filter((name) => LEFTOVER.test(name)),
    );
    if (!files.exists(`${directory}/${CONFIG}`)) create(files, directory, shards ?? byDefault);
    return { lock, config: lookAtDirectory(files, directory, shards, anew) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Says how many shards a directory has, without changing it. Throws SHARD_COUNT_MISMATCH, DAMAGED and what readConfig
 * throws.
 */
export function lookAtDirectory(
  files: Files,
  directory: string,
  shards: number | undefined,
  anew?: number,
): DirectoryConfig {
  const config = readConfig(files, directory);
  if (shards !== undefined && shards !== config.shards) {
    throw new OrreryError({
      code: 'SHARD_COUNT_MISMATCH',
      what: `the directory has ${config.shards} shards, and ${shards} were asked for`,
      hint: 'Leave `shards` out to use what is there: the number is fixed when a directory is made.',
      context: { directory },
    });
  }
  for (let shard = 0; shard < config.shards; shard += 1) if (shard !== anew) assertThere(files, directory, shard);
  return config;
}

function takeLock(files: Files, directory: string): DirectoryLock {
  try {
    return DirectoryLock.take(files, directory);
  } catch (error) {
    throw ['EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '') ? unusable(directory, error) : error;
  }
}

/** The folders were made before the description was: one that is gone has taken its games with it. */
function assertThere(files: Files, directory: string, shard: number): void {
  const folder = shardDirectory(directory, shard);
  if (files.exists(folder)) return;
  throw new OrreryError({
    code: 'SHARD_MISSING',
    what: 'the folder of a shard is gone',
    hint:
      'Put it back from a backup, with its record, or recover the other shards with `orrery salvage`. ' +
      `\`orrery accept DIRECTORY --shard ${shard}\` tells what would be given up, and goes on without it when told to. ` +
      'Nothing was changed.',
    context: { directory, shard, file: folder },
  });
}

function create(files: Files, directory: string, shards: number): void {
  // An empty one is left of a making that was interrupted.
  const shard = files
    .list(directory)
    .find(
      (name) =>
        (/^shard-\d+$/.test(name) && files.list(`${directory}/${name}`).length > 0) || /^shard-\d+\.record$/.test(name),
    );
  if (shard !== undefined) {
    throw new OrreryError({
      code: 'DIRECTORY_UNUSABLE',
      what: `the directory holds ${shard}, but no ${CONFIG}`,
      hint: `Put ${CONFIG} back from a backup: it says how many shards there are. \`orrery salvage\` does without it.`,
      context: { directory },
    });
  }
  const config: DirectoryConfig = {
    version: DIRECTORY_VERSION,
    leastReader: DIRECTORY_VERSION,
    id: randomUUID(),
    shards,
    created: new Date().toISOString(),
  };
  for (let each = 0; each < shards; each += 1) files.makeDirectory(shardDirectory(directory, each));
  atomicWrite(files, `${directory}/${CONFIG}`, Buffer.from(`${JSON.stringify(config, null, 2)}\n`, 'utf8'));
}

function unusable(directory: string, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'DIRECTORY_UNUSABLE',
    what: 'the directory cannot be used',
    hint: 'Pass a path that is a folder, or that can be made one, and that this process may write to. To look is possible with `readOnly`.',
    context: { directory, errno: errnoOf(cause) },
    cause,
  });
}

function damagedConfig(file: string, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: 'the description of the directory cannot be read',
    hint: 'Put the file back from a backup, or recover what is left with `orrery salvage`. Nothing was changed.',
    context: { file },
    cause,
  });
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof OrreryError ? (error.context['errno'] as string | undefined) : undefined;
}
