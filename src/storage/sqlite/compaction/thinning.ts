// Retention applied to what an image holds: the beginning of a past is cut, old steps are merged, snapshots that
// nothing needs go. Before it: compaction, before a checkpoint; after it: the image, which is published with what is
// left. Only rows change: a crash finds the image and the journal of before.
//
// Ages are measured back from the time that the game has come to, which its rows alone tell, so that the same rows
// always lead to the same. A time counts once the next record is not before it: the earlier one of the times of the
// last two records. So no record with a time far ahead makes all that came before it old. A clock that jumped makes
// single steps look young or old: a step is only merged with its neighbour when both are old enough by their own times.

import { parseJson } from '../../../core/patch/bounded-json.ts';
import { MIGRATE, RECOVER } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import type { Database } from '../image/database.ts';
import {
  cutBefore,
  dropCommands,
  dropSnapshot,
  gapEnds,
  type KeptRow,
  newestTimes,
  readThinned,
  replaceRows,
  rowAfter,
  rowBehindTime,
  rowOfTime,
  rowUpTo,
  snapshotPlaces,
  writeGap,
  writeThinned,
} from '../image/kept-rows.ts';
import { type MergedRow, MergedRows, type MergingRules } from './merged-rows.ts';
import type { Retention, RetentionTier } from './retention.ts';

/** What compaction does for it. */
export interface ThinnedRows {
  /** A game as the database has it. */
  row(id: string): GameInfo | undefined;
  /** Writes a snapshot of the state at a seq that a row ends with. Inside a transaction. */
  snapshotAt(id: string, seq: number): void;
  /** The past of a game begins with this seq from now on, of which there is a snapshot. Inside a transaction. */
  begin(id: string, firstSeq: number): void;
}

/**
 * How far a tier has come: the last seq of the last row it went over, and bytes of steps before that row since a
 * snapshot.
 */
interface Mark {
  readonly upTo: number;
  readonly bytes: number;
}

/** Rows are read and replaced so many at a time. */
const ROWS_A_TURN = 8;

/** A row is closed when its steps are so many bytes of JSON. */
const ROW_BYTES = 64 * 1024;

/** As for the snapshots that compaction makes. */
const SNAPSHOT_BYTES = 64 * 1024;

/** The beginning is cut when a part of what may stay is too much, so that not every checkpoint writes a whole state. */
const SLACK = 4;
const MOST_SLACK_RECORDS = 20_000;

/** The span of a row, and what may be left standing of too old rows, as a part of a tier's age. */
const TIME_SLACK = 8;

/** Snapshots that no rule takes away but the cutting of the beginning. */
const LASTING: readonly string[] = ['create', 'migrate', 'recover', 'import', 'tables'];

export class Thinning {
  readonly #database: Database;
  readonly #rows: ThinnedRows;

  constructor(database: Database, rows: ThinnedRows) {
    this.#database = database;
    this.#rows = rows;
  }

  /** Yields often, with the rows whole each time. What has gathered and is not a row yet is left alone. */
  *game(id: string, retention: Retention): Generator<void, void> {
    if (retention.strategy === 'snapshot') {
      this.#keepSnapshotsAlone(id, retention);
      yield;
      return;
    }
    this.#cut(id, retention);
    yield;
    yield* this.#mergeTiers(id, retention);
    if (retention.keepSnapshots !== null) this.#dropOldSnapshots(id, retention.keepSnapshots);
  }

  /** Of each stretch between two snapshots nothing but a row that says so is left. */
  #keepSnapshotsAlone(id: string, { keepSnapshots }: Retention): void {
    const all = snapshotPlaces(this.#database, id);
    const kept = keepSnapshots === null ? all : all.slice(-keepSnapshots);
    const [first] = kept;
    if (!first) return;
    this.#database.transaction(() => {
      if (kept.length < all.length) this.#cutAt(id, first.seq);
      for (const [index, snapshot] of kept.entries()) {
        const before = kept[index - 1];
        if (before) writeGap(this.#database, id, before.seq, snapshot);
      }
    });
  }

  #cut(id: string, retention: Retention): void {
    const row = this.#rows.row(id);
    if (!row) return;
    const end = Math.max(this.#endOfTooMany(row, retention), this.#endOfTooOld(row, retention));
    if (end <= row.firstSeq) return;
    const hasSnapshot = snapshotPlaces(this.#database, id).some(({ seq }) => seq === end);
    this.#database.transaction(() => {
      if (!hasSnapshot) this.#rows.snapshotAt(id, end);
      this.#cutAt(id, end);
    });
  }

  #cutAt(id: string, seq: number): void {
    cutBefore(this.#database, id, seq);
    this.#rows.begin(id, seq);
  }

  /** The last seq that goes because there are too many records, or 0. */
  #endOfTooMany(row: GameInfo, { keepRecords }: Retention): number {
    if (keepRecords === null) return 0;
    const slack = Math.min(Math.floor(keepRecords / SLACK), MOST_SLACK_RECORDS);
    if (row.seq - row.firstSeq <= keepRecords + slack) return 0;
    return rowUpTo(this.#database, row.id, row.seq - keepRecords)?.lastSeq ?? 0;
  }

  /** The last seq that goes because it is older than the last tier's age, or 0. */
  #endOfTooOld(row: GameInfo, { tiers }: Retention): number {
    const last = tiers.at(-1);
    if (!last || last.forMs === 'ever') return 0;
    const now = this.#timeOf(row);
    const oldest = rowAfter(this.#database, row.id, row.firstSeq);
    if (!oldest || now - oldest.time <= last.forMs + Math.floor(last.forMs / TIME_SLACK)) return 0;
    const young = rowBehindTime(this.#database, row.id, now - last.forMs - 1);
    return (young?.firstSeq ?? 0) - 1;
  }

  /** What its ages are measured back from. */
  #timeOf({ id, time }: GameInfo): number {
    return Math.min(...newestTimes(this.#database, id), time);
  }

  *#mergeTiers(id: string, retention: Retention): Generator<void, void> {
    const { tiers } = retention;
    if (!tiers.some(({ every }) => every !== 'step')) return;
    const row = this.#rows.row(id);
    if (!row) return;
    const now = this.#timeOf(row);
    const policy = JSON.stringify([tiers, retention.compactAt, retention.strategy]);
    const marks = this.#marks(id, policy, tiers.length);
    // From coarse to fine: what is old enough for a coarse tier need not go through a finer one.
    let from = row.firstSeq;
    for (let index = tiers.length - 1; index >= 0; index -= 1) {
      const tier = tiers[index] as RetentionTier;
      const { every } = tier;
      const age = index === 0 ? 0 : ((tiers[index - 1] as RetentionTier).forMs as number);
      // The finest tier begins with the newest record, whatever the time of that one: only beyond it ages count.
      const notAfter = index === 0 ? Number.POSITIVE_INFINITY : now - age;
      const to = index === 0 ? row.seq : (rowOfTime(this.#database, id, notAfter)?.lastSeq ?? 0);
      if (to <= from) continue;
      const mark = marks[index] as Mark;
      if (every !== 'step' && mark.upTo < to) {
        const range = {
          tier,
          mark: mark.upTo > from ? mark : { upTo: from, bytes: 0 },
          from,
          to,
          notAfter,
          spanMs: tier.forMs === 'ever' ? Number.POSITIVE_INFINITY : (tier.forMs - age) / TIME_SLACK,
        };
        yield* this.#merge(row, retention, range, (reached) => {
          marks[index] = reached;
          writeThinned(this.#database, id, JSON.stringify([policy, marks.map(({ upTo, bytes }) => [upTo, bytes])]));
        });
      }
      from = to;
    }
  }

  #marks(id: string, policy: string, count: number): Mark[] {
    const text = readThinned(this.#database, id);
    const nothing = Array.from({ length: count }, () => ({ upTo: 0, bytes: 0 }));
    if (text === undefined) return nothing;
    const known = parsed(text);
    // Of another policy, or not ours: everything is gone over again.
    if (!Array.isArray(known) || known[0] !== policy || !Array.isArray(known[1])) return nothing;
    return nothing.map((none, index) => {
      const mark = (known[1] as unknown[])[index];
      return isMark(mark) ? { upTo: mark[0], bytes: mark[1] } : none;
    });
  }

  /** One tier over the rows behind its mark up to a seq, a few at a time. */
  *#merge(row: GameInfo, retention: Retention, range: TierRange, reached: (mark: Mark) => void): Generator<void, void> {
    const { id } = row;
    const { from, to } = range;
    let { upTo, bytes } = range.mark;
    // The row that the tier wrote last may go on.
    const last = rowUpTo(this.#database, id, upTo);
    if (last?.lastSeq === upTo && last.firstSeq > from) upTo = last.firstSeq - 1;
    while (upTo < to) {
      const rows = new MergedRows(this.#rulesFor(row, retention, range), bytes);
      const sources = yield* this.#read(id, upTo, range, rows);
      const end = sources.at(-1)?.lastSeq;
      if (end === undefined) {
        // What stands apart stays as it is, and nothing is merged across it.
        const apart = rowAfter(this.#database, id, upTo);
        if (!apart || apart.lastSeq > to) return;
        upTo = apart.lastSeq;
        bytes = 0;
        this.#database.transaction(() => reached({ upTo, bytes }));
        continue;
      }
      rows.finish();
      const open = rows.rows.at(-1) as MergedRow;
      const after = upTo;
      this.#database.transaction(() => {
        if (!isSame(rows.rows, sources)) replaceRows(this.#database, id, after, end, rows.rows);
        for (const seq of rows.droppedSnapshots) dropSnapshot(this.#database, id, seq);
        for (const { count, firstSeq, lastSeq } of rows.rows)
          if (count === 0) dropCommands(this.#database, id, firstSeq - 1, lastSeq);
        reached({ upTo: end, bytes: open.bytesBefore });
      });
      yield;
      const next = rowAfter(this.#database, id, end);
      if (!next || next.lastSeq > to) return;
      upTo = standsApart(next) ? end : open.firstSeq - 1;
      bytes = open.bytesBefore;
    }
  }

  /** Rows go in until there are enough, or one that stands apart. */
  *#read(id: string, afterSeq: number, range: TierRange, rows: MergedRows): Generator<void, Source[]> {
    const sources: Source[] = [];
    let upTo = afterSeq;
    while (sources.length < ROWS_A_TURN) {
      const source = rowAfter(this.#database, id, upTo);
      if (!source || source.lastSeq > range.to || standsApart(source)) break;
      const { firstSeq, lastSeq, count } = source;
      sources.push({ firstSeq, lastSeq, count, stepCount: addRow(rows, source, range) });
      upTo = lastSeq;
      yield;
    }
    return sources;
  }

  #rulesFor(row: GameInfo, retention: Retention, { tier, notAfter, spanMs }: TierRange): MergingRules {
    // Compaction goes on between turns: there may be a newer snapshot by now than when this began.
    const lasting = new Set<number | undefined>([row.firstSeq, this.#rows.row(row.id)?.snapshotSeq]);
    const spare = new Set<number>();
    for (const { seq, reason } of snapshotPlaces(this.#database, row.id)) {
      if (LASTING.includes(reason)) lasting.add(seq);
      if (!lasting.has(seq)) spare.add(seq);
    }
    return {
      every: tier.every,
      notAfter,
      rowBytes: ROW_BYTES,
      rowMs: spanMs,
      snapshotAt: (seq) => (lasting.has(seq) ? 'lasting' : spare.has(seq) ? 'spare' : undefined),
      snapshotBytes: Math.max(SNAPSHOT_BYTES, retention.compactAt * row.stateBytes),
    };
  }

  #dropOldSnapshots(id: string, keep: number): void {
    const row = this.#rows.row(id);
    if (!row) return;
    const spare = snapshotPlaces(this.#database, id).filter(
      ({ seq, reason }) => seq > row.firstSeq && !LASTING.includes(reason),
    );
    // Left by a policy that kept snapshots alone: of such a stretch there is nothing else.
    const needed = gapEnds(this.#database, id);
    this.#database.transaction(() => {
      for (const { seq } of spare.slice(0, -keep)) if (!needed.has(seq)) dropSnapshot(this.#database, id, seq);
    });
  }
}

/** Rows that a tier is to go over. */
interface TierRange {
  readonly tier: RetentionTier;
  readonly mark: Mark;
  /** The seqs that are the tier's: behind this one, */
  readonly from: number;
  /** and up to this one. */
  readonly to: number;
  readonly notAfter: number;
  readonly spanMs: number;
}

interface Source {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly stepCount: number;
}

/**
 * A stretch of time says what became of the game, not who asked for what. A row may hold steps that are not old enough
 * for it.
 */
function dropsCommands({ tier, notAfter }: TierRange, { time }: Step): boolean {
  return typeof tier.every === 'object' && time <= notAfter;
}

/** Whether nothing may be merged with what is in a row. */
function standsApart(row: KeptRow): boolean {
  return row.isGap || (row.count === 1 && row.commands().some(({ name }) => name === MIGRATE || name === RECOVER));
}

/** Returns how many steps it has. */
function addRow(rows: MergedRows, source: KeptRow, range: TierRange): number {
  const steps = source.steps();
  const isBare = source.count === 0 || steps.every((step) => dropsCommands(range, step));
  const commands = isBare ? undefined : source.commands();
  let next = 0;
  for (const [index, step] of steps.entries()) {
    const from = next;
    if (commands) while (next < commands.length && (commands[next] as CommandEntry).seq <= step.lastSeq) next += 1;
    const own = dropsCommands(range, step) ? undefined : commands?.slice(from, next);
    const firstTick = index === 0 ? source.firstTick : (own?.[0]?.tick ?? step.tick);
    rows.add({ step, firstTick, commands: own });
  }
  return steps.length;
}

function isSame(rows: readonly MergedRow[], sources: readonly Source[]): boolean {
  return (
    rows.length === sources.length &&
    rows.every(({ firstSeq, lastSeq, count, stepCount }, index) => {
      const source = sources[index] as Source;
      return (
        firstSeq === source.firstSeq &&
        lastSeq === source.lastSeq &&
        count === source.count &&
        stepCount === source.stepCount
      );
    })
  );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isMark(mark: unknown): mark is readonly [number, number] {
  return Array.isArray(mark) && mark.length === 2 && mark.every(Number.isSafeInteger);
}
