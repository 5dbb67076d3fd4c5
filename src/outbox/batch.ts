// Records on their way to one commit, and the promise that everybody who waits for them shares.

import type { OrreryError } from '../errors.ts';
import type { Receipt } from '../game/recording.ts';
import type { Batch, Span } from '../store/store.ts';

export class PendingBatch {
  /** What is sent. Until then its records are in the queue's writer. */
  #payload: Uint8Array | undefined;
  #count = 0;
  #acceptedAt = 0;
  readonly #spans = new Map<string, { readonly game: string; readonly firstSeq: number; lastSeq: number }>();
  #bytes = 0;
  #settled: { readonly error: OrreryError | undefined } | undefined;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: OrreryError) => void) | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  /** When its first record was added, by performance.now(). */
  get acceptedAt(): number {
    return this.#acceptedAt;
  }

  get count(): number {
    return this.#count;
  }

  get spans(): readonly Span[] {
    return [...this.#spans.values()];
  }

  holds(game: string): boolean {
    return this.#spans.has(game);
  }

  /** A record of so many bytes belongs to this batch. */
  add(game: string, firstSeq: number, lastSeq: number, bytes: number): void {
    if (this.#count === 0) this.#acceptedAt = performance.now();
    this.#count += 1;
    this.#bytes += bytes;
    const span = this.#spans.get(game);
    if (span) span.lastSeq = lastSeq;
    else this.#spans.set(game, { game, firstSeq, lastSeq });
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

  /** Resolves when every record in here is durable: one promise for all receipts. */
  get durable(): Promise<void> {
    if (this.#promise) return this.#promise;
    if (this.#settled) {
      this.#promise = this.#settled.error ? Promise.reject(this.#settled.error) : Promise.resolve();
    } else {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    // Each receipt has it, and most are not looked at: a failure is told to those who wait, and by the orrery's events.
    this.#promise.catch(() => undefined);
    return this.#promise;
  }

  get isSettled(): boolean {
    return this.#settled !== undefined;
  }

  /** Whoever keeps a batch that is done must not keep what it held. */
  settle(error?: OrreryError): void {
    this.#settled = { error };
    this.#payload = undefined;
    this.#spans.clear();
    if (error) this.#reject?.(error);
    else this.#resolve?.();
  }
}

export class BatchReceipt implements Receipt {
  readonly seq: number;
  readonly tick: number;
  /** A property of its own: a getter of the class would be lost in `{ ...receipt }`, and awaiting nothing succeeds at once. */
  readonly durable: Promise<void>;

  constructor(seq: number, tick: number, batch: PendingBatch) {
    this.seq = seq;
    this.tick = tick;
    this.durable = batch.durable;
  }
}
