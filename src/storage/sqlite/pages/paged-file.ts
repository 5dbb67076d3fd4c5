// What stands behind a database in place of an array with all of its bytes. sql.js keeps what it is given as the
// contents of a file in its own file system, and of that it uses `length`, `slice`, `subarray` and `set` alone: here
// these read and write single pages. Before it: SQLite, by way of sql.js; after it: page-store.ts.
//
// When sql.js cuts a file it replaces the contents with an array of its own, and pages are not asked any more. So
// nothing may cut the file but a VACUUM that was announced, after which the database is opened again; what looks like
// it fails.

import { OrreryError } from '../../../core/errors.ts';
import { ioFailure } from './io-failure.ts';
import { PAGE_BYTES } from './page-size.ts';
import type { PageStore } from './page-store.ts';

/** So that sql.js never makes more room: it would replace the contents. */
const ROOM = 2 ** 40;

const NOTHING = new Uint8Array(0);

export class PagedFile {
  readonly #pages: PageStore;
  readonly #zeros: Uint8Array;
  #isTaken = false;
  #isCutDue = false;
  #failure: Error | undefined;

  /** The pages are those of a database: one without a page cannot be opened. */
  constructor(pages: PageStore) {
    this.#pages = pages;
    this.#zeros = new Uint8Array(PAGE_BYTES);
  }

  /** What stopped SQLite from reading or writing a page. From then on its database is of no use. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get bytes(): number {
    return this.#pages.count * PAGE_BYTES;
  }

  /** For another connection over the same pages, when the one before is closed. */
  release(): this {
    this.#isTaken = false;
    this.#isCutDue = false;
    return this;
  }

  /** The next that reads from the beginning more than a page cuts the file to what it reads. */
  awaitCut(): void {
    this.#isCutDue = true;
  }

  close(): void {
    this.#pages.close();
  }

  // What sql.js uses.

  get length(): number {
    return this.#isTaken ? ROOM : this.bytes;
  }

  /** Asked for once, when the contents of the file are taken over. */
  slice(): this {
    this.#isTaken = true;
    return this;
  }

  /** A part of one page; not to be changed. */
  subarray(from: number, to: number): Uint8Array {
    return this.#guarded(() => {
      const page = Math.floor(from / PAGE_BYTES);
      const start = page * PAGE_BYTES;
      if (to - start <= PAGE_BYTES) return (this.#pages.get(page) ?? this.#zeros).subarray(from - start, to - start);
      if (!this.#isCutDue || from > 0) throw unexpected(`bytes ${from} to ${to} were read at once`);
      this.#isCutDue = false;
      this.#pages.cut(to / PAGE_BYTES);
      return NOTHING;
    });
  }

  /** Copies the bytes: they are in the memory of SQLite. */
  set(bytes: Uint8Array, at: number): void {
    this.#guarded(() => {
      for (let done = 0; done < bytes.length; ) {
        const page = Math.floor((at + done) / PAGE_BYTES);
        const within = at + done - page * PAGE_BYTES;
        const count = Math.min(PAGE_BYTES - within, bytes.length - done);
        const isAll = done === 0 && count === bytes.length;
        this.#pages.write(page, isAll ? bytes : bytes.subarray(done, done + count), within);
        done += count;
      }
    });
  }

  /** What failed once fails for ever: SQLite may have been half-way through. */
  #guarded<T>(work: () => T): T {
    try {
      if (this.#failure) throw this.#failure;
      return work();
    } catch (error) {
      this.#failure ??= error as Error;
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
