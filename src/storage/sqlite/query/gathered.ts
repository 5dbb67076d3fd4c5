// What `orrery sql` asks: everything in the shards of a directory, or in a pack, as one SQLite database in memory, the
// journal after the images included. Before it: cli/sql.ts, by way of a thread; after it: answer.ts, which runs the
// statement.

import { tmpdir } from 'node:os';
import { OrreryError } from '../../../core/errors.ts';
import { toPointer } from '../../../core/patch/pointer.ts';
import { Compaction } from '../compaction/compaction.ts';
import { FAULT } from '../compaction/projected-types.ts';
import { readConfig, shardDirectory } from '../directory.ts';
import { nodeFiles } from '../files.ts';
import { readCommands, readSteps, writeCommandIndex } from '../image/batches.ts';
import { Database, type Row, type SqlValue } from '../image/database.ts';
import { readGames } from '../image/rows.ts';
import { openPack } from '../pack/reading.ts';
import { READING_TABLES, ShardReader } from '../recovery/shard-reader.ts';

/** What is asked, and of what. */
export interface Question {
  readonly place: string;
  /** Whether the place is a pack. */
  readonly isPack: boolean;
  /** One shard alone. */
  readonly shard: number | undefined;
  readonly sql: string;
}

export interface Gathered {
  readonly database: Database;
  /** Games that have no rows in the tables of their type, because their states break what these declare unique. */
  readonly faults: readonly string[];
}

/** What several shards come to together is in a temporary file, but for this. */
const ROOM_BYTES = 64 * 1024 * 1024;

/**
 * Tables that are filled when a statement names them: what they hold is in the bodies of patch_batches all the time.
 */
const ON_DEMAND = { commands: fillCommands, patches: fillPatches } as const;

/** Throws what opening a directory or a pack throws, and INVALID_OPTION for a shard that is not there. */
export async function gather({ place, isPack, shard, sql }: Question): Promise<Gathered> {
  const database = isPack ? await ofPack(place) : await ofDirectory(place, shard);
  try {
    const faults = database
      .all('SELECT key FROM meta WHERE instr(key, ?) > 0', [FAULT])
      .map(({ key }) => String(key))
      .map((key) => key.slice(key.indexOf(FAULT) + FAULT.length));
    for (const [table, fill] of Object.entries(ON_DEMAND)) {
      if (new RegExp(`\\b${table}\\b`, 'i').test(sql)) database.inParts(fill(database));
    }
    // What the random numbers of games follow from is for nobody to see.
    database.execute('DROP TABLE seeds');
    // The line that creates a game has its seed.
    database.execute("UPDATE unreadable_records SET line = x''");
    return { database, faults };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function ofPack(file: string): Promise<Database> {
  const { database } = await openPack(nodeFiles, file);
  try {
    // Makes the tables that the pack's game type declares.
    new Compaction(database, READING_TABLES, { frame: 0, chain: 0 });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function ofDirectory(directory: string, only: number | undefined): Promise<Database> {
  const { shards } = readConfig(nodeFiles, directory);
  if (only !== undefined && only >= shards) {
    throw new OrreryError({
      code: 'INVALID_OPTION',
      what: `there is no shard ${only}`,
      hint: `The directory has ${shards}: 0 to ${shards - 1}.`,
      context: { directory, shard: only },
    });
  }
  const numbers = only === undefined ? Array.from({ length: shards }, (_, number) => number) : [only];
  const [first] = numbers;
  if (first !== undefined && numbers.length === 1) return (await ofShard(directory, first)) ?? Database.open();
  const whole = await Database.scratch({ files: nodeFiles, folder: tmpdir(), roomBytes: ROOM_BYTES });
  try {
    // Each shard has its own.
    whole.execute('DELETE FROM meta');
    for (const number of numbers) {
      const shard = await ofShard(directory, number);
      if (!shard) continue;
      try {
        shard.run("UPDATE meta SET key = printf('%02d/%s', ?, key)", [number]);
        merge(shard, whole);
      } finally {
        shard.close();
      }
    }
    return whole;
  } catch (error) {
    whole.close();
    throw error;
  }
}

/** Undefined for a shard that was never finished being made. */
async function ofShard(directory: string, number: number): Promise<Database | undefined> {
  const reader = await ShardReader.open(nodeFiles, shardDirectory(directory, number), number, READING_TABLES);
  // In memory: what the journal adds is written into what was read of the image.
  reader.contents?.compaction.flush({});
  return reader.contents?.database;
}

/** Puts everything of one database into another that has no game of it. */
function merge(from: Database, into: Database): void {
  for (const { name, sql } of from.all("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")) {
    const [known] = into.all("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", [String(name)]);
    // eslint-disable-next-line orrery/bound-sql -- the schema was proved when the database was opened
    if (!known) into.execute(String(sql));
    else if (known['sql'] !== sql) throw unlike(String(name));
    // They would only be dropped again.
    if (name !== 'seeds') into.inParts(copiedRows(from, into, String(name)));
  }
}

/** Yields the bytes of each row, roughly. Text goes over as bytes: sql.js ends it at its first NUL. */
function* copiedRows(from: Database, into: Database, table: string): Generator<number, void> {
  const columns = from.all('SELECT name, type FROM pragma_table_info(?)', [table]);
  const isText = ({ type }: Row): boolean => type === 'TEXT';
  const select = columns.map((column) =>
    isText(column) ? `CAST("${column['name']}" AS BLOB)` : `"${column['name']}"`,
  );
  const places = columns.map((column) => (isText(column) ? 'CAST(? AS TEXT)' : '?'));
  const named = select.map((column, index) => `${column} AS c${index}`).join(', ');
  const insert = `INSERT ${table === 'types' ? 'OR IGNORE ' : ''}INTO "${table}" VALUES (${places.join(', ')})`;
  for (const row of from.each(`SELECT ${named} FROM "${table}"`)) {
    const cells = columns.map((_, index): SqlValue => row[`c${index}`] ?? null);
    // eslint-disable-next-line orrery/bound-sql -- as above, and the values are bound
    into.run(insert, cells);
    yield cells.reduce<number>((bytes, cell) => bytes + (cell instanceof Uint8Array ? cell.length : 16), 0);
  }
}

/** Yields the bytes of each row, roughly. */
function* fillCommands(database: Database): Generator<number, void> {
  for (const { id, seq } of readGames(database)) {
    for (const command of readCommands(database, id, 0, seq)) {
      yield writeCommandIndex(database, id, [command]);
    }
  }
}

/** Yields the bytes of each row, roughly. */
function* fillPatches(database: Database): Generator<number, void> {
  database.execute(`CREATE TABLE patches (
    game      TEXT NOT NULL,
    first_seq INTEGER NOT NULL,  -- of the visible step that the patch belongs to
    last_seq  INTEGER NOT NULL,
    number    INTEGER NOT NULL,  -- in the step: 0, 1, 2, ...
    tick      INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    op        TEXT NOT NULL,     -- add, replace or remove
    path      TEXT NOT NULL,     -- RFC 6901
    value     TEXT,              -- JSON
    PRIMARY KEY (game, last_seq, number)
  ) STRICT, WITHOUT ROWID`);
  for (const { id, seq } of readGames(database)) {
    for (const { firstSeq, lastSeq, tick, time, patches } of readSteps(database, id, 0, seq)) {
      for (const [number, patch] of patches.entries()) {
        const pointer = toPointer(patch.path);
        const value = patch.op === 'remove' ? null : JSON.stringify(patch.value);
        database.run('INSERT INTO patches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
          ...[id, firstSeq, lastSeq, number, tick, time, patch.op, pointer],
          value,
        ]);
        yield id.length + pointer.length + (value?.length ?? 0);
      }
    }
  }
}

function unlike(table: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `the shards have different tables ${JSON.stringify(table)}: a game type declared another one in between`,
    hint: 'Ask one shard at a time with --shard, or open the directory once with the program.',
    context: { table },
  });
}
