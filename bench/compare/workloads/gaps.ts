// How long the main thread stands still: short turns, and the time from each to the next.

import { performance } from 'node:perf_hooks';

/** A turn: about as much work as reading a message. */
const TURN_MICROSECONDS = 5;

/** Turns until the time is up, or until `until` has resolved; the gaps between them in microseconds. */
export function gaps(milliseconds: number, until?: Promise<unknown>): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const found: number[] = [];
    let over = false;
    until?.then(() => {
      over = true;
    }, reject);
    const end = performance.now() + milliseconds;
    let last = performance.now();
    const turn = (): void => {
      const now = performance.now();
      found.push((now - last) * 1000);
      last = now;
      if (over || now > end) {
        resolve(found);
        return;
      }
      while (performance.now() - now < TURN_MICROSECONDS / 1000);
      setImmediate(turn);
    };
    setImmediate(turn);
  });
}
