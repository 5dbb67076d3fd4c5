// What stands behind a database in place of an array with all of its bytes. sql.js keeps what it is given as the contents
// of a file in its own file system, and of that it uses `length`, `slice`, `subarray` and `set` alone: here these read
// and write single pages. Before it: SQLite, by way of sql.js; after it: page-store.ts.
//
// When sql.js cuts a file it replaces the contents with an array of its own, and pages are not asked any more. So nothing
// may cut the file (VACUUM, or a ROLLBACK after a part of the transaction has been written), and what looks like it fails.

import { OrreryError, reason } from '../../../core/errors.ts';
import { ioFailure } from './io-failure.ts';
import type { PageStore } from './page-store.ts';

/** So that sql.js never makes more room: it would replace the contents. */
const ROOM = 2 ** 40;

export class PagedFile {
  readonly #pageBytes: number;
  readonly #pages: PageStore;
  readonly #zeros: Uint8Array;
  #bytes: number;
  #isTaken = false;
  #failure: OrreryError | undefined;

  /** `bytes` is the size of a database that the pages have already; one without a page cannot be opened. */
  constructor(pages: PageStore, pageBytes: number, bytes: number) {
    this.#pages = pages;
    this.#pageBytes = pageBytes;
    this.#bytes = bytes;
    this.#zeros = new Uint8Array(pageBytes);
  }

  /** What stopped SQLite from reading or writing a page. From then on its database is of no use. */
  get failure(): OrreryError | undefined {
    return this.#failure;
  }

  /** For another database over the same pages, when the one before is closed. */
  release(): this {
    this.#isTaken = false;
    return this;
  }

  close(): void {
    this.#pages.close();
  }

  // What sql.js uses.

  get length(): number {
    return this.#isTaken ? ROOM : this.#bytes;
  }

  /** Asked for once, when the contents of the file are taken over. */
  slice(): this {
    this.#isTaken = true;
    return this;
  }

  /** A part of one page; not to be changed. */
  subarray(from: number, to: number): Uint8Array {
    return this.#guarded(() => {
      const page = Math.floor(from / this.#pageBytes);
      const start = page * this.#pageBytes;
      if (to - start > this.#pageBytes) throw unexpected(`bytes ${from} to ${to} were read at once`);
      return (this.#pages.get(page) ?? this.#zeros).subarray(from - start, to - start);
    });
  }

  /** Copies the bytes: they are in the memory of SQLite. */
  set(bytes: Uint8Array, at: number): void {
    this.#guarded(() => {
      for (let done = 0; done < bytes.length; ) {
        const page = Math.floor((at + done) / this.#pageBytes);
        const within = at + done - page * this.#pageBytes;
        const count = Math.min(this.#pageBytes - within, bytes.length - done);
        const changed = new Uint8Array(this.#pageBytes);
        if (count < this.#pageBytes) changed.set(this.#pages.get(page) ?? this.#zeros);
        changed.set(bytes.subarray(done, done + count), within);
        this.#pages.put(page, changed);
        done += count;
      }
      this.#bytes = Math.max(this.#bytes, at + bytes.length);
    });
  }

  /** What failed once fails for ever: SQLite may have been half-way through. */
  #guarded<T>(work: () => T): T {
    try {
      if (this.#failure) throw this.#failure;
      return work();
    } catch (error) {
      this.#failure ??= error instanceof OrreryError ? error : unexpected(reason(error));
      throw ioFailure(this.#failure);
    }
  }
}

function unexpected(what: string): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: `the file of pages was used as no file of a database is: ${what}`,
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}
