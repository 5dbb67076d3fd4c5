// Who has a directory open: a courtesy that refuses the second at once, with a reason. The leases of the shards are
// what protects. Before it: directory.ts, which takes it first of all; after it: the engine, which gives it back.
//
//   LOCK                one line of JSON; docs/FORMAT.md says what is in it

import { randomUUID } from 'node:crypto';
import { fstatSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { OrreryError } from '../../core/errors.ts';
import { checked, objectOf, optional, text, whole } from '../../core/fields.ts';
import { alreadyExists, discard, type FileHandle, type Files, isMissing, temporaryPath, tidy } from './files.ts';

const LOCK = 'LOCK';

interface Lock {
  readonly pid: number;
  readonly host: string;
  readonly boot: string;
  readonly started: string;
  readonly token: string;
  /** Which directory it locks, by Files.identity: a copy of the file locks nothing. Older versions did not say. */
  readonly folder?: string | undefined;
}

const lockFields = objectOf<Lock>({
  pid: whole(),
  host: text(),
  boot: text(),
  started: text(),
  token: text(),
  folder: optional(text()),
});

/**
 * By token, the directories that were opened by this copy of the module, and why those it has closed are locked still.
 */
const openHere = new Map<string, string | undefined>();

export class DirectoryLock {
  readonly #files: Files;
  readonly #path: string;
  readonly #token: string;
  /**
   * The file, open as long as the directory is: so every thread of this process and every copy of this module sees that
   * somebody here has it. When a thread is ended, Node closes its files. Undefined for a directory that opened without
   * a lock.
   */
  readonly #handle: FileHandle | undefined;

  private constructor(files: Files, path: string, token: string, handle?: FileHandle) {
    this.#files = files;
    this.#path = path;
    this.#token = token;
    this.#handle = handle;
    openHere.set(token, undefined);
  }

  /**
   * Throws ALREADY_OPEN with the process that has the directory, if that process is alive. Where there is no room for
   * the file, or one that a dead process left cannot be removed, the directory opens without it: the leases of the
   * shards protect what is there.
   */
  static take(files: Files, directory: string): DirectoryLock {
    const path = `${directory}/${LOCK}`;
    const lock: Lock = {
      pid: process.pid,
      host: hostname(),
      boot: bootId(),
      started: startOf(process.pid) ?? '',
      token: randomUUID(),
      folder: files.identity(directory),
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
        return new DirectoryLock(files, path, lock.token, handle);
      } catch (error) {
        // Missing: whoever got the lock first has swept the temporary file.
        const full = error instanceof OrreryError && error.code === 'DISK_FULL';
        if (!(alreadyExists(error) || isMissing(error) || full) || attempt >= 3) throw error;
        if (full && !files.exists(path)) return new DirectoryLock(files, path, lock.token);
      }
      const holder = readLock(files, directory);
      if (holder && isAlive(files, directory, holder)) throw alreadyOpen(directory, holder);
      // Of a process that is gone; on a full disk it makes room for the next. Another program may have it open, and the
      // system not let it go: the next opening comes past it again.
      if (tidy(() => files.remove(path))) return new DirectoryLock(files, path, lock.token);
    }
  }

  /** What had the directory is closed, and it stays locked until `release`, for a reason. Touches no disk. */
  keep(reason: string): void {
    openHere.set(this.#token, reason);
  }

  /**
   * Returns why the file could not be removed, if it could not. It counts for nothing then, once it is empty: another
   * program may hold it, and the next opening comes past it again.
   */
  release(): OrreryError | undefined {
    const handle = this.#handle;
    openHere.delete(this.#token);
    let failure: OrreryError | undefined;
    try {
      const holder = readLockAt(this.#files, this.#path);
      if (holder?.token === this.#token) this.#files.remove(this.#path);
    } catch (error) {
      failure = error as OrreryError;
    }
    if (handle && failure) tidy(() => this.#files.truncate(handle, 0));
    if (handle) tidy(() => this.#files.close(handle));
    return failure;
  }
}

/** The process that has the directory open, if it is alive. */
export function holderOf(files: Files, directory: string): number | undefined {
  const holder = readLock(files, directory);
  return holder && isAlive(files, directory, holder) ? holder.pid : undefined;
}

export function notADirectory(directory: string): OrreryError {
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
    return checked(lockFields, JSON.parse(Buffer.from(files.read(path)).toString('utf8'))).value;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    if (errnoOf(error) === 'ENOTDIR') throw notADirectory(path.slice(0, -LOCK.length - 1));
    throw error;
  }
}

/**
 * A process of another machine, or from before the last restart, cannot be looked at. It counts as gone: should it not
 * be, the leases of the shards stop it from acknowledging anything more.
 */
function isAlive(files: Files, directory: string, lock: Lock): boolean {
  if (lock.host !== hostname() || lock.boot !== bootId()) return false;
  if (lock.folder !== undefined && lock.folder !== files.identity(directory)) return false;
  const started = startOf(lock.pid);
  // A process that has the number of an earlier one, as in a container that was started again.
  if (started !== undefined && started !== lock.started) return false;
  if (lock.pid === process.pid) return openHere.has(lock.token) || isOpenHere(files, `${directory}/${LOCK}`);
  try {
    process.kill(lock.pid, 0);
    return true;
  } catch (error) {
    // It is there when it is another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Whether this process has a file open, in whichever thread and by whichever copy of this module. */
function isOpenHere(files: Files, path: string): boolean {
  const wanted = files.identity(path);
  return descriptors().some((descriptor) => {
    try {
      const { dev, ino } = fstatSync(descriptor, { bigint: true });
      return `${dev}:${ino}` === wanted;
    } catch {
      // Closed meanwhile, or never open.
      return false;
    }
  });
}

/** Numbers are given from 0 on, the lowest that is free. */
const MOST_DESCRIPTORS = 4096;

/** Those that this process may have open. */
function descriptors(): readonly number[] {
  for (const folder of ['/proc/self/fd', '/dev/fd']) {
    try {
      return readdirSync(folder).map(Number);
    } catch {
      // This system does not list them there.
    }
  }
  return Array.from({ length: MOST_DESCRIPTORS }, (_, descriptor) => descriptor);
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

function alreadyOpen(directory: string, { pid, token }: Lock): OrreryError {
  const kept = openHere.get(token);
  const where = pid === process.pid ? 'by this process, in this thread or another' : `by process ${pid}`;
  return new OrreryError({
    code: 'ALREADY_OPEN',
    what: kept
      ? `the directory was closed here, and is locked still: ${kept}`
      : `the directory is already open ${where}`,
    hint: kept
      ? 'It is free as soon as the disk answers. If it never does, end this process with SIGKILL.'
      : 'Close it there first, or use another directory. A process that has closed it while its disk did not answer keeps it until ' +
        `the disk does. Reading commands such as \`orrery ls\` work meanwhile.${startOf(pid) === undefined ? UNCERTAIN : ''}`,
    context: { directory, pid },
  });
}

const UNCERTAIN =
  ' This system does not tell when a process was started, and after a crash or a power cut another program may have that number: ' +
  `if it is none that uses this directory, remove the file ${LOCK} in it.`;

function errnoOf(error: unknown): string | undefined {
  return error instanceof OrreryError ? (error.context['errno'] as string | undefined) : undefined;
}
