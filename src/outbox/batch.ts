// Records on their way to one commit, and the promise that everybody who waits for them shares.

import type { OrreryError } from '../errors.ts';
import type { Receipt } from '../game/game.ts';
import type { Batch, Span } from '../store/store.ts';

const encoder = new TextEncoder();

export class PendingBatch {
  readonly #lines: string[] = [];
  readonly #spans = new Map<string, { readonly game: string; readonly firstSeq: number; lastSeq: number }>();
  #bytes = 0;
  #sent = false;
  #settled: { readonly error: OrreryError | undefined } | undefined;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: OrreryError) => void) | undefined;

  /** In UTF-16 code units, which is bytes for ASCII: close enough to bound a queue, and free. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#lines.length;
  }

  get spans(): readonly Span[] {
    return [...this.#spans.values()];
  }

  holds(game: string): boolean {
    return this.#spans.has(game);
  }

  add(game: string, firstSeq: number, lastSeq: number, line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length + 1;
    const span = this.#spans.get(game);
    if (span) span.lastSeq = lastSeq;
    else this.#spans.set(game, { game, firstSeq, lastSeq });
  }

  /** Once it was sent a batch takes no more records: sent again, it must be the same batch. */
  get sent(): boolean {
    return this.#sent;
  }

  encode(): Batch {
    this.#sent = true;
    return { payload: encoder.encode(`${this.#lines.join('\n')}\n`), count: this.#lines.length, spans: this.spans };
  }

  /** Resolves when every record in here is durable. One promise for all who ask, made when the first does. */
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
    return this.#promise;
  }

  /** Receipts keep their batch: what it held must not stay in memory with them. */
  settle(error?: OrreryError): void {
    this.#settled = { error };
    this.#lines.length = 0;
    this.#spans.clear();
    if (error) this.#reject?.(error);
    else this.#resolve?.();
  }
}

export class BatchReceipt implements Receipt {
  readonly seq: number;
  readonly tick: number;
  readonly #batch: PendingBatch;

  constructor(seq: number, tick: number, batch: PendingBatch) {
    this.seq = seq;
    this.tick = tick;
    this.#batch = batch;
  }

  get durable(): Promise<void> {
    return this.#batch.durable;
  }
}
