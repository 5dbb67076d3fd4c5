// Whether a store that runs out of memory again and again is worth another try. Every new thread replays the same
// journal: what the one before could not hold, the next one cannot either. Before it: commit-queue.ts, with every
// failure of the store.

import type { OrreryError } from '../core/errors.ts';
import { isOutOfMemory } from '../core/errors.ts';

/** In a row, without a batch that became durable in between. */
const MOST = 4;

export class MemoryDeaths {
  #inARow = 0;

  /** True when there is no use in another try. */
  isLast(error: OrreryError): boolean {
    if (!isOutOfMemory(error)) return false;
    this.#inARow += 1;
    return this.#inARow >= MOST;
  }

  survived(): void {
    this.#inARow = 0;
  }
}
