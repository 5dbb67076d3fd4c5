// better-sqlite3 for the workloads that compare with it by hand: as much of it as they use. Before it: ../peers.ts,
// which loads what is installed in bench/node_modules only; after it: save.ts, recovery.ts, galaxy-database.ts.

import { peer } from '../peers.ts';

export interface SqliteStatement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  iterate(...values: unknown[]): IterableIterator<unknown>;
}

export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  pragma(source: string): unknown;
  transaction<A extends unknown[]>(work: (...args: A) => void): (...args: A) => void;
  close(): void;
}

/** Opened as its documentation advises, and so that a transaction that has returned is on disk. */
export function openSqlite(file: string): SqliteDatabase {
  const Database = peer<new (path: string) => SqliteDatabase>('better-sqlite3');
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  return database;
}
