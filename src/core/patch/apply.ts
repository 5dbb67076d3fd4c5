// From patches back to a state, on plain mutable objects, at millions a second. Before it: coalesce.ts, or the journal
// and the image through JSON.parse. After it: a snapshot, a replayed game, an answer to "what was then?".
import { OrreryError } from '../errors.ts';
import { isForbiddenKey, type Json, MAX_DEPTH, type Patch, type Path, type PathSegment } from './patch.ts';
import { isObject, isPlainArray, isPlainObject, isWellFormed, shallowCopy, valuesOf } from './plain.ts';
import { toPointer } from './pointer.ts';

/** JSON that may be changed. */
export type Mutable = null | boolean | number | string | Mutable[] | { [key: string]: Mutable };

/**
 * Whose the values of patches are. `copied`: the caller's, so the state gets copies. `owned`: the state's from now on,
 * as when they have just come out of JSON.parse. An owned value must stand in one patch only, and that patch must not
 * be used again: later patches change the value in place.
 */
export type ValueOwnership = 'copied' | 'owned';

/**
 * Applies patches to a state in place and returns the state, which is another one where a patch has the empty path. The
 * state must be plain mutable JSON that nobody else holds; it may be undefined when the first patch sets all of it.
 *
 * Nothing is trusted: each patch is checked whole (shape, own properties only, bounds, forbidden keys, depth, its
 * value) before it changes anything. Throws PATCH_INVALID with the pointer and the number of the patch; the patches
 * before it have been applied by then, so after an error the state is to be thrown away.
 */
export function fold(state: unknown, patches: Iterable<Patch>, values: ValueOwnership = 'copied'): unknown {
  let root = state;
  let number = 0;
  try {
    for (const patch of patches) {
      root = applyPatch(root, patch, values);
      number++;
    }
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ patch: number }) : error;
  }
  return root;
}

/** A mutable deep copy. */
export function cloneJson(value: Json): Mutable {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list: Mutable[] = [];
    for (let index = 0; index < value.length; index++) list.push(cloneJson(value[index] as Json));
    return list;
  }
  const copy = { ...value } as { [key: string]: Mutable };
  // Neither keys nor values as a list, which would be most of what a copy of an entity leaves behind.
  for (const key in copy) {
    const child = copy[key]!;
    if (typeof child === 'object' && child !== null) copy[key] = cloneJson(child as Json);
  }
  return copy;
}

/** Does what a patch says to the last segment of its path, in the container that the rest of the path leads to. */
export function change(container: unknown, path: Path, op: Patch['op'], value: unknown): void {
  const segment = path[path.length - 1]!;
  if (typeof segment === 'number') changeElement(container, segment, path, op, value);
  else changeKey(container, segment, path, op, value);
}

/** What stands at segment `at` of a path, in the container that the segments before it lead to. */
export function descend(container: unknown, path: Path, at: number): unknown {
  const segment = path[at]!;
  if (typeof segment === 'number') {
    if (!Array.isArray(container)) throw invalid('an index leads into something that is no array', path);
    if (!isIndex(segment) || segment >= container.length)
      throw invalid('the path leads past the end of an array', path);
    return container[segment];
  }
  if (typeof segment !== 'string') throw invalid('a segment is neither a key nor an index', path);
  if (!isObject(container)) throw invalid('a key leads into something that is no object', path);
  if (isForbiddenKey(segment)) throw invalid('the path has a forbidden key', path);
  if (!Object.hasOwn(container, segment)) throw invalid('the path leads through a key that is not there', path);
  return container[segment];
}

export function invalid(what: string, path: unknown): OrreryError {
  return new OrreryError({
    code: 'PATCH_INVALID',
    what: `a patch does not fit: ${what}`,
    hint: 'The patches were made for another state, out of order, or damaged: do not use the result.',
    context: Array.isArray(path)
      ? { path: toPointer(path.map((segment) => (typeof segment === 'number' ? segment : String(segment)))) }
      : {},
  });
}

/** A value from a disk that is to stand at `path`: JSON to the last key, or PATCH_INVALID. It is not copied. */
export function assertJson(value: unknown, path: Path): void {
  accept(value, path, path.length, 'owned');
}

function applyPatch(root: unknown, patch: Patch, values: ValueOwnership): unknown {
  if (typeof patch !== 'object' || patch === null) throw invalid('it is no object', undefined);
  const { op, path } = patch;
  if (!Array.isArray(path)) throw invalid('its path is no array', path);
  if (path.length > MAX_DEPTH) throw invalid(`its path is longer than ${MAX_DEPTH}`, path);
  let value: unknown;
  if (op === 'add' || op === 'replace') value = accept(patch.value, path, path.length, values);
  else if (op !== 'remove') throw invalid(`${JSON.stringify(op)} is no operation`, path);
  if (path.length === 0) {
    if (op === 'remove') throw invalid('the whole state cannot be removed', path);
    return value;
  }
  let container = root;
  const last = path.length - 1;
  for (let at = 0; at < last; at++) container = descend(container, path, at);
  change(container, path, op, value);
  return root;
}

function changeElement(container: unknown, index: number, path: Path, op: Patch['op'], value: unknown): void {
  if (!Array.isArray(container)) throw invalid('an index leads into something that is no array', path);
  const { length } = container;
  if (!isIndex(index) || index > length || (index === length && op !== 'add')) {
    throw invalid(`an array of ${length} has no place ${index} to ${op}`, path);
  }
  if (op === 'replace') container[index] = value;
  else if (op === 'remove') removeElement(container, index);
  else if (index === length) container.push(value);
  else container.splice(index, 0, value);
}

function removeElement(list: unknown[], index: number): void {
  // V8 moves the start of an array for shift and the end for pop; splice would copy and make an array of what it
  // removed.
  if (index === 0) list.shift();
  else if (index === list.length - 1) list.pop();
  else list.splice(index, 1);
}

function changeKey(container: unknown, key: PathSegment, path: Path, op: Patch['op'], value: unknown): void {
  if (typeof key !== 'string') throw invalid('a segment is neither a key nor an index', path);
  if (!isObject(container)) throw invalid('a key leads into something that is no object', path);
  if (isForbiddenKey(key)) throw invalid('the path has a forbidden key', path);
  if (op === 'add') {
    if (Object.hasOwn(container, key)) throw invalid('the key to add is there already', path);
    if (!isWellFormed(key)) throw invalid('the path has a key with a lone surrogate', path);
    container[key] = value;
    return;
  }
  if (!Object.hasOwn(container, key)) throw invalid(`the key to ${op} is not there`, path);
  if (op === 'replace') container[key] = value;
  else delete container[key];
}

/** A value checked to be JSON, to the last key, and the one that may go into the state: itself or a copy. */
function accept(value: unknown, path: Path, depth: number, values: ValueOwnership): unknown {
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) throw invalid('its value has a string with a lone surrogate', path);
      return value;
    case 'number':
      if (!Number.isFinite(value) || Object.is(value, -0))
        throw invalid(`its value has ${value === 0 ? '-0' : value}`, path);
      return value;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return value;
      if (depth >= MAX_DEPTH) throw invalid(`it nests deeper than ${MAX_DEPTH}`, path);
      return Array.isArray(value) ? acceptList(value, path, depth, values) : acceptObject(value, path, depth, values);
    default:
      throw invalid(`its value has ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`, path);
  }
}

function acceptList(list: unknown[], path: Path, depth: number, values: ValueOwnership): unknown[] {
  if (!isPlainArray(list)) throw invalid('its value has an array of a class', path);
  const result: unknown[] = values === 'owned' ? list : [];
  for (let index = 0; index < list.length; index++) {
    const child = accept(list[index], path, depth + 1, values);
    if (values === 'copied') result.push(child);
  }
  return result;
}

function acceptObject(object: object, path: Path, depth: number, values: ValueOwnership): object {
  if (!isPlainObject(object)) throw invalid('its value has an instance of a class', path);
  const keys = Object.keys(object);
  for (const key of keys) {
    if (isForbiddenKey(key)) throw invalid('its value has a forbidden key', path);
    if (!isWellFormed(key)) throw invalid('its value has a key with a lone surrogate', path);
  }
  const result = values === 'owned' ? (object as { [key: string]: unknown }) : shallowCopy(object, keys);
  const children = valuesOf(result, keys);
  for (let index = 0; index < keys.length; index++) {
    const child = children[index];
    const accepted = accept(child, path, depth + 1, values);
    if (accepted !== child) result[keys[index]!] = accepted;
  }
  return result;
}

function isIndex(segment: number): boolean {
  return Number.isInteger(segment) && segment >= 0;
}
