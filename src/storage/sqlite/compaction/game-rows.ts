// What the image says of a game, written: its row, stretches of its past, snapshots. compaction.ts says when; image/ is
// the hop after. Whole-state records, which create a game, migrate it or bring it back, are taken in here as well.

import { OrreryError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/patch/patch.ts';
import { CREATE, encodePatches, MIGRATE, type Record } from '../../../core/patch/record.ts';
import { CHUNK_BYTES, cutAround, cutText } from '../../chunks.ts';
import type { GameInfo } from '../../game-info.ts';
import { encodeCommand, readStepTexts, writeBatch, writeCommandIndex } from '../image/batches.ts';
import type { Database } from '../image/database.ts';
import { readGame, writeGame, writeQuarantine } from '../image/rows.ts';
import { writeSeed } from '../image/seeds.ts';
import {
  readChunks,
  readSnapshot,
  SnapshotBody,
  type SnapshotReason,
  snapshotUpTo,
  writeSnapshotBody,
} from '../image/snapshots.ts';
import { checked, foldTail, noSnapshot } from './fold.ts';
import type { PendingRow, SnapshotDue } from './pending-row.ts';
import type { ProjectedTypes } from './projected-types.ts';
import { StoredState } from './stored-chunks.ts';
import { readTail, tailOf } from './tail.ts';
import type { TypePolicies } from './type-policies.ts';

/**
 * A snapshot is due when the patches since the last outweigh it as often as its type says, but never for less than so
 * many bytes.
 */
const SNAPSHOT_BYTES = 64 * 1024;

/** Pieces grow with their entities. Once one has come so far, the state is cut anew. */
const LARGEST_PIECE = 4 * CHUNK_BYTES;

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

  /** A game's first record. The caller has made sure that there is none of this id, and that it is whole. */
  create(record: Record): void {
    const state = wholeState(record) as JsonObject;
    this.createFrom(record, bodyOf(state, record.tables ?? []));
    this.#projected?.show(readGame(this.#database, record.game) as GameInfo, state);
  }

  /** The same with the text of the state, of a type that is not shown in projected tables. */
  createFrom(record: Record, body: SnapshotBody): void {
    const { game, seq, tick, time, type = '', version = 1, tables = [], seed } = record;
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
    writeSeed(this.#database, game, seed);
    this.#keep(readGame(this.#database, game) as GameInfo, body, 'create');
  }

  isProjected(type: string): boolean {
    return this.#projected?.has(type) === true;
  }

  /**
   * A record that puts a whole state in the place of the one there was: the caller has written everything before it,
   * and made sure that it is whole.
   */
  replace(record: Record): GameInfo {
    const { game, seq, tick, time, command: name, args, player, patches } = record;
    const before = readGame(this.#database, game) as GameInfo;
    const state = wholeState(record) as JsonObject;
    const { tables = before.tables, version = before.version } = record;
    const row: GameInfo = { ...before, version, tables, seq, tick, time, records: before.records + 1 };
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
      writeGame(this.#database, row);
      this.#keep(row, bodyOf(state, tables), name === MIGRATE ? 'migrate' : 'recover');
      this.#projected?.show(row, state);
    });
    return row;
  }

  /**
   * Inside a transaction. The caller lets go of what has gathered, and takes the snapshot that is due then, for the
   * reason given.
   */
  write(pending: PendingRow): SnapshotReason | undefined {
    const { row } = pending;
    if (pending.isEmpty) return undefined;
    const { steps, commands, patchesOut } = pending.finish();
    writeBatch(this.#database, row.id, {
      firstSeq: pending.firstSeq,
      lastSeq: row.seq,
      firstTick: pending.firstTick,
      lastTick: row.tick,
      time: row.time,
      leastTime: pending.leastTime,
      mostTime: pending.mostTime,
      count: pending.commandCount,
      steps,
      commands,
    });
    if (this.#commandIndex) writeCommandIndex(this.#database, row.id, pending.commands(0, row.seq));
    const written = {
      ...row,
      patchBytes: row.patchBytes + steps.length,
      patchesIn: row.patchesIn + pending.patchesIn,
      patchesOut: row.patchesOut + patchesOut,
    };
    writeGame(this.#database, written);
    this.#projected?.take(written, pending.firstSeq, steps);
    const merged = this.#merged.get(row.id);
    if (merged) {
      merged.patchesIn += pending.patchesIn;
      merged.patchesOut += patchesOut;
    } else {
      this.#merged.set(row.id, { patchesIn: pending.patchesIn, patchesOut });
    }
    return this.#reasonForSnapshot(written);
  }

  /** From which record on a snapshot is due by their number or by time; undefined when neither counts. */
  snapshotDue({ id, type, snapshotSeq }: GameInfo): SnapshotDue | undefined {
    const { records, ms } = this.#policies.retentionOf(type).snapshotEvery;
    if (records === null && ms === null) return undefined;
    return {
      seq: snapshotSeq + (records ?? Number.POSITIVE_INFINITY),
      time: ms === null ? Number.POSITIVE_INFINITY : (snapshotUpTo(this.#database, id, snapshotSeq)?.time ?? 0) + ms,
    };
  }

  /** Whether patches of so many bytes more would outweigh the last snapshot. */
  outweighs({ type, patchBytes, stateBytes }: GameInfo, more = 0): boolean {
    const { strategy, compactAt } = this.#policies.retentionOf(type);
    return strategy !== 'events' && patchBytes + more > Math.max(SNAPSHOT_BYTES, compactAt * stateBytes);
  }

  #reasonForSnapshot(row: GameInfo): SnapshotReason | undefined {
    if (this.#policies.retentionOf(row.type).strategy === 'events') return undefined;
    if (this.outweighs(row)) return 'size';
    const due = this.snapshotDue(row);
    if (!due) return undefined;
    if (row.seq >= due.seq) return 'records';
    return row.time >= due.time ? 'time' : undefined;
  }

  /**
   * From the rows alone: the caller has written what had gathered. Yields often, and until it has come to its end
   * nothing of this game's past may be taken away; new rows may come.
   */
  *snapshot(row: GameInfo, why: SnapshotReason): Generator<void, void> {
    const body = (yield* this.#spliced(row)) ?? this.#folded(row);
    this.#database.transaction(() => this.#keep(row, body, why));
  }

  /** Undefined when there is no certain way: see StoredState. */
  *#spliced(row: GameInfo): Generator<void, SnapshotBody | undefined> {
    const before = readChunks(this.#database, row.id, row.seq);
    if (!before) return undefined;
    const steps = readStepTexts(this.#database, row.id, before.seq, row.seq);
    const tail = yield* tailOf(steps, row.id, before.seq);
    const stored = yield* StoredState.read(before, row, tail, 'kept');
    if (!stored) return undefined;
    let isCertain = true;
    function* certain(texts: Iterable<Uint8Array | undefined>): Generator<Uint8Array> {
      for (const text of texts) {
        isCertain = text !== undefined && text.length <= LARGEST_PIECE;
        if (!text || !isCertain) return;
        yield text;
      }
    }
    const body = new SnapshotBody();
    for (const piece of cutAround(stored.plain, row.tables, (table) => certain(stored.entities(table)))) {
      if (!isCertain) return undefined;
      body.add(piece);
      yield;
    }
    return body;
  }

  #folded(row: GameInfo): SnapshotBody {
    return bodyOf(
      this.newest(row, (after) => readStepTexts(this.#database, row.id, after, row.seq)),
      row.tables,
    );
  }

  /** The newest state. Steps between the snapshot and now are merged, so that what came and went is not even parsed. */
  newest(row: GameInfo, stepsAfter: (seq: number) => Iterable<Buffer>): JsonObject {
    const snapshot = readSnapshot(this.#database, row.id, row.seq);
    if (!snapshot) throw noSnapshot(row.id, row.seq);
    const tail = readTail(stepsAfter(snapshot.seq), row.id, snapshot.seq);
    return foldTail(checked(snapshot), tail.parse(), row);
  }

  /** `row` is the game's as the snapshot was begun. More may have been written since, which is behind the snapshot. */
  #keep(row: GameInfo, body: SnapshotBody, why: SnapshotReason): void {
    writeSnapshotBody(this.#database, row.id, row, body, why);
    const now = readGame(this.#database, row.id) ?? row;
    writeGame(this.#database, {
      ...now,
      snapshotSeq: row.seq,
      stateBytes: body.bytes,
      patchBytes: now.patchBytes - row.patchBytes,
    });
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

function bodyOf(state: JsonObject, tables: readonly string[]): SnapshotBody {
  const body = new SnapshotBody();
  for (const piece of cutText(state, tables)) body.add(piece);
  return body;
}

/** What a record replaces everything with. */
function wholeState({ patches }: Record): JsonObject | undefined {
  const patch = patches[0];
  if (patches.length !== 1 || patch?.op !== 'replace' || patch.path.length !== 0) return undefined;
  const { value } = patch;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** Throws DAMAGED unless a record that creates a game, migrates it or brings it back has all that takes. */
export function assertWhole(record: Record): void {
  const { command, type, version, tables } = record;
  const state = wholeState(record);
  const isComplete = command === CREATE ? type !== undefined : tables !== undefined && version !== undefined;
  if (state === undefined || !isComplete || !(tables ?? []).every((table) => isTable(state, table)))
    throw notWhole(record);
}

function isTable(state: JsonObject, key: string): boolean {
  const value = Object.hasOwn(state, key) ? state[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
    hint: 'Run `orrery check --explain` on the directory.',
    context: { game, seq, command },
  });
}
