// Batches that are durable in the journal and not yet compacted. owner.ts puts each in as it acknowledges it, and has
// them compacted a little at a time, between commits.

import { type BatchMark, markOf } from '../../batch-mark.ts';
import type { Compaction } from '../compaction/compaction.ts';

/** A frame of the journal whose records are not in the database yet. */
export interface Uncompacted {
  readonly payload: Uint8Array;
  readonly frame: number;
  readonly chain: number;
  /** Bytes of journal written by this owner up to the end of it. */
  readonly written: number;
}

/** Bytes of records: less is compacted when more has come, or when somebody asks. */
const WORTH_COMPACTING = 64 * 1024;

export class Backlog {
  /** Of records. */
  bytes = 0;
  /** Bytes of journal written by this owner up to the end of what is compacted. */
  compacted = 0;
  readonly #compaction: Compaction;
  readonly #frames: Uncompacted[] = [];
  #taking: Generator<void, void> | undefined;
  /** What stopped compaction half-way through a frame. Nothing may be read from it or published any more. */
  #failure: unknown;

  constructor(compaction: Compaction) {
    this.#compaction = compaction;
  }

  push(frame: Uncompacted): void {
    this.#frames.push(frame);
    this.bytes += frame.payload.length;
  }

  /** Of the batch that was acknowledged last. */
  get newest(): BatchMark | undefined {
    const last = this.#frames.at(-1);
    return last ? markOf(last.payload) : this.#compaction.newestBatch;
  }

  /** Of the frame that is being compacted, or is next. */
  get firstBytes(): number {
    return this.#frames[0]?.payload.length ?? 0;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Whether a frame before this one is not wholly compacted, or a later one in part. */
  isBefore(frame: number): boolean {
    return this.#taking !== undefined || (this.#frames[0]?.frame ?? frame) < frame;
  }

  /** Takes in a little of the first frame. Throws what compaction threw, again and again. */
  compactSome(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const first = this.#frames[0] as Uncompacted;
    this.#taking ??= this.#compaction.take(first.payload, { frame: first.frame, chain: first.chain });
    try {
      if (!this.#taking.next().done) return;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#taking = undefined;
    this.#frames.shift();
    this.bytes -= first.payload.length;
    this.compacted = first.written;
  }

  compactAll(): void {
    while (!this.isEmpty) this.compactSome();
  }

  /**
   * An image says which frames it holds, and not how much of one: what was begun is taken in whole before it is
   * exported.
   */
  finishFrame(): void {
    while (this.#taking) this.compactSome();
  }

  /**
   * A little while nobody asks for anything; false when there is none worth it. A failure is for the next who needs
   * compaction.
   */
  doIdleWork(): boolean {
    if (this.bytes < WORTH_COMPACTING || this.#failure !== undefined) return false;
    try {
      this.compactSome();
    } catch {
      return false;
    }
    return true;
  }
}
