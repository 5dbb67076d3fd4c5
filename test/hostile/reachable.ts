// What a program can get at from the objects that the package gives it: own properties, symbols, prototypes, getters, constructors.

/** A function and what it was found on. */
export interface Found {
  readonly owner: object;
  readonly key: PropertyKey;
  readonly call: (...args: never[]) => unknown;
  readonly path: string;
}

export interface Reached {
  readonly functions: readonly Found[];
  readonly objects: ReadonlyMap<object, string>;
}

const BUILT_IN = new Set<object>(
  [Object, Function, Array, Promise, Map, Set, WeakMap, WeakRef, Date, Error, RegExp, Symbol, String, Number]
    .map((each) => each.prototype as object)
    .concat([Uint8Array.prototype, ArrayBuffer.prototype, URL.prototype]),
);
const GENERATOR = Object.getPrototypeOf(async function* () {}) as object;

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** What JavaScript and Node themselves make: prototypes whose constructor is theirs, and those constructors. */
function isBuiltIn(object: object): boolean {
  if (BUILT_IN.has(object) || object === GENERATOR) return true;
  try {
    if (typeof object === 'function') return isNative(object);
    return Object.hasOwn(object, 'constructor') && isNative(object.constructor);
  } catch {
    // The draft of a command that is over.
    return false;
  }
}

const native = new WeakMap<object, boolean>();

function isNative(made: unknown): boolean {
  if (typeof made !== 'function') return false;
  let known = native.get(made);
  if (known === undefined) {
    known = /\[native code\]/.test(Function.prototype.toString.call(made));
    native.set(made, known);
  }
  return known;
}

/** Everything within so many steps of `roots`. What belongs to JavaScript itself is not gone into. */
export function reach(roots: { readonly [name: string]: unknown }, depth: number): Reached {
  const objects = new Map<object, string>();
  const functions: Found[] = [];
  let layer = Object.entries(roots).filter((root): root is [string, object] => isObject(root[1]));
  for (let step = 0; step <= depth && layer.length > 0; step += 1) {
    const next: [string, object][] = [];
    for (const [path, object] of layer) {
      if (objects.has(object) || isBuiltIn(object)) continue;
      objects.set(object, path);
      for (const [key, value] of membersOf(object)) {
        if (!isObject(value)) continue;
        const place = `${path}.${String(key)}`;
        if (typeof value === 'function') functions.push({ owner: object, key, call: value as never, path: place });
        next.push([place, value]);
      }
    }
    layer = next;
  }
  return { functions, objects };
}

/** As a program reads them: a getter of the prototype is asked with the object. What throws is not there. */
function* membersOf(object: object): Generator<[PropertyKey, unknown]> {
  const seen = new Set<PropertyKey>();
  for (let level: object | null = object; level && !isBuiltIn(level); level = prototypeOf(level)) {
    if (level !== object) yield ['[prototype]', level];
    for (const key of keysOf(level)) {
      if (seen.has(key)) continue;
      seen.add(key);
      try {
        yield [key, Reflect.get(level, key, object)];
      } catch {
        // Another object's getter, or one that says that it is not the time.
      }
    }
  }
}

function keysOf(object: object): readonly PropertyKey[] {
  try {
    return Reflect.ownKeys(object);
  } catch {
    return [];
  }
}

function prototypeOf(object: object): object | null {
  try {
    return Object.getPrototypeOf(object) as object | null;
  } catch {
    return null;
  }
}
