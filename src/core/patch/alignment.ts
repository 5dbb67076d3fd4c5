// Which elements of two lists are the same, in order. capture.ts turns what lies between into patches.
//
// First what the two have in common at both ends, which is all there is to do for a push, a pop, a shift or one splice.
// Then, in the middle, Myers' greedy search for a handful of edits; then changes in place; then Myers again with more
// edits; then anchors (a long overlap, as queues have, or elements that occur once on both sides, the idea of patience
// diff), and Myers between them. Each step has a bound. What is still unmatched stays so: the shortest script is not
// promised.

import { anchors } from './anchors.ts';
import { equal } from './equal.ts';
import { fingerprint } from './fingerprint.ts';
import type { JsonArray } from './patch.ts';
import { isContainer } from './plain.ts';

/** `base[base .. base + length)` equals `next[next .. next + length)`. */
export interface Run {
  readonly base: number;
  readonly next: number;
  length: number;
}

/** Half-open ranges of both lists. */
interface Window {
  readonly baseFrom: number;
  readonly baseTo: number;
  readonly nextFrom: number;
  readonly nextTo: number;
}

type Same = (base: number, next: number) => boolean;

/** Up to this many edits are looked for before elements are fingerprinted. */
const FEW_EDITS = 8;
/**
 * Lists not longer than this, both together, are fingerprinted and searched at once: they cost less than a look at
 * them.
 */
const SHORT = 64;
/** Identical elements are followed over this many gaps, each at most this long. */
const MOST_GAPS = 64;
const LONGEST_GAP = 16;
/** Up to this many elements that differ from those at the same index are taken for changes in place. */
const FEW_CHANGES = 64;
/**
 * Up to `MANY_EDITS + 2 * sqrt(length)` between anchors: the square of it, the work, stays within a few list lengths.
 */
const MANY_EDITS = 32;

/** Runs of equal elements, ascending on both sides and without overlap. The first `head` are known to be equal. */
export function align(base: JsonArray, next: readonly unknown[], head: number): Run[] {
  const runs: Run[] = [];
  addRun(runs, 0, 0, head);
  const same: Same = (b, n) => equal(base[b]!, next[n]);
  const rest = { baseFrom: head, baseTo: base.length, nextFrom: head, nextTo: next.length };
  const middle = matchEnds(rest, same, runs);
  if (isOpen(middle)) alignMiddle(base, next, middle, same, runs);
  addRun(runs, middle.baseTo, middle.nextTo, base.length - middle.baseTo);
  return runs;
}

function alignMiddle(base: JsonArray, next: readonly unknown[], window: Window, same: Same, runs: Run[]): void {
  const width = window.baseTo - window.baseFrom;
  const height = window.nextTo - window.nextFrom;
  if (width === 1 && height === 1) return;
  if (width + height <= SHORT) {
    alignFewEdits(window, width + height, printed(base, next, window).same, runs);
    return;
  }
  if (alignIdentical(base, next, window, runs)) return;
  const identical: Same = (b, n) => base[b] === next[n] && typeof base[b] === 'object';
  if (alignLockstep(window, width >> 1, identical, runs)) return;
  if (alignFewEdits(window, FEW_EDITS, same, runs)) return;
  if (alignLockstep(window, FEW_CHANGES, same, runs)) return;
  alignAnchors(base, next, window, runs);
}

function isOpen(window: Window): boolean {
  return window.baseFrom < window.baseTo && window.nextFrom < window.nextTo;
}

function addRun(runs: Run[], base: number, next: number, length: number): void {
  if (length === 0) return;
  const last = runs.at(-1);
  if (last && last.base + last.length === base && last.next + last.length === next) last.length += length;
  else runs.push({ base, next, length });
}

/**
 * Adds the run at the start and returns what is left without the equal end, which the caller adds when it gets there.
 */
function matchEnds(window: Window, same: Same, runs: Run[]): Window {
  let { baseFrom, baseTo, nextFrom, nextTo } = window;
  while (baseFrom < baseTo && nextFrom < nextTo && same(baseFrom, nextFrom)) {
    baseFrom++;
    nextFrom++;
  }
  addRun(runs, window.baseFrom, window.nextFrom, baseFrom - window.baseFrom);
  while (baseFrom < baseTo && nextFrom < nextTo && same(baseTo - 1, nextTo - 1)) {
    baseTo--;
    nextTo--;
  }
  return { baseFrom, baseTo, nextFrom, nextTo };
}

/**
 * Follows elements that are the very same objects, as all but a few are when a command has worked on a list: over
 * elements that were taken out, put in or replaced, a few at a time. Nothing is compared but identity, so this costs a
 * fraction of the searches below. False, and no runs, when it loses track or an element is no object.
 */
function alignIdentical(base: JsonArray, next: readonly unknown[], window: Window, runs: Run[]): boolean {
  const found: Run[] = [];
  let { baseFrom: b, nextFrom: n } = window;
  for (let gaps = 0; b < window.baseTo && n < window.nextTo; gaps++) {
    const began = b;
    while (b < window.baseTo && n < window.nextTo && base[b] === next[n] && isContainer(next[n])) {
      b++;
      n++;
    }
    addRun(found, began, n - (b - began), b - began);
    if (b === window.baseTo || n === window.nextTo) break;
    const gap = gaps < MOST_GAPS ? identicalAfter(base, b, window.baseTo, next, n, window.nextTo) : undefined;
    if (!gap) return false;
    b += gap.taken;
    n += gap.put;
  }
  for (const run of found) addRun(runs, run.base, run.next, run.length);
  return found.length > 0;
}

/** How few elements of both lists have to be passed over to come to one that is in both. */
function identicalAfter(
  base: JsonArray,
  b: number,
  baseTo: number,
  next: readonly unknown[],
  n: number,
  nextTo: number,
): { readonly taken: number; readonly put: number } | undefined {
  for (let passed = 1; passed <= LONGEST_GAP; passed++) {
    if (b + passed < baseTo && base[b + passed] === next[n] && isContainer(next[n])) return { taken: passed, put: 0 };
    if (n + passed < nextTo && base[b] === next[n + passed] && isContainer(base[b])) return { taken: 0, put: passed };
    if (b + passed < baseTo && n + passed < nextTo) {
      const after = next[n + passed];
      if (base[b + passed] === after && isContainer(after)) return { taken: passed, put: passed };
    }
  }
  return undefined;
}

/** Changes in place: as many elements as before, and no more than `limit` differ from the one at the same index. */
function alignLockstep(window: Window, limit: number, same: Same, runs: Run[]): boolean {
  const { baseFrom, baseTo, nextFrom, nextTo } = window;
  const length = baseTo - baseFrom;
  if (length !== nextTo - nextFrom) return false;
  const found: Run[] = [];
  let different = 0;
  for (let index = 0; index < length; index++) {
    if (same(baseFrom + index, nextFrom + index)) addRun(found, baseFrom + index, nextFrom + index, 1);
    else if (++different > limit) return false;
  }
  for (const run of found) addRun(runs, run.base, run.next, run.length);
  return true;
}

/**
 * Myers, "An O(ND) Difference Algorithm" (1986), greedy and forward. False, and no runs, when it takes more than
 * `limit`.
 */
function alignFewEdits(window: Window, limit: number, same: Same, runs: Run[]): boolean {
  const { baseFrom, nextFrom } = window;
  const width = window.baseTo - baseFrom;
  const height = window.nextTo - nextFrom;
  const target = width - height;
  if (Math.abs(target) > limit) return false;
  const origin = limit + 1;
  // reach[origin + k]: how far along base the best way on diagonal k (base index minus next index) has come.
  const reach = new Int32Array(2 * limit + 3);
  const history: Int32Array[] = [];
  let low = 0;
  let high = 0;
  for (let edits = 0; edits <= limit; edits++) {
    history.push(reach.slice(origin - edits - 1, origin + edits + 2));
    for (let k = low - edits; k <= edits - high; k += 2) {
      let x = goesDown(reach, origin + k, k, edits) ? reach[origin + k + 1]! : reach[origin + k - 1]! + 1;
      let y = x - k;
      while (x < width && y < height && same(baseFrom + x, nextFrom + y)) {
        x++;
        y++;
      }
      reach[origin + k] = x;
      // Diagonals that have left the square are dropped, from the outside inwards.
      if (x > width) high += 2;
      else if (y > height) low += 2;
      else if (x === width && y === height) {
        trace(history, window, runs);
        return true;
      }
    }
  }
  return false;
}

/** Whether the best way onto diagonal k is an insertion (down from k + 1) and not a deletion (right from k - 1). */
function goesDown(reach: Int32Array, at: number, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && reach[at - 1]! < reach[at + 1]!);
}

function trace(history: readonly Int32Array[], window: Window, runs: Run[]): void {
  const found: Run[] = [];
  let x = window.baseTo - window.baseFrom;
  let y = window.nextTo - window.nextFrom;
  for (let edits = history.length - 1; edits > 0; edits--) {
    const reach = history[edits]!;
    const k = x - y;
    const at = edits + 1 + k;
    const down = goesDown(reach, at, k, edits);
    const fromX = down ? reach[at + 1]! : reach[at - 1]!;
    const startX = down ? fromX : fromX + 1;
    found.push({ base: startX, next: startX - k, length: x - startX });
    x = fromX;
    y = down ? fromX - k - 1 : fromX - k + 1;
  }
  found.push({ base: 0, next: 0, length: x });
  for (const run of found.reverse()) addRun(runs, window.baseFrom + run.base, window.nextFrom + run.next, run.length);
}

/** Fingerprints of both sides of a window, and equality that asks them first. */
function printed(
  base: JsonArray,
  next: readonly unknown[],
  { baseFrom, baseTo, nextFrom, nextTo }: Window,
): { before: Int32Array; after: Int32Array; same: Same } {
  const before = prints(base, baseFrom, baseTo);
  const after = prints(next, nextFrom, nextTo);
  const same: Same = (b, n) => before[b - baseFrom] === after[n - nextFrom] && equal(base[b]!, next[n]);
  return { before, after, same };
}

function alignAnchors(base: JsonArray, next: readonly unknown[], window: Window, runs: Run[]): void {
  const { baseFrom, baseTo, nextFrom, nextTo } = window;
  const { before, after, same } = printed(base, next, window);
  if (alignFewEdits(window, manyEdits(window), same, runs)) return;
  let from = { base: baseFrom, next: nextFrom };
  const gapBefore = (toBase: number, toNext: number): void => {
    alignGap({ baseFrom: from.base, baseTo: toBase, nextFrom: from.next, nextTo: toNext }, same, runs);
    addRun(runs, toBase, toNext, 1);
    from = { base: toBase + 1, next: toNext + 1 };
  };
  for (const [b, n] of anchors(before, after)) {
    // Fingerprints can coincide.
    if (same(baseFrom + b, nextFrom + n)) gapBefore(baseFrom + b, nextFrom + n);
  }
  alignGap({ baseFrom: from.base, baseTo, nextFrom: from.next, nextTo }, same, runs);
}

function alignGap(gap: Window, same: Same, runs: Run[]): void {
  if (!isOpen(gap)) return;
  const middle = matchEnds(gap, same, runs);
  if (isOpen(middle)) alignFewEdits(middle, manyEdits(middle), same, runs);
  addRun(runs, middle.baseTo, middle.nextTo, gap.baseTo - middle.baseTo);
}

function manyEdits({ baseFrom, baseTo, nextFrom, nextTo }: Window): number {
  const length = baseTo - baseFrom + nextTo - nextFrom;
  return Math.min(length, MANY_EDITS + Math.floor(2 * Math.sqrt(length)));
}

function prints(list: readonly unknown[], from: number, to: number): Int32Array {
  const result = new Int32Array(to - from);
  for (let index = from; index < to; index++) result[index - from] = fingerprint(list[index]);
  return result;
}
