// The directory as a whole: what says that it is one of ours, and who has it open. What is in a shard's folder is the
// business of shard/ and recovery/.
//
//   orrery.json         format, number of shards, an id; written once, when the folders of the shards are there
//   LOCK                the process that has the directory open: a courtesy, the claims of the shards are what protects
//   shard-00, ...       one folder per shard
//   shard-00.record     what is known of each: see recovery/shard-record.ts

import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { OrreryError } from './errors.ts';
import { alreadyExists, atomicWrite, discard, type Files, isMissing, temporaryPath, tidy } from './journal/files.ts';

export const DIRECTORY_VERSION = 1;
const CONFIG = 'orrery.json';
const LOCK = 'LOCK';

/** What a crash may leave of the files above. Whatever else ends like this is not ours. */
const LEFTOVER = /^(LOCK|orrery\.json|shard-\d{2,3}\.record)\.[0-9a-f]{12}\.tmp$/;

const configShape = z.object({
  version: z.number().int().positive(),
  leastReader: z.number().int().positive(),
  id: z.uuid(),
  shards: z.number().int().positive().max(256),
  created: z.string(),
});

export type DirectoryConfig = z.infer<typeof configShape>;

const lockShape = z.object({
  pid: z.number().int(),
  host: z.string(),
  boot: z.string(),
  started: z.string(),
  token: z.string(),
});
type Lock = z.infer<typeof lockShape>;

export function shardDirectory(directory: string, shard: number): string {
  return `${directory}/shard-${String(shard).padStart(2, '0')}`;
}

/** Which shard a game belongs to: the same for ever, for a given number of shards. */
export function shardOf(game: string, shards: number): number {
  if (shards === 1) return 0;
  return createHash('sha256').update(game, 'utf8').digest().readUInt32LE(0) % shards;
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
  const parsed = configShape.safeParse(raw);
  if (!parsed.success) throw damagedConfig(file, z.prettifyError(parsed.error));
  return parsed.data;
}

/**
 * Makes the directory if it is not there, locks it for this process, and says how many shards it has. Throws
 * DIRECTORY_UNUSABLE when the path is something else, is read-only, or holds shards without saying how many, ALREADY_OPEN,
 * SHARD_COUNT_MISMATCH when another number was asked for, SHARD_MISSING when the folder of a shard is gone (but for one that is to
 * be made anew), and what readConfig throws.
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
    tidy(() => {
      for (const name of files.list(directory)) if (LEFTOVER.test(name)) files.remove(`${directory}/${name}`);
    });
    if (!files.exists(`${directory}/${CONFIG}`)) create(files, directory, shards ?? byDefault);
    return { lock, config: lookAtDirectory(files, directory, shards, anew) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Says how many shards a directory has, without changing it. Throws SHARD_COUNT_MISMATCH, DAMAGED and what readConfig throws. */
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

/** By token, the directories that this very process has open, and why those it has closed are locked still. */
const openHere = new Map<string, string | undefined>();

export class DirectoryLock {
  readonly #files: Files;
  readonly #path: string;
  readonly #token: string;

  private constructor(files: Files, path: string, token: string) {
    this.#files = files;
    this.#path = path;
    this.#token = token;
  }

  /**
   * Throws ALREADY_OPEN with the process that has the directory, if that process is alive. On a disk without room for the file
   * the directory opens without it: the claims of the shards protect what is there.
   */
  static take(files: Files, directory: string): DirectoryLock {
    const path = `${directory}/${LOCK}`;
    const lock: Lock = {
      pid: process.pid,
      host: hostname(),
      boot: bootId(),
      started: startOf(process.pid) ?? '',
      token: randomUUID(),
    };
    for (let attempt = 0; ; attempt += 1) {
      try {
        // Whole from the moment it has its name: one that cannot be read would pass for one that a crash left behind.
        const handle = files.createNew(temporaryPath(path));
        try {
          files.write(handle, Buffer.from(`${JSON.stringify(lock)}\n`, 'utf8'), 0);
          files.publishNew(handle.path, path);
        } catch (error) {
          discard(files, handle.path, handle);
          throw error;
        }
        files.close(handle);
        openHere.set(lock.token, undefined);
        return new DirectoryLock(files, path, lock.token);
      } catch (error) {
        // Missing: whoever got the lock first has swept the temporary file.
        const full = error instanceof OrreryError && error.code === 'DISK_FULL';
        if (!(alreadyExists(error) || isMissing(error) || full) || attempt >= 3) throw error;
        if (full && !files.exists(path)) return new DirectoryLock(files, path, lock.token);
      }
      const holder = readLock(files, directory);
      if (holder && isAlive(holder)) throw alreadyOpen(directory, holder.pid, openHere.get(holder.token));
      // Of a process that is gone; on a full disk it makes room for the next.
      files.remove(path);
    }
  }

  /** What had the directory is closed, and it stays locked until `release`, for a reason. Touches no disk. */
  keep(reason: string): void {
    openHere.set(this.#token, reason);
  }

  release(): void {
    openHere.delete(this.#token);
    const holder = readLockAt(this.#files, this.#path);
    if (holder?.token === this.#token) this.#files.remove(this.#path);
  }
}

/** The process that has the directory open, if it is alive. */
export function holderOf(files: Files, directory: string): number | undefined {
  const holder = readLock(files, directory);
  return holder && isAlive(holder) ? holder.pid : undefined;
}

function notADirectory(directory: string): OrreryError {
  return new OrreryError({
    code: 'NOT_AN_ORRERY_DIRECTORY',
    what: 'this is a file, and not the directory that was passed to openOrrery',
    hint: 'If it is a pack: the commands that read take it as it is, and `orrery unpack` brings its game into a directory.',
    context: { directory },
  });
}

function readLock(files: Files, directory: string): Lock | undefined {
  return readLockAt(files, `${directory}/${LOCK}`);
}

/** A lock that cannot be read was left by a power cut: it was never made durable. */
function readLockAt(files: Files, path: string): Lock | undefined {
  try {
    const parsed = lockShape.safeParse(JSON.parse(Buffer.from(files.read(path)).toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    if (errnoOf(error) === 'ENOTDIR') throw notADirectory(path.slice(0, -LOCK.length - 1));
    throw error;
  }
}

/**
 * A process of another machine, or from before the last restart, cannot be looked at. It counts as gone: should it not be,
 * the claims of the shards stop it from acknowledging anything more.
 */
function isAlive(lock: Lock): boolean {
  if (lock.host !== hostname() || lock.boot !== bootId()) return false;
  if (lock.pid === process.pid) return openHere.has(lock.token);
  try {
    process.kill(lock.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(lock.pid);
  return started === undefined || started === lock.started;
}

/** Tells one run of the machine from the next, where there is something to tell by. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** When a process started: process ids are used again. Undefined where the platform does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in parentheses and may hold anything; what follows the last one is numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended already: nobody has collected its exit status yet.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
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

function alreadyOpen(directory: string, pid: number, kept: string | undefined): OrreryError {
  return new OrreryError({
    code: 'ALREADY_OPEN',
    what: kept
      ? `the directory was closed here, and is locked still: ${kept}`
      : `the directory is already open by process ${pid}`,
    hint: kept
      ? 'It is free as soon as the disk answers. If it never does, end this process with SIGKILL.'
      : 'Close it there first, or use another directory. A process that has closed it while its disk did not answer keeps it until ' +
        'the disk does. Reading commands such as `orrery ls` work meanwhile.',
    context: { directory, pid },
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
