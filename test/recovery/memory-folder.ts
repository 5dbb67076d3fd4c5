// A shard's folder in memory, copied in no time: thousands of kinds of damage are tried on one. Nothing is ever lost here;
// what a disk may lose is the business of test/fault.

import { basename, dirname } from 'node:path';
import { OrreryError } from '#core/errors.ts';
import type { FileHandle, Files } from '#storage/sqlite/files.ts';

export class MemoryFolder implements Files {
  /** By path. A file's bytes are replaced, never changed, so that copies can share them. */
  readonly files: Map<string, Buffer>;
  readonly #open = new Map<number, string>();
  /** By descriptor, the bytes of files that have lost their name. */
  readonly #removed = new Map<number, Buffer>();
  #descriptors = 0;

  constructor(files: Iterable<readonly [string, Buffer]> = []) {
    this.files = new Map(files);
  }

  copy(): MemoryFolder {
    return new MemoryFolder(this.files);
  }

  /** The same with one file changed, or without it. The bytes are kept: nobody changes them afterwards. */
  with(path: string, bytes: Uint8Array | undefined): MemoryFolder {
    const copy = this.copy();
    if (bytes) copy.files.set(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    else copy.files.delete(path);
    return copy;
  }

  /** Paths whose last part begins with something, oldest first. */
  paths(start = ''): string[] {
    return [...this.files.keys()].filter((path) => basename(path).startsWith(start)).sort();
  }

  bytesOf(path: string): Buffer {
    const bytes = this.files.get(path);
    if (!bytes) throw failure(path, 'ENOENT');
    return bytes;
  }

  makeDirectory(): void {}

  list(path: string): string[] {
    return [...this.files.keys()]
      .filter((name) => dirname(name) === path)
      .map((name) => basename(name))
      .sort();
  }

  exists(path: string): boolean {
    return this.files.has(path);
  }

  identity(at: string | FileHandle): string | undefined {
    const path = typeof at === 'string' ? at : at.path;
    return this.files.has(path) || /\/shard-\d{2}$/.test(path) ? path : undefined;
  }

  follow(path: string): string {
    return path;
  }

  openFolder(path: string): FileHandle {
    return this.openWrite(path);
  }

  size(path: string): number {
    return this.bytesOf(path).length;
  }

  read(path: string, limit = Number.POSITIVE_INFINITY): Uint8Array {
    return Buffer.from(this.bytesOf(path).subarray(0, limit));
  }

  openRead(path: string): FileHandle {
    this.bytesOf(path);
    return this.openWrite(path);
  }

  readAt(handle: FileHandle, position: number, length: number): Uint8Array {
    const { descriptor, path } = handle;
    const bytes = this.#removed.get(descriptor) ?? this.bytesOf(this.#open.get(descriptor) ?? path);
    return Buffer.from(bytes.subarray(position, position + length));
  }

  createNew(path: string): FileHandle {
    if (this.files.has(path)) throw failure(path, 'EEXIST');
    this.files.set(path, Buffer.alloc(0));
    return this.openWrite(path);
  }

  openWrite(path: string): FileHandle {
    this.#descriptors += 1;
    this.#open.set(this.#descriptors, path);
    return { path, descriptor: this.#descriptors };
  }

  write(handle: FileHandle, bytes: Uint8Array, position: number): void {
    const path = this.#open.get(handle.descriptor) ?? handle.path;
    const before = this.bytesOf(path);
    const after = Buffer.alloc(Math.max(before.length, position + bytes.length));
    before.copy(after);
    after.set(bytes, position);
    this.files.set(path, after);
  }

  truncate(handle: FileHandle, length: number): void {
    this.files.set(handle.path, this.bytesOf(handle.path).subarray(0, length));
  }

  dataSync(): void {}
  sync(): void {}
  syncDirectory(): void {}

  close(handle: FileHandle): void {
    this.#open.delete(handle.descriptor);
    this.#removed.delete(handle.descriptor);
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.bytesOf(from));
    this.files.delete(from);
    for (const [descriptor, path] of this.#open) if (path === from) this.#open.set(descriptor, to);
  }

  publishNew(from: string, to: string): void {
    if (this.files.has(to)) throw failure(to, 'EEXIST');
    this.rename(from, to);
  }

  link(existing: string, path: string): void {
    this.files.set(path, this.bytesOf(existing));
  }

  remove(path: string): void {
    const bytes = this.files.get(path);
    this.files.delete(path);
    // Whoever has it open still reads it.
    for (const [descriptor, open] of this.#open) if (open === path && bytes) this.#removed.set(descriptor, bytes);
  }
}

function failure(path: string, errno: string): OrreryError {
  return new OrreryError({
    code: 'IO_FAILED',
    what: 'could not do it',
    hint: 'None: this is a test.',
    context: { file: path, errno },
  });
}
