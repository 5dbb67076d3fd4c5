// One game's past where it is kept: rows of the image, and what has gathered since the last row. Before it:
// Compaction.past; after it: the owner's answers to a running process, and sqlite/directory-history.ts for whoever
// reads a directory or a pack.

import type { JsonObject } from '../../../core/patch/patch.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Moment, PastStep, SnapshotEntry, StepRange } from '../../history-reader.ts';
import { lastPoint, measured, momentNotKept, type Neighbours, type Point, pointsOf } from '../../moment.ts';
import type { Origin } from '../../origins.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import type { Database } from '../image/database.ts';
import {
  type PatchBatch,
  type PatchBatchBounds,
  readPatchBatches,
  readPatchBatchesBack,
  UNBOUNDED,
} from '../image/history-rows.ts';
import { readOrigins } from '../image/origins.ts';
import { readSeed } from '../image/seeds.ts';
import { readSnapshotEntries, type SnapshotHeader, snapshotFrom, snapshotUpTo } from '../image/snapshots.ts';
import { foldGame, noSnapshot } from './fold.ts';
import type { PendingRow } from './pending-row.ts';

/** A state of the past, before anybody has decided how it travels. */
export interface FoldedMoment {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly version: number;
  readonly tables: readonly string[];
  /** Nobody else holds it. */
  readonly state: JsonObject;
}

/** Steps of one row, in the order asked for; there may be none in it that are wanted. */
export interface StepPage {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly steps: readonly PastStep[];
  /** Size of what they were read from. */
  readonly bytes: number;
}

/** What is read at a time for somebody else: a page must not hold up the commits for long. */
const PAGE_BYTES = 128 * 1024;

export class StoredHistory {
  /** As it was when this was made: whoever adds records makes another. */
  readonly row: GameInfo;
  readonly #database: Database;
  readonly #pending: PatchBatch | undefined;

  constructor(database: Database, row: GameInfo, pending: PendingRow | undefined) {
    this.#database = database;
    this.row = row;
    this.#pending = pending && !pending.isEmpty ? new PendingPatchBatch(pending) : undefined;
  }

  /** Under which ids it was played before: see image/origins.ts. */
  get origins(): readonly Origin[] {
    return readOrigins(this.#database, this.row.id);
  }

  /** What its random numbers follow from, as hex; undefined for a game from before there were seeds. */
  get seed(): string | undefined {
    return readSeed(this.#database, this.row.id);
  }

  /** The seq of the kept moment that is meant. Throws MOMENT_NOT_KEPT, INVALID_OPTION. */
  find(moment: Moment, nearest: boolean): number {
    const { id } = this.row;
    const { by, at } = measured(id, moment);
    const found = this.#find(by, at);
    if (typeof found === 'number') return found;
    if (nearest && found.before !== undefined) return found.before;
    throw momentNotKept(id, moment, { ...found, times: { first: this.row.created, last: this.row.time } });
  }

  /** Throws MOMENT_NOT_KEPT, INVALID_OPTION, DAMAGED. */
  stateAt(moment: Moment, nearest: boolean): FoldedMoment {
    return this.fold(this.find(moment, nearest));
  }

  /** The state after a seq that `find` gave. */
  fold(seq: number): FoldedMoment {
    const { row } = this;
    const snapshot = snapshotUpTo(this.#database, row.id, seq);
    if (!snapshot) throw noSnapshot(row.id, seq);
    const folded = foldGame(this.#database, row, seq, (after) => this.#steps(after, seq));
    const known = seq === row.seq ? row.tables : snapshot.tables;
    const tables = known.filter((table) => isTable(folded.state, table));
    return {
      seq: folded.seq,
      tick: folded.tick,
      time: folded.time,
      version: snapshot.version,
      tables,
      state: folded.state,
    };
  }

  /** A page for each row that may have steps in the range; read as they are asked for. Nobody else holds them. */
  *pages(range: StepRange): Generator<StepPage> {
    const bounds = boundsOf(range);
    for (const batch of range.backwards ? this.#batchesBack(bounds) : this.#batches(bounds)) {
      const steps = withCommands(batch).filter((step) => isWithin(step, bounds));
      const { firstSeq, lastSeq, bytes } = batch;
      yield { firstSeq, lastSeq, steps: range.backwards ? steps.reverse() : steps, bytes };
    }
  }

  /** At most `limit` steps, of few rows, and the seq at which to go on: fromSeq, or toSeq backwards. */
  page(range: StepRange, limit: number): { readonly steps: readonly PastStep[]; readonly next: number | undefined } {
    const steps: PastStep[] = [];
    let bytes = 0;
    for (const page of this.pages(range)) {
      for (const step of page.steps) {
        if (steps.length === limit) return { steps, next: range.backwards ? step.lastSeq : step.firstSeq };
        steps.push(step);
      }
      bytes += page.bytes;
      if (bytes >= PAGE_BYTES) return { steps, next: range.backwards ? page.firstSeq - 1 : page.lastSeq + 1 };
    }
    return { steps, next: undefined };
  }

  /** Oldest first. */
  snapshots(): SnapshotEntry[] {
    return readSnapshotEntries(this.#database, this.row.id).map(({ tables: _tables, ...entry }) => entry);
  }

  #find(by: 'seq' | 'tick' | 'time', at: number): number | Neighbours {
    const { row } = this;
    const first = this.#first();
    if (by !== 'time' && at > row[by]) {
      return { before: row.seq, after: undefined, givenUp: by === 'tick' ? this.#givenUpAt(at) : undefined };
    }
    const sought = by === 'seq' ? at : lastPoint(this.#points(by, at, first), by, at);
    if (sought === undefined || (typeof sought === 'number' && sought < first.seq)) {
      return { before: undefined, after: first.seq };
    }
    if (typeof sought === 'number') return this.#keptAt(sought);
    // The records around a hidden one need not be kept by themselves either.
    const [before, after] = [this.#keptAt(sought.before), this.#keptAt(sought.after)];
    return {
      before: typeof before === 'number' ? before : before.before,
      after: typeof after === 'number' ? after : after.after,
    };
  }

  /** Where a tick behind that of the newest record was come to before a recovery; undefined when it never was. */
  #givenUpAt(tick: number): number | undefined {
    if (this.#batchesBack({ ...UNBOUNDED, fromTick: tick }).next().done) return undefined;
    for (const batch of this.#batchesBack({ ...UNBOUNDED, fromTick: this.row.tick + 1 })) {
      for (const point of patchBatchPoints(batch))
        if (point.tick > this.row.tick && point.tick <= tick) return point.seq;
    }
    return undefined;
  }

  /** The first moment that can be read. */
  #first(): SnapshotHeader {
    const first = snapshotFrom(this.#database, this.row.id, this.row.firstSeq);
    if (!first) throw noSnapshot(this.row.id, this.row.firstSeq);
    return first;
  }

  /** Records from around the last one with that tick or time, newest first, down to the first moment. */
  *#points(by: 'tick' | 'time', at: number, first: SnapshotHeader): Generator<Point> {
    const bounds = by === 'tick' ? { ...UNBOUNDED, toTick: at } : { ...UNBOUNDED, toTime: at };
    let later: number | undefined;
    for (const batch of this.#batchesBack(bounds)) {
      // What begins the next one may hide records that are sought.
      if (later !== batch.lastSeq + 1) yield* this.#beginningAt(batch.lastSeq + 1);
      yield* patchBatchPoints(batch);
      later = batch.firstSeq;
    }
    if (later !== first.seq + 1) yield* this.#beginningAt(first.seq + 1);
    yield { firstSeq: first.seq, seq: first.seq, tick: first.tick, time: first.time };
  }

  *#beginningAt(seq: number): Generator<Point> {
    const batch = this.#batchAt(seq);
    const point = batch && [...patchBatchPoints(batch)].at(-1);
    if (point) yield point;
  }

  /** The seq itself when its state is kept, or those around it. */
  #keptAt(seq: number): number | Neighbours {
    const before = snapshotUpTo(this.#database, this.row.id, seq)?.seq;
    if (before === seq) return seq;
    const after = snapshotFrom(this.#database, this.row.id, seq + 1)?.seq;
    const step = this.#batchAt(seq)
      ?.steps()
      .find(({ lastSeq }) => lastSeq >= seq);
    if (step?.lastSeq === seq) return seq;
    if (!step || step.firstSeq > seq) return { before, after: least(after, step?.lastSeq) };
    return { before: Math.max(before ?? 0, step.firstSeq - 1), after: least(after, step.lastSeq) };
  }

  #batchAt(seq: number): PatchBatch | undefined {
    return this.#batches({ ...UNBOUNDED, fromSeq: seq }).next().value ?? undefined;
  }

  *#steps(afterSeq: number, upToSeq: number): Generator<Step> {
    for (const batch of this.#batches({ ...UNBOUNDED, fromSeq: afterSeq + 1, toSeq: upToSeq })) {
      for (const step of batch.steps()) if (step.lastSeq > afterSeq && step.firstSeq <= upToSeq) yield step;
    }
  }

  *#batches(bounds: PatchBatchBounds): Generator<PatchBatch> {
    yield* readPatchBatches(this.#database, this.row.id, bounds);
    if (this.#pending && mayHold(this.#pending, bounds)) yield this.#pending;
  }

  *#batchesBack(bounds: PatchBatchBounds): Generator<PatchBatch> {
    if (this.#pending && mayHold(this.#pending, bounds)) yield this.#pending;
    yield* readPatchBatchesBack(this.#database, this.row.id, bounds);
  }
}

/** What has gathered, in the form of a row. */
class PendingPatchBatch implements PatchBatch {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly time: number;
  readonly bytes: number;
  readonly #pendingBatch: PendingRow;

  constructor(pending: PendingRow) {
    this.#pendingBatch = pending;
    this.firstSeq = pending.firstSeq;
    this.firstTick = pending.firstTick;
    this.lastSeq = pending.row.seq;
    this.lastTick = pending.row.tick;
    this.time = pending.row.time;
    this.bytes = pending.bytes;
  }

  steps(): Step[] {
    return this.#pendingBatch.steps(0, Number.MAX_SAFE_INTEGER);
  }

  commands(): CommandEntry[] {
    return this.#pendingBatch.commands(0, Number.MAX_SAFE_INTEGER);
  }
}

function mayHold(batch: PatchBatch, { fromSeq, toSeq, fromTick, toTick }: PatchBatchBounds): boolean {
  return batch.lastSeq >= fromSeq && batch.firstSeq <= toSeq && batch.lastTick >= fromTick && batch.firstTick <= toTick;
}

function boundsOf(range: StepRange): PatchBatchBounds {
  return {
    fromSeq: range.fromSeq ?? UNBOUNDED.fromSeq,
    toSeq: range.toSeq ?? UNBOUNDED.toSeq,
    fromTick: range.fromTick ?? UNBOUNDED.fromTick,
    toTick: range.toTick ?? UNBOUNDED.toTick,
    fromTime: range.fromTime ?? UNBOUNDED.fromTime,
    toTime: range.toTime ?? UNBOUNDED.toTime,
  };
}

/** Whether a record of a step lies in the range; of a step whose records are not known, its end tells. */
function isWithin(step: PastStep, bounds: PatchBatchBounds): boolean {
  if (step.lastSeq < bounds.fromSeq || step.firstSeq > bounds.toSeq) return false;
  const records = step.commands.length > 0 ? step.commands : [step];
  return records.some(
    ({ tick, time }) =>
      tick >= bounds.fromTick && tick <= bounds.toTick && time >= bounds.fromTime && time <= bounds.toTime,
  );
}

/** The steps of a batch, oldest first, each with its commands. */
function withCommands(batch: PatchBatch): PastStep[] {
  const commands = batch.commands();
  let next = 0;
  return batch.steps().map((step) => {
    const from = next;
    while (next < commands.length && (commands[next] as CommandEntry).seq <= step.lastSeq) next += 1;
    return { ...step, commands: commands.slice(from, next) };
  });
}

function* patchBatchPoints(batch: PatchBatch): Generator<Point> {
  for (const step of withCommands(batch).reverse()) yield* pointsOf(step, step.commands);
}

function isTable(state: JsonObject, key: string): boolean {
  const value = Object.hasOwn(state, key) ? state[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function least(some: number | undefined, other: number | undefined): number | undefined {
  if (some === undefined || other === undefined) return some ?? other;
  return Math.min(some, other);
}
