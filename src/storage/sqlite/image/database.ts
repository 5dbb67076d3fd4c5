// One SQLite database in memory, made by sql.js. rows.ts reads and writes it, image.ts takes it to disk and back.

import type { Database as SqlJsDatabase, SqlJsStatic, Statement } from 'sql.js';
import { OrreryError, reason } from '../../../core/errors.ts';
import { part } from '../../late-import.ts';
import type { Files } from '../files.ts';
import { PageStore } from '../pages/page-store.ts';
import { PagedFile } from '../pages/paged-file.ts';
import { emptyDatabase, PAGE_BYTES, pagesWork } from '../pages/self-test.ts';
import { Spill } from '../pages/spill.ts';
import { assertSchema, migrate } from './schema.ts';

/** As sql.js has it: whoever installs Orrery does not install the types of sql.js, and public types come to this one. */
export type SqlValue = number | string | Uint8Array | null;
export type Row = { readonly [column: string]: SqlValue };

/** Functions in a schema are not called, and a cell that does not fit into its page is noticed when the page is read. */
const GUARDED = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;';

/** A file of fewer pages is not worth shrinking. */
const LEAST_PAGES = 64;

/** Of rows in one transaction. */
const PART_BYTES = 4 * 1024 * 1024;

let library: Promise<SqlJsStatic> | undefined;
/** Of that library; undefined before it was tried. */
let arePagesTaken: boolean | undefined;

/** When a database is first needed: the main thread of a program has none. */
function loaded(): Promise<SqlJsStatic> {
  library ??= part(() => import('sql.js').then(({ default: initSqlJs }) => initSqlJs())).catch((error: unknown) => {
    // The next opening may have what this one lacked.
    library = undefined;
    throw error;
  });
  return library;
}

export class Database {
  readonly #library: SqlJsStatic;
  readonly #database: SqlJsDatabase;
  readonly #statements = new Map<string, Statement>();
  readonly #pages: PagedFile | undefined;

  private constructor(sqlJs: SqlJsStatic, database: SqlJsDatabase, pages?: PagedFile) {
    this.#library = sqlJs;
    this.#database = database;
    this.#pages = pages;
  }

  /**
   * Empty without bytes. Throws DAMAGED when the bytes are not a database of ours, FORMAT_TOO_NEW when it is a later one.
   * The schema is compared before any statement touches a table: bytes from a disk may hold triggers and views.
   */
  static async open(bytes?: Uint8Array): Promise<Database> {
    const sqlJs = await loaded();
    // sql.js takes zero bytes for an empty database: a file that was emptied must not pass for a fresh one.
    if (bytes && bytes.length === 0) throw damaged('the image is empty');
    const made = (from?: Uint8Array): Database =>
      new Database(
        sqlJs,
        // A view, not the Buffer that it may be: sql.js keeps a slice, and a slice of a Buffer is the caller's own memory.
        attempt(() => new sqlJs.Database(from && new Uint8Array(from.buffer, from.byteOffset, from.length))),
      );
    const database = made(bytes);
    try {
      database.execute(GUARDED);
      database.execute('PRAGMA foreign_keys = OFF; PRAGMA journal_mode = MEMORY;');
      if (bytes) assertSchema(database, made);
      migrate(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  }

  /**
   * Empty, and with no more than `roomBytes` of its pages in memory: the others are in a file in `folder`, which has no
   * name and goes with the database. For what is made to be asked and thrown away: there is no way back from a statement
   * that fails. In memory as a whole where sql.js does not take pages.
   */
  static async scratch(files: Files, folder: string, roomBytes: number): Promise<Database> {
    const build = await loaded();
    arePagesTaken ??= pagesWork(build);
    if (!arePagesTaken) return Database.open();
    const store = new PageStore(Math.floor(roomBytes / PAGE_BYTES), new Spill(files, folder, PAGE_BYTES));
    store.put(0, emptyDatabase(build));
    const pages = new PagedFile(store, PAGE_BYTES, PAGE_BYTES);
    const database = new Database(build, new build.Database(pages as unknown as Uint8Array), pages);
    try {
      // SQLite keeps a transaction in its own memory until it is committed.
      database.execute(`${GUARDED} PRAGMA foreign_keys = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_spill = OFF;`);
      migrate(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Statements without parameters, several at once. */
  execute(sql: string): void {
    this.#attempt(() => this.#database.exec(sql));
  }

  run(sql: string, parameters: readonly SqlValue[]): void {
    this.#attempt(() => this.#prepared(sql).run([...parameters]));
  }

  all(sql: string, parameters: readonly SqlValue[] = []): Row[] {
    return this.#attempt(() => {
      const statement = this.#prepared(sql);
      const rows: Row[] = [];
      try {
        statement.bind([...parameters]);
        while (statement.step()) rows.push(rowOf(statement));
      } finally {
        statement.reset();
      }
      return rows;
    });
  }

  /** The rows one at a time, for more of them than are to be in memory. Its statement is its own. */
  *each(sql: string): Generator<Row, void, undefined> {
    const statement = this.#attempt(() => this.#database.prepare(sql));
    try {
      while (this.#attempt(() => statement.step())) yield rowOf(statement);
    } finally {
      statement.free();
    }
  }

  one(sql: string, parameters: readonly SqlValue[] = []): Row | undefined {
    return this.all(sql, parameters)[0];
  }

  transaction(body: () => void): void {
    this.execute('BEGIN IMMEDIATE');
    try {
      body();
    } catch (error) {
      this.execute('ROLLBACK');
      throw error;
    }
    this.execute('COMMIT');
  }

  /**
   * Works through rows that are written as they are asked for, each yielding roughly how many bytes it has, and commits
   * now and then: a transaction is in the memory of SQLite until it is committed. For a database that is thrown away
   * when that fails.
   */
  inParts(rows: Iterable<number>): void {
    let bytes = 0;
    this.execute('BEGIN IMMEDIATE');
    for (const each of rows) {
      bytes += each;
      if (bytes < PART_BYTES) continue;
      this.execute('COMMIT; BEGIN IMMEDIATE');
      bytes = 0;
    }
    this.execute('COMMIT');
  }

  /**
   * Gives back pages that nothing needs any more, when they are most of the file: deleted rows leave them free, and they would be
   * exported with the others. False when it is not worth it. Never inside a transaction, and never on a scratch database.
   */
  shrink(): boolean {
    const pages = Number(this.one('PRAGMA page_count')?.['page_count']);
    const free = Number(this.one('PRAGMA freelist_count')?.['freelist_count']);
    if (pages < LEAST_PAGES || free * 2 <= pages) return false;
    this.execute('VACUUM');
    return true;
  }

  /**
   * Closes it, and gives what sql.js opens another connection to it over. What that meets in place of a page is the
   * `failure` of the pages, if they are; whoever has them closes them.
   */
  handOver(): Uint8Array | PagedFile {
    const over = this.#pages?.release() ?? this.export();
    this.#closeConnection();
    return over;
  }

  /** The whole database as a file's bytes. Never inside a transaction: sql.js would throw and leave it open. */
  export(): Uint8Array {
    return this.#attempt(() => this.#database.export());
  }

  /** What SQLite itself says of the bytes of another file: 'ok', or what is wrong. */
  inspect(bytes: Uint8Array): string {
    return inspectWith(this.#library, bytes);
  }

  close(): void {
    this.#closeConnection();
    this.#pages?.close();
  }

  #closeConnection(): void {
    for (const statement of this.#statements.values()) statement.free();
    this.#statements.clear();
    this.#database.close();
  }

  #attempt<T>(body: () => T): T {
    try {
      return attempt(body);
    } catch (error) {
      throw this.#pages?.failure ?? error;
    }
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function rowOf(statement: Statement): Row {
  const names = statement.getColumnNames();
  const row: { [column: string]: SqlValue } = {};
  for (const [index, cell] of statement.get().entries()) {
    row[names[index] as string] = typeof cell === 'string' ? textAt(statement, index) : cell;
  }
  return row;
}

/** Text of the row that a statement is at. sql.js takes a U+FEFF from the beginning of text, and gives the bytes as they are. */
export function textAt(statement: object, column: number): string {
  const { buffer } = (statement as BlobStatement).getBlob(column);
  return Buffer.from(buffer).toString('utf8');
}

/** Not among the types of sql.js. */
interface BlobStatement {
  getBlob(column: number): Uint8Array<ArrayBuffer>;
}

/** The same for whoever has no database. */
export async function inspectBytes(bytes: Uint8Array): Promise<string> {
  return inspectWith(await loaded(), bytes);
}

function inspectWith(sqlJs: SqlJsStatic, bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  try {
    const other = new sqlJs.Database(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    try {
      other.exec(GUARDED);
      return String(other.exec('PRAGMA quick_check(1)')[0]?.values[0]?.[0]);
    } finally {
      other.close();
    }
  } catch (error) {
    return reason(error);
  }
}

/** sql.js throws strings for bind errors and bare Errors for the rest. */
function attempt<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof OrreryError) throw error;
    if (OUT_OF_MEMORY.test(reason(error))) throw outOfMemory(error);
    throw damaged('SQLite refused an operation on the image', error);
  }
}

/** Of SQLite, of the module that it is compiled into, and of an export that finds no room. */
const OUT_OF_MEMORY = /^out of memory$|Aborted\(OOM\)|allocation failed|Cannot enlarge memory/i;

/** The disk has everything: nothing is damaged. */
function outOfMemory(cause: unknown): OrreryError {
  return new OrreryError({
    code: 'OUT_OF_MEMORY',
    what: 'SQLite ran out of memory',
    hint: 'The database of a shard is held in memory: give the process more, or spread the games over more shards.',
    cause,
  });
}

function damaged(what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Run `orrery check --explain` on the directory. If nothing opens it any more, `orrery salvage` recovers what is left.',
    ...(cause === undefined ? {} : { cause }),
  });
}
