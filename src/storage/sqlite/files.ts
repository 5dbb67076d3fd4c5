// Everything a shard does on disk, as one small synchronous interface. Before it: journal.ts, the image and the lease;
// after it: the operating system. Nothing else in those modules touches node:fs, so a test can stand in for the disk.

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OrreryError } from '../../core/errors.ts';
import { diskFailure } from './disk-failure.ts';

/** An open file. Plain data: it is only good for the `Files` that made it, and only until `close`. */
export interface FileHandle {
  readonly path: string;
  readonly descriptor: number;
}

/**
 * Files and folders belong to their owner alone (0600, 0700) and symbolic links are not followed. Every failure is an
 * OrreryError: DISK_FULL when the disk or the quota is used up, IO_FAILED for the rest, with `context.file` and
 * `context.errno` (the name of the error, such as "EIO"). Contents are durable after `dataSync` or `sync`, names only
 * after `syncDirectory`.
 */
export interface Files {
  /** Makes a folder and those above it, durable on return. One that is there already is left as it is. */
  makeDirectory(path: string): void;
  /** The names in a folder, sorted. */
  list(path: string): string[];
  exists(path: string): boolean;
  size(path: string): number;
  /**
   * Which file or folder this is, told from every other one that is there at the time: its device and inode. Undefined
   * when nothing has that name. Symbolic links are followed.
   */
  identity(at: string | FileHandle): string | undefined;
  /**
   * Where a path leads over symbolic links; the path as it is when there is nothing. For what users name, not for files
   * of a directory.
   */
  follow(path: string): string;
  /** Opens a folder: as long as it is open, no other gets its identity. */
  openFolder(path: string): FileHandle;
  /** The bytes of a file, or the first `limit` of them. Whatever else has that name is refused at once. */
  read(path: string, limit?: number): Uint8Array;
  /** The bytes at `position` of an open file: fewer than `length` where it ends. */
  readAt(handle: FileHandle, position: number, length: number): Uint8Array;
  /** Opens a file that is there to read. Whatever else has that name is refused at once. */
  openRead(path: string): FileHandle;
  /** Makes an empty file that was not there and opens it to read and write; see `alreadyExists`. */
  createNew(path: string): FileHandle;
  /** Opens a file that is there to read and write. */
  openWrite(path: string): FileHandle;
  /**
   * Writes all of the bytes at `position`, or throws: a short write is carried on, one that makes no progress fails.
   */
  write(handle: FileHandle, bytes: Uint8Array, position: number): void;
  /**
   * The contents, and of the metadata only what is needed to read them. After a failure the descriptor is worthless.
   */
  dataSync(handle: FileHandle): void;
  /** The contents and all metadata. After a failure the descriptor is worthless. */
  sync(handle: FileHandle): void;
  truncate(handle: FileHandle, length: number): void;
  close(handle: FileHandle): void;
  /** Replaces `to` when it is there, atomically. */
  rename(from: string, to: string): void;
  /**
   * Gives a file its final name, atomically, and throws (`alreadyExists`) when that name is taken. Where the file
   * system has no links, another process may take the name between the look and the renaming, and its file is replaced.
   */
  publishNew(from: string, to: string): void;
  /** Makes `path` a second name of the file `existing`, atomically replacing what had that name. */
  link(existing: string, path: string): void;
  /** Removes a file; one that is not there is as good as removed. */
  remove(path: string): void;
  /** Makes the names in a folder durable. */
  syncDirectory(path: string): void;
}

/** True for the failure of `createNew` and `publishNew` when the name is taken. */
export function alreadyExists(error: unknown): boolean {
  return error instanceof OrreryError && error.context['errno'] === 'EEXIST';
}

/** True for a failure because a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof OrreryError && error.context['errno'] === 'ENOENT';
}

const TEMPORARY = '.tmp';

/** A name beside `path` that no other process picks. What a crash leaves under such a name means nothing. */
export function temporaryPath(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${TEMPORARY}`;
}

export function isTemporary(name: string): boolean {
  return name.endsWith(TEMPORARY);
}

/** Puts a whole file in place: a reader sees the old one or the new one, and on return the new one is durable. */
export function atomicWrite(files: Files, path: string, bytes: Uint8Array): void {
  const temporary = temporaryPath(path);
  const handle = files.createNew(temporary);
  try {
    files.write(handle, bytes, 0);
    files.sync(handle);
  } catch (error) {
    discard(files, temporary, handle);
    throw error;
  }
  files.close(handle);
  try {
    files.rename(temporary, path);
  } catch (error) {
    discard(files, temporary);
    throw error;
  }
  files.syncDirectory(dirname(path));
}

/** Drops a temporary file after a failure. That failure is the one to report; a name left over is swept on open. */
export function discard(files: Files, path: string, handle?: FileHandle): void {
  if (handle !== undefined) tidy(() => files.close(handle));
  tidy(() => files.remove(path));
}

/**
 * Housekeeping that nothing depends on, such as removing what nobody needs: a failure of the disk there must not stop
 * what it follows. Returns that failure. The next owner or checkpoint comes past the same place.
 */
export function tidy(work: () => void): OrreryError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isDiskFailure(error)) throw error;
    return error;
  }
}

/** True for what a full or failing disk throws: the same call may succeed later. */
export function isDiskFailure(error: unknown): error is OrreryError {
  return error instanceof OrreryError && (error.code === 'DISK_FULL' || error.code === 'IO_FAILED');
}

/** What `createNodeFiles` needs of node:fs. */
export type FileSystem = Pick<
  typeof fs,
  | 'closeSync'
  | 'fdatasyncSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readSync'
  | 'realpathSync'
  | 'renameSync'
  | 'statSync'
  | 'unlinkSync'
  | 'writeSync'
>;

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
// Windows has no such flag, and node gives no number for it there.
const O_NOFOLLOW = (fs.constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
// A pipe that nobody writes to would hold up whoever opens it, for ever.
const O_NONBLOCK = (fs.constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** Linux refuses to read or write more than this at once. */
const LARGEST_TRANSFER = 0x7ffff000;
/** After these, a link that fails says nothing of whether the file system has links. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['EEXIST', 'ENOENT', 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS']);

export const nodeFiles: Files = createNodeFiles(fs);

/** The Node implementation over a node:fs, which a test may replace in part. */
export function createNodeFiles(system: FileSystem): Files {
  function open(path: string, flags: number, doing: string): FileHandle {
    return { path, descriptor: attempt(doing, path, () => system.openSync(path, flags, FILE_MODE)) };
  }

  function close(handle: FileHandle): void {
    attempt('close a file', handle.path, () => system.closeSync(handle.descriptor));
  }

  function exists(path: string): boolean {
    return attempt('look for a file', path, () => system.lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  }

  function rename(from: string, to: string): void {
    attempt('put a file in place', to, () => system.renameSync(from, to));
  }

  function link(existing: string, path: string): void {
    attempt('give a file a second name', path, () => system.linkSync(existing, path));
  }

  /**
   * Whether a link failed for want of links: file systems that have none, or mounts that refuse them, say so in a dozen
   * ways. Where a second name beside the first can be made, the failure has another cause.
   */
  function hasNoLinks(existing: string, error: unknown): boolean {
    if (OF_THE_DISK.has(String((error as OrreryError).context['errno']))) return false;
    const second = temporaryPath(existing);
    try {
      link(existing, second);
    } catch {
      return true;
    }
    tidy(() => remove(second));
    return false;
  }

  function openRead(path: string): FileHandle {
    const handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 'open a file');
    try {
      attempt('read a file', path, () => {
        const found = system.fstatSync(handle.descriptor);
        if (!found.isFile()) throw noFile(found.isDirectory() ? 'EISDIR' : 'EFTYPE');
      });
      return handle;
    } catch (error) {
      close(handle);
      throw error;
    }
  }

  function readSome(descriptor: number, position: number, limit: number): Buffer {
    const bytes = Buffer.allocUnsafe(limit);
    let done = 0;
    while (done < limit) {
      const length = Math.min(limit - done, LARGEST_TRANSFER);
      const count = system.readSync(descriptor, bytes, done, length, position + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  function remove(path: string): void {
    try {
      attempt('remove a file', path, () => system.unlinkSync(path));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** A folder may be reached over a symbolic link: where the data lie is the user's choice. */
  function openFolder(path: string): FileHandle {
    return open(path, O_RDONLY | O_NONBLOCK, 'open a folder');
  }

  function syncDirectory(path: string): void {
    // A folder cannot be opened on Windows; NTFS journals its names by itself.
    if (process.platform === 'win32') return;
    const handle = openFolder(path);
    try {
      attempt('make the names in a folder durable', path, () => system.fsyncSync(handle.descriptor));
    } finally {
      close(handle);
    }
  }

  return {
    makeDirectory(path) {
      const whole = resolve(path);
      const options = { recursive: true, mode: DIRECTORY_MODE } as const;
      const first = attempt('make a folder', path, () => system.mkdirSync(whole, options));
      if (first === undefined) return;
      for (let made = whole; made.length >= first.length; made = dirname(made)) syncDirectory(dirname(made));
    },

    list: (path) => attempt('list a folder', path, () => system.readdirSync(path)).sort(),

    exists,

    size: (path) => attempt('measure a file', path, () => system.lstatSync(path).size),

    identity(at) {
      const path = typeof at === 'string' ? at : at.path;
      return attempt('look for a file', path, () => {
        // As numbers, the inodes of some file systems would be rounded to those of others.
        const found =
          typeof at === 'string'
            ? system.statSync(at, { bigint: true, throwIfNoEntry: false })
            : system.fstatSync(at.descriptor, { bigint: true });
        return found && `${found.dev}:${found.ino}`;
      });
    },

    follow(path) {
      try {
        return attempt('look for a file', path, () => system.realpathSync(path));
      } catch (error) {
        if (isMissing(error)) return path;
        throw error;
      }
    },

    openFolder,

    read(path, limit = Number.POSITIVE_INFINITY) {
      const handle = openRead(path);
      try {
        return attempt('read a file', path, () => {
          const { size } = system.fstatSync(handle.descriptor);
          return readSome(handle.descriptor, 0, Math.min(limit, size));
        });
      } finally {
        close(handle);
      }
    },

    openRead,

    readAt: (handle, position, length) =>
      attempt('read a file', handle.path, () => readSome(handle.descriptor, position, length)),

    createNew: (path) => open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 'make a file'),

    openWrite: (path) => open(path, O_RDWR | O_NOFOLLOW, 'open a file'),

    write(handle, bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const length = Math.min(bytes.length - done, LARGEST_TRANSFER);
        const count = attempt('write a file', handle.path, () =>
          system.writeSync(handle.descriptor, bytes, done, length, position + done),
        );
        if (count <= 0) throw diskFailure('write a file', handle.path, new Error('the write made no progress'));
        done += count;
      }
    },

    dataSync(handle) {
      attempt('make a file durable', handle.path, () => system.fdatasyncSync(handle.descriptor));
    },

    sync(handle) {
      attempt('make a file durable', handle.path, () => system.fsyncSync(handle.descriptor));
    },

    truncate(handle, length) {
      attempt('cut a file', handle.path, () => system.ftruncateSync(handle.descriptor, length));
    },

    close,
    rename,

    publishNew(from, to) {
      try {
        // A rename would silently replace the file of another owner; a link cannot.
        link(from, to);
      } catch (error) {
        if (!hasNoLinks(from, error)) throw error;
        const taken = Object.assign(new Error('the name is taken'), { code: 'EEXIST' });
        if (exists(to)) throw diskFailure('put a file in place', to, taken);
        rename(from, to);
        return;
      }
      // The file has its name. The temporary one means nothing any more, and is swept when the shard is opened.
      tidy(() => remove(from));
    },

    link(existing, path) {
      const temporary = temporaryPath(path);
      link(existing, temporary);
      try {
        rename(temporary, path);
      } finally {
        // When both are names of one file already, rename does nothing and leaves the temporary name.
        tidy(() => remove(temporary));
      }
    },

    remove,
    syncDirectory,
  };
}

function noFile(code: 'EISDIR' | 'EFTYPE'): Error {
  return Object.assign(new Error(`${code}: it is no file`), { code });
}

function attempt<T>(doing: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskFailure(doing, path, error);
  }
}
