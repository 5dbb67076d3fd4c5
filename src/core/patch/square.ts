// Squares of an alignment: parts of a list that are as long as before although elements came and went inside. On a
// fixed board [X, -, -, -] becomes [X, X, -, O], and the runs tell that one cell came, one changed and one went. Before
// it: alignment.ts, which found the runs. After it: capture.ts, which writes changes in place when they are no longer.

import type { Run } from './alignment.ts';
import { equal } from './equal.ts';
import type { JsonArray } from './patch.ts';
import { isLight } from './weight.ts';

/**
 * `base[base .. base + length)` became `next[next .. next + length)`, and in place it takes no more patches than the
 * runs do.
 */
export interface Square extends Run {
  /** The run before which it begins, and the one before which it ends. The end of both lists counts as a run. */
  readonly first: number;
  readonly last: number;
  /** Offsets of the elements that differ, ascending. */
  readonly different: readonly number[];
  /** Whether in place is no longer, whatever the runs would come to. */
  readonly isShort: boolean;
}

/** A square is not followed over more runs than this. */
const MOST_RUNS = 64;
const NONE: readonly Square[] = [];

/** Ascending and without overlap. */
export function squaresIn(runs: readonly Run[], base: JsonArray, next: readonly unknown[]): readonly Square[] {
  let squares: Square[] | undefined;
  const lastShift = next.length - base.length;
  const shiftBefore = (at: number): number => (at === runs.length ? lastShift : runs[at]!.next - runs[at]!.base);
  let shift = 0;
  for (let first = 0; first <= runs.length; first++) {
    const before = shift;
    shift = shiftBefore(first);
    if (shift === before) continue;
    const end = Math.min(runs.length, first + MOST_RUNS);
    let last = first + 1;
    while (last <= end && shiftBefore(last) !== before) last++;
    if (last > end) continue;
    const square = squareOf(runs, first, last, base, next);
    if (square) {
      squares ??= [];
      squares.push(square);
    }
    first = last;
    shift = before;
  }
  return squares ?? NONE;
}

/** Undefined when more differs than the runs leave to write. */
function squareOf(
  runs: readonly Run[],
  first: number,
  last: number,
  base: JsonArray,
  next: readonly unknown[],
): Square | undefined {
  const before = runs[first - 1];
  const from = before ? before.base + before.length : 0;
  const shift = before ? before.next - before.base : 0;
  let most = 0;
  let baseAt = from;
  let nextAt = from + shift;
  for (let at = first; at <= last; at++) {
    const run = runs[at] ?? { base: base.length, next: next.length, length: 0 };
    most += Math.max(run.base - baseAt, run.next - nextAt);
    baseAt = at === last ? run.base : run.base + run.length;
    nextAt = run.next + run.length;
  }
  const different: number[] = [];
  let isShort = true;
  for (let at = from; at < baseAt; at++) {
    const element = next[at + shift];
    if (equal(base[at]!, element)) continue;
    if (different.length === most) return undefined;
    different.push(at - from);
    isShort &&= isLight(element);
  }
  return { base: from, next: from + shift, length: baseAt - from, first, last, different, isShort };
}
