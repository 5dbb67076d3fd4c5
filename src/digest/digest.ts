// Off the latency path: records that are durable in the journal become rows of the image. shard/owner.ts hands payloads in
// after it has acknowledged them, recovery hands in what it finds in the journal; image/rows.ts is the hop after.

import { OrreryError } from '../errors.ts';
import type { Database } from '../image/database.ts';
import {
  type CommandEntry,
  type GameRow,
  readCommands,
  readGame,
  readGames,
  readSteps,
  type Snapshot,
  type Step,
  writeBatch,
  writeCommandIndex,
  writeGame,
  writeMeta,
  writeSnapshot,
} from '../image/rows.ts';
import { cloneJson } from '../patch/apply.ts';
import { coalesce } from '../patch/coalesce.ts';
import type { Patch } from '../patch/patch.ts';
import { CREATE, decodeRecord, type Record } from '../patch/record.ts';
import { type FoldedGame, foldGame } from './fold.ts';

/** Which steps of a game's past stay visible. The same words as in a game type. */
export type Grain = 'commands' | 'ticks' | 'batches';

export interface DigestOptions {
  /** How far patches are merged, by game type. */
  readonly grainOf: (type: string) => Grain;
  /** Fill the commands table as records arrive. Otherwise commands are only in patch_batches. */
  readonly commandIndex: boolean;
}

/** A row is written once this much of a game's journal has gathered: small rows deflate badly and cost an insert each. */
const ROW_BYTES = 64 * 1024;

/** An unfinished step is shortened when it gets this long, so that a step over a whole batch stays bounded. */
const STEP_PATCHES = 8192;

/** A snapshot is due when the patches since the last outweigh it, but never for less than this. */
const SNAPSHOT_BYTES = 64 * 1024;

/** Between two looks at the clock. */
const RECORDS_A_LOOK = 64;

/** The newest position of the journal that has been taken in. */
export interface Position {
  readonly frame: number;
  readonly chain: number;
}

interface OpenStep {
  readonly firstSeq: number;
  /** These are the last record's: a step is the moment it ends at. */
  lastSeq: number;
  tick: number;
  time: number;
  patches: Patch[];
  /** How many of `patches` are already coalesced. */
  settled: number;
}

/** What has gathered of one game since its last row. Its row runs ahead of the database's. */
interface Gathered {
  readonly row: { -readonly [K in keyof GameRow]: GameRow[K] };
  steps: Step[];
  open: OpenStep | undefined;
  commands: CommandEntry[];
  bytes: number;
  patchesIn: number;
}

export class Digest {
  readonly #database: Database;
  readonly #options: DigestOptions;
  readonly #gathered = new Map<string, Gathered>();
  #position: Position;

  constructor(database: Database, options: DigestOptions, position: Position) {
    this.#database = database;
    this.#options = options;
    this.#position = position;
  }

  get position(): Position {
    return this.#position;
  }

  /**
   * Takes in the payload of one frame, yielding now and then so that the caller can look at the clock. Only when it has
   * come to its end may the next begin. Throws PATCH_INVALID or DAMAGED; then the shard cannot go on from this journal.
   */
  *take(payload: Uint8Array, position: Position): Generator<void, void> {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
    let start = 0;
    for (let count = 1; start < text.length; count += 1) {
      let end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      this.#record(decodeRecord(text.slice(start, end)), end - start);
      start = end + 1;
      if (count % RECORDS_A_LOOK === 0) yield;
    }
    this.#position = position;
  }

  /** Passes over frames without records: seals. Nothing happens when the position is there already. */
  skipTo(position: Position): void {
    if (position.frame > this.#position.frame) this.#position = position;
  }

  /** Writes everything that has gathered, and where it ends, so that the database may be exported. */
  flush(meta: { readonly [key: string]: string | number }): void {
    this.#database.transaction(() => {
      for (const gathered of this.#gathered.values()) this.#writeRow(gathered);
      writeMeta(this.#database, { ...meta, applied_frame: this.#position.frame, applied_chain: this.#position.chain });
    });
    // Only now: a transaction that failed has written nothing.
    this.#gathered.clear();
  }

  game(id: string): GameRow | undefined {
    const gathered = this.#gathered.get(id);
    return gathered ? { ...gathered.row } : readGame(this.#database, id);
  }

  games(): GameRow[] {
    return readGames(this.#database).map((row) => ({ ...row, ...this.#gathered.get(row.id)?.row }));
  }

  /** The state of a game after its newest record, or after `atSeq` if a visible step ends there. */
  fold(id: string, atSeq?: number): FoldedGame | undefined {
    const row = this.game(id);
    if (!row) return undefined;
    const upTo = atSeq ?? row.seq;
    return foldGame(this.#database, row, upTo, (after) => this.#stepsToFold(id, after, upTo));
  }

  /** Steps with afterSeq < seq <= upToSeq, oldest first. */
  *steps(id: string, afterSeq: number, upToSeq: number): Generator<Step> {
    yield* readSteps(this.#database, id, afterSeq, upToSeq);
    yield* this.#gathering(id, afterSeq, upToSeq);
  }

  *commands(id: string, afterSeq: number, upToSeq: number): Generator<CommandEntry> {
    yield* readCommands(this.#database, id, afterSeq, upToSeq);
    for (const command of this.#gathered.get(id)?.commands ?? []) {
      if (command.seq > afterSeq && command.seq <= upToSeq) yield command;
    }
  }

  /** Steps and commands with afterSeq < seq <= upToSeq, oldest first: at most `limit` commands, and the steps that end with them. */
  history(id: string, afterSeq: number, upToSeq: number, limit: number): { steps: Step[]; commands: CommandEntry[] } {
    const commands: CommandEntry[] = [];
    for (const command of this.commands(id, afterSeq, upToSeq)) {
      if (commands.length === limit) break;
      commands.push(command);
    }
    const last = commands.at(-1)?.seq ?? afterSeq;
    return { steps: [...this.steps(id, afterSeq, last)], commands };
  }

  /** Writes the newest state of a game as a snapshot. */
  snapshot(id: string): void {
    const gathered = this.#gathered.get(id);
    if (gathered) {
      this.#database.transaction(() => this.#writeRow(gathered));
      this.#gathered.delete(id);
    }
    const row = readGame(this.#database, id);
    if (row && row.snapshotSeq < row.seq) this.#writeSnapshot(row, 'request');
  }

  /** The steps that are not in a row yet. Their patches go on being used. */
  *#gathering(id: string, afterSeq: number, upToSeq: number): Generator<Step> {
    const gathered = this.#gathered.get(id);
    if (!gathered) return;
    for (const step of gathered.steps) if (step.lastSeq > afterSeq && step.firstSeq <= upToSeq) yield step;
    if (gathered.open && gathered.open.lastSeq > afterSeq && gathered.open.firstSeq <= upToSeq)
      yield closed(gathered.open);
  }

  /** Steps whose values nobody else holds: those from rows are fresh, the others are copied. */
  *#stepsToFold(id: string, afterSeq: number, upToSeq: number): Generator<Step> {
    yield* readSteps(this.#database, id, afterSeq, upToSeq);
    for (const step of this.#gathering(id, afterSeq, upToSeq)) yield { ...step, patches: step.patches.map(copyOf) };
  }

  #record(record: Record, bytes: number): void {
    if (record.command === CREATE) {
      this.#create(record);
      return;
    }
    const gathered = this.#gather(record);
    const expected = gathered.row.seq + 1;
    const first = record.firstSeq ?? record.seq;
    if (first !== expected) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: `a record begins at seq ${first} where seq ${expected} was due`,
        hint: 'Run `orrery doctor` on the directory.',
        context: { game: record.game, seq: record.seq },
      });
    }
    const row = gathered.row;
    row.seq = record.seq;
    row.tick = record.tick;
    row.time = record.time;
    row.records += 1;
    if (record.tables !== undefined) row.tables = record.tables;
    gathered.commands.push({
      seq: record.seq,
      tick: record.tick,
      time: record.time,
      name: record.command,
      player: record.player,
      args: record.args,
    });
    gathered.patchesIn += record.patches.length;
    gathered.bytes += bytes;
    this.#extend(gathered, record, first);
    if (gathered.bytes >= ROW_BYTES) {
      this.#database.transaction(() => this.#writeRow(gathered));
      this.#gathered.delete(record.game);
    }
  }

  #gather(record: Record): Gathered {
    let gathered = this.#gathered.get(record.game);
    if (gathered) return gathered;
    const row = readGame(this.#database, record.game);
    if (!row) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: 'a record belongs to a game that was never created',
        hint: 'Run `orrery doctor` on the directory.',
        context: { game: record.game, seq: record.seq },
      });
    }
    gathered = { row, steps: [], open: undefined, commands: [], bytes: 0, patchesIn: 0 };
    this.#gathered.set(record.game, gathered);
    return gathered;
  }

  #extend(gathered: Gathered, record: Record, firstSeq: number): void {
    const grain = this.#options.grainOf(gathered.row.type);
    const open = gathered.open;
    if (open && (grain === 'batches' || (grain === 'ticks' && open.tick === record.tick))) {
      open.lastSeq = record.seq;
      open.tick = record.tick;
      open.time = record.time;
      for (const patch of record.patches) open.patches.push(patch);
      if (open.patches.length > open.settled + STEP_PATCHES) {
        open.patches = coalesce(open.patches);
        open.settled = open.patches.length;
      }
      return;
    }
    if (open) gathered.steps.push(closed(open));
    gathered.open = {
      firstSeq,
      lastSeq: record.seq,
      tick: record.tick,
      time: record.time,
      patches: [...record.patches],
      settled: 0,
    };
  }

  #create(record: Record): void {
    const patch = record.patches[0];
    if (
      patch?.op !== 'replace' ||
      patch.path.length !== 0 ||
      record.patches.length !== 1 ||
      record.type === undefined
    ) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: 'the first record of a game does not carry its whole state and type',
        hint: 'Run `orrery doctor` on the directory.',
        context: { game: record.game },
      });
    }
    if (this.game(record.game)) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: 'a game was created a second time',
        hint: 'Run `orrery doctor` on the directory.',
        context: { game: record.game },
      });
    }
    const { seq, tick, time, version = 1, tables = [] } = record;
    const json = JSON.stringify(patch.value);
    writeGame(this.#database, {
      id: record.game,
      type: record.type,
      version,
      tables,
      created: time,
      seq,
      tick,
      time,
      snapshotSeq: seq,
      stateBytes: json.length,
      patchBytes: 0,
      records: 0,
      patchesIn: 0,
      patchesOut: 0,
    });
    writeSnapshot(this.#database, record.game, { seq, tick, time, version, tables, json }, 'create');
  }

  /** Inside a transaction. The caller lets go of what has gathered. */
  #writeRow(gathered: Gathered): void {
    const { row, commands, open } = gathered;
    const steps = open ? [...gathered.steps, closed(open)] : gathered.steps;
    if (steps.length === 0) return;
    let patchesOut = 0;
    for (const step of steps) patchesOut += step.patches.length;
    const patchBytes = writeBatch(this.#database, row.id, steps, commands);
    if (this.#options.commandIndex) writeCommandIndex(this.#database, row.id, commands);
    const written = {
      ...row,
      patchBytes: row.patchBytes + patchBytes,
      patchesIn: row.patchesIn + gathered.patchesIn,
      patchesOut: row.patchesOut + patchesOut,
    };
    writeGame(this.#database, written);
    if (written.patchBytes > Math.max(SNAPSHOT_BYTES, written.stateBytes)) this.#writeSnapshot(written, 'size');
  }

  /** From the rows alone: the caller has written what had gathered. */
  #writeSnapshot(row: GameRow, why: 'size' | 'request'): void {
    const folded = foldGame(this.#database, row, row.seq, (after) => readSteps(this.#database, row.id, after, row.seq));
    const json = JSON.stringify(folded.state);
    const { seq, tick, time, version, tables } = row;
    const snapshot: Snapshot = { seq, tick, time, version, tables, json };
    writeSnapshot(this.#database, row.id, snapshot, why);
    writeGame(this.#database, { ...row, snapshotSeq: seq, stateBytes: json.length, patchBytes: 0 });
  }
}

function copyOf(patch: Patch): Patch {
  return patch.op === 'remove' ? patch : { ...patch, value: cloneJson(patch.value) };
}

function closed(open: OpenStep): Step {
  const patches = open.patches.length > open.settled ? coalesce(open.patches) : open.patches;
  return { firstSeq: open.firstSeq, lastSeq: open.lastSeq, tick: open.tick, time: open.time, patches };
}
