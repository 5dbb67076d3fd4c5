// How long the game loop was busy: the time in which the event loop of the main thread was not waiting for anything. It
// holds everything that a way of persisting costs the loop, wherever it does it: in the call, in a callback, in a
// promise.

import { performance } from 'node:perf_hooks';

export class LoopTime {
  readonly #before = performance.eventLoopUtilization();

  /** Since this was made, in microseconds. */
  get busyMicroseconds(): number {
    return performance.eventLoopUtilization(this.#before).active * 1000;
  }
}
