// node:sqlite: the SQLite that Node.js brings along from version 22 on.

import { createRequire } from 'node:module';
import { type SqlValue, sqlContender } from './sql.ts';

interface Statement {
  run(...values: SqlValue[]): unknown;
  get(): Record<string, unknown>;
}

interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

function binding(): new (file: string) => Database {
  let builtIn: { DatabaseSync: new (file: string) => Database };
  try {
    builtIn = createRequire(import.meta.url)('node:sqlite');
  } catch (error) {
    throw new Error(`Node.js ${process.version} has no node:sqlite; there is one from version 22 on`, { cause: error });
  }
  return builtIn.DatabaseSync;
}

export const nodeSqlite = sqlContender({
  name: 'node:sqlite',
  how: 'journal_mode=WAL, synchronous=FULL: one fsync of the log for each transaction, on the game loop',
  installed: false,
  version() {
    const database = new (binding())(':memory:');
    const { version } = database.prepare('SELECT sqlite_version() AS version').get();
    database.close();
    return `${process.version}, SQLite ${String(version)}`;
  },
  open(file) {
    const database = new (binding())(file);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    return {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql);
        return (...values) => void statement.run(...values);
      },
      first: (sql) => database.prepare(sql).get(),
      close: () => database.close(),
    };
  },
});
