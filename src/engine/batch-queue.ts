// Batches on their way, oldest first, and how much is in them. commit-queue.ts fills it at one end and commits from the
// other.

import type { OrreryError } from '../core/errors.ts';
import type { Record } from '../core/patch/record.ts';
import { RecordWriter } from '../core/patch/record-writer.ts';
import type { Batch } from '../storage/store.ts';
import { type BatchPart, PendingBatch } from './batch.ts';
import { SHARED_MEMORY } from './shared-memory.ts';

export class Queue {
  /** The first may be in flight. The last, unless it is sealed, is open for records. */
  readonly #batches: PendingBatch[] = [];
  /** Holds the records of the open batch. */
  readonly #writer = new RecordWriter(SHARED_MEMORY);
  readonly #batchBytes: number;
  #bytes = 0;
  #records = 0;

  /** A batch of `batchBytes` takes no more records. */
  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes;
  }

  /** Accepted and not yet durable. */
  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get first(): PendingBatch | undefined {
    return this.#batches[0];
  }

  get last(): PendingBatch | undefined {
    return this.#batches.at(-1);
  }

  holds(game: string): boolean {
    return this.#batches.some((batch) => batch.holds(game));
  }

  /** The newest records of a game in here. */
  partOf(game: string): BatchPart | undefined {
    return this.#batches.findLast((batch) => batch.holds(game))?.partOf(game);
  }

  /** Games with the first seq in here. */
  pending(): Map<string, number> {
    const pending = new Map<string, number>();
    for (const batch of this.#batches) {
      for (const { game, firstSeq } of batch.spans) if (!pending.has(game)) pending.set(game, firstSeq);
    }
    return pending;
  }

  /** Encodes a record and returns its bytes. It is in no batch until it is added, and gone when another is encoded. */
  encode(record: Record): number {
    const { last } = this;
    if (last && !last.sealed && last.bytes >= this.#batchBytes) last.seal(this.#writer.take());
    return this.#writer.write(record);
  }

  /**
   * Adds the record that was encoded last, to the part of its game. Throws SEQ_CONFLICT when it does not follow on
   * there.
   */
  add(record: Record, bytes: number): BatchPart {
    let batch = this.last;
    if (!batch || batch.sealed) {
      batch = new PendingBatch();
      this.#batches.push(batch);
    }
    const part = batch.add(record.game, record.firstSeq ?? record.seq, record.seq, bytes, record.version !== undefined);
    this.#writer.keep();
    this.#bytes += bytes;
    this.#records += 1;
    return part;
  }

  /** What the first batch sends. It takes no more records. */
  send(): Batch {
    const first = this.#batches[0] as PendingBatch;
    if (!first.sealed) first.seal(this.#writer.take());
    return first.content;
  }

  /** A sealed batch goes last; there is no open one. */
  push(batch: PendingBatch): void {
    this.#batches.push(batch);
    this.#bytes += batch.bytes;
    this.#records += batch.count;
  }

  /** The first batch is durable. */
  shift(): PendingBatch {
    const batch = this.#batches.shift() as PendingBatch;
    this.#bytes -= batch.bytes;
    this.#records -= batch.count;
    // It was sent, so it is sealed; whoever got it has copied what it keeps.
    this.#writer.giveBack(batch.content.payload);
    return batch;
  }

  /** Takes the records of a game out. None of the batches with some of them may be stored, or on its way. */
  drop(game: string, error: OrreryError): void {
    for (const batch of this.#batches) {
      if (!batch.holds(game)) continue;
      if (!batch.sealed) batch.seal(this.#writer.take());
      const { bytes, count } = batch;
      batch.drop(game, error);
      this.#bytes -= bytes - batch.bytes;
      this.#records -= count - batch.count;
    }
  }

  settle(error: OrreryError): void {
    for (const batch of this.#batches) batch.settle(error);
  }
}
