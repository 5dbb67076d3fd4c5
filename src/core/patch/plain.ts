// What counts as plain JSON material, whatever realm it was made in. admit.ts, capture.ts and equal.ts ask it about
// values on their way into a state, apply.ts about the values of patches read back.
import { isProxy as isProxyHere } from '#proxies';
import type { Json, JsonObject, Path, PathSegment } from './patch.ts';

interface Utf16 {
  isWellFormed(): boolean;
}

/**
 * Whether a string is well-formed UTF-16: a lone surrogate does not survive UTF-8, so it would not survive the disk.
 */
export function isWellFormed(text: string): boolean {
  // ES2024, present in Node 20, not yet in the library that TypeScript is told to assume.
  return (text as string & Utf16).isWellFormed();
}

/** Whether a value has keys: an object that is no list. What is known to be JSON is a JsonObject then. */
export function isObject(value: Json | undefined): value is JsonObject;
export function isObject(value: unknown): value is { [key: string]: unknown };
export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value has an inside: an object or a list. */
export function isContainer<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null;
}

/**
 * What stands at a path, where all of its segments from `from` on are own keys of objects and indexes of lists; or
 * undefined.
 */
export function valueAt(value: Json | undefined, path: Path, from = 0): Json | undefined {
  let at = value;
  for (let index = from; index < path.length; index += 1) {
    const segment = path[index] as PathSegment;
    if (Array.isArray(at)) at = typeof segment === 'number' ? at[segment] : undefined;
    else at = isObject(at) && Object.hasOwn(at, segment) ? at[segment] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

/** Whether an object (not an array) is a plain one: its prototype is null or the Object.prototype of some realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isForeignObjectPrototype(prototype as object);
}

/**
 * Whether an array is of no subclass. Arrays of another realm have an Array.prototype of their own, itself an array.
 */
export function isPlainArray(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype || prototype === null) return true;
  if (!Array.isArray(prototype)) return false;
  const above: unknown = Object.getPrototypeOf(prototype);
  return above !== null && isForeignObjectPrototype(above as object);
}

/**
 * Whether an object has no own property but enumerable ones with string keys; `keyCount` is how many of those it has.
 */
export function hasOnlyKeys(value: object, keyCount: number): boolean {
  // Two calls, because V8 answers the first from its cache of keys; Reflect.ownKeys would be four times slower.
  return Object.getOwnPropertyNames(value).length === keyCount && Object.getOwnPropertySymbols(value).length === 0;
}

/** Objects with more keys than this are hash tables in V8, for which other ways are fast. */
export const WIDE = 128;

/** The values of an object under all of its keys, each read once. */
export function valuesOf(object: object, keys: readonly string[]): unknown[] {
  // Object.values is four times faster than a look-up per key, but on a hash table it is four times slower.
  if (keys.length <= WIDE) return Object.values(object);
  const values: unknown[] = [];
  for (let index = 0; index < keys.length; index++) values.push((object as { [key: string]: unknown })[keys[index]!]);
  return values;
}

/** A copy of an object with its own `keys`, each read once. None of them may be `__proto__`. */
export function shallowCopy(object: object, keys: readonly string[]): { [key: string]: unknown } {
  // Spread keeps the hidden class: built key by key, an object of 20 keys would become a hash table. If it is one
  // anyway, spread is three times slower.
  if (keys.length <= WIDE) return { ...object };
  return wideObject(keys, valuesOf(object, keys));
}

/** A plain object of more than WIDE keys. None of them may be `__proto__`. */
export function wideObject<Value>(keys: readonly string[], values: readonly Value[]): { [key: string]: Value } {
  // Without a prototype it is a hash table from the first key on, and not a shape that grows into one: half the time.
  const made = Object.create(null) as { [key: string]: Value };
  for (let index = 0; index < keys.length; index++) made[keys[index]!] = values[index]!;
  return Object.setPrototypeOf(made, Object.prototype);
}

/**
 * Whether a value is a Proxy: an Immer draft is one, and so may be anything that pretends to be a plain object. Node
 * knows of all; elsewhere proxies.ts tells those of Orrery and Immer. The entry `#proxies` in package.json chooses.
 */
export const isProxy: (value: unknown) => boolean = isProxyHere;

const nativeObject = Function.prototype.toString.call(Object);

function isForeignObjectPrototype(prototype: object): boolean {
  if (Object.getPrototypeOf(prototype) !== null) return false;
  const maker: unknown = prototype.constructor;
  return typeof maker === 'function' && Function.prototype.toString.call(maker) === nativeObject;
}
