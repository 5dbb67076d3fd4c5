// What the image says of a game, written: its row, stretches of its past, snapshots. digest.ts says when; image/ is the hop
// after. Whole-state records, which create a game, migrate it or bring it back, are taken in here as well.

import { OrreryError } from '../errors.ts';
import { encodeCommand, readStepTexts, writeBatch, writeCommandIndex } from '../image/batches.ts';
import type { Database } from '../image/database.ts';
import { type GameRow, readGame, writeGame, writeQuarantine } from '../image/rows.ts';
import { readSnapshot, type SnapshotReason, snapshotUpTo, writeSnapshot } from '../image/snapshots.ts';
import type { JsonObject } from '../patch/patch.ts';
import { encodePatches, MIGRATE, type Record } from '../patch/record.ts';
import { checked, foldTail, noSnapshot } from './fold.ts';
import type { Gathering, SnapshotDue } from './gathering.ts';
import { cutText } from './pieces.ts';
import type { ProjectedTypes } from './projected-types.ts';
import { readTail } from './tail.ts';
import type { TypePolicies } from './type-policies.ts';

/** A snapshot is due when the patches since the last outweigh it as often as its type says, but never for less than so many bytes. */
const SNAPSHOT_BYTES = 64 * 1024;

export class GameRows {
  readonly #database: Database;
  /** Whether commands go into their table as well. */
  readonly #commandIndex: boolean;
  readonly #policies: TypePolicies;
  #projected: ProjectedTypes | undefined;
  /** Of each game that has had a row since this was made. */
  readonly #merged = new Map<string, { patchesIn: number; patchesOut: number }>();

  constructor(database: Database, commandIndex: boolean, policies: TypePolicies) {
    this.#policies = policies;
    this.#database = database;
    this.#commandIndex = commandIndex;
  }

  /** From now on what is written is shown in projected tables as well. */
  project(projected: ProjectedTypes): void {
    this.#projected = projected;
  }

  /** Patches of each game since this was made, and what merging left of them. */
  get merged(): ReadonlyMap<string, { readonly patchesIn: number; readonly patchesOut: number }> {
    return this.#merged;
  }

  /** A game's first record. The caller has made sure that there is none of this id. Throws DAMAGED. */
  create(record: Record): void {
    const { game, seq, tick, time, type, version = 1, tables = [] } = record;
    const state = wholeState(record);
    if (state === undefined || type === undefined) throw notWhole(record);
    const parent = parentOf(record);
    writeGame(this.#database, {
      id: game,
      type,
      version,
      tables,
      created: time,
      seq,
      tick,
      time,
      snapshotSeq: seq,
      stateBytes: 0,
      patchBytes: 0,
      records: 0,
      patchesIn: 0,
      patchesOut: 0,
      parent: parent?.game,
      parentSeq: parent?.seq,
      firstSeq: seq,
    });
    this.#keepSnapshot(readGame(this.#database, game) as GameRow, state, 'create');
    this.#projected?.show(readGame(this.#database, game) as GameRow, state);
  }

  /**
   * A record that puts a whole state in the place of the one there was: the caller has written everything before it. Throws
   * DAMAGED.
   */
  replace(record: Record): GameRow {
    const { game, seq, tick, time, command: name, args, player, patches, tables, version } = record;
    const before = readGame(this.#database, game);
    const state = wholeState(record);
    if (!before || state === undefined || tables === undefined || version === undefined) throw notWhole(record);
    const row: GameRow = { ...before, version, tables, seq, tick, time, records: before.records + 1 };
    const command = { seq, tick, time, name, player, args };
    const steps = Buffer.from(`[[${seq},${seq},${tick},${time},${encodePatches(patches)}]]`, 'utf8');
    this.#database.transaction(() => {
      writeBatch(this.#database, game, {
        firstSeq: seq,
        lastSeq: seq,
        firstTick: tick,
        lastTick: tick,
        time,
        count: 1,
        steps,
        commands: Buffer.from(`[${encodeCommand(command)}]`, 'utf8'),
      });
      if (this.#commandIndex) writeCommandIndex(this.#database, game, [command]);
      if (name !== MIGRATE) this.#quarantine(record);
      this.#keepSnapshot(row, state, name === MIGRATE ? 'migrate' : 'recover');
      this.#projected?.show(row, state);
    });
    return row;
  }

  /** Inside a transaction. The caller lets go of what has gathered. */
  write(gathering: Gathering): void {
    const { row } = gathering;
    if (gathering.isEmpty) return;
    const { steps, commands, patchesOut } = gathering.finish();
    writeBatch(this.#database, row.id, {
      firstSeq: gathering.firstSeq,
      lastSeq: row.seq,
      firstTick: gathering.firstTick,
      lastTick: row.tick,
      time: row.time,
      leastTime: gathering.leastTime,
      mostTime: gathering.mostTime,
      count: gathering.commandCount,
      steps,
      commands,
    });
    if (this.#commandIndex) writeCommandIndex(this.#database, row.id, gathering.commands(0, row.seq));
    const written = {
      ...row,
      patchBytes: row.patchBytes + steps.length,
      patchesIn: row.patchesIn + gathering.patchesIn,
      patchesOut: row.patchesOut + patchesOut,
    };
    writeGame(this.#database, written);
    this.#projected?.take(written, gathering.firstSeq, steps);
    const merged = this.#merged.get(row.id);
    if (merged) {
      merged.patchesIn += gathering.patchesIn;
      merged.patchesOut += patchesOut;
    } else {
      this.#merged.set(row.id, { patchesIn: gathering.patchesIn, patchesOut });
    }
    const reason = this.#reasonForSnapshot(written);
    if (reason) this.snapshot(written, reason);
  }

  /** From which record on a snapshot is due by their number or by time; undefined when neither counts. */
  snapshotDue({ id, type, snapshotSeq }: GameRow): SnapshotDue | undefined {
    const { records, ms } = this.#policies.retentionOf(type).snapshotEvery;
    if (records === null && ms === null) return undefined;
    return {
      seq: snapshotSeq + (records ?? Number.POSITIVE_INFINITY),
      time: ms === null ? Number.POSITIVE_INFINITY : (snapshotUpTo(this.#database, id, snapshotSeq)?.time ?? 0) + ms,
    };
  }

  #reasonForSnapshot(row: GameRow): SnapshotReason | undefined {
    const { strategy, compactAt } = this.#policies.retentionOf(row.type);
    if (strategy === 'events') return undefined;
    if (row.patchBytes > Math.max(SNAPSHOT_BYTES, compactAt * row.stateBytes)) return 'size';
    const due = this.snapshotDue(row);
    if (!due) return undefined;
    if (row.seq >= due.seq) return 'records';
    return row.time >= due.time ? 'time' : undefined;
  }

  /** From the rows alone: the caller has written what had gathered. */
  snapshot(row: GameRow, why: SnapshotReason): void {
    this.#keepSnapshot(
      row,
      this.newest(row, (after) => readStepTexts(this.#database, row.id, after, row.seq)),
      why,
    );
  }

  /** The newest state. Steps between the snapshot and now are merged, so that what came and went is not even parsed. */
  newest(row: GameRow, stepsAfter: (seq: number) => Iterable<Buffer>): JsonObject {
    const snapshot = readSnapshot(this.#database, row.id, row.seq);
    if (!snapshot) throw noSnapshot(row.id, row.seq);
    const tail = readTail(stepsAfter(snapshot.seq), row.id, snapshot.seq);
    return foldTail(checked(snapshot), tail.parseLatest(), row);
  }

  #keepSnapshot(row: GameRow, state: JsonObject, why: SnapshotReason): void {
    const { seq, tick, time, version, tables } = row;
    const pieces = [...cutText(state, tables)];
    const stateBytes = writeSnapshot(this.#database, row.id, { seq, tick, time, version, tables, pieces }, why);
    writeGame(this.#database, { ...row, snapshotSeq: seq, stateBytes, patchBytes: 0 });
  }

  /** What a recovery has given up stays in the history, and here stands that it was given up. */
  #quarantine({ game, time, args }: Record): void {
    const { mode, reason, givenUp } = (args ?? {}) as {
      readonly mode?: unknown;
      readonly reason?: unknown;
      readonly givenUp?: unknown;
    };
    if (!Array.isArray(givenUp) || givenUp.length !== 2 || !givenUp.every(Number.isSafeInteger)) return;
    const [firstSeq, lastSeq] = givenUp as [number, number];
    writeQuarantine(this.#database, { game, firstSeq, lastSeq, time, mode: String(mode), reason: String(reason) });
  }
}

/** What a record replaces everything with. */
function wholeState({ patches }: Record): JsonObject | undefined {
  const patch = patches[0];
  if (patches.length !== 1 || patch?.op !== 'replace' || patch.path.length !== 0) return undefined;
  const { value } = patch;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** Of which moment of which game a new game is the continuation. */
function parentOf({ args }: Record): { readonly game: string; readonly seq: number } | undefined {
  const fork = (args as { readonly fork?: { readonly game?: unknown; readonly seq?: unknown } } | undefined)?.fork;
  if (typeof fork?.game !== 'string' || !Number.isSafeInteger(fork.seq)) return undefined;
  return { game: fork.game, seq: fork.seq as number };
}

function notWhole({ game, seq, command }: Record): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what:
      seq === 0
        ? 'the first record of a game does not carry its whole state and type'
        : 'a record that replaces a state does not carry the whole of it',
    hint: 'Run `orrery doctor` on the directory.',
    context: { game, seq, command },
  });
}
