// The clock of the machine on its way into a record. Libraries replace Date.now, and what they give need not be a time:
// it is looked at here, before a command runs. Before it: Date.now; after it: the records of a game, and a pack.

import { OrreryError } from '../errors.ts';

/** The furthest moments from 1970 that a Date can be, in milliseconds. */
const MOST_MS = 8.64e15;

/**
 * Milliseconds since 1970, a whole number that a Date can be. Part of a millisecond is cut off. `clock` stands in for
 * Date.now.
 *
 * @throws OrreryError CLOCK_INVALID when the clock gives no number, one that is not finite, or a moment that no Date
 * can be.
 */
export function wallClock(clock?: () => unknown): number {
  let now: unknown;
  try {
    now = clock ? clock() : Date.now();
  } catch (cause) {
    throw invalid('threw', cause);
  }
  if (typeof now !== 'number' || !(Math.abs(now) <= MOST_MS)) throw invalid(`gave ${nameOf(now)}`);
  // Adding 0 makes 0 of -0, which JSON has no way to write.
  return Math.trunc(now) + 0;
}

/** It may be anything, also something that throws when it is made a string. */
function nameOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

function invalid(what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'CLOCK_INVALID',
    what: `the clock ${what}: Date.now() must give milliseconds since 1970, within what a Date can be`,
    hint: 'Nothing was changed. A library or a test has replaced Date.now: put the real one back, or have it give a number.',
    ...(cause === undefined ? {} : { cause }),
  });
}
