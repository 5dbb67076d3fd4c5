// One statement, run on what gathered.ts has put together, and its rows sent a page at a time. It runs in a thread of
// its own, which query/thread.ts ends when the time is up: SQLite itself cannot be interrupted here.

import { gunzipSync, inflateSync } from 'node:zlib';
import initSqlJs, { type Database as Raw, type SqlValue, type Statement } from 'sql.js';
import { type ErrorData, errorToData, OrreryError, reason } from '../../../core/errors.ts';
import { MAX_BODY_BYTES } from '../image/body.ts';
import { textAt } from '../image/database.ts';
import { PagedFile } from '../pages/paged-file.ts';
import { gather, type Question } from './gathered.ts';

export interface Asked extends Question {
  /** No more rows than this are read. */
  readonly limit: number;
}

/** A blob is its bytes, a whole number that JavaScript cannot hold exactly its digits. */
export type Cell = null | number | string | Uint8Array | { readonly digits: string };

export type Part =
  | { readonly kind: 'open'; readonly faults: readonly string[] }
  | { readonly kind: 'columns'; readonly names: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Cell[])[] }
  /** Whether there are more rows than were asked for. */
  | { readonly kind: 'end'; readonly more: boolean }
  | { readonly kind: 'error'; readonly error: ErrorData };

/** Rows in a page. */
const PAGE = 200;

/** Yields what goes to the main thread, in order; the last is an end or an error. */
export async function* answer({ limit, ...question }: Asked): AsyncGenerator<Part, void> {
  try {
    const { database, faults } = await gather(question);
    const image = database.handOver();
    try {
      yield { kind: 'open', faults };
      const { Database } = await initSqlJs();
      const connection = new Database(image as Uint8Array);
      try {
        yield* run(connection, question.sql, limit);
      } catch (error) {
        throw failureOf(image) ?? error;
      } finally {
        connection.close();
      }
    } finally {
      if (image instanceof PagedFile) image.close();
    }
  } catch (error) {
    yield { kind: 'error', error: errorToData(error) };
  }
}

/** What SQLite takes for a failure of the disk says less than what failed. */
function failureOf(image: Uint8Array | PagedFile): Error | undefined {
  return image instanceof PagedFile ? image.failure : undefined;
}

function* run(database: Raw, sql: string, limit: number): Generator<Part, void> {
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;');
  database.create_function('inflate', inflate);
  const statement = only(database, sql);
  try {
    const names = statement.getColumnNames();
    // ATTACH, BEGIN, PRAGMA x = y: done to a copy that is thrown away a moment later, and nobody would be told.
    if (names.length === 0) throw writes(sql);
    yield { kind: 'columns', names };
    let rows: Cell[][] = [];
    for (let count = 0; steps(statement, sql); count += 1) {
      if (count === limit) {
        yield { kind: 'rows', rows };
        yield { kind: 'end', more: true };
        return;
      }
      rows.push(rowOf(statement));
      if (rows.length < PAGE) continue;
      yield { kind: 'rows', rows };
      rows = [];
    }
    yield { kind: 'rows', rows };
    yield { kind: 'end', more: false };
  } finally {
    statement.free();
  }
}

/** The statement, if it is one: a second one would never be run, and nobody would notice. */
function only(database: Raw, sql: string): Statement {
  const statements = database.iterateStatements(sql);
  let next: ReturnType<typeof statements.next>;
  try {
    next = statements.next();
  } catch (error) {
    throw refused(error, sql);
  }
  if (next.done) throw invalid('there is no statement', sql);
  // Asking for the next one would free this.
  if (!isBlank(statements.getRemainingSQL())) throw invalid('there is more than one statement', sql);
  return next.value;
}

/** White space, semicolons and comments. */
function isBlank(sql: string): boolean {
  return /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/.test(sql);
}

function steps(statement: Statement, sql: string): boolean {
  try {
    return statement.step();
  } catch (error) {
    throw refused(error, sql);
  }
}

/** `get` gives numbers as they are written in 64 bits when it is asked to, which the types do not know of. */
function rowOf(statement: Statement): Cell[] {
  const cells = (statement as unknown as BigIntStatement).get(null, { useBigInt: true });
  return cells.map((cell, column) => {
    if (typeof cell === 'string') return textAt(statement, column);
    if (typeof cell !== 'bigint') return cell;
    return cell >= -EXACT && cell <= EXACT ? Number(cell) : { digits: String(cell) };
  });
}

/** Up to here a number of JavaScript is the whole number itself. */
const EXACT = 2n ** 53n;

interface BigIntStatement {
  get(parameters: null, options: { readonly useBigInt: true }): (SqlValue | bigint)[];
}

/** The text in a body of ours, whatever its codec: of a row in snapshots or patch_batches. */
export function inflate(body: unknown): string | null {
  if (body === null || typeof body === 'string') return body;
  if (!(body instanceof Uint8Array)) throw new Error('inflate takes a body, which is a blob');
  const [first = 0, second = 0] = body;
  const bounds = { maxOutputLength: MAX_BODY_BYTES };
  if (first === 0x1f && second === 0x8b) return gunzipSync(body, bounds).toString('utf8');
  // A header of zlib. JSON as it is begins otherwise: with "[" or "{".
  if ((first & 0x0f) === 8 && (first * 256 + second) % 31 === 0) return inflateSync(body, bounds).toString('utf8');
  return Buffer.from(body).toString('utf8');
}

function refused(error: unknown, sql: string): OrreryError {
  const why = reason(error);
  if (/readonly database|query_only/i.test(why)) return writes(sql);
  return invalid(`SQLite does not take the statement: ${why}`, sql);
}

function writes(sql: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_SQL',
    what: 'the statement would write or set something, and this only reads',
    hint: 'What a game is like is changed by its commands. For a database of your own, copy `latest.sqlite`.',
    context: { sql },
  });
}

function invalid(what: string, sql: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_SQL',
    what,
    hint: `The statement was: ${sql.length > 2000 ? `${sql.slice(0, 2000)}...` : sql}`,
    context: { sql },
  });
}
