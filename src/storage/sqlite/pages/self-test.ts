// Whether this build of sql.js reads and writes pages by way of a PagedFile: that is nowhere promised, so it is tried
// before anything relies on it. Before it: image/database.ts, which keeps everything in memory where it does not.

import type { Database, SqlJsStatic } from 'sql.js';
import { OrreryError, reason } from '../../../core/errors.ts';
import { emptyDatabase } from './empty-database.ts';
import { PageStore } from './page-store.ts';
import { PagedFile } from './paged-file.ts';
import { Spill } from './spill.ts';

type Connections = Pick<SqlJsStatic, 'Database'>;

/** Two of them fill a page. */
const ROWS = 24;
const ROW_BYTES = 1800;
const LEAST_PAGES = ROWS / 2;

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

  override write(page: number, bytes: Uint8Array, within: number): void {
    this.writes += 1;
    super.write(page, bytes, within);
  }
}

/** There is room for every page. */
const NO_SPILL = new Spill(undefined as never, '');

/**
 * Rows that are written come back over a second connection, from the pages; a page that cannot be read is an error of
 * SQLite's.
 */
export function pagesWork(library: Connections): boolean {
  const pages = new Probe();
  try {
    pages.write(0, emptyDatabase(), 0);
    const file = new PagedFile(pages);
    return writes(library, file, pages) && readsBack(library, file.release(), pages);
  } catch {
    return false;
  }
}

function writes(library: Connections, file: PagedFile, pages: Probe): boolean {
  const before = pages.writes;
  const database = new library.Database(file as unknown as Uint8Array);
  try {
    database.exec('PRAGMA cache_spill = OFF; CREATE TABLE t (x TEXT); BEGIN');
    for (let row = 0; row < ROWS; row += 1) database.run('INSERT INTO t VALUES (?)', [`${row}`.padEnd(ROW_BYTES, '.')]);
    database.exec('COMMIT');
    return pages.writes >= before + LEAST_PAGES && file.failure === undefined;
  } finally {
    database.close();
  }
}

function readsBack(library: Connections, file: PagedFile, pages: Probe): boolean {
  const before = pages.reads;
  const database = new library.Database(file as unknown as Uint8Array);
  try {
    database.exec('PRAGMA cache_size = 4');
    if (sumOf(database) !== `${ROWS} ${(ROWS * (ROWS - 1)) / 2}`) return false;
    if (pages.reads < before + LEAST_PAGES) return false;
    pages.isBroken = true;
    return /disk I\/O error/.test(complaintOf(database));
  } finally {
    database.close();
  }
}

/** How many rows there are, and what they come to. */
function sumOf(database: Database): string {
  const found = database.exec("SELECT count(*) || ' ' || sum(CAST(x AS INTEGER)) FROM t");
  return String(found.map(({ values }) => values));
}

/** What SQLite says when it is asked for them; nothing when it answers. */
function complaintOf(database: Database): string {
  try {
    sumOf(database);
    return '';
  } catch (error) {
    return reason(error);
  }
}

function broken(): OrreryError {
  return new OrreryError({ code: 'IO_FAILED', what: 'the self-test breaks a page', hint: 'Nothing is wrong.' });
}
