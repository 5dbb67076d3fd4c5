// Off the latency path: records that are durable in the journal become rows of the image. worker/owner.ts hands payloads in
// after it has acknowledged them, recovery hands in what it finds in the journal; image/rows.ts is the hop after.

import { CREATE, MIGRATE, RECOVER, type Record } from '../../../core/patch/record.ts';
import type { UnreadableGame } from '../../../core/patch/unreadable.ts';
import { type BatchMark, markOf } from '../../batch-mark.ts';
import { type ChunkTaker, cutState, type LoadedGame } from '../../chunks.ts';
import type { GameInfo } from '../../game-info.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import { isText } from '../../utf8.ts';
import { readCommands, readSteps, readStepTexts } from '../image/batches.ts';
import type { Database } from '../image/database.ts';
import { markIn, markRows } from '../image/newest-batch.ts';
import { readGame, readGames, readMeta, writeMeta } from '../image/rows.ts';
import { readSeed } from '../image/seeds.ts';
import { readChunks, type SnapshotReason } from '../image/snapshots.ts';
import type { CompactionOptions } from './compaction-options.ts';
import { type FoldedGame, foldGame } from './fold.ts';
import { GameRows } from './game-rows.ts';
import { HeldGames } from './held-games.ts';
import { gameOfLine, HEAVY_BYTES } from './memory-room.ts';
import { type Granularity, PendingRow } from './pending-row.ts';
import { assertFits, follows } from './placement.ts';
import { NOTHING_REPROJECTED, ProjectedTypes, type Reprojection } from './projected-types.ts';
import { RecordLine } from './record-line.ts';
import { type Due, SnapshotTaking } from './snapshot-taking.ts';
import { takeStored } from './stored-chunks.ts';
import { StoredHistory } from './stored-history.ts';
import { ThinnedGames } from './thinned-games.ts';
import { TypePolicies } from './type-policies.ts';
import { takeCreation } from './wide-creation.ts';

/** A row is written once this much of a game's journal has gathered: small rows deflate badly and cost an insert each. */
const ROW_BYTES = 128 * 1024;

/** So many games gather at a time: then those that began first are written, however little there is of them. */
const MOST_PENDING = 2048;

/** What gathers for games that are busy at the same time need not grow anew for each row. */
const MOST_SPARE = 16;

/** Of the JSON of a state: a snapshot of less takes a moment. */
const WIDE_BYTES = 1024 * 1024;

/** Between two looks at the clock. */
const RECORDS_A_LOOK = 64;

/** The newest position of the journal that has been taken in. */
export interface Position {
  readonly frame: number;
  readonly chain: number;
}

export class Compaction {
  readonly #database: Database;
  readonly #pending = new Map<string, PendingRow>();
  /** Gatherings whose rows are written, to be used again: what they have grown to need not grow again. */
  readonly #spare: PendingRow[] = [];
  readonly #line = new RecordLine();
  readonly #held: HeldGames;
  readonly #snapshots: SnapshotTaking;
  readonly #atWorkOn: CompactionOptions['atWorkOn'];
  readonly #rows: GameRows;
  readonly #thinned: ThinnedGames;
  readonly policies: TypePolicies;
  readonly #projected: ProjectedTypes | undefined;
  /** The SQL tables that had to be made anew. */
  readonly reprojection: Reprojection;
  #position: Position;
  /** Of the newest frame that was taken in. */
  newestBatch: BatchMark | undefined;

  constructor(database: Database, options: CompactionOptions, position: Position) {
    this.#database = database;
    this.#position = position;
    this.#atWorkOn = options.atWorkOn;
    this.newestBatch = markIn(readMeta(database));
    this.#held = new HeldGames(database, (game) => this.#row(game)?.seq ?? -1);
    this.policies = new TypePolicies(database, options.granularityOf, options.retentionOf);
    this.#rows = new GameRows(database, options.commandIndex, this.policies);
    const taken = (row: GameInfo): void => this.#pending.get(row.id)?.rebase(row, this.#rows.snapshotDue(row));
    this.#snapshots = new SnapshotTaking(database, this.#rows, taken, options.atWorkOn);
    this.#thinned = new ThinnedGames(database, this.policies);
    if (options.projections) {
      const historyOf = (type: string): Granularity => this.policies.granularityOf(type);
      this.#projected = new ProjectedTypes(database, historyOf, (row) =>
        this.#rows.newest(row, (after) => readStepTexts(database, row.id, after, row.seq)),
      );
    }
    this.reprojection = this.#projected?.declare(options.projections ?? new Map()) ?? NOTHING_REPROJECTED;
    if (this.#projected) this.#rows.project(this.#projected);
  }

  /** Games without rows in the SQL tables of their type. */
  get unprojected(): readonly string[] {
    return this.#projected?.faults ?? [];
  }

  /** Games whose past cannot be thinned, because a row of it cannot be read. */
  get unthinned(): readonly string[] {
    return this.#thinned.unreadable;
  }

  get position(): Position {
    return this.#position;
  }

  /**
   * Takes in the payload of one frame, yielding now and then so that the caller can look at the clock. Only when it has
   * come to its end may the next begin. A line that is no record of its game is kept as it stands, with all that come after it in that
   * game. Throws DAMAGED for one that names no game; then the shard cannot go on from this journal.
   */
  *take(payload: Uint8Array, position: Position): Generator<void, void> {
    const line = this.#line;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const isCertain = isText(bytes);
    let start = 0;
    for (let count = 1; start < bytes.length; count += 1) {
      const found = bytes.indexOf(0x0a, start);
      const end = found < 0 ? bytes.length : found;
      if (isCertain && line.scan(bytes, start, end) && this.#follows(line.game, line.firstSeq)) {
        const pending = this.#goingOn(line.game, line.tick) ?? (yield* this.#begun(line.game));
        pending.add(line, bytes, end - start);
        if (pending.bytes >= ROW_BYTES) yield* this.#finishRow(pending);
      } else if (!isCertain || !(yield* takeCreation(bytes.subarray(start, end), this.#rows, this.#isNew))) {
        yield* this.#takeParsed(bytes.subarray(start, end), position.frame);
      }
      start = end + 1;
      if (count % RECORDS_A_LOOK === 0) yield;
    }
    this.#position = position;
    this.newestBatch = markOf(payload);
  }

  /** What was kept as it stood and can be read by now is taken in: before any frame is. */
  *retry(): Generator<void, void> {
    for (const { record, bytes } of this.#held.retry(this.#assertFits)) {
      yield* this.#addParsed(record, bytes);
    }
  }

  /** Games with records that cannot be read, by id. */
  get unreadable(): readonly UnreadableGame[] {
    return this.#held.list;
  }

  /** Throws GAME_UNREADABLE. */
  assertReadable(id: string): void {
    this.#held.assertReadable(id);
  }

  /** As `games`, and those whose first record cannot be read. */
  list(): GameInfo[] {
    return this.#held.withUnknown(this.games());
  }

  /** The newest seq that is kept of a game, whether or not it can be read; -1 when there is no such game. */
  lastSeq(id: string): number {
    return this.#held.of(id)?.lastSeq ?? this.#row(id)?.seq ?? -1;
  }

  /** Patches of each game since this was made, as far as they are in rows, and what merging left of them. */
  get merged(): ReadonlyMap<string, { readonly patchesIn: number; readonly patchesOut: number }> {
    return this.#rows.merged;
  }

  /** Passes over frames without records: seals. Nothing happens when the position is there already. */
  skipTo(position: Position): void {
    if (position.frame > this.#position.frame) this.#position = position;
  }

  /** Takes the snapshots of wide games that would be due when everything is written, for `flush` does not yield. */
  *settle(): Generator<void, void> {
    for (const pending of [...this.#pending.values()]) {
      const { row } = pending;
      if (row.stateBytes < WIDE_BYTES || this.#pending.get(row.id) !== pending) continue;
      if (this.#rows.outweighs(row, pending.bytes)) yield* this.#finishRow(pending);
    }
  }

  /** Writes everything that has gathered, and where it ends, so that the database may be exported. */
  flush(meta: { readonly [key: string]: string | number }): void {
    this.#snapshots.finish();
    const due: Due[] = [];
    this.#database.transaction(() => {
      for (const pending of this.#pending.values()) due.push(...this.#write(pending));
      const { frame, chain } = this.#position;
      writeMeta(this.#database, { ...meta, applied_frame: frame, applied_chain: chain, ...markRows(this.newestBatch) });
    });
    // Only now: a transaction that failed has written nothing.
    for (const pending of this.#pending.values()) this.#letGo(pending);
    this.#pending.clear();
    const taking = this.#snapshots.take(due);
    while (!taking.next().done);
  }

  /**
   * Takes away what the types of the games do not keep, yielding often: before an image is exported. Throws DAMAGED when what
   * would have to be merged cannot be read.
   */
  *thin(): Generator<void, void> {
    let finished = 0;
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#pending.get(id);
      if (!pending || !this.#thinned.concerns(pending.row.type)) continue;
      yield* this.#finishRow(pending);
      finished += 1;
      if (finished % RECORDS_A_LOOK === 0) yield;
    }
    const thinning = this.#thinned.thin((id, changed) => {
      const pending = this.#pending.get(id);
      if (pending) Object.assign(pending.row, changed);
    });
    for (;;) {
      this.#snapshots.finish();
      if (thinning.next().done) return;
      yield;
    }
  }

  /** For a game whose rows were put into the image by somebody else: its SQL tables are filled from its state. */
  adopt(id: string): void {
    const row = readGame(this.#database, id);
    if (!row) return;
    this.#projected?.adopt(row);
    this.#thinned.hasNews(row);
  }

  /** Before such a game is taken out of the image again. */
  disown(id: string): void {
    const row = readGame(this.#database, id);
    if (row) this.#projected?.disown(row);
  }

  game(id: string): GameInfo | undefined {
    const row = this.#row(id);
    return row && this.#held.marked(row);
  }

  games(): GameInfo[] {
    return readGames(this.#database).map((row) => this.#held.marked({ ...row, ...this.#pending.get(row.id)?.row }));
  }

  #row(id: string): GameInfo | undefined {
    return this.#pending.get(id)?.row ?? readGame(this.#database, id);
  }

  /** The state of a game after its newest record, or after `atSeq` if a visible step ends there. */
  fold(id: string, atSeq?: number): FoldedGame | undefined {
    const row = this.game(id);
    if (!row) return undefined;
    const upTo = atSeq ?? row.seq;
    return foldGame(this.#database, row, upTo, (after) => this.steps(id, after, upTo));
  }

  /** What can be read of a game's past, as it is now. Throws GAME_UNREADABLE when there is nothing. */
  past(id: string): StoredHistory | undefined {
    const row = this.game(id);
    if (!row) this.assertReadable(id);
    return row && new StoredHistory(this.#database, row, this.#pending.get(id));
  }

  /** A game on its way to the main thread: its newest state in pieces, those of a wide one to `early`: see storage/store.ts. */
  load(id: string, early?: ChunkTaker): LoadedGame | undefined {
    const row = this.game(id);
    if (!row) return undefined;
    const stored: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    const take = (piece: Uint8Array<ArrayBuffer>): void => {
      bytes += piece.length;
      if (early) early.take(piece);
      else stored.push(piece);
    };
    const seed = readSeed(this.#database, id);
    if (this.#takeStored(row, take)) return { row, seed, bytes, pieces: stored };
    if (bytes > 0) early?.discard();
    const state = this.#rows.newest(row, (after) => this.#stepTexts(id, after, row.seq));
    const pieces = [...cutState(state, row.tables)];
    return { row, seed, bytes: pieces.reduce((sum, { length }) => sum + length, 0), pieces };
  }

  /** False when it took some or none, but not all. */
  #takeStored(row: GameInfo, take: (piece: Uint8Array<ArrayBuffer>) => void): boolean {
    const snapshot = readChunks(this.#database, row.id, row.seq);
    return snapshot !== undefined && takeStored(snapshot, row, this.#stepTexts(row.id, snapshot.seq, row.seq), take);
  }

  *#stepTexts(id: string, afterSeq: number, upToSeq: number): Generator<Buffer> {
    yield* readStepTexts(this.#database, id, afterSeq, upToSeq);
    const pending = this.#pending.get(id);
    if (pending) yield pending.stepsText();
  }

  /** Steps with afterSeq < seq <= upToSeq, oldest first. Nobody else holds them. */
  *steps(id: string, afterSeq: number, upToSeq: number): Generator<Step> {
    yield* readSteps(this.#database, id, afterSeq, upToSeq);
    yield* this.#pending.get(id)?.steps(afterSeq, upToSeq) ?? [];
  }

  *commands(id: string, afterSeq: number, upToSeq: number): Generator<CommandEntry> {
    yield* readCommands(this.#database, id, afterSeq, upToSeq);
    yield* this.#pending.get(id)?.commands(afterSeq, upToSeq) ?? [];
  }

  *#takeParsed(line: Buffer, frame: number): Generator<void, void> {
    if (line.length >= HEAVY_BYTES) this.#atWorkOn?.(gameOfLine(line));
    const record = this.#held.take(line, frame, this.#assertFits);
    if (record) yield* this.#addParsed(record, line.length);
    this.#atWorkOn?.(undefined);
  }

  *#addParsed(record: Record, bytes: number): Generator<void, void> {
    const { game, command } = record;
    if (command === CREATE) {
      this.#rows.create(record);
      return;
    }
    if (command === MIGRATE || command === RECOVER) {
      const before = this.#pending.get(game);
      // What came before is a stretch of its own: it may be of another version, or what was given up.
      if (before) yield* this.#finishRow(before);
      this.#thinned.hasNews(this.#rows.replace(record));
      return;
    }
    const pending = this.#goingOn(game, record.tick) ?? (yield* this.#begun(game));
    const were = pending.row.tables;
    pending.addParsed(record, bytes);
    // Patches do not say which keys are tables: from here on, this snapshot does.
    const isReshaped = record.tables && JSON.stringify(record.tables) !== JSON.stringify(were);
    if (isReshaped) yield* this.#finishRow(pending, 'tables');
    else if (pending.bytes >= ROW_BYTES) yield* this.#finishRow(pending);
  }

  /** What a record is added to, if it begins no row. */
  #goingOn(game: string, tick: number): PendingRow | undefined {
    const pending = this.#pending.get(game);
    return pending?.isDue(tick) ? undefined : pending;
  }

  /** A new row, after the one that there was. */
  *#begun(game: string): Generator<void, PendingRow> {
    const before = this.#pending.get(game);
    if (before) yield* this.#finishRow(before);
    if (this.#pending.size >= MOST_PENDING) yield* this.#finishOldest();
    const row = readGame(this.#database, game) as GameInfo;
    const granularity = this.policies.granularityOf(row.type);
    const made = this.#spare.pop() ?? new PendingRow(row, granularity);
    made.reset(row, granularity, this.#rows.snapshotDue(row));
    this.#pending.set(game, made);
    return made;
  }

  /** Whether a command's record is the next of a game that can be read. */
  #follows(game: string, firstSeq: number): boolean {
    const row = this.#row(game);
    return row !== undefined && follows(firstSeq, row) && !this.#held.has(game);
  }

  readonly #isNew = (game: string): boolean => !this.#held.has(game) && this.#row(game) === undefined;

  readonly #assertFits = (record: Record): void => assertFits(record, this.#row(record.game));

  /** In one transaction for many. */
  *#finishOldest(): Generator<void, void> {
    const oldest = [...this.#pending.values()].slice(0, MOST_PENDING / 8);
    const due: Due[] = [];
    this.#database.transaction(() => {
      for (const pending of oldest) due.push(...this.#write(pending));
    });
    for (const pending of oldest) {
      this.#pending.delete(pending.row.id);
      this.#letGo(pending);
    }
    yield* this.#snapshots.take(due);
  }

  /** With the snapshot that is due then, or one for a reason of the caller's. */
  *#finishRow(pending: PendingRow, why?: SnapshotReason): Generator<void, void> {
    const { id } = pending.row;
    let due: Due[] = [];
    this.#database.transaction(() => {
      due = this.#write(pending);
    });
    this.#pending.delete(id);
    this.#letGo(pending);
    yield* this.#snapshots.take(why ? [{ id, why }] : due);
  }

  #write(pending: PendingRow): Due[] {
    const { id } = pending.row;
    const why = this.#rows.write(pending);
    this.#thinned.hasNews(pending.row);
    return why ? [{ id, why }] : [];
  }

  #letGo(pending: PendingRow): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(pending);
  }
}
