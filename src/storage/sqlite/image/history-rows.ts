// The rows of patch_batches in either direction, one at a time: a long past must not be in memory as a whole. Before
// it: the database; after it: compaction/stored-history.ts, which finds moments and reads steps with their commands.

import type { CommandEntry, Step } from '../../steps.ts';
import { decodeCommands, decodeSteps } from './batches.ts';
import { unpackBytes } from './body.ts';
import type { Database, Row } from './database.ts';
import { stepsText } from './gaps.ts';

/**
 * Consecutive steps of a game, as one row of patch_batches keeps them. Its texts are only read when they are asked for.
 */
export interface PatchBatch {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly lastTick: number;
  /** Of the last record. */
  readonly time: number;
  /** Fresh: nobody else holds them. */
  steps(): Step[];
  commands(): CommandEntry[];
  /** Size of what steps and commands are read from, unpacked; known once both have been. */
  readonly bytes: number;
}

/** Which rows may hold what somebody looks for: all bounds are inclusive. */
export interface PatchBatchBounds {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly fromTick: number;
  readonly toTick: number;
  readonly fromTime: number;
  readonly toTime: number;
}

export const UNBOUNDED: PatchBatchBounds = {
  fromSeq: 0,
  toSeq: Number.MAX_SAFE_INTEGER,
  fromTick: 0,
  toTick: Number.MAX_SAFE_INTEGER,
  fromTime: Number.MIN_SAFE_INTEGER,
  toTime: Number.MAX_SAFE_INTEGER,
};

/** Rows from before least_time and most_time were kept have to be looked into. */
const FORWARDS = `SELECT * FROM patch_batches WHERE game = ? AND last_seq >= ? AND first_seq <= ?
  AND last_tick >= ? AND first_tick <= ?
  AND (most_time IS NULL OR most_time >= ?) AND (least_time IS NULL OR least_time <= ?)
  ORDER BY last_seq LIMIT 1`;

const BACKWARDS = `SELECT * FROM patch_batches WHERE game = ?1 AND last_seq >= ?2 AND first_seq <= ?3
  AND last_seq <= coalesce((SELECT last_seq FROM patch_batches WHERE game = ?1 AND last_seq >= ?3 ORDER BY last_seq LIMIT 1), ?3)
  AND last_tick >= ?4 AND first_tick <= ?5
  AND (most_time IS NULL OR most_time >= ?6) AND (least_time IS NULL OR least_time <= ?7)
  ORDER BY last_seq DESC LIMIT 1`;

/** Rows that may hold something within the bounds, oldest first. */
export function* readPatchBatches(database: Database, game: string, bounds: PatchBatchBounds): Generator<PatchBatch> {
  let { fromSeq } = bounds;
  for (;;) {
    const row = database.one(FORWARDS, parametersOf(game, { ...bounds, fromSeq }));
    if (!row) return;
    const batch = new PatchBatchRow(database, game, row);
    yield batch;
    fromSeq = batch.lastSeq + 1;
  }
}

/** The same, newest first. */
export function* readPatchBatchesBack(
  database: Database,
  game: string,
  bounds: PatchBatchBounds,
): Generator<PatchBatch> {
  let { toSeq } = bounds;
  while (toSeq >= bounds.fromSeq) {
    const row = database.one(BACKWARDS, parametersOf(game, { ...bounds, toSeq }));
    if (!row) return;
    const batch = new PatchBatchRow(database, game, row);
    yield batch;
    toSeq = batch.firstSeq - 1;
  }
}

function parametersOf(game: string, { fromSeq, toSeq, fromTick, toTick, fromTime, toTime }: PatchBatchBounds) {
  return [game, fromSeq, toSeq, fromTick, toTick, fromTime, toTime];
}

class PatchBatchRow implements PatchBatch {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly time: number;
  bytes = 0;
  readonly #database: Database;
  readonly #game: string;
  readonly #row: Row;

  constructor(database: Database, game: string, row: Row) {
    this.#database = database;
    this.#game = game;
    this.#row = row;
    this.firstSeq = Number(row['first_seq']);
    this.lastSeq = Number(row['last_seq']);
    this.firstTick = Number(row['first_tick']);
    this.lastTick = Number(row['last_tick']);
    this.time = Number(row['time']);
  }

  steps(): Step[] {
    return decodeSteps(this.#counted(stepsText(this.#database, this.#game, this.#row)));
  }

  commands(): CommandEntry[] {
    return decodeCommands(this.#counted(unpackBytes(this.#row['commands'], this.#row['codec'])));
  }

  #counted(text: Buffer): string {
    this.bytes += text.length;
    return text.toString('utf8');
  }
}
