// Whether this build of sql.js reads and writes pages by way of a PagedFile: that is nowhere promised, so it is tried
// before anything relies on it. Before it: image/database.ts, which keeps everything in memory where it does not.

import type { SqlJsStatic } from 'sql.js';
import { OrreryError, reason } from '../../../core/errors.ts';
import { PageStore } from './page-store.ts';
import { PagedFile } from './paged-file.ts';
import type { Spill } from './spill.ts';

/** Of every paged database. */
export const PAGE_BYTES = 4096;
const ROWS = 200;

/** Pages that keep count, and fail when they are told to. */
class Probe extends PageStore {
  reads = 0;
  writes = 0;
  isBroken = false;

  constructor() {
    super(Number.POSITIVE_INFINITY, NO_SPILL);
  }

  override get(page: number): Uint8Array | undefined {
    this.reads += 1;
    if (this.isBroken) throw broken();
    return super.get(page);
  }

  override put(page: number, bytes: Uint8Array): void {
    this.writes += 1;
    super.put(page, bytes);
  }
}

const NO_SPILL = { read: () => undefined, close: () => undefined } as unknown as Spill;

/** Rows that are written come back over a second connection, from the pages; a page that cannot be read is an error of SQLite's. */
export function pagesWork(library: SqlJsStatic): boolean {
  const pages = new Probe();
  try {
    const empty = emptyDatabase(library);
    if (empty.length !== PAGE_BYTES) return false;
    pages.put(0, empty);
    const file = new PagedFile(pages, PAGE_BYTES, PAGE_BYTES);
    return writes(library, file, pages) && readsBack(library, file.release(), pages);
  } catch {
    return false;
  }
}

function writes(library: SqlJsStatic, file: PagedFile, pages: Probe): boolean {
  const before = pages.writes;
  const database = new library.Database(file as unknown as Uint8Array);
  try {
    database.exec('PRAGMA cache_spill = OFF; CREATE TABLE t (x TEXT); BEGIN');
    for (let row = 0; row < ROWS; row += 1) database.run('INSERT INTO t VALUES (?)', [`${row}`.padEnd(500, '.')]);
    database.exec('COMMIT');
    return pages.writes > before + ROWS / 10 && file.failure === undefined;
  } finally {
    database.close();
  }
}

function readsBack(library: SqlJsStatic, file: PagedFile, pages: Probe): boolean {
  const before = pages.reads;
  const database = new library.Database(file as unknown as Uint8Array);
  try {
    database.exec('PRAGMA cache_size = 4');
    const sum = () => database.exec('SELECT count(*), sum(CAST(x AS INTEGER)) FROM t')[0]?.values[0];
    const [count, total] = sum() ?? [];
    if (count !== ROWS || total !== (ROWS * (ROWS - 1)) / 2 || pages.reads < before + ROWS / 10) return false;
    pages.isBroken = true;
    try {
      sum();
      return false;
    } catch (error) {
      return /disk I\/O error/.test(reason(error));
    }
  } finally {
    database.close();
  }
}

/** One page. Its size is set, whatever the default of the build is. */
export function emptyDatabase(library: SqlJsStatic): Uint8Array {
  const database = new library.Database();
  try {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; CREATE TABLE t (x); DROP TABLE t; VACUUM`);
    return database.export();
  } finally {
    database.close();
  }
}

function broken(): OrreryError {
  return new OrreryError({ code: 'IO_FAILED', what: 'the self-test breaks a page', hint: 'Nothing is wrong.' });
}
