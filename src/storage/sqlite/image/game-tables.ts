// All rows of one game, whatever tables they stand in: one at a time out of one database, and into another. rows.ts
// gives the same rows a meaning; here they are only values. A pack is made of them, and a game that comes from one
// enters a shard through here.

import type { Database, Row } from './database.ts';

/** A table that holds something of a game. */
export interface GameTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of the columns, the one that holds the id. */
  readonly game: string;
  /**
   * Of the columns, the one that tells the rows of a game apart; none where they are so few that they are read at once.
   */
  readonly key: string | undefined;
  /** The rows of a game; with a key, the first behind a value of it. */
  readonly next: string;
  readonly insert: string;
  /** How many rows there are that cannot be the game's. */
  readonly strays: string;
  readonly remove: string;
}

/** In this order, so that what refers to a game comes after it. */
export const GAME_TABLES: readonly GameTable[] = [
  {
    name: 'games',
    columns: [
      'id',
      'type',
      'version',
      'tables',
      'created',
      'seq',
      'tick',
      'time',
      'snapshot_seq',
      'state_bytes',
      'patch_bytes',
      'records',
      'patches_in',
      'patches_out',
      'parent',
      'parent_seq',
      'first_seq',
      'thinned',
    ],
    game: 'id',
    key: undefined,
    next: 'SELECT * FROM games WHERE id = ?',
    insert: `INSERT INTO games (id, type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes,
        patch_bytes, records, patches_in, patches_out, parent, parent_seq, first_seq, thinned)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    strays: 'SELECT count(*) AS strays FROM games WHERE id <> ?',
    remove: 'DELETE FROM games WHERE id = ?',
  },
  {
    name: 'snapshots',
    columns: ['game', 'seq', 'tick', 'time', 'version', 'tables', 'reason', 'codec', 'sha', 'pieces', 'body'],
    game: 'game',
    key: 'seq',
    next: 'SELECT * FROM snapshots WHERE game = ? AND seq > ? ORDER BY seq LIMIT 1',
    insert: `INSERT INTO snapshots (game, seq, tick, time, version, tables, reason, codec, sha, pieces, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    strays: 'SELECT count(*) AS strays FROM snapshots WHERE game <> ? OR seq < 0',
    remove: 'DELETE FROM snapshots WHERE game = ?',
  },
  {
    name: 'patch_batches',
    columns: [
      'game',
      'first_seq',
      'last_seq',
      'first_tick',
      'last_tick',
      'time',
      'count',
      'codec',
      'body',
      'commands',
      'least_time',
      'most_time',
    ],
    game: 'game',
    key: 'last_seq',
    next: 'SELECT * FROM patch_batches WHERE game = ? AND last_seq > ? ORDER BY last_seq LIMIT 1',
    insert: `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands,
        least_time, most_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    strays: 'SELECT count(*) AS strays FROM patch_batches WHERE game <> ? OR last_seq < 0',
    remove: 'DELETE FROM patch_batches WHERE game = ?',
  },
  {
    name: 'commands',
    columns: ['game', 'seq', 'tick', 'time', 'name', 'player', 'args'],
    game: 'game',
    key: 'seq',
    next: 'SELECT * FROM commands WHERE game = ? AND seq > ? ORDER BY seq LIMIT 1',
    insert: 'INSERT INTO commands (game, seq, tick, time, name, player, args) VALUES (?, ?, ?, ?, ?, ?, ?)',
    strays: 'SELECT count(*) AS strays FROM commands WHERE game <> ? OR seq < 0',
    remove: 'DELETE FROM commands WHERE game = ?',
  },
  {
    name: 'quarantine',
    columns: ['game', 'first_seq', 'last_seq', 'time', 'mode', 'reason'],
    game: 'game',
    key: undefined,
    next: 'SELECT * FROM quarantine WHERE game = ? ORDER BY first_seq, time',
    insert: 'INSERT INTO quarantine (game, first_seq, last_seq, time, mode, reason) VALUES (?, ?, ?, ?, ?, ?)',
    strays: 'SELECT count(*) AS strays FROM quarantine WHERE game <> ? OR first_seq < 0',
    remove: 'DELETE FROM quarantine WHERE game = ?',
  },
  {
    name: 'seeds',
    columns: ['game', 'seed'],
    game: 'game',
    key: undefined,
    next: 'SELECT * FROM seeds WHERE game = ?',
    insert: 'INSERT INTO seeds (game, seed) VALUES (?, ?)',
    strays: 'SELECT count(*) AS strays FROM seeds WHERE game <> ?',
    remove: 'DELETE FROM seeds WHERE game = ?',
  },
];

/**
 * The rows of a game in a table, in the order of their primary key. One at a time: a long past must not be in memory
 * twice.
 */
export function* rowsOfGame(database: Database, table: GameTable, game: string): Generator<Row> {
  if (table.key === undefined) {
    yield* database.all(table.next, [game]);
    return;
  }
  for (let after = -1; ; ) {
    const row = database.one(table.next, [game, after]);
    if (!row) return;
    yield row;
    after = Number(row[table.key]);
  }
}

/** Puts in a row as it is, under another game's id if need be. */
export function insertRow(database: Database, table: GameTable, row: Row, as: string): void {
  database.run(
    table.insert,
    table.columns.map((column) => (column === table.game ? as : (row[column] ?? null))),
  );
}

/** Inside a transaction. */
export function removeGame(database: Database, table: GameTable, game: string): void {
  database.run(table.remove, [game]);
}

/** Inside a transaction of `to`, which has no game of that id. Everything but the row of its type. */
export function copyGame(from: Database, to: Database, game: string, as = game): void {
  for (const table of GAME_TABLES) {
    for (const row of rowsOfGame(from, table, game)) insertRow(to, table, row, as);
  }
}

/** Inside a transaction. What a directory says of a type stays: its programs write that themselves. */
export function copyType(from: Database, to: Database, name: string): void {
  const row = from.one('SELECT * FROM types WHERE name = ?', [name]);
  if (!row) return;
  to.run('INSERT OR IGNORE INTO types (name, history, retention, projections) VALUES (?, ?, ?, ?)', [
    name,
    row['history'] ?? null,
    row['retention'] ?? null,
    row['projections'] ?? null,
  ]);
}
