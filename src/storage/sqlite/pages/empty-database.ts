// The one page of a database in which there is nothing, as https://www.sqlite.org/fileformat.html has it: sql.js takes
// a file without a page for no file, and makes one of its own.

import { PAGE_BYTES } from './page-size.ts';

const HEADER_BYTES = 100;

/**
 * At their places in the header. What is not named is zero: of an empty database SQLite fills it in when it first
 * writes.
 */
const HEADER: readonly (readonly [at: number, value: number])[] = [
  // The size of a page, 4,096, in two bytes.
  [16, PAGE_BYTES >> 8],
  // Written and read with a rollback journal.
  [18, 1],
  [19, 1],
  // How much of a page its payload may take: these numbers are prescribed.
  [21, 64],
  [22, 32],
  [23, 32],
];

/** A leaf of a table without cells, whose cells would begin at the end of the page. */
const LEAF = 0x0d;

/** Nobody else holds it. */
export function emptyDatabase(): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  page.set(new TextEncoder().encode('SQLite format 3\0'));
  for (const [at, value] of HEADER) page[at] = value;
  page[HEADER_BYTES] = LEAF;
  page[HEADER_BYTES + 5] = PAGE_BYTES >> 8;
  return page;
}
