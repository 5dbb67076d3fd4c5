// At the outbox's bound, with overflow 'coalesce': games whose newest states will be sent whole, in place of the records
// between. Before it: outbox.ts, when it is full. After it: outbox.ts again, when its queue has drained.

import type { OrreryError } from '../errors.ts';
import type { GameActor } from '../game/actor.ts';
import type { Receipt } from '../game/recording.ts';
import { MERGED, type Record } from '../patch/record.ts';
import { RecordWriter } from '../patch/record-writer.ts';
import { BatchReceipt, PendingBatch } from './batch.ts';

export class Merging {
  /** With the first seq that the state of a game will stand for, and the time of the newest record among them. */
  readonly #games = new Map<GameActor, { readonly firstSeq: number; readonly batch: PendingBatch; time: number }>();

  get size(): number {
    return this.#games.size;
  }

  has(game: GameActor): boolean {
    return this.#games.has(game);
  }

  holds(game: string): boolean {
    for (const { id } of this.#games.keys()) if (id === game) return true;
    return false;
  }

  /** The batch that will be the last to leave. */
  get last(): PendingBatch | undefined {
    return [...this.#games.values()].at(-1)?.batch;
  }

  /** Games with the first seq that is not durable. */
  *pending(): IterableIterator<[game: string, firstSeq: number]> {
    for (const [game, { firstSeq }] of this.#games) yield [game.id, firstSeq];
  }

  add(game: GameActor, record: Record): Receipt {
    let merging = this.#games.get(game);
    if (!merging) {
      merging = { firstSeq: record.seq, batch: new PendingBatch(), time: record.time };
      this.#games.set(game, merging);
    }
    merging.time = record.time;
    return new BatchReceipt(record.seq, record.tick, merging.batch);
  }

  /** The newest state of each game stands for all that was accepted of it since. */
  *take(): IterableIterator<PendingBatch> {
    const writer = new RecordWriter();
    for (const [game, { firstSeq, batch, time }] of this.#games) {
      const bytes = writer.write({
        game: game.id,
        seq: game.seq,
        firstSeq,
        tick: game.tick,
        time,
        command: MERGED,
        patches: [{ op: 'replace', path: [], value: game.toJSON() }],
        tables: game.tableNames,
      });
      writer.keep();
      batch.add(game.id, firstSeq, game.seq, bytes);
      batch.seal(writer.take());
      yield batch;
    }
    this.#games.clear();
  }

  settle(error: OrreryError): void {
    for (const { batch } of this.#games.values()) batch.settle(error);
  }
}
