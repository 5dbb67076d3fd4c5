// better-sqlite3: what most people pick who want SQLite in a game server.

import { peer, peerVersion } from '../peers.ts';
import { type SqlValue, sqlContender } from './sql.ts';

interface Statement {
  run(...values: SqlValue[]): unknown;
  get(): Record<string, unknown>;
}

interface Database {
  pragma(text: string): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

export const betterSqlite3 = sqlContender({
  name: 'better-sqlite3',
  how: 'journal_mode=WAL, synchronous=FULL: one fsync of the log for each transaction, on the game loop',
  installed: true,
  version() {
    new (peer<new (file: string) => Database>('better-sqlite3'))(':memory:').close();
    return peerVersion('better-sqlite3');
  },
  open(file) {
    const database = new (peer<new (file: string) => Database>('better-sqlite3'))(file);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    return {
      exec: (sql) => void database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        return (...values) => void statement.run(...values);
      },
      first: (sql) => database.prepare(sql).get(),
      close: () => database.close(),
    };
  },
});
