// Off the latency path: records that are durable in the journal become rows of the image. shard/owner.ts hands payloads in
// after it has acknowledged them, recovery hands in what it finds in the journal; image/rows.ts is the hop after.

import { isUtf8 } from 'node:buffer';
import { OrreryError } from '../errors.ts';
import type { Database } from '../image/database.ts';
import {
  type CommandEntry,
  type GameRow,
  readCommands,
  readGame,
  readGames,
  readPieces,
  readSnapshot,
  readSteps,
  readStepTexts,
  type SnapshotReason,
  type Step,
  writeBatch,
  writeCommandIndex,
  writeGame,
  writeMeta,
  writeSnapshot,
} from '../image/rows.ts';
import type { JsonObject } from '../patch/patch.ts';
import { CREATE, decodeRecord, type Record } from '../patch/record.ts';
import { checked, type FoldedGame, foldGame, foldTail, noSnapshot } from './fold.ts';
import { Gathering, type Grain } from './gathering.ts';
import { cutState, cutText } from './pieces.ts';
import { RecordLine } from './record-line.ts';
import { storedPieces } from './stored-pieces.ts';
import { readTail } from './tail.ts';

export type { Grain } from './gathering.ts';

export interface DigestOptions {
  /** How far patches are merged, by game type. */
  readonly grainOf: (type: string) => Grain;
  /** Fill the commands table as records arrive. Otherwise commands are only in patch_batches. */
  readonly commandIndex: boolean;
}

/** A row is written once this much of a game's journal has gathered: small rows deflate badly and cost an insert each. */
const ROW_BYTES = 128 * 1024;

/** A snapshot is due when the patches since the last outweigh it so many times, but never for less than so many bytes. */
const SNAPSHOT_TIMES = 2;
const SNAPSHOT_BYTES = 64 * 1024;

/** What gathers for games that are busy at the same time need not grow anew for each row. */
const MOST_SPARE = 16;

const LINE_FEED = 0x0a;

/** Between two looks at the clock. */
const RECORDS_A_LOOK = 64;

/** A game as a store hands it on. */
export interface LoadedGame {
  readonly row: GameRow;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** The newest position of the journal that has been taken in. */
export interface Position {
  readonly frame: number;
  readonly chain: number;
}

export class Digest {
  readonly #database: Database;
  readonly #options: DigestOptions;
  readonly #gathered = new Map<string, Gathering>();
  /** Gatherings whose rows are written, to be used again: what they have grown to need not grow again. */
  readonly #spare: Gathering[] = [];
  readonly #line = new RecordLine();
  /** Of each game that has had a row since this was made. */
  readonly #merged = new Map<string, { patchesIn: number; patchesOut: number }>();
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
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const isCertain = isUtf8(bytes);
    let start = 0;
    for (let count = 1; start < bytes.length; count += 1) {
      let end = bytes.indexOf(LINE_FEED, start);
      if (end < 0) end = bytes.length;
      if (isCertain && this.#line.scan(bytes, start, end)) this.#add(this.#line, bytes, end - start);
      else this.#addParsed(decodeRecord(bytes.toString('utf8', start, end)), end - start);
      start = end + 1;
      if (count % RECORDS_A_LOOK === 0) yield;
    }
    this.#position = position;
  }

  /** Patches of each game since this was made, as far as they are in rows, and what merging left of them. */
  get merged(): ReadonlyMap<string, { readonly patchesIn: number; readonly patchesOut: number }> {
    return this.#merged;
  }

  /** Passes over frames without records: seals. Nothing happens when the position is there already. */
  skipTo(position: Position): void {
    if (position.frame > this.#position.frame) this.#position = position;
  }

  /** Writes everything that has gathered, and where it ends, so that the database may be exported. */
  flush(meta: { readonly [key: string]: string | number }): void {
    this.#database.transaction(() => {
      for (const gathering of this.#gathered.values()) this.#writeRow(gathering);
      writeMeta(this.#database, { ...meta, applied_frame: this.#position.frame, applied_chain: this.#position.chain });
    });
    // Only now: a transaction that failed has written nothing.
    for (const gathering of this.#gathered.values()) this.#letGo(gathering);
    this.#gathered.clear();
  }

  game(id: string): GameRow | undefined {
    const gathering = this.#gathered.get(id);
    return gathering ? { ...gathering.row } : readGame(this.#database, id);
  }

  games(): GameRow[] {
    return readGames(this.#database).map((row) => ({ ...row, ...this.#gathered.get(row.id)?.row }));
  }

  /** The state of a game after its newest record, or after `atSeq` if a visible step ends there. */
  fold(id: string, atSeq?: number): FoldedGame | undefined {
    const row = this.game(id);
    if (!row) return undefined;
    const upTo = atSeq ?? row.seq;
    return foldGame(this.#database, row, upTo, (after) => this.steps(id, after, upTo));
  }

  /** A game on its way to the main thread: its newest state in pieces, as store/store.ts describes them. */
  load(id: string): LoadedGame | undefined {
    const row = this.game(id);
    if (!row) return undefined;
    const pieces = this.#piecesOf(row) ?? [
      ...cutState(
        this.#newest(row, (after) => this.#stepTexts(id, after, row.seq)),
        row.tables,
      ),
    ];
    return { row, pieces };
  }

  #piecesOf(row: GameRow): Uint8Array<ArrayBuffer>[] | undefined {
    const snapshot = readPieces(this.#database, row.id, row.seq);
    return snapshot && storedPieces(snapshot, row, this.#stepTexts(row.id, snapshot.seq, row.seq));
  }

  *#stepTexts(id: string, afterSeq: number, upToSeq: number): Generator<Buffer> {
    yield* readStepTexts(this.#database, id, afterSeq, upToSeq);
    const gathering = this.#gathered.get(id);
    if (gathering) yield gathering.stepsText();
  }

  /** Steps with afterSeq < seq <= upToSeq, oldest first. Nobody else holds them. */
  *steps(id: string, afterSeq: number, upToSeq: number): Generator<Step> {
    yield* readSteps(this.#database, id, afterSeq, upToSeq);
    yield* this.#gathered.get(id)?.steps(afterSeq, upToSeq) ?? [];
  }

  *commands(id: string, afterSeq: number, upToSeq: number): Generator<CommandEntry> {
    yield* readCommands(this.#database, id, afterSeq, upToSeq);
    yield* this.#gathered.get(id)?.commands(afterSeq, upToSeq) ?? [];
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
    const gathering = this.#gathered.get(id);
    if (gathering) this.#finishRow(gathering);
    const row = readGame(this.#database, id);
    if (row && row.snapshotSeq < row.seq) this.#writeSnapshot(row, 'request');
  }

  #add(line: RecordLine, payload: Buffer, bytes: number): void {
    const gathering = this.#gathering(line.game, line.firstSeq, line.seq);
    gathering.add(line, payload, bytes);
    if (gathering.bytes >= ROW_BYTES) this.#finishRow(gathering);
  }

  #addParsed(record: Record, bytes: number): void {
    if (record.command === CREATE) {
      this.#create(record);
      return;
    }
    const gathering = this.#gathering(record.game, record.firstSeq ?? record.seq, record.seq);
    gathering.addParsed(record, bytes);
    if (gathering.bytes >= ROW_BYTES) this.#finishRow(gathering);
  }

  /** Where a record goes, if it is the next of its game. */
  #gathering(game: string, firstSeq: number, seq: number): Gathering {
    let gathering = this.#gathered.get(game);
    const row = gathering?.row ?? readGame(this.#database, game);
    if (!row) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: 'a record belongs to a game that was never created',
        hint: 'Run `orrery doctor` on the directory.',
        context: { game, seq },
      });
    }
    if (firstSeq !== row.seq + 1) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: `a record begins at seq ${firstSeq} where seq ${row.seq + 1} was due`,
        hint: 'Run `orrery doctor` on the directory.',
        context: { game, seq },
      });
    }
    if (!gathering) {
      const grain = this.#options.grainOf(row.type);
      gathering = this.#spare.pop();
      if (gathering) gathering.reset(row, grain);
      else gathering = new Gathering(row, grain);
      this.#gathered.set(game, gathering);
    }
    return gathering;
  }

  #create(record: Record): void {
    const patch = record.patches[0];
    if (
      patch?.op !== 'replace' ||
      patch.path.length !== 0 ||
      typeof patch.value !== 'object' ||
      patch.value === null ||
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
      stateBytes: 0,
      patchBytes: 0,
      records: 0,
      patchesIn: 0,
      patchesOut: 0,
    });
    this.#keepSnapshot(readGame(this.#database, record.game) as GameRow, patch.value as JsonObject, 'create');
  }

  #finishRow(gathering: Gathering): void {
    this.#database.transaction(() => this.#writeRow(gathering));
    this.#gathered.delete(gathering.row.id);
    this.#letGo(gathering);
  }

  #letGo(gathering: Gathering): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(gathering);
  }

  /** Inside a transaction. The caller lets go of what has gathered. */
  #writeRow(gathering: Gathering): void {
    const { row } = gathering;
    if (gathering.isEmpty) return;
    const { steps, commands, patchesOut } = gathering.finish();
    writeBatch(this.#database, row.id, {
      firstSeq: gathering.firstSeq,
      lastSeq: row.seq,
      firstTick: gathering.firstTick,
      lastTick: row.tick,
      time: row.time,
      count: gathering.commandCount,
      steps,
      commands,
    });
    if (this.#options.commandIndex) {
      writeCommandIndex(this.#database, row.id, gathering.commands(0, row.seq));
    }
    const written = {
      ...row,
      patchBytes: row.patchBytes + steps.length,
      patchesIn: row.patchesIn + gathering.patchesIn,
      patchesOut: row.patchesOut + patchesOut,
    };
    writeGame(this.#database, written);
    const merged = this.#merged.get(row.id);
    if (merged) {
      merged.patchesIn += gathering.patchesIn;
      merged.patchesOut += patchesOut;
    } else {
      this.#merged.set(row.id, { patchesIn: gathering.patchesIn, patchesOut });
    }
    if (written.patchBytes > Math.max(SNAPSHOT_BYTES, SNAPSHOT_TIMES * written.stateBytes))
      this.#writeSnapshot(written, 'size');
  }

  /** From the rows alone: the caller has written what had gathered. */
  #writeSnapshot(row: GameRow, why: 'size' | 'request'): void {
    this.#keepSnapshot(
      row,
      this.#newest(row, (after) => readStepTexts(this.#database, row.id, after, row.seq)),
      why,
    );
  }

  /** The newest state. Steps between the snapshot and now are merged, so that what came and went is not even parsed. */
  #newest(row: GameRow, stepsAfter: (seq: number) => Iterable<Buffer>): JsonObject {
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
}
