// The rows of a game's past as retention goes through them: read one by one, put in the place of others, taken away.
// compaction/thinning.ts decides.

import type { CommandEntry, Step } from '../../steps.ts';
import { decodeCommands, decodeSteps, type PatchBatch, writeBatch } from './batches.ts';
import { CODEC_JSON, unpack } from './body.ts';
import type { Database, Row } from './database.ts';
import { isGap, NO_STEPS } from './gaps.ts';

/** Where a row stands, without what is in it. */
export interface RowPlace {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly time: number;
  /** How many commands it has: none when they are not kept. */
  readonly count: number;
}

export interface KeptRow extends RowPlace {
  /** Fresh. */
  steps(): Step[];
  commands(): CommandEntry[];
  /** Whether its steps are gone: gaps.ts. */
  readonly isGap: boolean;
}

export interface SnapshotPlace {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly reason: string;
}

/** The first row that ends after a seq. */
export function rowAfter(database: Database, game: string, seq: number): KeptRow | undefined {
  const row = database.one(
    `SELECT first_seq, last_seq, first_tick, time, count, codec, body, commands FROM patch_batches
     WHERE game = ? AND last_seq > ? ORDER BY last_seq LIMIT 1`,
    [game, seq],
  );
  if (!row) return undefined;
  return {
    ...placeOf(row),
    isGap: isGap(row),
    steps: () => decodeSteps(unpack(row['body'], row['codec'])),
    commands: () => decodeCommands(unpack(row['commands'], row['codec'])),
  };
}

/** The last row that ends at or before a seq. */
export function rowUpTo(database: Database, game: string, seq: number): RowPlace | undefined {
  const row = database.one(
    `SELECT first_seq, last_seq, first_tick, time, count FROM patch_batches
     WHERE game = ? AND last_seq <= ? ORDER BY last_seq DESC LIMIT 1`,
    [game, seq],
  );
  return row && placeOf(row);
}

/** The newest row whose last record is of this time or an earlier one. */
export function rowOfTime(database: Database, game: string, time: number): RowPlace | undefined {
  const row = database.one(
    `SELECT first_seq, last_seq, first_tick, time, count FROM patch_batches
     WHERE game = ? AND time <= ? ORDER BY last_seq DESC LIMIT 1`,
    [game, time],
  );
  return row && placeOf(row);
}

/** The oldest row with a record after this time: it need not be the last in it, for clocks may jump back. */
export function rowBehindTime(database: Database, game: string, time: number): RowPlace | undefined {
  const row = database.one(
    `SELECT first_seq, last_seq, first_tick, time, count FROM patch_batches
     WHERE game = ? AND coalesce(most_time, time) > ? ORDER BY last_seq LIMIT 1`,
    [game, time],
  );
  return row && placeOf(row);
}

/**
 * The times of the last two moments in the rows of a game, newest first: of its last two records, as far as their times
 * are kept. One that has a single record, or none, has fewer.
 */
export function newestTimes(database: Database, game: string): number[] {
  const last = rowAfter(database, game, (rowUpTo(database, game, Number.MAX_SAFE_INTEGER)?.lastSeq ?? 0) - 1);
  if (!last) return [];
  const inRow = last.isGap ? [last] : last.count === 0 ? last.steps() : last.commands();
  const before = inRow.length > 1 ? undefined : rowUpTo(database, game, last.firstSeq - 1);
  return [...(before ? [before] : []), ...inRow]
    .slice(-2)
    .map(({ time }) => time)
    .reverse();
}

/** The seqs whose commands are not kept, as stretches, oldest first. */
export function rangesWithoutCommands(database: Database, game: string): { firstSeq: number; lastSeq: number }[] {
  return database
    .all('SELECT first_seq, last_seq FROM patch_batches WHERE game = ? AND count = 0 ORDER BY last_seq', [game])
    .map((row) => ({ firstSeq: Number(row['first_seq']), lastSeq: Number(row['last_seq']) }));
}

export function snapshotPlaces(database: Database, game: string): SnapshotPlace[] {
  return database
    .all('SELECT seq, tick, time, reason FROM snapshots WHERE game = ? ORDER BY seq', [game])
    .map((row) => ({
      seq: Number(row['seq']),
      tick: Number(row['tick']),
      time: Number(row['time']),
      reason: String(row['reason']),
    }));
}

/** The rows with afterSeq < seq <= lastSeq give way to others over the same seqs. Inside a transaction. */
export function replaceRows(
  database: Database,
  game: string,
  afterSeq: number,
  lastSeq: number,
  rows: readonly PatchBatch[],
): void {
  database.run('DELETE FROM patch_batches WHERE game = ? AND last_seq > ? AND last_seq <= ?', [
    game,
    afterSeq,
    lastSeq,
  ]);
  for (const row of rows) writeBatch(database, game, row);
}

/**
 * In the place of the rows with afterSeq < seq <= the snapshot's, one that says that they are gone: whoever goes
 * through the steps is given the state of that snapshot as one. Inside a transaction. False when nothing but such a row
 * is there.
 */
export function writeGap(
  database: Database,
  game: string,
  afterSeq: number,
  { seq, tick, time }: SnapshotPlace,
): boolean {
  const [only, more] = database.all(
    'SELECT last_seq, codec, body FROM patch_batches WHERE game = ? AND last_seq > ? AND last_seq <= ? LIMIT 2',
    [game, afterSeq, seq],
  );
  if (only && !more && only['last_seq'] === seq && isGap(only)) return false;
  database.run('DELETE FROM patch_batches WHERE game = ? AND last_seq > ? AND last_seq <= ?', [game, afterSeq, seq]);
  database.run(
    `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, least_time, most_time, count, codec,
       body, commands)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)`,
    [game, afterSeq + 1, seq, tick, tick, time, time, time, CODEC_JSON, NO_STEPS, NO_STEPS],
  );
  dropCommands(database, game, afterSeq, seq);
  return true;
}

/** The seqs at which rows end that say that their steps are gone: each needs its snapshot. */
export function gapEnds(database: Database, game: string): ReadonlySet<number> {
  const rows = database.all(
    'SELECT last_seq, codec, body FROM patch_batches WHERE game = ? AND codec = ? AND length(body) = ?',
    [game, CODEC_JSON, NO_STEPS.length],
  );
  return new Set(rows.filter(isGap).map((row) => Number(row['last_seq'])));
}

/** Commands with afterSeq < seq <= lastSeq go from the index. */
export function dropCommands(database: Database, game: string, afterSeq: number, lastSeq: number): void {
  database.run('DELETE FROM commands WHERE game = ? AND seq > ? AND seq <= ?', [game, afterSeq, lastSeq]);
}

export function dropSnapshot(database: Database, game: string, seq: number): void {
  database.run('DELETE FROM snapshots WHERE game = ? AND seq = ?', [game, seq]);
}

/** Everything before a seq, of which there is a snapshot, goes. Inside a transaction. */
export function cutBefore(database: Database, game: string, seq: number): void {
  database.run('DELETE FROM patch_batches WHERE game = ? AND last_seq <= ?', [game, seq]);
  database.run('DELETE FROM snapshots WHERE game = ? AND seq < ?', [game, seq]);
  database.run('DELETE FROM commands WHERE game = ? AND seq <= ?', [game, seq]);
  database.run('DELETE FROM quarantine WHERE game = ? AND last_seq <= ?', [game, seq]);
}

/** How far retention has come with a game, as it left it. */
export function readThinned(database: Database, game: string): string | undefined {
  const text = database.one('SELECT thinned FROM games WHERE id = ?', [game])?.['thinned'];
  return typeof text === 'string' ? text : undefined;
}

export function writeThinned(database: Database, game: string, text: string): void {
  database.run('UPDATE games SET thinned = ? WHERE id = ?', [text, game]);
}

/** Games of a type, without what is known of them. */
export function gamesOfType(database: Database, type: string): string[] {
  return database.all('SELECT id FROM games WHERE type = ? ORDER BY id', [type]).map(({ id }) => String(id));
}

function placeOf(row: Row): RowPlace {
  return {
    firstSeq: Number(row['first_seq']),
    lastSeq: Number(row['last_seq']),
    firstTick: Number(row['first_tick']),
    time: Number(row['time']),
    count: Number(row['count']),
  };
}

/** Types that there are games of. */
export function typesOfGames(database: Database): string[] {
  return database.all('SELECT DISTINCT type FROM games').map(({ type }) => String(type));
}
