// Pages that memory has no room for, in a file that nobody else sees: it loses its name before the first page comes, so
// that nothing of it is left, however the process ends. Before it: page-store.ts; after it: files.ts.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { type FileHandle, type Files, temporaryPath, tidy } from '../files.ts';

interface Slot {
  readonly number: number;
  readonly crc: number;
}

export class Spill {
  readonly #files: Files;
  readonly #folder: string;
  readonly #pageBytes: number;
  readonly #slots = new Map<number, Slot>();
  #handle: FileHandle | undefined;

  constructor(files: Files, folder: string, pageBytes: number) {
    this.#files = files;
    this.#folder = folder;
    this.#pageBytes = pageBytes;
  }

  /** Throws DISK_FULL and IO_FAILED. */
  write(page: number, bytes: Uint8Array): void {
    this.#handle ??= this.#made();
    const number = this.#slots.get(page)?.number ?? this.#slots.size;
    this.#files.write(this.#handle, bytes, number * this.#pageBytes);
    this.#slots.set(page, { number, crc: crc32(bytes) });
  }

  /** Undefined for a page that was never written here. Throws IO_FAILED, and DAMAGED when it is not what was written. */
  read(page: number): Uint8Array | undefined {
    const slot = this.#slots.get(page);
    if (!slot) return undefined;
    const handle = this.#handle as FileHandle;
    const bytes = this.#files.readAt(handle, slot.number * this.#pageBytes, this.#pageBytes);
    if (bytes.length !== this.#pageBytes || crc32(bytes) !== slot.crc) throw damaged(handle.path, page);
    return bytes;
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
    hint: 'Look at the health of the disk. Nothing but this answer depends on the file; set TMPDIR to use another disk.',
    context: { file, page },
  });
}
