// Steps held back so that ticks pass at a rate. Before it: replay with --speed; after it: the clock.

import { setTimeout as delay } from 'node:timers/promises';

export interface PaceClock {
  /** Milliseconds from any beginning. */
  now(): number;
  wait(ms: number): Promise<unknown>;
}

const CLOCK: PaceClock = { now: () => performance.now(), wait: (ms) => delay(ms) };

/** Timers of Node end at once beyond 2^31 ms. */
const LONGEST_WAIT_MS = 60_000;

export class Pace {
  readonly #speed: number;
  readonly #beforeWaiting: () => Promise<void>;
  readonly #clock: PaceClock;
  #latest = 0;
  #begun: { readonly tick: number; readonly at: number } | undefined;

  /**
   * `beforeWaiting` shows what is there: whoever watches sees a step when its time has come, not when a chunk is full.
   */
  constructor(ticksPerSecond: number, beforeWaiting: () => Promise<void>, clock: PaceClock = CLOCK) {
    this.#speed = ticksPerSecond;
    this.#beforeWaiting = beforeWaiting;
    this.#clock = clock;
  }

  /** Waits until it is time for this tick. The first one asked for is at once. */
  async until(tick: number): Promise<void> {
    // After a recovery the ticks begin again at an earlier one.
    if (!this.#begun || tick < this.#latest) this.#begun = { tick, at: this.#clock.now() };
    this.#latest = tick;
    const due = this.#begun.at + ((tick - this.#begun.tick) / this.#speed) * 1000;
    if (due > this.#clock.now()) await this.#beforeWaiting();
    for (let left = due - this.#clock.now(); left > 0; left = due - this.#clock.now()) {
      await this.#clock.wait(Math.min(left, LONGEST_WAIT_MS));
    }
  }
}
