// A disk in memory that forgets: what was written and not synced, and names whose folder was not synced, are gone after a
// power cut. That is one of the states a real disk may be left in, the emptiest. Operations can be made to fail.

import { basename, dirname } from 'node:path';
import { OrreryError } from '#core/errors.ts';
import type { FileHandle, Files } from '#storage/sqlite/files.ts';

interface Inode {
  readonly number: number;
  bytes: Buffer;
  durable: Buffer;
}

/**
 * What happens at an operation: nothing of it (`before`), all of it and then an error (`after`), or half of a write and
 * then an error (`half`).
 */
export type Moment = 'before' | 'after' | 'half';
export type Operation = Exclude<keyof Files, 'size'>;

/** Asked before and after every operation; what it throws is thrown by the operation. */
export type Interference = (operation: Operation, moment: Moment, path: string) => void;

export class VolatileDisk implements Files {
  /** None: the disk works. */
  interference: Interference | undefined;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #open = new Map<number, Inode>();
  #descriptors = 0;
  #inodes = 0;

  /** The disk as somebody else would find it now. */
  copy(): VolatileDisk {
    const copy = new VolatileDisk();
    const inodes = new Map<Inode, Inode>();
    const copied = (names: ReadonlyMap<string, Inode>): Map<string, Inode> =>
      new Map(
        [...names].map(([name, inode]) => {
          const twin = inodes.get(inode) ?? {
            number: inode.number,
            bytes: Buffer.from(inode.bytes),
            durable: Buffer.from(inode.durable),
          };
          inodes.set(inode, twin);
          return [name, twin];
        }),
      );
    copy.#inodes = this.#inodes;
    copy.#names = copied(this.#names);
    copy.#durableNames = copied(this.#durableNames);
    return copy;
  }

  /** Everything that is not durable is gone, and every file is closed. */
  cutPower(): void {
    this.interference = undefined;
    this.#open.clear();
    this.#names = new Map(this.#durableNames);
    for (const inode of this.#names.values()) inode.bytes = Buffer.from(inode.durable);
  }

  /** The process is gone and the machine goes on: nothing is lost, and every file is closed. */
  kill(): void {
    this.interference = undefined;
    this.#open.clear();
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  makeDirectory(path: string): void {
    this.#do('makeDirectory', path, () => undefined);
  }

  list(path: string): string[] {
    return this.#do('list', path, () =>
      this.names()
        .filter((name) => dirname(name) === path)
        .map((name) => basename(name)),
    );
  }

  exists(path: string): boolean {
    return this.#do('exists', path, () => this.#names.has(path));
  }

  size(path: string): number {
    return this.#inode(path).bytes.length;
  }

  identity(at: string | FileHandle): string | undefined {
    if (typeof at !== 'string') return String(this.#opened(at).number);
    return this.#do('identity', at, () => {
      const inode = this.#names.get(at);
      return inode ? String(inode.number) : this.#isFolder(at) ? at : undefined;
    });
  }

  follow(path: string): string {
    return path;
  }

  openFolder(path: string): FileHandle {
    return this.#do('openFolder', path, () => {
      this.#descriptors += 1;
      this.#open.set(this.#descriptors, { number: 0, bytes: Buffer.alloc(0), durable: Buffer.alloc(0) });
      return { path, descriptor: this.#descriptors };
    });
  }

  read(path: string, limit = Number.POSITIVE_INFINITY): Uint8Array {
    return this.#do('read', path, () => Buffer.from(this.#inode(path).bytes.subarray(0, limit)));
  }

  openRead(path: string): FileHandle {
    return this.#do('openRead', path, () => this.#handle(path));
  }

  readAt(handle: FileHandle, position: number, length: number): Uint8Array {
    return this.#do('readAt', handle.path, () =>
      Buffer.from(this.#opened(handle).bytes.subarray(position, position + length)),
    );
  }

  createNew(path: string): FileHandle {
    return this.#do('createNew', path, () => {
      this.#assertFree(path);
      this.#inodes += 1;
      this.#names.set(path, { number: this.#inodes, bytes: Buffer.alloc(0), durable: Buffer.alloc(0) });
      return this.#handle(path);
    });
  }

  openWrite(path: string): FileHandle {
    return this.#do('openWrite', path, () => this.#handle(path));
  }

  write(handle: FileHandle, bytes: Uint8Array, position: number): void {
    const inode = this.#opened(handle);
    this.interference?.('write', 'before', handle.path);
    try {
      this.interference?.('write', 'half', handle.path);
    } catch (error) {
      put(inode, bytes.subarray(0, bytes.length >> 1), position);
      throw error;
    }
    put(inode, bytes, position);
    this.interference?.('write', 'after', handle.path);
  }

  dataSync(handle: FileHandle): void {
    this.#do('dataSync', handle.path, () => settle(this.#opened(handle)));
  }

  sync(handle: FileHandle): void {
    this.#do('sync', handle.path, () => settle(this.#opened(handle)));
  }

  truncate(handle: FileHandle, length: number): void {
    this.#do('truncate', handle.path, () => {
      const inode = this.#opened(handle);
      inode.bytes = Buffer.from(inode.bytes.subarray(0, length));
    });
  }

  close(handle: FileHandle): void {
    this.#do('close', handle.path, () => {
      this.#opened(handle);
      this.#open.delete(handle.descriptor);
    });
  }

  rename(from: string, to: string): void {
    this.#do('rename', to, () => {
      this.#names.set(to, this.#inode(from));
      this.#names.delete(from);
    });
  }

  publishNew(from: string, to: string): void {
    this.#do('publishNew', to, () => {
      this.#assertFree(to);
      this.#names.set(to, this.#inode(from));
      this.#names.delete(from);
    });
  }

  link(existing: string, path: string): void {
    this.#do('link', path, () => this.#names.set(path, this.#inode(existing)));
  }

  remove(path: string): void {
    this.#do('remove', path, () => this.#names.delete(path));
  }

  syncDirectory(path: string): void {
    this.#do('syncDirectory', path, () => {
      const inside = (name: string): boolean => dirname(name) === path;
      for (const name of this.#durableNames.keys()) if (inside(name)) this.#durableNames.delete(name);
      for (const [name, inode] of this.#names) if (inside(name)) this.#durableNames.set(name, inode);
    });
  }

  /** The folder of a shard is there from the beginning. */
  #isFolder(path: string): boolean {
    return /\/shard-\d{2}$/.test(path);
  }

  #do<T>(operation: Operation, path: string, work: () => T): T {
    this.interference?.(operation, 'before', path);
    const result = work();
    this.interference?.(operation, 'after', path);
    return result;
  }

  #handle(path: string): FileHandle {
    this.#descriptors += 1;
    this.#open.set(this.#descriptors, this.#inode(path));
    return { path, descriptor: this.#descriptors };
  }

  #opened(handle: FileHandle): Inode {
    const inode = this.#open.get(handle.descriptor);
    if (!inode) throw diskFailure('EBADF', handle.path);
    return inode;
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw diskFailure('ENOENT', path);
    return inode;
  }

  #assertFree(path: string): void {
    if (this.#names.has(path)) throw diskFailure('EEXIST', path);
  }
}

/** The failure that the Node implementation would report. */
export function diskFailure(errno: string, path: string): OrreryError {
  return new OrreryError({
    code: errno === 'ENOSPC' ? 'DISK_FULL' : 'IO_FAILED',
    what: `a made failure (${errno})`,
    hint: 'It belongs to a test.',
    context: { file: path, errno },
  });
}

function put(inode: Inode, bytes: Uint8Array, position: number): void {
  const end = position + bytes.length;
  if (end > inode.bytes.length) inode.bytes = Buffer.concat([inode.bytes, Buffer.alloc(end - inode.bytes.length)]);
  inode.bytes.set(bytes, position);
}

function settle(inode: Inode): void {
  inode.durable = Buffer.from(inode.bytes);
}
