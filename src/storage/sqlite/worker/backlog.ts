// Batches that are durable in the journal and not yet digested. owner.ts puts each in as it acknowledges it, and has them digested
// a little at a time, between commits.

import { type BatchMark, markOf } from '../../batch-mark.ts';
import type { Digest } from '../compaction/compaction.ts';

/** A frame of the journal whose records are not in the database yet. */
export interface Undigested {
  readonly payload: Uint8Array;
  readonly frame: number;
  readonly chain: number;
  /** Bytes of journal written by this owner up to the end of it. */
  readonly written: number;
}

/** Bytes of records: less is digested when more has come, or when somebody asks. */
const WORTH_DIGESTING = 64 * 1024;

export class Backlog {
  /** Of records. */
  bytes = 0;
  /** Bytes of journal written by this owner up to the end of what is digested. */
  digested = 0;
  readonly #digest: Digest;
  readonly #frames: Undigested[] = [];
  #taking: Generator<void, void> | undefined;
  /** What stopped the digest half-way through a frame. Nothing may be read from it or published any more. */
  #failure: unknown;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  push(frame: Undigested): void {
    this.#frames.push(frame);
    this.bytes += frame.payload.length;
  }

  /** Of the batch that was acknowledged last. */
  get newest(): BatchMark | undefined {
    const last = this.#frames.at(-1);
    return last ? markOf(last.payload) : this.#digest.newestBatch;
  }

  /** Of the frame that is being digested, or is next. */
  get firstBytes(): number {
    return this.#frames[0]?.payload.length ?? 0;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Whether a frame before this one is not wholly digested, or a later one in part. */
  isBefore(frame: number): boolean {
    return this.#taking !== undefined || (this.#frames[0]?.frame ?? frame) < frame;
  }

  /** Takes in a little of the first frame. Throws what the digest threw, again and again. */
  digestSome(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const first = this.#frames[0] as Undigested;
    this.#taking ??= this.#digest.take(first.payload, { frame: first.frame, chain: first.chain });
    try {
      if (!this.#taking.next().done) return;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#taking = undefined;
    this.#frames.shift();
    this.bytes -= first.payload.length;
    this.digested = first.written;
  }

  digestAll(): void {
    while (!this.isEmpty) this.digestSome();
  }

  /** An image says which frames it holds, and not how much of one: what was begun is taken in whole before it is exported. */
  finishFrame(): void {
    while (this.#taking) this.digestSome();
  }

  /** A little while nobody asks for anything; false when there is none worth it. A failure is for the next who needs the digest. */
  meanwhile(): boolean {
    if (this.bytes < WORTH_DIGESTING || this.#failure !== undefined) return false;
    try {
      this.digestSome();
    } catch {
      return false;
    }
    return true;
  }
}
