// Tells a log once of what fails over and over, such as a tick at 20 Hz, and then only how often. engine.ts asks before
// it logs.

import { reason } from '../core/errors.ts';

/** Failures that are told apart at a time. The one that came first is forgotten for another. */
const MOST = 256;

export class Repeats {
  /** How often each has come. */
  readonly #times = new Map<string, number>();

  /**
   * How often a failure has come, now included, if that is to be told: the first time, the tenth, the hundredth and so
   * on.
   */
  count(where: string, error: unknown): number | undefined {
    const which = `${where}\n${kindOf(error)}`;
    const times = (this.#times.get(which) ?? 0) + 1;
    if (times === 1 && this.#times.size >= MOST) this.#times.delete(this.#times.keys().next().value as string);
    this.#times.set(which, times);
    return isPowerOfTen(times) ? times : undefined;
  }
}

/** Messages that differ by a number are of the same failure. */
function kindOf(error: unknown): string {
  try {
    return reason(error).replaceAll(/\d+/g, '#').slice(0, 512);
  } catch {
    return 'something that has no text';
  }
}

function isPowerOfTen(times: number): boolean {
  let left = times;
  while (left % 10 === 0) left /= 10;
  return left === 1;
}
