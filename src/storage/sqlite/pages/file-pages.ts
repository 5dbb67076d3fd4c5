// The pages of a file that is never changed, such as an image: read one at a time, each held against its checksum, for
// the disk may give something else today. Before it: page-store.ts; after it: files.ts.

import { OrreryError } from '../../../core/errors.ts';
import { type FileHandle, type Files, tidy } from '../files.ts';
import type { PageChecksums } from './page-checksums.ts';
import { PAGE_BYTES } from './page-size.ts';
import type { Base } from './page-store.ts';

export class FilePages implements Base {
  readonly count: number;
  readonly #files: Files;
  readonly #handle: FileHandle;
  readonly #checksums: PageChecksums;
  /** For errors: a file that was opened under a temporary name has another by now. */
  readonly #path: string;

  /** Takes the handle over. */
  constructor(files: Files, handle: FileHandle, checksums: PageChecksums, path = handle.path) {
    this.#files = files;
    this.#handle = handle;
    this.#checksums = checksums;
    this.#path = path;
    this.count = checksums.count;
  }

  read(page: number): Uint8Array {
    const bytes = this.#files.readAt(this.#handle, page * PAGE_BYTES, PAGE_BYTES);
    if (this.#checksums.isOf(page, bytes)) return bytes;
    throw new OrreryError({
      code: 'DAMAGED',
      what: `page ${page} of an image is not what it was when the image was opened`,
      hint: 'Look at the health of the disk. The shard is opened again, from the image before if this one is damaged.',
      context: { file: this.#path, page },
    });
  }

  close(): void {
    tidy(() => this.#files.close(this.#handle));
  }
}
