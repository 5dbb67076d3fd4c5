// What the store of a shard says of itself, for metrics: the newest numbers if it answers soon, else the last ones that
// are known. A disk that does not answer must not keep the numbers back that tell of it.

import type { OrreryError } from '../core/errors.ts';
import type { StoreStats } from '../storage/store.ts';
import { soon } from './failures.ts';

export interface KnownStats {
  /** Undefined when the store has never answered. */
  readonly stats: StoreStats | undefined;
  /**
   * How old they are, in milliseconds: 0 when the store has just answered; else since its answer, or since the shard
   * was opened.
   */
  readonly ageMs: number;
}

/** How long an answer is waited for, in milliseconds. */
const PATIENCE_MS = 1_000;

export class Figures {
  #stats: StoreStats | undefined;
  #knownAt = performance.now();
  #answers = 0;
  /** One question at a time, however often somebody asks. */
  #asking: Promise<void> | undefined;

  /** `isStalled`: the store is known not to answer. Throws CLOSED. */
  async read(ask: () => Promise<StoreStats>, isStalled: boolean): Promise<KnownStats> {
    const answers = this.#answers;
    this.#asking ??= this.#ask(ask);
    // Somebody else may be waiting for it alone.
    this.#asking.catch(() => undefined);
    if (!isStalled) await soon(this.#asking, PATIENCE_MS);
    return { stats: this.#stats, ageMs: this.#answers > answers ? 0 : performance.now() - this.#knownAt };
  }

  async #ask(ask: () => Promise<StoreStats>): Promise<void> {
    try {
      this.#stats = await ask();
      this.#knownAt = performance.now();
      this.#answers += 1;
    } catch (error) {
      // What stopped the shard is told by its health: the numbers are what they were.
      if ((error as OrreryError).code === 'CLOSED') throw error;
    } finally {
      this.#asking = undefined;
    }
  }
}
