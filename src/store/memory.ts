// The reference store: it keeps everything in arrays and folds it with the plainest means. Tests compare the real one with
// it, and programs use it where nothing must survive.

import { cutState } from '../digest/pieces.ts';
import { type BatchMark, markOf } from '../image/newest-batch.ts';
import type { GameRow, Quarantine } from '../image/rows.ts';
import type { Moment, SnapshotEntry, StepRange } from '../past/past.ts';
import { decodeRecord, type Record } from '../patch/record.ts';
import { placeOf } from '../shard/next-batch.ts';
import { foldRecords, pageOf, quarantineIn, recordAt } from './memory-past.ts';
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
} from './store.ts';

export class MemoryStore implements Store {
  readonly capabilities = { durable: false, images: false };
  readonly #records = new Map<string, Record[]>();
  #newest: BatchMark | undefined;
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
    if (place === 'known') return NOTHING_OWED;
    const lines = Buffer.from(batch.payload).toString('utf8').split('\n').slice(0, -1);
    for (const record of lines.map(decodeRecord)) {
      const records = this.#records.get(record.game);
      if (records) records.push(record);
      else this.#records.set(record.game, [record]);
    }
    this.#newest = markOf(batch.payload);
    this.#frames += 1;
    this.#bytes += batch.payload.length;
    return NOTHING_OWED;
  }

  async digest(): Promise<StoreLoad> {
    return NOTHING_OWED;
  }

  async checkpoint(): Promise<CheckpointReport | undefined> {
    return { generation: 0, imageBytes: 0, durationMs: 0 };
  }

  async load(id: string): Promise<StoredGame | undefined> {
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

  async list(): Promise<readonly GameRow[]> {
    return [...this.#records.keys()].sort().map((id) => this.#row(id) as GameRow);
  }

  async stateAt(id: string, moment: Moment, nearest: boolean): Promise<StoredMoment | undefined> {
    const records = this.#records.get(id);
    if (!records) return undefined;
    const { seq, tick, time } = recordAt(records, moment, nearest);
    const known = records.filter((each) => each.seq <= seq);
    const tables = [...(known.findLast((each) => each.tables !== undefined)?.tables ?? [])];
    const version = known.findLast((each) => each.version !== undefined)?.version ?? 1;
    const pieces = [...cutState(foldRecords(known), tables)];
    return { type: String(known[0]?.type), version, seq, tick, time, tables, pieces };
  }

  async past(id: string, range: StepRange, limit: number): Promise<PastPage | undefined> {
    const records = this.#records.get(id);
    return records && { row: this.#row(id) as GameRow, seed: records[0]?.seed, ...pageOf(records, range, limit) };
  }

  async snapshots(id: string): Promise<readonly SnapshotEntry[] | undefined> {
    const whole = this.#records.get(id)?.filter(({ version }) => version !== undefined);
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
      load: NOTHING_OWED,
      patchesIn: patches,
      patchesOut: patches,
      games,
      recovery: this.#recovery,
    };
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {}

  #lastSeq(game: string): number {
    return this.#records.get(game)?.at(-1)?.seq ?? -1;
  }

  #row(id: string): GameRow | undefined {
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
    };
  }
}
