// Pages that memory has no room for, in a file that nobody else sees: it loses its name before the first page comes, so
// that nothing of it is left, however the process ends. Before it: page-store.ts; after it: files.ts.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { type FileHandle, type Files, temporaryPath, tidy } from '../files.ts';
import { PAGE_BYTES } from './page-size.ts';

interface Slot {
  readonly number: number;
  readonly crc: number;
}

export class Spill {
  readonly #files: Files;
  readonly #folder: string;
  readonly #slots = new Map<number, Slot>();
  readonly #free: number[] = [];
  #handle: FileHandle | undefined;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  has(page: number): boolean {
    return this.#slots.has(page);
  }

  /** Throws DISK_FULL and IO_FAILED. */
  write(page: number, bytes: Uint8Array): void {
    this.#handle ??= this.#made();
    const number = this.#slots.get(page)?.number ?? this.#free.pop() ?? this.#slots.size;
    this.#slots.set(page, { number, crc: crc32(bytes) });
    this.#files.write(this.#handle, bytes, number * PAGE_BYTES);
  }

  /** Undefined for a page that is not here. Throws IO_FAILED, and DAMAGED when it is not what was written. */
  read(page: number): Uint8Array | undefined {
    const slot = this.#slots.get(page);
    if (!slot) return undefined;
    const handle = this.#handle as FileHandle;
    const bytes = this.#files.readAt(handle, slot.number * PAGE_BYTES, PAGE_BYTES);
    if (bytes.length !== PAGE_BYTES || crc32(bytes) !== slot.crc) throw damaged(handle.path, page);
    return bytes;
  }

  /** A page that is not needed from here any more. */
  drop(page: number): void {
    const slot = this.#slots.get(page);
    if (slot && this.#slots.delete(page)) this.#free.push(slot.number);
  }

  get pages(): Iterable<number> {
    return this.#slots.keys();
  }

  close(): void {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#slots.clear();
    if (!handle) return;
    tidy(() => this.#files.close(handle));
    // Windows keeps the name of a file until it is closed.
    tidy(() => this.#files.remove(handle.path));
  }

  #made(): FileHandle {
    const path = temporaryPath(join(this.#folder, 'orrery-pages'));
    const handle = this.#files.createNew(path);
    tidy(() => this.#files.remove(path));
    return handle;
  }
}

function damaged(file: string, page: number): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `page ${page} of a temporary file is not what was written there`,
    hint: 'Look at the health of the disk that holds the file. Nothing that was acknowledged depends on it.',
    context: { file, page },
  });
}
