// The galactic-war example on plain objects and better-sqlite3, as W8 has it: a galaxy that notices which of its
// entities a tick has touched, and a database that gets those, the rest of the state, and the orders in one
// transaction.

import { type LogEntry, PlainGalaxy, type PlainTable } from '../../../examples/galactic-war/recompute.ts';
import type { Setup } from '../../../examples/galactic-war/state.ts';
import { openSqlite, type SqliteDatabase, type SqliteStatement } from './sqlite-peer.ts';

const TABLES = ['systems', 'players', 'agenda'] as const;
type TableName = (typeof TABLES)[number];

/** The row of everything that is in no table. */
const REST = '';

export class WatchedGalaxy extends PlainGalaxy {
  /** For readers: what they look at is not touched. */
  readonly view: { readonly state: PlainGalaxy['state']; readonly tick: number };
  readonly #touched = new Map<TableName, Set<string>>();

  constructor(id: string, setup: Setup) {
    super(id, setup);
    const readers: { [name: string]: PropertyDescriptor } = {};
    for (const name of TABLES) {
      const table: PlainTable<unknown> = this.state[name];
      readers[name] = { value: reading(table) };
      const ids = new Set<string>();
      this.#touched.set(name, ids);
      watch(table, ids);
    }
    const state = Object.create(this.state, readers) as PlainGalaxy['state'];
    const galaxy = this;
    this.view = {
      state,
      get tick() {
        return galaxy.tick;
      },
    };
  }

  /** The entities touched since this was asked last. One that is not there any more has no value. */
  *takeTouched(): Generator<{ readonly table: TableName; readonly id: string; readonly entity: unknown }> {
    for (const [table, ids] of this.#touched) {
      for (const id of ids) yield { table, id, entity: this.state[table].peek(id) };
      ids.clear();
    }
  }

  get rest(): object {
    const { systems, players, agenda, ...rest } = this.state;
    return rest;
  }
}

function watch(table: PlainTable<unknown>, touched: Set<string>): void {
  const { get, set, delete: remove } = table;
  table.get = (id) => {
    touched.add(id);
    return get.call(table, id);
  };
  table.set = (id, entity) => {
    touched.add(id);
    return set.call(table, id, entity) as never;
  };
  table.delete = (id) => {
    touched.add(id);
    return remove.call(table, id);
  };
}

function reading<T>(table: PlainTable<T>): object {
  return {
    get size() {
      return table.size;
    },
    has: (id: string) => table.has(id),
    get: (id: string) => table.peek(id),
    values: () => table.values(),
  };
}

export class GalaxyDatabase {
  readonly #database: SqliteDatabase;
  readonly #upsert: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #log: SqliteStatement;

  constructor(file: string) {
    this.#database = openSqlite(file);
    this.#database.exec(`CREATE TABLE IF NOT EXISTS entities (game TEXT NOT NULL, part TEXT NOT NULL, id TEXT NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (game, part, id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS history (game TEXT NOT NULL, seq INTEGER NOT NULL, tick INTEGER NOT NULL, name TEXT NOT NULL,
        player TEXT, args TEXT, PRIMARY KEY (game, seq)) WITHOUT ROWID`);
    this.#upsert = this.#database.prepare('INSERT OR REPLACE INTO entities (game, part, id, body) VALUES (?, ?, ?, ?)');
    this.#remove = this.#database.prepare('DELETE FROM entities WHERE game = ? AND part = ? AND id = ?');
    this.#log = this.#database.prepare(
      'INSERT INTO history (game, seq, tick, name, player, args) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  /** How many orders and ticks there are. */
  get entries(): number {
    return (this.#database.prepare('SELECT count(*) AS count FROM history').get() as { count: number }).count;
  }

  create(galaxies: readonly WatchedGalaxy[]): void {
    this.#database.transaction(() => {
      for (const galaxy of galaxies) {
        for (const part of TABLES) {
          for (const [id, entity] of galaxy.state[part].entries()) this.#put(galaxy.id, part, id, entity);
        }
        this.#put(galaxy.id, REST, REST, galaxy.rest);
      }
    })();
  }

  /** Durable when it returns. */
  commit(
    galaxies: readonly WatchedGalaxy[],
    entries: readonly { readonly game: string; readonly entry: LogEntry }[],
  ): void {
    this.#database.transaction(() => {
      for (const galaxy of galaxies) {
        for (const { table, id, entity } of galaxy.takeTouched()) {
          if (entity === undefined) this.#remove.run(galaxy.id, table, id);
          else this.#put(galaxy.id, table, id, entity);
        }
        this.#put(galaxy.id, REST, REST, galaxy.rest);
      }
      for (const { game, entry } of entries) {
        const { seq, tick, command, player, args } = entry;
        this.#log.run(game, seq, tick, command, player ?? null, args === undefined ? null : JSON.stringify(args));
      }
    })();
  }

  /** The state of a galaxy, its keys in the order given. */
  read(game: string, keys: readonly string[]): { [key: string]: unknown } {
    const state: { [key: string]: unknown } = {};
    const parts = new Map<string, { [id: string]: unknown }>();
    const rows = this.#database
      .prepare('SELECT part, id, body FROM entities WHERE game = ? ORDER BY part, id')
      .all(game);
    for (const { part, id, body } of rows as { part: string; id: string; body: string }[]) {
      const entities = parts.get(part) ?? {};
      parts.set(part, entities);
      entities[id] = JSON.parse(body) as unknown;
    }
    const rest = parts.get(REST)?.[REST] as { [key: string]: unknown };
    for (const key of keys)
      state[key] = (TABLES as readonly string[]).includes(key) ? (parts.get(key) ?? {}) : rest[key];
    return state;
  }

  close(): void {
    this.#database.close();
  }

  #put(game: string, part: string, id: string, entity: unknown): void {
    this.#upsert.run(game, part, id, JSON.stringify(entity));
  }
}
