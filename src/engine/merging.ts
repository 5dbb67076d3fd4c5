// At the commit queue's bound, with overflow 'coalesce': games whose newest states will be sent whole, in place of the
// records between. Before it: commit-queue.ts, when it is full. After it: commit-queue.ts again, when its queue has
// drained.

import type { OrreryError } from '../core/errors.ts';
import type { GameActor } from '../core/game/actor.ts';
import type { Receipt } from '../core/game/recording.ts';
import { MERGED, type Record } from '../core/patch/record.ts';
import { RecordWriter } from '../core/patch/record-writer.ts';
import { type BatchPart, BatchReceipt, PendingBatch } from './batch.ts';
import { SHARED_MEMORY } from './shared-memory.ts';

export class Merging {
  /** What the state of a game will stand for, and the time of the newest record among it. */
  readonly #games = new Map<GameActor, { readonly batch: PendingBatch; readonly part: BatchPart; time: number }>();

  get size(): number {
    return this.#games.size;
  }

  has(game: GameActor): boolean {
    return this.#games.has(game);
  }

  partOf(id: string): BatchPart | undefined {
    for (const [game, { part }] of this.#games) if (game.id === id) return part;
    return undefined;
  }

  /** The batch that will be the last to leave. */
  get last(): PendingBatch | undefined {
    return [...this.#games.values()].at(-1)?.batch;
  }

  /** Games with the first seq that is not durable. */
  *pending(): IterableIterator<[game: string, firstSeq: number]> {
    for (const [game, { part }] of this.#games) yield [game.id, part.firstSeq];
  }

  /** The batch that was begun first. */
  get first(): PendingBatch | undefined {
    return this.#games.values().next().value?.batch;
  }

  add(game: GameActor, record: Record): Receipt {
    let merging = this.#games.get(game);
    if (!merging) {
      const batch = new PendingBatch();
      merging = { batch, part: batch.reserve(game.id, record.seq), time: record.time };
      this.#games.set(game, merging);
    }
    merging.time = record.time;
    return new BatchReceipt(record.seq, record.tick, merging.part);
  }

  /** A game has failed. */
  drop(id: string, error: OrreryError): void {
    for (const [game, { batch }] of this.#games) {
      if (game.id !== id) continue;
      this.#games.delete(game);
      batch.settle(error);
    }
  }

  /** The newest state of each game stands for all that was accepted of it since. */
  *take(): IterableIterator<PendingBatch> {
    const writer = new RecordWriter(SHARED_MEMORY);
    for (const [game, { batch, part, time }] of this.#games) {
      writer.write({
        game: game.id,
        seq: game.seq,
        firstSeq: part.firstSeq,
        tick: game.tick,
        time,
        command: MERGED,
        patches: [{ op: 'replace', path: [], value: game.toJSON() }],
        tables: game.tableNames,
      });
      writer.keep();
      batch.fulfil(part, game.seq, writer.take());
      yield batch;
    }
    this.#games.clear();
  }

  settle(error: OrreryError): void {
    for (const { batch } of this.#games.values()) batch.settle(error);
  }
}
