// A keeper on a SQLite database with a file of its own, whoever binds it: a row for each system, updated, a row for
// each command, inserted. Statements are prepared once, and what is done between two commits is one transaction.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '../../galaxy.ts';
import type { Contender, Order, Shape, Stored } from './contender.ts';
import { type Keeper, type PlainGame, PlainWorld, plainGames } from './plain.ts';

export type SqlValue = string | number | null;

/** What a keeper needs of a binding of SQLite. */
export interface SqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): (...values: SqlValue[]) => void;
  /** The first row of a query. */
  first(sql: string): Readonly<Record<string, unknown>>;
  close(): void;
}

export interface SqlBinding {
  readonly name: string;
  readonly how: string;
  readonly installed: boolean;
  version(): string;
  /** Opens or creates the file, with WAL and synchronous=FULL. */
  open(file: string): SqlDatabase;
}

export const SQL_HOW =
  'one row of columns for each system, in which a command updates two (faster than a row with a JSON body, tried), and one row ' +
  'for each command (seq, game, tick, name, args as JSON); prepared statements; one transaction a tick, in W1 one a command';

const SCHEMA = `
  CREATE TABLE systems (
    game INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, z INTEGER NOT NULL,
    class TEXT NOT NULL, owner TEXT, metal INTEGER NOT NULL, crew INTEGER NOT NULL, water INTEGER NOT NULL,
    mined INTEGER NOT NULL, mine INTEGER NOT NULL, farm INTEGER NOT NULL, shipyard INTEGER NOT NULL, shield INTEGER NOT NULL,
    note TEXT NOT NULL, PRIMARY KEY (game, id)
  ) WITHOUT ROWID;
  CREATE TABLE queue (ord INTEGER PRIMARY KEY, structure TEXT NOT NULL, ticks INTEGER NOT NULL);
  CREATE TABLE history (
    seq INTEGER PRIMARY KEY, game INTEGER NOT NULL, tick INTEGER NOT NULL, name TEXT NOT NULL, args TEXT NOT NULL
  );`;

class SqlKeeper implements Keeper {
  readonly #database: SqlDatabase;
  readonly #begin: () => void;
  readonly #commit: () => void;
  readonly #update: (...values: SqlValue[]) => void;
  readonly #dequeue: (...values: SqlValue[]) => void;
  readonly #enqueue: (...values: SqlValue[]) => void;
  readonly #log: (...values: SqlValue[]) => void;
  #open = false;

  /** The database has the schema. */
  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN');
    this.#commit = database.prepare('COMMIT');
    this.#update = database.prepare('UPDATE systems SET metal = ?, mined = ? WHERE game = ? AND id = ?');
    this.#dequeue = database.prepare('DELETE FROM queue WHERE ord = ?');
    this.#enqueue = database.prepare('INSERT INTO queue (ord, structure, ticks) VALUES (?, ?, ?)');
    this.#log = database.prepare('INSERT INTO history (game, tick, name, args) VALUES (?, ?, ?, ?)');
  }

  fill(games: readonly PlainGame[]): void {
    const insert = this.#database.prepare(`INSERT INTO systems VALUES (${Array(17).fill('?').join(', ')})`);
    this.#begin();
    for (const [index, { galaxy, queue }] of games.entries()) {
      for (const [id, system] of Object.entries(galaxy.systems)) insert(...rowOf(index, id, system));
      for (const order of queue) this.#enqueue(order.order, order.structure, order.ticks);
    }
    this.#commit();
  }

  mined(game: number, id: string, system: System, metal: number, tick: number): void {
    this.#start();
    this.#update(system.metal, system.mined, game, id);
    this.#log(game, tick, 'mine', JSON.stringify({ system: id, metal }));
  }

  rotated(done: Order, next: Order, tick: number): void {
    this.#start();
    this.#dequeue(done.order);
    this.#enqueue(next.order, next.structure, next.ticks);
    this.#log(0, tick, 'rotate', JSON.stringify(next));
  }

  commit(): void {
    if (!this.#open) return;
    this.#commit();
    this.#open = false;
  }

  close(): void {
    this.#database.close();
  }

  #start(): void {
    if (this.#open) return;
    this.#begin();
    this.#open = true;
  }
}

function rowOf(game: number, id: string, system: System): SqlValue[] {
  const { name, position, owner, metal, crew, water, mined, structures, note } = system;
  const { mine, farm, shipyard, shield } = structures;
  const place = [position.x, position.y, position.z];
  return [game, id, name, ...place, system.class, owner, metal, crew, water, mined, mine, farm, shipyard, shield, note];
}

export function sqlContender(binding: SqlBinding): Contender {
  const fileIn = (folder: string): string => join(folder, 'world.sqlite');
  return {
    name: binding.name,
    how: `${binding.how}; ${SQL_HOW}`,
    durable: true,
    installed: binding.installed,
    version: () => binding.version(),
    async create(folder, shape) {
      mkdirSync(folder, { recursive: true });
      const database = binding.open(fileIn(folder));
      database.exec(SCHEMA);
      const games = plainGames(shape);
      const keeper = new SqlKeeper(database);
      keeper.fill(games);
      // What the first filling has left in the log belongs to nobody's commands.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return new PlainWorld(games, keeper);
    },
    read: async (folder, shape) => readSql(binding.open(fileIn(folder)), shape),
  };
}

function readSql(database: SqlDatabase, { queue }: Shape): Stored {
  const argument = queue > 0 ? '$.order' : '$.metal';
  const held = queue > 0 ? 'SELECT sum(ord) FROM queue' : 'SELECT sum(metal) FROM systems';
  const row = database.first(
    `SELECT count(*) AS commands, coalesce(sum(json_extract(args, '${argument}')), 0) AS given, (${held}) AS held FROM history`,
  );
  database.close();
  return { commands: Number(row['commands']), given: Number(row['given']), held: Number(row['held']) };
}
