// When the first batch of a queue leaves: at once, or, with 'relaxed' durability, after a while in which others can
// join it. commit-queue.ts asks whenever it chooses what the store does next.

import type { PendingBatch } from './batch.ts';

export interface DepartureOptions {
  readonly durability: 'group' | 'strict' | 'relaxed';
  readonly coalescingDelayMs: number;
  readonly batchBytes: number;
}

export class Departure {
  readonly #options: DepartureOptions;
  /** The delay of the first batch has ended. */
  readonly #over: () => void;
  /** The batch up to which everything leaves without delay. */
  #urgent: PendingBatch | undefined;
  #delay: NodeJS.Timeout | undefined;

  constructor(options: DepartureOptions, over: () => void) {
    this.#options = options;
    this.#over = over;
  }

  /** How long a batch waits that nobody hurries, in milliseconds. */
  get longestDelayMs(): number {
    return this.#options.durability === 'relaxed' ? this.#options.coalescingDelayMs : 0;
  }

  /** Everything up to this batch leaves without delay. */
  sendNow(last: PendingBatch): void {
    this.#urgent = last;
  }

  isDue(first: PendingBatch): boolean {
    const { durability, coalescingDelayMs, batchBytes } = this.#options;
    if (durability !== 'relaxed' || this.#urgent || first.bytes >= batchBytes) return true;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      this.#over();
    }, coalescingDelayMs);
    return false;
  }

  /** The first batch has left, and the next has a delay of its own. */
  left(batch: PendingBatch): void {
    if (batch === this.#urgent) this.#urgent = undefined;
    this.stop();
  }

  stop(): void {
    clearTimeout(this.#delay);
    this.#delay = undefined;
  }
}
