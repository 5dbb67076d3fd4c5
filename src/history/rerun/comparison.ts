// What was recorded beside what came out now: two states that were the same before, and the patches that were done to
// each. Only places that a patch touched are looked at. Before it: reenact.ts; after it: a difference, told by
// explanation.ts.

import { cloneJson, fold } from '../../core/patch/apply.ts';
import { equal } from '../../core/patch/equal.ts';
import { childPath, type Json, type JsonObject, type Patch, type Path } from '../../core/patch/patch.ts';
import { isObject, valueAt } from '../../core/patch/plain.ts';
import { toPointer } from '../../core/patch/pointer.ts';

/** A place at which two states differ; undefined stands for nothing being there. */
export interface Discrepancy {
  readonly path: Path;
  readonly recorded: Json | undefined;
  readonly rerun: Json | undefined;
  /** The values are the names of the keys: the same keys stand in another order. */
  readonly isOrder?: true;
}

/** More of them tell nothing more about one step. */
const MOST_DISCREPANCIES = 32;

/** By how much numbers may differ, and whether some did. */
class Tolerance {
  readonly #relative: number;
  wasUsed = false;

  /** As a part of the larger of two numbers: 1e-12. With 0 only the same number will do. */
  constructor(relative: number) {
    this.#relative = relative;
  }

  passes(some: Json | undefined, other: Json | undefined): boolean {
    if (typeof some !== 'number' || typeof other !== 'number') return false;
    if (Math.abs(some - other) > this.#relative * Math.max(Math.abs(some), Math.abs(other))) return false;
    this.wasUsed = true;
    return true;
  }
}

/** What came of a step on both sides. */
export interface Comparison {
  /** The places that differ, in the order in which they were touched. */
  readonly discrepancies: readonly Discrepancy[];
  /**
   * Without any: what makes of the state that came out the recorded one, where numbers were near enough. The sides have
   * it.
   */
  readonly corrections: readonly Patch[];
}

const SAME: Comparison = { discrepancies: [], corrections: [] };

/**
 * The recorded state and the one that came out now, side by side. They are the same as long as no discrepancy was
 * found.
 */
export class SideBySide {
  #recorded: Json;
  #rerun: Json;
  readonly #tolerance: number;

  /** The state is copied for one of the sides; the other keeps it. `tolerance` as that of Tolerance. */
  constructor(state: JsonObject, tolerance = 0) {
    this.#tolerance = tolerance;
    this.#recorded = state;
    this.#rerun = cloneJson(state) as JsonObject;
  }

  /**
   * Does both and compares. The recorded patches belong to this from now on, the others are copied. Throws
   * PATCH_INVALID when the recorded ones do not fit the recorded state. `tables` is asked only where patches differ.
   */
  step(recorded: readonly Patch[], rerun: readonly Patch[], tables: () => readonly string[]): Comparison {
    const same = samePatches(recorded, rerun);
    this.#recorded = fold(this.#recorded, recorded, 'owned') as Json;
    this.#rerun = fold(this.#rerun, rerun) as Json;
    if (same) return SAME;
    const comparison = this.#compare([...recorded, ...rerun], new Set(tables()));
    this.#rerun = fold(this.#rerun, comparison.corrections) as Json;
    return comparison;
  }

  /** For steps that nothing can be compared with: both sides become what was recorded. */
  takeOver(recorded: readonly Patch[]): void {
    this.#rerun = fold(this.#rerun, recorded) as Json;
    this.#recorded = fold(this.#recorded, recorded, 'owned') as Json;
  }

  #compare(patches: readonly Patch[], tables: ReadonlySet<string>): Comparison {
    const discrepancies: Discrepancy[] = [];
    const corrections: Patch[] = [];
    const seen = new Set<string>();
    for (const patch of patches) {
      for (const { path, isOrder } of placesOf(patch, tables)) {
        const pointer = `${isOrder ? 'order of ' : ''}${toPointer(path)}`;
        if (seen.has(pointer)) continue;
        seen.add(pointer);
        const one = valueAt(this.#recorded, path);
        const other = valueAt(this.#rerun, path);
        const tolerance = new Tolerance(this.#tolerance);
        const found = isOrder
          ? differingOrder(one, other, path)
          : firstDiscrepancy(one, other, path, tolerance, path.length === 1 && tables.has(String(path[0])));
        if (found) discrepancies.push(found);
        else if (tolerance.wasUsed) corrections.push({ op: 'replace', path, value: cloneJson(one as Json) as Json });
        if (discrepancies.length === MOST_DISCREPANCIES) return { discrepancies, corrections: [] };
      }
    }
    return { discrepancies, corrections: discrepancies.length === 0 ? corrections : [] };
  }
}

/** Lists of patches that are the same do the same to the same state. Others may. */
export function samePatches(some: readonly Patch[], other: readonly Patch[]): boolean {
  if (some.length !== other.length) return false;
  return some.every((patch, index) => {
    const twin = other[index] as Patch;
    if (patch.op !== twin.op || !equal(patch.path, twin.path)) return false;
    return patch.op === 'remove' || equal(patch.value, (twin as { readonly value: Json }).value);
  });
}

/** Where a patch can have made a difference. */
function* placesOf({ op, path }: Patch, tables: ReadonlySet<string>): Generator<{ path: Path; isOrder: boolean }> {
  const last = path.at(-1);
  // An element that comes or goes moves those behind it.
  if (op !== 'replace' && typeof last === 'number') {
    yield { path: path.slice(0, -1), isOrder: false };
    return;
  }
  yield { path, isOrder: false };
  // The order of entities in a table is defined, and no part of the state.
  const inTable = path.length === 2 && tables.has(String(path[0]));
  if (op !== 'replace' && path.length > 0 && !inTable) yield { path: path.slice(0, -1), isOrder: true };
}

function differingOrder(some: Json | undefined, other: Json | undefined, path: Path): Discrepancy | undefined {
  if (!isObject(some) || !isObject(other)) return undefined;
  const [recorded, rerun] = [Object.keys(some), Object.keys(other)];
  if (equal(recorded, rerun)) return undefined;
  const names = new Set(rerun);
  // One that is missing is told by its own place.
  const isOnlyOrder = recorded.length === rerun.length && recorded.every((key) => names.has(key));
  return isOnlyOrder ? { path, recorded, rerun, isOrder: true } : undefined;
}

/** The first place inside two values at which they differ. `unordered`: they are tables. */
function firstDiscrepancy(
  recorded: Json | undefined,
  rerun: Json | undefined,
  path: Path,
  tolerance: Tolerance,
  unordered = false,
): Discrepancy | undefined {
  if (recorded !== undefined && rerun !== undefined && equal(recorded, rerun)) return undefined;
  if (recorded === undefined && rerun === undefined) return undefined;
  if (Array.isArray(recorded) && Array.isArray(rerun)) {
    for (let index = 0; index < Math.max(recorded.length, rerun.length); index += 1) {
      const found = firstDiscrepancy(recorded[index], rerun[index], childPath(path, index), tolerance);
      if (found) return found;
    }
    return undefined;
  }
  if (tolerance.passes(recorded, rerun)) return undefined;
  if (!isObject(recorded) || !isObject(rerun)) return { path, recorded, rerun };
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(rerun)])) {
    const [one, other] = [recorded, rerun].map((side) => (Object.hasOwn(side, key) ? side[key] : undefined));
    const found = firstDiscrepancy(one, other, childPath(path, key), tolerance);
    if (found) return found;
  }
  return unordered ? undefined : differingOrder(recorded, rerun, path);
}
