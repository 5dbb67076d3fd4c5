// The gate of a state: what enters is checked and copied here. Before it: a user's value, or what a command left in
// its draft. After it: capture.ts puts the copy into the next state and into a patch.
import { current, isDraft } from 'immer';
import type { OrreryError } from '../errors.ts';
import { Drafted, TABLE } from './drafted.ts';
import { isForbiddenKey, type Json, MAX_DEPTH, type Path, type PathSegment } from './patch.ts';
import { hasOnlyKeys, isPlainArray, isPlainObject, isProxy, isWellFormed, shallowCopy, valuesOf } from './plain.ts';
import {
  refusal,
  refuseCycle,
  refuseDepth,
  refuseHidden,
  refuseHole,
  refuseKey,
  refuseList,
  refuseTable,
  refuseUnreadable,
  refuseValue,
} from './refusal.ts';

/** Longer arrays are refused before anything is copied. */
export const MAX_LIST_LENGTH = 2 ** 25;
/**
 * More values in one go are refused: an object that is shared many times over can stand for more than fits in memory.
 */
export const MAX_VALUES = 2 ** 24;

/**
 * A deep copy of a value that is to stand at `path`, with its keys in their order. The value itself is neither frozen
 * nor kept. Throws NOT_PERSISTABLE with the pointer of the offending place for whatever JSON could not give back.
 */
export function admit(value: unknown, path: Path): Json {
  if (typeof value !== 'object' || value === null) return admitPrimitive(value, path);
  const walk: Walk = { path: path.slice(), above: [], values: 0, survey: undefined };
  try {
    return admitObject(value, walk);
  } catch (thrown) {
    throw refuseUnreadable(thrown, value, walk.path, path.length);
  }
}

/** The same for null and everything that is not an object; anything but JSON's primitives is refused. */
export function admitPrimitive(value: unknown, parent: Path, segment?: PathSegment): Json {
  if (isJsonPrimitive(value)) return value;
  throw refuseValue(value, segment === undefined ? parent : [...parent, segment]);
}

/**
 * A draft, of a command or of Immer, is resolved to what it stands for; a table behind a proxy is refused. Other
 * proxies are read through.
 */
export function unwrap(value: object, path: Path): object {
  if (!isProxy(value)) return value;
  const drafted = Drafted.of(value);
  if (drafted) return drafted.content;
  if (isDraft(value)) return current(value) as object;
  if (TABLE in value) throw refuseTable(path);
  return value;
}

export function checkLength(list: readonly unknown[], path: Path): void {
  if (list.length <= MAX_LIST_LENGTH) return;
  throw refusal(
    `an array longer than ${MAX_LIST_LENGTH} cannot be persisted`,
    'Use a table, or split the array.',
    path,
  );
}

export function checkKey(key: string, path: Path): void {
  if (!isKey(key)) throw refuseKey(key, path);
}

/** Whether an object of a state may have a key of this name. */
export function isKey(key: string): boolean {
  return !isForbiddenKey(key) && isWellFormed(key);
}

/** What hears of every refusal: then a walk goes on after each. */
export interface RefusalSink {
  add(error: OrreryError): void;
  /** An object under the last segment of the walk's path, one level further down. */
  enter(child: object, walk: Walk): Json;
}

/** For refusals.ts: goes through a value whose first refusal is known, and tells `survey` of them all. */
export function surveyObject(value: object, path: Path, survey: RefusalSink): void {
  admitObject(value, { path: path.slice(), above: [], values: 0, survey });
}

export interface Walk {
  /** Where the walk is; on failure it stays there. */
  readonly path: PathSegment[];
  /** The objects the walk is inside of, outermost first. */
  readonly above: object[];
  values: number;
  readonly survey: RefusalSink | undefined;
}

/** Ends the walk, unless somebody wants to know of all refusals: then null stands in the place of what is refused. */
function refuse(error: OrreryError, { survey }: Walk): null {
  if (!survey) throw error;
  survey.add(error);
  return null;
}

export function isJsonPrimitive(value: unknown): value is null | boolean | number | string {
  switch (typeof value) {
    case 'string':
      return isWellFormed(value);
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    default:
      return value === null;
  }
}

/** Also for refusals.ts, which goes into one object after the other. */
export function admitObject(given: object, walk: Walk): Json {
  const { path, above } = walk;
  if (above.includes(given)) {
    return refuse(refuseCycle(path, path.slice(0, path.length - above.length + above.indexOf(given))), walk);
  }
  const value = unwrap(given, path);
  const isList = Array.isArray(value);
  if (isList ? !isPlainArray(value) : !isPlainObject(value)) {
    return refuse(TABLE in value ? refuseTable(path) : refuseValue(value, path), walk);
  }
  if (path.length >= MAX_DEPTH) return refuse(refuseDepth(path, MAX_DEPTH), walk);
  above.push(given);
  const copy = isList ? copyList(value, walk) : copyKeys(value, walk);
  above.pop();
  return copy;
}

function copyKeys(value: object, walk: Walk): Json {
  const { path } = walk;
  const keys = Object.keys(value);
  if (!hasOnlyKeys(value, keys.length)) refuse(refuseHidden(value, path), walk);
  count(keys.length, walk);
  for (let index = 0; index < keys.length; index++) {
    if (!isKey(keys[index]!)) refuse(refuseKey(keys[index]!, path), walk);
  }
  // The copy is made first and read from then on: a getter or a proxy cannot show one value to the check and give
  // another to the state.
  const copy = shallowCopy(value, keys);
  const values = valuesOf(copy, keys);
  for (let index = 0; index < keys.length; index++) {
    const child = values[index];
    if (typeof child === 'object' && child !== null) {
      const key = keys[index]!;
      path.push(key);
      copy[key] = admitChild(child, walk);
      path.pop();
    } else if (!isJsonPrimitive(child)) {
      refuse(refuseValue(child, [...path, keys[index]!]), walk);
    }
  }
  return copy as Json;
}

function copyList(list: readonly unknown[], walk: Walk): Json {
  const { path } = walk;
  const length = list.length;
  checkLength(list, path);
  count(length, walk);
  if (!hasOnlyKeys(list, length + 1)) refuse(refuseList(list, path), walk);
  const copy: Json[] = [];
  for (let index = 0; index < length; index++) {
    const child = list[index];
    if (typeof child === 'object' && child !== null) {
      path.push(index);
      copy.push(admitChild(child, walk));
      path.pop();
    } else if (isJsonPrimitive(child)) {
      copy.push(child);
    } else {
      const at = [...path, index];
      copy.push(refuse(child === undefined && !(index in list) ? refuseHole(at) : refuseValue(child, at), walk));
    }
  }
  return copy as Json;
}

/** An object that stands one level below the one the walk is in. */
function admitChild(child: object, walk: Walk): Json {
  return walk.survey ? walk.survey.enter(child, walk) : admitObject(child, walk);
}

function count(values: number, walk: Walk): void {
  walk.values += values;
  if (walk.values <= MAX_VALUES) return;
  throw refusal(
    `more than ${MAX_VALUES} values at once cannot be persisted`,
    'Check whether one object is shared in very many places: each place would be stored on its own.',
    walk.path,
  );
}
