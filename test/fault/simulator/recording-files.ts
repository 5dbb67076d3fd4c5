// The journal's file interface over memory, which logs everything that changes the disk. Before it: an owner of a shard,
// the real code; after it: disk-image.ts, which says what of the log is durable. Calls can be made to fail.

import { OrreryError } from '#core/errors.ts';
import { type FileHandle, type Files, temporaryPath } from '#storage/sqlite/files.ts';
import { type DiskImage, folderOf, type Operation, withChanges } from './disk-image.ts';

/** How a call fails: without having done anything, half-way through a write, or after it has done everything. */
export interface Strike {
  readonly errno: string;
  readonly moment: 'before' | 'half' | 'after';
}

export type Call = keyof Files;

/** What the disk does not do although it says so: for mutants of the disk itself. */
export type Lie = 'dataSync' | 'sync' | 'syncDirectory' | 'half a write' | 'publishNew replaces';

/** The file as a process sees it. Bytes below `frozen` have been handed out and are never changed in place. */
interface Node {
  readonly inode: number;
  buffer: Uint8Array;
  length: number;
  frozen: number;
}

let inodes = 0;

export class RecordingFiles implements Files {
  readonly log: Operation[] = [];
  readonly lies: ReadonlySet<Lie>;
  /** Asked at every call; says whether and how it fails. May do anything else, to this disk too. */
  onCall: ((call: Call, path: string) => Strike | undefined) | undefined;
  readonly #names = new Map<string, Node>();
  readonly #open = new Map<number, Node>();
  #descriptors = 0;

  /** Everything that the image holds can be read, durable or not. */
  constructor(image: DiskImage, lies: ReadonlySet<Lie>) {
    this.lies = lies;
    const nodes = new Map<number, Node>();
    for (const [name, inode] of image.namesNow()) {
      const node = nodes.get(inode) ?? nodeOf(image, inode);
      nodes.set(inode, node);
      this.#names.set(name, node);
    }
  }

  /** The shard's folder is there from the beginning. */
  makeDirectory(path: string): void {
    this.#call('makeDirectory', path, () => undefined);
  }

  list(path: string): string[] {
    return this.#call('list', path, () => {
      const names: string[] = [];
      for (const name of this.#names.keys()) if (folderOf(name) === path) names.push(name.slice(path.length + 1));
      return names.sort();
    });
  }

  exists(path: string): boolean {
    return this.#call('exists', path, () => this.#names.has(path));
  }

  /** Whatever is no file here is a folder that stays where it is. */
  identity(at: string | FileHandle): string | undefined {
    if (typeof at !== 'string') return this.#call('identity', at.path, () => String(this.#opened(at).inode));
    return this.#call('identity', at, () => {
      const node = this.#names.get(at);
      return node ? String(node.inode) : /\/shard-\d{2}$/.test(at) ? 'folder' : undefined;
    });
  }

  follow(path: string): string {
    return path;
  }

  openFolder(path: string): FileHandle {
    return this.#call('openFolder', path, () => {
      inodes += 1;
      return this.#handle(path, { inode: inodes, buffer: new Uint8Array(0), length: 0, frozen: 0 });
    });
  }

  size(path: string): number {
    return this.#call('size', path, () => this.#named(path).length);
  }

  read(path: string, limit = Number.POSITIVE_INFINITY): Uint8Array {
    return this.#call('read', path, () => {
      const bytes = contentOf(this.#named(path));
      return limit < bytes.length ? bytes.subarray(0, limit) : bytes;
    });
  }

  openRead(path: string): FileHandle {
    return this.#call('openRead', path, () => this.#handle(path, this.#named(path)));
  }

  readAt(handle: FileHandle, position: number, length: number): Uint8Array {
    return this.#call('readAt', handle.path, () =>
      contentOf(this.#opened(handle)).subarray(position, position + length),
    );
  }

  createNew(path: string): FileHandle {
    return this.#call('createNew', path, () => {
      this.#assertFree(path);
      inodes += 1;
      const node = { inode: inodes, buffer: new Uint8Array(0), length: 0, frozen: 0 };
      this.#names.set(path, node);
      this.log.push({ kind: 'create', name: path, inode: node.inode });
      return this.#handle(path, node);
    });
  }

  openWrite(path: string): FileHandle {
    return this.#call('openWrite', path, () => this.#handle(path, this.#named(path)));
  }

  write(handle: FileHandle, bytes: Uint8Array, position: number): void {
    const strike = this.onCall?.('write', handle.path);
    if (strike?.moment === 'before') throw this.#failure(strike.errno, handle.path);
    const half = strike?.moment === 'half' || this.lies.has('half a write');
    this.#put(this.#opened(handle), half ? bytes.subarray(0, bytes.length >> 1) : bytes, position);
    if (strike) throw this.#failure(strike.errno, handle.path);
  }

  dataSync(handle: FileHandle): void {
    this.#sync('dataSync', handle);
  }

  sync(handle: FileHandle): void {
    this.#sync('sync', handle);
  }

  truncate(handle: FileHandle, length: number): void {
    this.#call('truncate', handle.path, () => {
      const node = this.#opened(handle);
      const bytes = new Uint8Array(length);
      bytes.set(node.buffer.subarray(0, Math.min(length, node.length)));
      Object.assign(node, { buffer: bytes, length, frozen: 0 });
      this.log.push({ kind: 'truncate', inode: node.inode, length });
    });
  }

  close(handle: FileHandle): void {
    this.#call('close', handle.path, () => {
      this.#opened(handle);
      this.#open.delete(handle.descriptor);
    });
  }

  rename(from: string, to: string): void {
    this.#call('rename', to, () => this.#rename(from, to));
  }

  publishNew(from: string, to: string): void {
    this.#call('publishNew', to, () => {
      const node = this.#named(from);
      if (this.lies.has('publishNew replaces')) {
        this.#rename(from, to);
        return;
      }
      this.#assertFree(to);
      this.#names.set(to, node);
      this.log.push({ kind: 'link', name: to, inode: node.inode });
      this.#unlink(from);
    });
  }

  link(existing: string, path: string): void {
    this.#call('link', path, () => {
      const node = this.#named(existing);
      const temporary = temporaryPath(path);
      this.#names.set(temporary, node);
      this.log.push({ kind: 'link', name: temporary, inode: node.inode });
      this.#rename(temporary, path);
    });
  }

  remove(path: string): void {
    this.#call('remove', path, () => this.#unlink(path));
  }

  syncDirectory(path: string): void {
    this.#call('syncDirectory', path, () => {
      if (!this.lies.has('syncDirectory')) this.log.push({ kind: 'sync directory', folder: path });
    });
  }

  #call<T>(call: Call, path: string, work: () => T): T {
    const strike = this.onCall?.(call, path);
    if (strike === undefined) return work();
    if (strike.moment !== 'before') work();
    throw this.#failure(strike.errno, path);
  }

  #sync(call: 'dataSync' | 'sync', handle: FileHandle): void {
    const strike = this.onCall?.(call, handle.path);
    const node = this.#opened(handle);
    if (strike?.moment === 'before') {
      this.log.push({ kind: 'failed sync', inode: node.inode });
    } else if (!this.lies.has(call)) {
      this.log.push({ kind: 'sync', inode: node.inode, content: contentOf(node) });
    }
    if (strike) throw this.#failure(strike.errno, handle.path);
  }

  #put(node: Node, bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (position < node.frozen || end > node.buffer.length) {
      const buffer = new Uint8Array(Math.max(end, node.length) * 2);
      buffer.set(node.buffer.subarray(0, node.length));
      node.buffer = buffer;
    }
    node.buffer.set(bytes, position);
    node.length = Math.max(node.length, end);
    // The log keeps a view, no copy.
    node.frozen = Math.max(node.frozen, end);
    this.log.push({ kind: 'write', inode: node.inode, at: position, bytes: node.buffer.subarray(position, end) });
  }

  #rename(from: string, to: string): void {
    const node = this.#named(from);
    this.#names.delete(from);
    this.#names.set(to, node);
    this.log.push({ kind: 'rename', from, name: to, inode: node.inode });
  }

  #unlink(path: string): void {
    if (this.#names.delete(path)) this.log.push({ kind: 'unlink', name: path });
  }

  #handle(path: string, node: Node): FileHandle {
    this.#descriptors += 1;
    this.#open.set(this.#descriptors, node);
    return { path, descriptor: this.#descriptors };
  }

  #opened(handle: FileHandle): Node {
    const node = this.#open.get(handle.descriptor);
    if (!node) throw this.#failure('EBADF', handle.path);
    return node;
  }

  #named(path: string): Node {
    const node = this.#names.get(path);
    if (!node) throw this.#failure('ENOENT', path);
    return node;
  }

  #assertFree(path: string): void {
    if (this.#names.has(path)) throw this.#failure('EEXIST', path);
  }

  /** The failure that the Node implementation would report. */
  #failure(errno: string, path: string): OrreryError {
    return new OrreryError({
      code: errno === 'ENOSPC' ? 'DISK_FULL' : 'IO_FAILED',
      what: `a made failure (${errno})`,
      hint: 'It belongs to the simulator.',
      context: { file: path, errno },
    });
  }
}

function contentOf(node: Node): Uint8Array {
  node.frozen = Math.max(node.frozen, node.length);
  return node.buffer.subarray(0, node.length);
}

function nodeOf(image: DiskImage, inode: number): Node {
  const content = image.contents.get(inode);
  if (content === undefined) throw new Error(`the image has a name for inode ${inode} and no content`);
  const { durable, adrift, pending } = content;
  const buffer = withChanges(durable, adrift.length === 0 ? pending : [...adrift, ...pending]);
  return { inode, buffer, length: buffer.length, frozen: buffer.length };
}
