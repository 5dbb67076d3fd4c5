// The reference store: it keeps everything in arrays and folds it with the plainest means. Tests compare the real one
// with it, and programs use it where nothing must survive.

import type { OrreryError } from '../../core/errors.ts';
import { linesOf } from '../../core/patch/lines.ts';
import { decodeLine, type Record } from '../../core/patch/record.ts';
import { gameUnreadable, type Unreadable, type UnreadableGame } from '../../core/patch/unreadable.ts';
import { type BatchMark, markOf } from '../batch-mark.ts';
import { cutState } from '../chunks.ts';
import type { GameInfo, Quarantine } from '../game-info.ts';
import { unknownRow } from '../game-info.ts';
import type { Moment, SnapshotEntry, StepRange } from '../history-reader.ts';
import { nameOfLine } from '../line-name.ts';
import { placeOf } from '../next-batch.ts';
import {
  type Batch,
  type CheckpointReport,
  NOTHING_OWED,
  type PastPage,
  type RecoveryReport,
  type Store,
  type StoredGame,
  type StoredMoment,
  type StoreLoad,
  type StoreStats,
} from '../store.ts';
import { foldRecords, pageOf, quarantineIn, recordAt } from './memory-history.ts';

export class MemoryStore implements Store {
  readonly capabilities = { durable: false, images: false };
  readonly #records = new Map<string, Record[]>();
  #newest: BatchMark | undefined;
  readonly #unreadable = new Map<string, Unreadable>();
  #frames = 0;
  #bytes = 0;
  readonly #recovery: RecoveryReport = {
    created: true,
    replayedFrames: 0,
    replayedRecords: 0,
    tornBytes: 0,
    usedPreviousImage: false,
    durationMs: 0,
  };

  async open(): Promise<RecoveryReport> {
    return this.#recovery;
  }

  async commit(batch: Batch): Promise<StoreLoad> {
    const place = placeOf(
      batch,
      (game) => this.#lastSeq(game),
      () => this.#newest,
    );
    if (place === 'known') return this.#load();
    this.#frames += 1;
    // A copy: the memory of a batch is used again.
    for (const line of linesOf(batch.payload.slice())) this.#take(line);
    this.#newest = markOf(batch.payload);
    this.#bytes += batch.payload.length;
    return this.#load();
  }

  async compact(): Promise<StoreLoad> {
    return this.#load();
  }

  async checkpoint(): Promise<CheckpointReport | undefined> {
    return { generation: 0, imageBytes: 0, durationMs: 0 };
  }

  async load(id: string): Promise<StoredGame | undefined> {
    this.#assertReadable(id);
    const row = this.#row(id);
    if (!row) return undefined;
    const state = foldRecords(this.#records.get(id) ?? []);
    return {
      id,
      type: row.type,
      version: row.version,
      seq: row.seq,
      tick: row.tick,
      tables: row.tables,
      stateBytes: JSON.stringify(state).length,
      seed: this.#records.get(id)?.[0]?.seed,
      pieces: [...cutState(state, row.tables)],
    };
  }

  async list(): Promise<readonly GameInfo[]> {
    const ids = new Set([...this.#records.keys(), ...this.#unreadable.keys()]);
    return [...ids].sort().map((id) => this.#row(id) ?? unknownRow(id, this.#unreadable.get(id) as Unreadable));
  }

  async stateAt(id: string, moment: Moment, nearest: boolean): Promise<StoredMoment | undefined> {
    const records = this.#readable(id);
    if (!records) return undefined;
    const { seq, tick, time } = recordAt(records, moment, nearest);
    const known = records.filter((each) => each.seq <= seq);
    const tables = [...(known.findLast((each) => each.tables !== undefined)?.tables ?? [])];
    const version = known.findLast((each) => each.version !== undefined)?.version ?? 1;
    const pieces = [...cutState(foldRecords(known), tables)];
    return { type: String(known[0]?.type), version, seq, tick, time, tables, pieces };
  }

  async past(id: string, range: StepRange, limit: number): Promise<PastPage | undefined> {
    const records = this.#readable(id);
    return records && { row: this.#row(id) as GameInfo, seed: records[0]?.seed, ...pageOf(records, range, limit) };
  }

  async snapshots(id: string): Promise<readonly SnapshotEntry[] | undefined> {
    const whole = this.#readable(id)?.filter(({ version }) => version !== undefined);
    return whole?.map(({ seq, tick, time, version = 1, command }) => {
      return { seq, tick, time, version, reason: command.replace('@', '') };
    });
  }

  async quarantine(id: string): Promise<readonly Quarantine[]> {
    return quarantineIn(this.#records.get(id) ?? []);
  }

  async stats(): Promise<StoreStats> {
    let records = 0;
    const games = [...this.#records].map(([id, list]) => {
      records += list.length;
      // Nothing is merged here. The record that creates a game has a patch that is not part of its history.
      const patches = list.reduce((count, record) => count + record.patches.length, -1);
      return { id, patchesIn: patches, patchesOut: patches };
    });
    const patches = games.reduce((count, game) => count + game.patchesIn, 0);
    return {
      epoch: 1,
      generation: 0,
      frames: this.#frames,
      records,
      journalBytesWritten: this.#bytes,
      imageBytesWritten: 0,
      imageBytes: 0,
      checkpoints: 0,
      load: this.#load(),
      patchesIn: patches,
      patchesOut: patches,
      games,
      ...(this.#unreadable.size > 0 ? { unreadable: this.#listUnreadable() } : {}),
      recovery: this.#recovery,
    };
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {}

  #take(line: Uint8Array): void {
    const record = this.#recordOf(line);
    if (!record) return;
    const records = this.#records.get(record.game);
    if (records) records.push(record);
    else this.#records.set(record.game, [record]);
  }

  /**
   * Undefined for a line that is no record, or is behind one of its game. It is only counted: nothing here outlives the
   * process.
   */
  #recordOf(line: Uint8Array): Record | undefined {
    let record: Record | undefined;
    let fault: OrreryError | undefined;
    try {
      record = decodeLine(line);
      if (!this.#unreadable.has(record.game)) return record;
    } catch (error) {
      fault = error as OrreryError;
    }
    const name = record ?? nameOfLine(line);
    if (!name) throw (fault as OrreryError).within({ frame: this.#frames });
    const { game } = name;
    const seq = name.seq ?? this.#lastSeq(game) + 1;
    const before = this.#unreadable.get(game) ?? { seq, records: 0, frame: this.#frames, what: String(fault?.what) };
    this.#unreadable.set(game, { ...before, records: before.records + 1, lastSeq: seq });
    return undefined;
  }

  #assertReadable(game: string): void {
    const unreadable = this.#unreadable.get(game);
    if (unreadable) throw gameUnreadable(game, unreadable);
  }

  #listUnreadable(): UnreadableGame[] {
    const games = [...this.#unreadable].map(([game, unreadable]) => ({ game, ...unreadable }));
    return games.sort((left, right) => (left.game < right.game ? -1 : 1));
  }

  #load(): StoreLoad {
    return this.#unreadable.size > 0 ? { ...NOTHING_OWED, unreadableGames: this.#unreadable.size } : NOTHING_OWED;
  }

  /** The records of a game, as far as they can be read. Throws GAME_UNREADABLE when that is not even the first. */
  #readable(id: string): Record[] | undefined {
    const records = this.#records.get(id);
    if (!records) this.#assertReadable(id);
    return records;
  }

  #lastSeq(game: string): number {
    const unreadable = this.#unreadable.get(game);
    if (unreadable) return unreadable.lastSeq;
    return this.#records.get(game)?.at(-1)?.seq ?? -1;
  }

  #row(id: string): GameInfo | undefined {
    const unreadable = this.#unreadable.get(id);
    const records = this.#records.get(id);
    const first = records?.[0];
    const last = records?.at(-1);
    if (!records || !first || !last) return undefined;
    const patches = records.reduce((count, record) => count + record.patches.length, -1);
    const fork = (first.args as { readonly fork?: { readonly game: string; readonly seq: number } } | undefined)?.fork;
    return {
      id,
      type: String(first.type),
      version: records.findLast(({ version }) => version !== undefined)?.version ?? 1,
      tables: [...(records.findLast(({ tables }) => tables !== undefined)?.tables ?? [])],
      created: first.time,
      seq: last.seq,
      tick: last.tick,
      time: last.time,
      snapshotSeq: 0,
      stateBytes: 0,
      patchBytes: 0,
      records: records.length - 1,
      patchesIn: patches,
      patchesOut: patches,
      parent: fork?.game,
      parentSeq: fork?.seq,
      firstSeq: 0,
      ...(unreadable ? { unreadable } : {}),
    };
  }
}
