// Deep equality of what is stored with what came in. capture.ts and alignment.ts use it to find what did not change.
import type { Json, JsonArray, JsonObject } from './patch.ts';
import { hasOnlyKeys, isPlainArray, isPlainObject, valuesOf, WIDE } from './plain.ts';

/**
 * Whether `next` is exactly `base`: the same values under the same keys in the same order, and nothing JSON would lose.
 * So a value that may not enter a state is equal to nothing (-0 is not 0, a Date is not {}). Never throws for plain
 * data.
 */
export function equal(base: Json, next: unknown): boolean {
  if (base === next) return next !== 0 || !Object.is(next, -0);
  if (typeof base !== 'object' || typeof next !== 'object' || base === null || next === null) return false;
  if (Array.isArray(base)) return Array.isArray(next) && equalLists(base, next);
  return !Array.isArray(next) && equalKeys(base as JsonObject, next);
}

function equalKeys(base: JsonObject, next: object): boolean {
  const baseKeys = Object.keys(base);
  if (baseKeys.length <= WIDE) return isLike(next, baseKeys) && equalAlike(base, baseKeys, next);
  const keys = Object.keys(next);
  if (!sameSequence(baseKeys, keys)) return false;
  const before = valuesOf(base, keys) as Json[];
  const after = valuesOf(next, keys);
  for (let index = 0; index < keys.length; index++) {
    const value = after[index];
    if (before[index] === value && value !== 0) continue;
    if (!equal(before[index]!, value)) return false;
  }
  return isPlainObject(next) && hasOnlyKeys(next, keys.length);
}

/** For an object that has the names of `keys` and no others, in their order. */
function equalAlike(base: JsonObject, keys: readonly string[], next: object): boolean {
  let at = 0;
  for (const key in next) {
    if (at === keys.length) break;
    if (key !== keys[at]) return false;
    at++;
    const was = base[key]!;
    const value = (next as { readonly [key: string]: unknown })[key];
    if (value === was && value !== 0) continue;
    if (!equal(was, value)) return false;
  }
  return at === keys.length && isPlainObject(next);
}

/**
 * Whether an object has the names of `keys`, in their order, and neither others nor symbols. Then for-in goes through
 * them, unless one is not enumerable; unless an object is wide that takes half the time of asking for keys and values.
 */
function isLike(next: object, keys: readonly string[]): boolean {
  return sameSequence(keys, Object.getOwnPropertyNames(next)) && Object.getOwnPropertySymbols(next).length === 0;
}

function equalLists(base: JsonArray, next: readonly unknown[]): boolean {
  if (base.length !== next.length || !isPlainArray(next)) return false;
  for (let index = 0; index < base.length; index++) {
    if (!equal(base[index]!, next[index])) return false;
  }
  return hasOnlyElements(next);
}

/**
 * Whether an array has its elements and no other enumerable property. Holes must have been ruled out: one hole and one
 * extra property would make up for each other.
 */
export function hasOnlyElements(list: readonly unknown[]): boolean {
  // Object.values and not Object.keys: for 10,000 elements it is six times faster, as no key has to become a string.
  return Object.values(list).length === list.length && Object.getOwnPropertySymbols(list).length === 0;
}

export function sameSequence(some: readonly string[], other: readonly string[]): boolean {
  if (some.length !== other.length) return false;
  for (let index = 0; index < some.length; index++) {
    if (some[index] !== other[index]) return false;
  }
  return true;
}
