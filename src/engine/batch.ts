// Records on their way to one commit, and the promises of those who wait for them: one for each game in a batch,
// because a game can fail alone, and one for the batch.

import type { OrreryError } from '../core/errors.ts';
import type { Receipt } from '../core/game/recording.ts';
import type { Batch, Span } from '../storage/store.ts';
import { misplaced } from './failures.ts';

const LINE_FEED = 0x0a;

/**
 * How long whoever creates a game waits at most for others that are being opened, in milliseconds: some hundreds of
 * them.
 */
const PATIENCE_MS = 50;

/** Whether something has become durable, as one promise for all who ask, made when the first does. */
class Outcome {
  #settled: { readonly error: OrreryError | undefined } | undefined;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: OrreryError) => void) | undefined;

  /** Resolves when every record in here is durable. */
  get durable(): Promise<void> {
    if (this.#promise) return this.#promise;
    if (this.#settled) {
      this.#promise = this.#settled.error ? Promise.reject(this.#settled.error) : Promise.resolve();
      heed(this.#promise);
    } else {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    return this.#promise;
  }

  get isSettled(): boolean {
    return this.#settled !== undefined;
  }

  settle(error?: OrreryError): void {
    this.#settled = { error };
    if (error && this.#promise) {
      heed(this.#promise);
      this.#reject?.(error);
    } else this.#resolve?.();
  }
}

/**
 * Each receipt has the promise, and most are not looked at: a failure is told to those who wait, and by the orrery's
 * events.
 */
function heed(promise: Promise<void>): void {
  promise.catch(() => undefined);
}

/** The records of one game in a batch. What goes to the store is its public fields. */
export class BatchPart extends Outcome implements Span {
  readonly game: string;
  readonly firstSeq: number;
  lastSeq: number;

  constructor(game: string, firstSeq: number, lastSeq: number) {
    super();
    this.game = game;
    this.firstSeq = firstSeq;
    this.lastSeq = lastSeq;
  }
}

export class PendingBatch extends Outcome {
  /** By performance.now(). */
  readonly acceptedAt = performance.now();
  /** What is sent. Until then its records are in the queue's writer. */
  #payload: Uint8Array | undefined;
  #count = 0;
  #isPatient = true;
  readonly #parts = new Map<string, BatchPart>();
  #bytes = 0;
  /** Why a game is no longer in here. */
  #dropped: OrreryError | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Nobody but who creates a game waits for it, and not for long yet: others may join it. */
  get waitsForMore(): boolean {
    return this.#isPatient && !this.sealed && performance.now() - this.acceptedAt < PATIENCE_MS;
  }

  /** Every game in it has been dropped. */
  get isEmpty(): boolean {
    return this.sealed && this.#parts.size === 0;
  }

  get spans(): readonly Span[] {
    return [...this.#parts.values()];
  }

  holds(game: string): boolean {
    return this.#parts.has(game);
  }

  partOf(game: string): BatchPart | undefined {
    return this.#parts.get(game);
  }

  /** Room for one record that will be sent for all seqs of a game from one on. */
  reserve(game: string, firstSeq: number): BatchPart {
    const part = new BatchPart(game, firstSeq, firstSeq);
    this.#parts.set(game, part);
    return part;
  }

  /** That record; nothing else is in here. */
  fulfil(part: BatchPart, lastSeq: number, payload: Uint8Array): void {
    part.lastSeq = lastSeq;
    this.#count = 1;
    this.#bytes = payload.length;
    this.seal(payload);
  }

  /**
   * A record of so many bytes belongs to this batch. Throws SEQ_CONFLICT when it is not the next of its game; then it
   * does not. `isWhole` is one that carries a whole state.
   */
  add(game: string, firstSeq: number, lastSeq: number, bytes: number, isWhole = false): BatchPart {
    let part = this.#parts.get(game);
    if (!part) {
      part = new BatchPart(game, firstSeq, lastSeq);
      this.#parts.set(game, part);
    } else if (firstSeq === part.lastSeq + 1) part.lastSeq = lastSeq;
    else throw misplaced(game, firstSeq, part.lastSeq + 1);
    this.#count += 1;
    this.#bytes += bytes;
    if (!isWhole) this.#isPatient = false;
    return part;
  }

  /** A sealed batch takes no more records: sent again, it must be the same batch. */
  get sealed(): boolean {
    return this.#payload !== undefined;
  }

  seal(payload: Uint8Array): void {
    this.#payload = payload;
  }

  /** Of a sealed batch, what goes to the store. */
  get content(): Batch {
    return { payload: this.#payload as Uint8Array, count: this.#count, spans: this.spans };
  }

  /** Takes the records of a game out of a sealed batch, which is a new batch then: nothing of it may be stored. */
  drop(game: string, error: OrreryError): void {
    const part = this.#parts.get(game);
    if (!part) return;
    this.#parts.delete(game);
    this.#dropped ??= error;
    const payload = this.#payload as Uint8Array;
    // Every record begins with its game: see docs/FORMAT.md.
    const head = Buffer.from(`{"g":${JSON.stringify(game)},`, 'utf8');
    let kept = 0;
    for (let start = 0; start < payload.length; ) {
      const end = payload.indexOf(LINE_FEED, start) + 1;
      if (head.equals(payload.subarray(start, start + head.length))) this.#count -= 1;
      else {
        payload.copyWithin(kept, start, end);
        kept += end - start;
      }
      start = end;
    }
    this.#bytes = kept;
    this.#payload = payload.subarray(0, kept);
    part.settle(error);
  }

  /** Whoever keeps a batch that is done must not keep what it held. */
  override settle(error?: OrreryError): void {
    for (const part of this.#parts.values()) part.settle(error);
    this.#payload = undefined;
    this.#parts.clear();
    super.settle(error ?? this.#dropped);
  }
}

export class BatchReceipt implements Receipt {
  readonly seq: number;
  readonly tick: number;
  /**
   * A property of its own: a getter of the class would be lost in `{ ...receipt }`, and awaiting nothing succeeds at
   * once.
   */
  readonly durable: Promise<void>;

  constructor(seq: number, tick: number, part: BatchPart) {
    this.seq = seq;
    this.tick = tick;
    this.durable = part.durable;
  }
}
