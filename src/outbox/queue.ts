// Batches on their way, oldest first, and how much is in them. outbox.ts fills it at one end and commits from the other.

import type { OrreryError } from '../errors.ts';
import type { Record } from '../patch/record.ts';
import { PendingBatch } from './batch.ts';

/** One commit should not outgrow what is comfortable to write and to hold twice. */
export const BATCH_BYTES = 4 * 1024 * 1024;

export class Queue {
  /** The first may be in flight. The last is open for records. */
  readonly #batches: PendingBatch[] = [];
  #bytes = 0;
  #records = 0;

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

  /** Games with the first seq in here. */
  pending(): Map<string, number> {
    const pending = new Map<string, number>();
    for (const batch of this.#batches) {
      for (const { game, firstSeq } of batch.spans) if (!pending.has(game)) pending.set(game, firstSeq);
    }
    return pending;
  }

  /** The batch that took the record. */
  add(record: Record, line: string): PendingBatch {
    let batch = this.last;
    if (!batch || batch.sent || batch.bytes >= BATCH_BYTES) {
      batch = new PendingBatch();
      this.#batches.push(batch);
    }
    batch.add(record.game, record.firstSeq ?? record.seq, record.seq, line);
    this.#bytes += line.length + 1;
    this.#records += 1;
    return batch;
  }

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
    return batch;
  }

  settle(error: OrreryError): void {
    for (const batch of this.#batches) batch.settle(error);
  }
}
