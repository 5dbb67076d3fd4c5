// From two states to patches, by comparing structure. Before it: the draft a command left, or a whole state somebody
// saved. After it: the patches go into the record of the command, and the returned state becomes the game's.
import { admit, admitPrimitive, checkKey, checkLength, unwrap } from './admit.ts';
import { align } from './alignment.ts';
import { Drafted, TABLE } from './drafted.ts';
import { equal, hasOnlyElements, sameSequence } from './equal.ts';
import { freezeDeep } from './freeze.ts';
import {
  childPath,
  isIndexKey,
  type Json,
  type JsonArray,
  type JsonObject,
  type Patch,
  type PathSegment,
} from './patch.ts';
import { isContainer, isPlainArray, isPlainObject, isProxy, shallowCopy, valuesOf, WIDE, wideObject } from './plain.ts';
import { refuseHidden, refuseList, refuseTable, refuseUnreadable, refuseValue } from './refusal.ts';
import { ShapeRegistry, Shapes } from './shape.ts';
import { type Square, squaresIn } from './square.ts';
import { isNoLonger, outweighs, written } from './weight.ts';

/** Code for the shapes of a process. */
export const shapeRegistry = new ShapeRegistry({ captureValue, captureChild });

/**
 * Appends to `out` the patches that turn `base` into `next`, both standing at `path`, and returns what `next` is as a
 * value: whatever equals its counterpart in `base` is that very object, and `base` itself when nothing differs. `base`
 * must have come from `admit` or `capture`; what is identical in both is not looked at. `next` may be anything; it is
 * neither frozen nor kept. `shapes` are those of the values that stand side by side here. Throws NOT_PERSISTABLE as
 * `admit` does, and then `out` is as it was.
 */
export function capture(base: Json, next: unknown, path: PathSegment[], out: Patch[], shapes?: Shapes): Json {
  const depth = path.length;
  const before = out.length;
  try {
    if (shapes && isContainer(base) && isContainer(next)) {
      const shape = shapes.of(base);
      if (shape) return shape.capture(base, next, path, out);
    }
    return captureValue(base, next, path, out);
  } catch (thrown) {
    const at = path.slice();
    path.length = depth;
    out.length = before;
    throw refuseUnreadable(thrown, next, at, depth);
  }
}

function captureValue(base: Json, next: unknown, path: PathSegment[], out: Patch[]): Json {
  if (next === base && next !== 0) return base;
  if (isContainer(base) && isContainer(next)) {
    const given = unwrap(next, path);
    if (Array.isArray(base)) {
      if (Array.isArray(given)) return captureList(base, given, path, out);
    } else if (!Array.isArray(given)) {
      return captureKeys(base as JsonObject, given, path, out);
    }
  }
  const value = admit(next, path);
  if (value !== base) out.push({ op: 'replace', path: path.slice(), value });
  return value;
}

/** A value under a key or index of a container at `path`, where something was before. */
function captureChild(was: Json, value: unknown, segment: PathSegment, path: PathSegment[], out: Patch[]): Json {
  if (typeof value !== 'object' || value === null) {
    const now = admitPrimitive(value, path, segment);
    if (now !== was) out.push({ op: 'replace', path: childPath(path, segment), value: now });
    return now;
  }
  path.push(segment);
  const now = captureValue(was, value, path, out);
  path.pop();
  return now;
}

/** A value under a key or index of a container at `path`, where nothing was before. */
function admitChild(value: unknown, segment: PathSegment, path: PathSegment[]): Json {
  if (typeof value !== 'object' || value === null) return admitPrimitive(value, path, segment);
  path.push(segment);
  const now = admit(value, path);
  path.pop();
  return now;
}

function captureKeys(base: JsonObject, next: object, path: PathSegment[], out: Patch[]): Json {
  if (!isPlainObject(next)) throw TABLE in next ? refuseTable(path) : refuseValue(next, path);
  const names = Object.getOwnPropertyNames(next);
  if (names.length > WIDE) return captureWide(base, next, names, path, out);
  const baseKeys = Object.keys(base);
  if (Object.getOwnPropertySymbols(next).length > 0) throw refuseHidden(next, path);
  if (sameSequence(baseKeys, names)) return captureAlike(base, baseKeys, next, path, out);
  const keys = Object.keys(next);
  if (keys.length !== names.length) throw refuseHidden(next, path);
  return captureReshaped(base, baseKeys, next, keys, path, out);
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

/**
 * Keys and values of wide objects that stand in a state: V8 holds them as hash tables, and listing one takes as long as
 * comparing it. Such an object is listed once and then followed from version to version.
 */
const listed = new WeakMap<
  object,
  { readonly keys: readonly string[]; readonly values: readonly Json[]; readonly shapes: Shapes }
>();

function captureWide(
  base: JsonObject,
  next: object,
  names: readonly string[],
  path: PathSegment[],
  out: Patch[],
): Json {
  if (Object.getOwnPropertySymbols(next).length > 0) throw refuseHidden(next, path);
  let known = listed.get(base);
  if (!known) {
    const baseKeys = Object.keys(base);
    known = { keys: baseKeys, values: valuesOf(base, baseKeys) as Json[], shapes: new Shapes(shapeRegistry) };
    listed.set(base, known);
  }
  const { keys, shapes } = known;
  if (!sameSequence(keys, names)) {
    const enumerable = Object.keys(next);
    if (enumerable.length !== names.length) throw refuseHidden(next, path);
    return captureReshaped(base, keys, next, enumerable, path, out);
  }
  // Asking of each key takes a quarter of the time of listing the enumerable ones.
  for (let index = 0; index < keys.length; index++) {
    if (!isEnumerable.call(next, keys[index]!)) throw refuseHidden(next, path);
  }
  const after = valuesOf(next, keys);
  let values: Json[] | undefined;
  for (let index = 0; index < keys.length; index++) {
    const was = known.values[index]!;
    const value = after[index];
    if (value === was && value !== 0) continue;
    const shape = isContainer(was) && isContainer(value) ? shapes.of(was) : undefined;
    const now = shape
      ? shape.captureUnder(was, value, keys[index]!, path, out)
      : captureChild(was, value, keys[index]!, path, out);
    if (now === was) continue;
    values ??= known.values.slice();
    values[index] = now;
  }
  if (values === undefined) return base;
  const copy = wideObject(keys, values);
  listed.set(copy, { keys, values, shapes });
  return copy;
}

/** An object that has the names of `keys` and no others, in their order. */
function captureAlike(
  base: JsonObject,
  keys: readonly string[],
  next: object,
  path: PathSegment[],
  out: Patch[],
): Json {
  let copy: { [key: string]: unknown } | undefined;
  let at = 0;
  for (const key in next) {
    // Inherited ones come after its own.
    if (at === keys.length) break;
    // One of its own is not enumerable, and this is the one after it.
    if (key !== keys[at]) throw refuseHidden(next, path);
    at++;
    const was = base[key]!;
    const value = (next as { readonly [key: string]: unknown })[key];
    if (value === was && value !== 0) continue;
    const now = captureChild(was, value, key, path, out);
    if (now === was) continue;
    copy ??= shallowCopy(base, keys);
    copy[key] = now;
  }
  if (at < keys.length) throw refuseHidden(next, path);
  return copy === undefined ? base : (copy as JsonObject);
}

/**
 * An object whose keys, or their order, differ. Keys that stay keep their order and stand before those that are added,
 * so what can stay is the longest beginning of the new order that runs through the old one; the rest is removed and
 * added.
 */
function captureReshaped(
  base: JsonObject,
  baseKeys: readonly string[],
  next: object,
  keys: readonly string[],
  path: PathSegment[],
  out: Patch[],
): Json {
  for (const key of keys) if (!Object.hasOwn(base, key)) checkKey(key, path);
  const copy = shallowCopy(next, keys);
  const values = valuesOf(copy, keys);
  const lost: string[] = [];
  const stays = new Set<string>();
  // JavaScript lists index keys first and in ascending order, whatever happened before: they never have to move.
  let at = 0;
  for (; at < keys.length && isIndexKey(keys[at]!); at++) if (Object.hasOwn(base, keys[at]!)) stays.add(keys[at]!);
  for (const key of baseKeys) {
    if (stays.has(key)) continue;
    if (at < keys.length && key === keys[at]) {
      stays.add(key);
      at++;
    } else {
      lost.push(key);
    }
  }
  const edits = lost.length + keys.length - stays.size;
  const whole = path.length > 0 && edits > Math.max(1, keys.length) && !outweighs(pick(base, stays), edits);

  const sink: Patch[] = whole ? [] : out;
  for (const key of lost) sink.push({ op: 'remove', path: childPath(path, key) });
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (stays.has(key)) {
      copy[key] = captureChild(base[key]!, values[index], key, path, sink);
    } else {
      const value = admitNewKey(base, values[index], key, path);
      copy[key] = value;
      sink.push({ op: 'add', path: childPath(path, key), value });
    }
  }
  const result = copy as JsonObject;
  if (whole) out.push({ op: 'replace', path: path.slice(), value: result });
  return result;
}

function pick(object: JsonObject, keys: Iterable<string>): Json[] {
  return Array.from(keys, (key) => object[key]!);
}

/** The value of a key that is added, or that moves and then still shares what it has in common with its old value. */
function admitNewKey(base: JsonObject, value: unknown, key: string, path: PathSegment[]): Json {
  if (Object.hasOwn(base, key)) return captureChild(base[key]!, value, key, path, []);
  return admitChild(value, key, path);
}

function captureList(base: JsonArray, given: readonly unknown[], path: PathSegment[], out: Patch[]): Json {
  const next = withoutDrafts(base, given);
  const shorter = Math.min(base.length, next.length);
  let head = 0;
  while (head < shorter && equal(base[head]!, next[head])) head++;
  if (head === base.length && head === next.length && isPlainArray(next) && hasOnlyElements(next)) return base;
  const result = elements(next, path);
  const runs = align(base, result, head);
  const squares = squaresIn(runs, base, result);
  const before = out.length;
  let beforeSquare = before;
  let squareAt = 0;
  let baseAt = 0;
  let nextAt = 0;
  runs.push({ base: base.length, next: result.length, length: 0 });
  for (let at = 0; at < runs.length; at++) {
    const run = runs[at]!;
    const square = squares[squareAt];
    if (square?.first === at) beforeSquare = out.length;
    if (!square?.isShort || at < square.first) {
      captureHunk(base, baseAt, run.base, result, nextAt, run.next, path, out);
      if (Object.isFrozen(base)) for (let index = nextAt; index < run.next; index++) freezeDeep(result[index] as Json);
    }
    if (square?.last === at) {
      captureInPlace(square, base, result, path, out, beforeSquare);
      squareAt++;
    }
    for (let index = 0; index < run.length; index++) result[run.next + index] = base[run.base + index];
    baseAt = run.base + run.length;
    nextAt = run.next + run.length;
  }
  const edits = out.length - before;
  const list = result as JsonArray;
  // Whoever has seen the list will see this one: freezing it now spares a look at the elements that both share.
  if (Object.isFrozen(base)) Object.freeze(list);
  // A list is written whole when that takes fewer values and paths than its patches do. The first condition is implied
  // by the second, as each patch spares at most one element; it keeps the weighing away from long lists.
  if (path.length > 0 && edits * 2 > list.length + 1 && !outweighs([list], edits + written(out, before) - 1)) {
    out.length = before;
    out.push({ op: 'replace', path: path.slice(), value: list });
  }
  return list;
}

/**
 * A list with what stands behind in the place of drafts, so that its elements can be compared fast; most lists hold
 * none.
 */
function withoutDrafts(base: JsonArray, list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const element = list[index];
    if (element === base[index] || !isContainer(element) || !isProxy(element)) continue;
    const drafted = Drafted.of(element);
    if (!drafted) continue;
    // What else the list is or has would not be copied, and must be seen.
    if (!copy && !(isPlainArray(list) && hasOnlyElements(list))) return list;
    copy ??= Array.from(list);
    copy[index] = drafted.content;
  }
  return copy ?? list;
}

/** What lies between two runs of equal elements: pairs are compared, the rest is removed or inserted. */
function captureHunk(
  base: JsonArray,
  baseFrom: number,
  baseTo: number,
  next: unknown[],
  nextFrom: number,
  nextTo: number,
  path: PathSegment[],
  out: Patch[],
): void {
  const pairs = Math.min(baseTo - baseFrom, nextTo - nextFrom);
  for (let index = 0; index < pairs; index++) {
    const at = nextFrom + index;
    next[at] = captureElement(base[baseFrom + index]!, next[at], at, path, out);
  }
  for (let at = nextFrom + pairs; at < nextTo; at++) {
    const value = admitChild(next[at], at, path);
    next[at] = value;
    out.push({ op: 'add', path: childPath(path, at), value });
  }
  for (let left = baseTo - baseFrom - pairs; left > 0; left--) {
    out.push({ op: 'remove', path: childPath(path, nextFrom + pairs) });
  }
}

/** An element that may have become another. */
function captureElement(was: Json, element: unknown, at: number, path: PathSegment[], out: Patch[]): Json {
  const before = out.length;
  const now = captureChild(was, element, at, path, out);
  if (!isContainer(now)) return now;
  // A pair is a guess. A bad one gives a patch for nearly every value: then the element is written whole.
  const edits = out.length - before;
  if (edits > 3 && !outweighs([now], edits * 2)) {
    out.length = before;
    out.push({ op: 'replace', path: childPath(path, at), value: now });
  }
  return now;
}

/** Writes a square in place of the patches from `before` on, unless that is longer. */
function captureInPlace(
  square: Square,
  base: JsonArray,
  next: unknown[],
  path: PathSegment[],
  out: Patch[],
  before: number,
): void {
  const { different } = square;
  const patches: Patch[] = [];
  const changed = different.map((at) =>
    captureElement(base[square.base + at]!, next[square.next + at], square.next + at, path, patches),
  );
  if (!square.isShort && !isNoLonger(patches, out, before)) return;
  out.length = before;
  for (const patch of patches) out.push(patch);
  for (let at = 0; at < square.length; at++) next[square.next + at] = base[square.base + at];
  different.forEach((at, index) => {
    next[square.next + at] = changed[index];
  });
  if (Object.isFrozen(base)) for (const value of changed) freezeDeep(value);
}

/** The elements of a list as a fresh array. Refuses holes and whatever else a list has. */
function elements(list: readonly unknown[], path: PathSegment[]): unknown[] {
  if (!isPlainArray(list)) throw TABLE in list ? refuseTable(path) : refuseValue(list, path);
  checkLength(list, path);
  const copy: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    if (value === undefined && !(index in list)) throw refuseList(list, path);
    copy.push(value);
  }
  if (!hasOnlyElements(list)) throw refuseList(list, path);
  return copy;
}
