// What was recorded beside what came out now: two states that were the same before, and the patches that were done to each.
// Only places that a patch touched are looked at. Before it: reenact.ts; after it: a difference, told by explanation.ts.

import { cloneJson, fold } from '../patch/apply.ts';
import { equal } from '../patch/equal.ts';
import { childPath, type Json, type JsonObject, type Patch, type Path } from '../patch/patch.ts';
import { toPointer } from '../patch/pointer.ts';

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

/** The recorded state and the one that came out now, side by side. They are the same as long as no discrepancy was found. */
export class SideBySide {
  #recorded: Json;
  #rerun: Json;

  /** The state is copied for one of the sides; the other keeps it. */
  constructor(state: JsonObject) {
    this.#recorded = state;
    this.#rerun = cloneJson(state) as JsonObject;
  }

  /**
   * Does both and compares: the places that differ, in the order in which they were touched. The recorded patches belong to this from now on, the others are copied. Throws PATCH_INVALID
   * when the recorded ones do not fit the recorded state. `tables` is asked only where patches differ.
   */
  step(recorded: readonly Patch[], rerun: readonly Patch[], tables: () => readonly string[]): Discrepancy[] {
    const same = samePatches(recorded, rerun);
    this.#recorded = fold(this.#recorded, recorded, 'owned') as Json;
    this.#rerun = fold(this.#rerun, rerun) as Json;
    return same ? [] : this.#compare([...recorded, ...rerun], new Set(tables()));
  }

  /** For steps that nothing can be compared with: both sides become what was recorded. */
  takeOver(recorded: readonly Patch[]): void {
    this.#rerun = fold(this.#rerun, recorded) as Json;
    this.#recorded = fold(this.#recorded, recorded, 'owned') as Json;
  }

  #compare(patches: readonly Patch[], tables: ReadonlySet<string>): Discrepancy[] {
    const discrepancies: Discrepancy[] = [];
    const seen = new Set<string>();
    for (const patch of patches) {
      for (const { path, isOrder } of placesOf(patch, tables)) {
        const pointer = `${isOrder ? 'order of ' : ''}${toPointer(path)}`;
        if (seen.has(pointer)) continue;
        seen.add(pointer);
        const one = valueAt(this.#recorded, path);
        const other = valueAt(this.#rerun, path);
        const found = isOrder
          ? differingOrder(one, other, path)
          : firstDiscrepancy(one, other, path, path.length === 1 && tables.has(String(path[0])));
        if (found) discrepancies.push(found);
        if (discrepancies.length === MOST_DISCREPANCIES) return discrepancies;
      }
    }
    return discrepancies;
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

export function valueAt(state: Json, path: Path): Json | undefined {
  let at: Json | undefined = state;
  for (const segment of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) at = typeof segment === 'number' ? at[segment] : undefined;
    else at = Object.hasOwn(at, segment) ? (at as JsonObject)[segment] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
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
export function firstDiscrepancy(
  recorded: Json | undefined,
  rerun: Json | undefined,
  path: Path,
  unordered = false,
): Discrepancy | undefined {
  if (recorded !== undefined && rerun !== undefined && equal(recorded, rerun)) return undefined;
  if (recorded === undefined && rerun === undefined) return undefined;
  if (Array.isArray(recorded) && Array.isArray(rerun)) {
    for (let index = 0; index < Math.max(recorded.length, rerun.length); index += 1) {
      const found = firstDiscrepancy(recorded[index], rerun[index], childPath(path, index));
      if (found) return found;
    }
    return undefined;
  }
  if (!isObject(recorded) || !isObject(rerun)) return { path, recorded, rerun };
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(rerun)])) {
    const [one, other] = [recorded, rerun].map((side) => (Object.hasOwn(side, key) ? side[key] : undefined));
    const found = firstDiscrepancy(one, other, childPath(path, key));
    if (found) return found;
  }
  return unordered ? undefined : differingOrder(recorded, rerun, path);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
