// One SQLite database in memory, made by sql.js. rows.ts reads and writes it, image.ts takes it to disk and back.

import type { Database as SqlJsDatabase, Statement } from 'sql.js';
import { OrreryError, reason } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { emptyDatabase } from '../pages/empty-database.ts';
import type { FilePages } from '../pages/file-pages.ts';
import { PAGE_BYTES } from '../pages/page-size.ts';
import { PageStore } from '../pages/page-store.ts';
import { PagedFile } from '../pages/paged-file.ts';
import { Spill } from '../pages/spill.ts';
import { GUARDED, inspectBytes, inspectFile } from './file-inspection.ts';
import type { ImageCheck } from './image-check.ts';
import { frozenPages, type ImageContent, wholeContent } from './image-content.ts';
import { assertSchema, migrate } from './schema.ts';
import { type SqlLibrary, sqlLibrary } from './sql-library.ts';

/**
 * As sql.js has it: whoever installs Orrery does not install the types of sql.js, and public types come to this one.
 */
export type SqlValue = number | string | Uint8Array | null;
export type Row = { readonly [column: string]: SqlValue };

const SETTINGS = `${GUARDED} PRAGMA foreign_keys = OFF;`;
/** Spilling would write a part of a transaction, and going back from that cuts the file. */
const DURABLE = `${SETTINGS} PRAGMA journal_mode = MEMORY; PRAGMA cache_spill = OFF;`;
const FLEETING = `${SETTINGS} PRAGMA journal_mode = OFF; PRAGMA cache_spill = OFF;`;

/** Where pages go. */
export interface Rooms {
  readonly files: Files;
  readonly folder: string;
  readonly roomBytes: number;
}

interface Pages {
  readonly file: PagedFile;
  readonly store: PageStore;
  readonly settings: string;
}

/** A file of fewer pages is not worth shrinking. */
const LEAST_PAGES = 64;

/** Of rows in one transaction. */
const PART_BYTES = 4 * 1024 * 1024;

export class Database {
  readonly #library: SqlLibrary;
  #database: SqlJsDatabase;
  readonly #statements = new Map<string, Statement>();
  readonly #pages: Pages | undefined;

  private constructor(library: SqlLibrary, database: SqlJsDatabase, pages?: Pages) {
    this.#library = library;
    this.#database = database;
    this.#pages = pages;
  }

  /**
   * Empty without bytes. Throws DAMAGED when the bytes are not a database of ours, FORMAT_TOO_NEW when it is a later
   * one. The schema is compared before any statement touches a table: bytes from a disk may hold triggers and views.
   */
  static async open(bytes?: Uint8Array): Promise<Database> {
    const library = await sqlLibrary();
    // sql.js takes zero bytes for an empty database: a file that was emptied must not pass for a fresh one.
    if (bytes && bytes.length === 0) throw damaged('the image is empty');
    const made = (from?: Uint8Array): Database =>
      new Database(
        library,
        // A view, not the Buffer that it may be: sql.js keeps a slice, and a slice of a Buffer is the caller's own
        // memory.
        attempt(() => new library.Database(from && new Uint8Array(from.buffer, from.byteOffset, from.length))),
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

  /** Whether this build of sql.js takes pages: without, a database is in memory as a whole. */
  static async takesPages(): Promise<boolean> {
    return (await sqlLibrary()).takesPages;
  }

  /**
   * Over pages, of an image or of none: no more than `roomBytes` of them are in memory, and what was changed and has no
   * room is in a file in `folder` that has no name. Takes the image over. Only where `takesPages`. Throws as `open`
   * does.
   */
  static async paged(rooms: Rooms, image?: FilePages): Promise<Database> {
    const library = await sqlLibrary();
    const database = Database.#overPages(library, rooms, DURABLE, image);
    try {
      if (image) assertSchema(database, () => new Database(library, new library.Database()));
      migrate(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  }

  /** With nothing in it, over pages where sql.js takes them. */
  static async empty(rooms: Rooms): Promise<Database> {
    return (await Database.takesPages()) ? Database.paged(rooms) : Database.open();
  }

  /**
   * Empty, to be filled, asked and thrown away: there is no way back from a statement that fails. Over pages where
   * sql.js takes them, in memory as a whole where it does not.
   */
  static async scratch(rooms: Rooms): Promise<Database> {
    if (!(await Database.takesPages())) return Database.open();
    const database = Database.#overPages(await sqlLibrary(), rooms, FLEETING);
    migrate(database);
    return database;
  }

  static #overPages(library: SqlLibrary, rooms: Rooms, settings: string, image?: FilePages): Database {
    const { files, folder, roomBytes } = rooms;
    const store = new PageStore(Math.floor(roomBytes / PAGE_BYTES), new Spill(files, folder), image);
    // A file without a page would be taken for no file at all.
    if (!image) store.write(0, emptyDatabase(), 0);
    const file = new PagedFile(store);
    try {
      const connection = attempt(() => new library.Database(file as unknown as Uint8Array));
      const database = new Database(library, connection, { file, store, settings });
      database.execute(settings);
      return database;
    } catch (error) {
      store.close();
      throw file.failure ?? error;
    }
  }

  /** What stopped it from reading or writing a page, if anything did: then it is of no use any more. */
  get failure(): Error | undefined {
    return this.#pages?.file.failure;
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
   * Gives back pages that nothing needs any more, when they are most of the file: deleted rows leave them free, and
   * they would be exported with the others. False when it is not worth it. Never inside a transaction.
   */
  shrink(): boolean {
    const pages = Number(this.one('PRAGMA page_count')?.['page_count']);
    const free = Number(this.one('PRAGMA freelist_count')?.['freelist_count']);
    if (pages < LEAST_PAGES || free * 2 <= pages) return false;
    this.vacuum();
    return true;
  }

  /** Never inside a transaction, and not while it is frozen. Takes memory for what there is in it twice. */
  vacuum(): void {
    const pages = this.#pages;
    pages?.file.awaitCut();
    this.execute('VACUUM');
    if (!pages) return;
    // The file was cut, so sql.js has it in an array of its own.
    this.#closeConnection();
    this.#database = this.#attempt(() => new this.#library.Database(pages.file.release() as unknown as Uint8Array));
    this.execute(pages.settings);
  }

  /**
   * What an image of it is to hold, which stays so while the database goes on, until the image is published or dropped.
   * Never inside a transaction.
   */
  freeze(): ImageContent {
    return this.#pages ? frozenPages(this.#pages.store) : wholeContent(this.export());
  }

  /**
   * Closes it, and gives what sql.js opens another connection to it over. What that meets in place of a page is the
   * `failure` of the pages, if they are; whoever has them closes them.
   */
  handOver(): Uint8Array | PagedFile {
    const over = this.#pages?.file.release() ?? this.export();
    this.#closeConnection();
    return over;
  }

  /** The whole database as a file's bytes. Never inside a transaction: sql.js would throw and leave it open. */
  export(): Uint8Array {
    return this.#attempt(() => this.#database.export());
  }

  /** What another file holds, and what SQLite itself says of it. Throws IO_FAILED. */
  inspectFile(files: Files, path: string): ImageCheck {
    return inspectFile(this.#library, files, path);
  }

  /** What SQLite itself says of the bytes of another file: 'ok', or what is wrong. */
  inspect(bytes: Uint8Array): string {
    return inspectBytes(this.#library, bytes);
  }

  close(): void {
    this.#closeConnection();
    this.#pages?.store.close();
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
      throw this.failure ?? error;
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

/**
 * Text of the row that a statement is at. sql.js takes a U+FEFF from the beginning of text, and gives the bytes as they
 * are.
 */
export function textAt(statement: object, column: number): string {
  const { buffer } = (statement as BlobStatement).getBlob(column);
  return Buffer.from(buffer).toString('utf8');
}

/** Not among the types of sql.js. */
interface BlobStatement {
  getBlob(column: number): Uint8Array<ArrayBuffer>;
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
