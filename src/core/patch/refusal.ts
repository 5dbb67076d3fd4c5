// Why a value may not enter a state, and what to store instead. admit.ts and capture.ts throw what is made here, before
// any patch is emitted.
import { OrreryError } from '../errors.ts';
import { isArguments, isModule } from './built-in.ts';
import { TABLE } from './drafted.ts';
import { MAX_DEPTH, type Path, type PathSegment } from './patch.ts';
import { toPointer } from './pointer.ts';
import { remedyOf } from './remedy.ts';

export function refusal(what: string, hint: string, path: Path, cause?: unknown): OrreryError {
  return new OrreryError({ code: 'NOT_PERSISTABLE', what, hint, context: { path: toPointer(path) }, cause });
}

/** The refusal of a value for what it is: its kind is named, and the remedy fits the kind. */
export function refuseValue(value: unknown, path: Path): OrreryError {
  const { kind, hint } = remedyOf(value);
  return refusal(`${kind} cannot be persisted`, hint, path);
}

export function refuseTable(path: Path): OrreryError {
  return refusal(
    'a table may stand only at a top-level key of the state',
    'Move the table to the top level, or store its entities as a plain object, { ...table }, here.',
    path,
  );
}

export function refuseDepth(path: Path, limit: number): OrreryError {
  return refusal(
    `a state nested deeper than ${limit} levels cannot be persisted`,
    'Keep entities side by side in a table and let them refer to each other by id.',
    path,
  );
}

export function refuseCycle(path: Path, first: Path): OrreryError {
  return refusal(
    `a cycle cannot be persisted: this is the object at ${JSON.stringify(toPointer(first))} again`,
    'Store the id of the other object instead of the object itself.',
    path,
  );
}

export function refuseKey(key: string, path: Path): OrreryError {
  const at = [...path, key];
  if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
    return refusal(
      `the key ${JSON.stringify(key)} cannot be persisted`,
      'Choose another key: this one reaches the prototype of an object.',
      at,
    );
  }
  return refusal(
    'a key with a lone surrogate cannot be persisted',
    'Use key.toWellFormed(), and cut strings by code points instead of by index.',
    at,
  );
}

/** The refusal of an object that is plain but has properties JSON would lose: symbols, or hidden ones. */
export function refuseHidden(value: object, path: Path): OrreryError {
  if (TABLE in value) return refuseTable(path);
  if (isArguments(value)) {
    return refusal('an arguments object cannot be persisted', 'Store Array.from(value) instead.', path);
  }
  if (isModule(value)) {
    return refusal('a module cannot be persisted', 'Store { ...value } instead.', path);
  }
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol !== undefined) {
    return refusal(
      `a symbol key, ${String(symbol)}, cannot be persisted`,
      'Use a string key, or keep such marks outside the state.',
      path,
    );
  }
  const hidden = Object.getOwnPropertyNames(value).find(
    (key) => !Object.prototype.propertyIsEnumerable.call(value, key) && !(Array.isArray(value) && key === 'length'),
  );
  return refusal(
    'a non-enumerable property cannot be persisted',
    'Make it an ordinary property, or keep it outside the state.',
    hidden === undefined ? path : [...path, hidden],
  );
}

/** The refusal of an array that is not one element after the other and nothing else. */
export function refuseList(list: readonly unknown[], path: Path): OrreryError {
  if (TABLE in list) return refuseTable(path);
  const extra = Object.keys(list).find((key) => !(Number(key) < list.length));
  if (extra !== undefined) {
    return refusal(
      'an array with extra keys cannot be persisted',
      'Use an object with a field for the list and fields for the rest.',
      [...path, extra],
    );
  }
  for (let index = 0; index < list.length; index++) {
    if (!Object.hasOwn(list, index)) return refuseHole([...path, index]);
  }
  return refuseHidden(list, path);
}

export function refuseHole(path: Path): OrreryError {
  return refusal('a sparse array cannot be persisted', 'Fill the empty places, for example with null.', path);
}

/**
 * The refusal of something that threw while it was read. `root` was being read along `path`, whose first `depth`
 * segments lead to it; the property that throws is looked for, so that the error names it.
 */
export function refuseUnreadable(thrown: unknown, root: unknown, path: Path, depth: number): OrreryError {
  if (thrown instanceof OrreryError) return thrown;
  const at = [...path, ...throwingKey(root, path.slice(depth))];
  if (thrown instanceof TypeError && thrown.message.includes('revoked')) {
    return refusal(
      'a revoked proxy cannot be persisted',
      'It is probably a draft kept after its command had ended: copy the values you want to keep while it runs.',
      at,
      thrown,
    );
  }
  return refusal(
    'a value that throws when it is read cannot be persisted',
    'Store plain data instead of a Proxy or a getter.',
    at,
    thrown,
  );
}

function throwingKey(root: unknown, way: Path): PathSegment[] {
  const found: PathSegment[] = [];
  try {
    let value = root;
    for (const segment of way) value = (value as Record<PathSegment, unknown>)[segment];
    findThrowing(value, found, { left: 100_000 });
  } catch {
    // The container itself throws: its own path is as near as can be told.
  }
  return found;
}

/** Leaves in `found` the way to the first property that throws when it is read. */
function findThrowing(value: unknown, found: PathSegment[], search: { left: number }): boolean {
  if (typeof value !== 'object' || value === null || found.length > MAX_DEPTH) return false;
  for (const key of Object.keys(value)) {
    if (search.left-- <= 0) return false;
    found.push(Array.isArray(value) ? Number(key) : key);
    try {
      if (findThrowing(Reflect.get(value, key), found, search)) return true;
    } catch {
      return true;
    }
    found.pop();
  }
  return false;
}
