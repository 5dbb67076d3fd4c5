// How much patches and values hold: capture.ts compares ways to tell the same change by it.

import type { Json, Patch } from './patch.ts';

/** A string counts as one more value for each so many characters. */
const CHARACTERS = 16;

/** How many values the patches from `from` on carry. */
export function written(patches: readonly Patch[], from: number): number {
  let weight = 0;
  for (let index = from; index < patches.length; index++) {
    const patch = patches[index]!;
    if (patch.op !== 'remove') weight += weigh([patch.value], Infinity);
  }
  return weight;
}

/** Whether values hold more than `limit` values in all, their own included. Looks at no more of them than that. */
export function outweighs(values: readonly Json[], limit: number): boolean {
  return weigh(values, limit) > limit;
}

function weigh(values: readonly Json[], limit: number): number {
  let weight = 0;
  for (const value of values) {
    weight++;
    if (weight > limit) break;
    if (typeof value === 'object' && value !== null) weight += weigh(Object.values(value) as Json[], limit - weight);
  }
  return weight;
}

/** Whether a value counts as one. What may not enter a state may count as one too. */
export function isLight(value: unknown): boolean {
  if (typeof value === 'string') return value.length < CHARACTERS;
  return typeof value !== 'object' || value === null;
}

/** Whether patches are no more than those of `others` from `from` on, and no longer when they are written. */
export function isNoLonger(patches: readonly Patch[], others: readonly Patch[], from: number): boolean {
  return patches.length <= others.length - from && lengthOf(patches, 0) <= lengthOf(others, from);
}

/** In values; a patch that removes counts like one that carries a number. */
function lengthOf(patches: readonly Patch[], from: number): number {
  let length = 0;
  for (let index = from; index < patches.length; index++) {
    const patch = patches[index]!;
    length += patch.op === 'remove' ? 1 : lengthOfValue(patch.value);
  }
  return length;
}

function lengthOfValue(value: Json): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / CHARACTERS);
  if (typeof value !== 'object' || value === null) return 1;
  let length = 1;
  for (const inside of Object.values(value) as Json[]) length += lengthOfValue(inside);
  return length;
}
