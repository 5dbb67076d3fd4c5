// node-sqlite3-wasm: SQLite in WebAssembly that writes to files through Node's own calls. Nothing to compile, as with
// Orrery.

import { peer, peerVersion } from '../peers.ts';
import { type SqlValue, sqlContender } from './sql.ts';

interface Statement {
  run(values: SqlValue[]): unknown;
  finalize(): void;
}

interface Database {
  exec(sql: string): void;
  get(sql: string): Record<string, unknown>;
  prepare(sql: string): Statement;
  close(): void;
}

interface Binding {
  readonly Database: new (file: string) => Database;
}

export const nodeSqlite3Wasm = sqlContender({
  name: 'node-sqlite3-wasm',
  how:
    'journal_mode=WAL, which it can with locking_mode=EXCLUSIVE only, for it has no shared memory, and synchronous=FULL: one ' +
    'fsync of the log for each transaction, on the game loop',
  installed: true,
  version() {
    new (peer<Binding>('node-sqlite3-wasm').Database)(':memory:').close();
    return peerVersion('node-sqlite3-wasm');
  },
  open(file) {
    const database = new (peer<Binding>('node-sqlite3-wasm').Database)(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const mode = database.get('PRAGMA journal_mode');
    if (mode['journal_mode'] !== 'wal')
      throw new Error(`it is in journal_mode ${String(mode['journal_mode'])}, not WAL`);
    const statements: Statement[] = [];
    return {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        statements.push(statement);
        return (...values) => void statement.run(values);
      },
      first: (sql) => database.get(sql),
      close() {
        for (const statement of statements) statement.finalize();
        database.close();
      },
    };
  },
});
