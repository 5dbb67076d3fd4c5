// A checksum for each page of a file, made while the whole of it goes by: what is read of it later, a page at a time,
// is held against them. Before it: whoever writes an image or reads it through; after it: file-pages.ts.

import { crc32 } from 'node:zlib';
import { PAGE_BYTES } from './page-size.ts';

export class PageChecksums {
  #crcs = new Uint32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The next bytes of the file: whole pages. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
      if (this.#count === this.#crcs.length) {
        const larger = new Uint32Array(this.#crcs.length * 2);
        larger.set(this.#crcs);
        this.#crcs = larger;
      }
      this.#crcs[this.#count] = crc32(bytes.subarray(at, at + PAGE_BYTES));
      this.#count += 1;
    }
  }

  isOf(page: number, bytes: Uint8Array): boolean {
    return bytes.length === PAGE_BYTES && crc32(bytes) === this.#crcs[page];
  }
}
