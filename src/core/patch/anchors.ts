// Elements of two long lists that are taken for the same before anything is known of those between them. alignment.ts
// asks for them, with the fingerprints of the elements, checks each and searches the gaps.

/** An index into each list. */
export type Pair = readonly [base: number, next: number];

/** Lists of few different elements have no unique ones, but they have unique sequences of this many. */
const SEQUENCE = 32;

/** Pairs of indices with equal fingerprints, ascending on both sides: of three ways to find some, those of the best. */
export function anchors(before: Int32Array, after: Int32Array): Pair[] {
  const queue = overlapping(before, after);
  if (queue.length * 4 > Math.min(before.length, after.length) * 3) return queue;
  const single = longestAscending(uniquePairs(before, after));
  let best = single.length > queue.length ? single : queue;
  const different = new Set(before).size;
  if (different * 2 > before.length) return best;
  const sequences = longestAscending(uniquePairs(sequencePrints(before), sequencePrints(after)));
  if (sequences.length > best.length) best = sequences;
  return best;
}

/** A queue: the end of one list is the beginning of the other, whatever repeats inside. */
function overlapping(before: Int32Array, after: Int32Array): Pair[] {
  const shifted = overlap(before, after);
  const unshifted = overlap(after, before);
  const length = Math.max(shifted, unshifted);
  const base = length === shifted ? before.length - length : 0;
  const next = length === shifted ? 0 : after.length - length;
  return Array.from({ length }, (_, index) => [base + index, next + index]);
}

/**
 * How long the longest end of `some` is that is a beginning of `other` (by the failure function of Knuth, Morris,
 * Pratt).
 */
function overlap(some: Int32Array, other: Int32Array): number {
  const fallback = new Int32Array(other.length);
  for (let index = 1, length = 0; index < other.length; index++) {
    while (length > 0 && other[index] !== other[length]) length = fallback[length - 1]!;
    if (other[index] === other[length]) length++;
    fallback[index] = length;
  }
  let length = 0;
  for (let index = 0; index < some.length; index++) {
    while (length > 0 && (length === other.length || some[index] !== other[length])) length = fallback[length - 1]!;
    if (some[index] === other[length]) length++;
  }
  return length;
}

/** The fingerprint of the elements from each index on, SEQUENCE of them. */
function sequencePrints(prints: Int32Array): Int32Array {
  const result = new Int32Array(Math.max(0, prints.length - SEQUENCE + 1));
  let top = 1;
  for (let index = 1; index < SEQUENCE; index++) top = Math.imul(top, 31);
  let rolling = 0;
  for (let index = 0; index < prints.length; index++) {
    if (index >= SEQUENCE) rolling = (rolling - Math.imul(prints[index - SEQUENCE]!, top)) | 0;
    rolling = (Math.imul(rolling, 31) + prints[index]!) | 0;
    if (index >= SEQUENCE - 1) result[index - SEQUENCE + 1] = rolling;
  }
  return result;
}

function uniquePairs(before: Int32Array, after: Int32Array): Pair[] {
  const inBase = uniqueIndices(before);
  const inNext = uniqueIndices(after);
  const pairs: Pair[] = [];
  for (const [value, base] of inBase) {
    const next = base < 0 ? undefined : inNext.get(value);
    if (next !== undefined && next >= 0) pairs.push([base, next]);
  }
  return pairs;
}

/** The index of each fingerprint, or -1 when it occurs more than once; in the order of first occurrence. */
function uniqueIndices(prints: Int32Array): Map<number, number> {
  const indices = new Map<number, number>();
  for (let index = 0; index < prints.length; index++) {
    const value = prints[index]!;
    indices.set(value, indices.has(value) ? -1 : index);
  }
  return indices;
}

/** The longest subsequence of pairs whose next indices ascend; the base indices ascend already. */
function longestAscending(pairs: readonly Pair[]): Pair[] {
  const tails: number[] = [];
  const previous = new Int32Array(pairs.length);
  for (let index = 0; index < pairs.length; index++) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]!]![1] < pairs[index]![1]) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? tails[low - 1]! : -1;
    tails[low] = index;
  }
  const result: Pair[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = previous[index]!) result.push(pairs[index]!);
  return result.reverse();
}
