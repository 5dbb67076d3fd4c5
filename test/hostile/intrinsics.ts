// What JavaScript itself is made of, as it stands at one moment: whoever pollutes a prototype or replaces a function changes it.

/** Every own property of every intrinsic that can be reached from the global object, by its way there. */
export function intrinsics(): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const seen = new Set<object>();
  const waiting: [string, object][] = [];
  for (const name of NAMES) waiting.push([name, Reflect.get(globalThis, name) as object]);
  waiting.push(['%GeneratorPrototype%', Object.getPrototypeOf(function* () {}) as object]);
  waiting.push(['%ArrayIteratorPrototype%', Object.getPrototypeOf([][Symbol.iterator]()) as object]);
  for (const [way, object] of waiting) {
    if (seen.has(object)) continue;
    seen.add(object);
    found.set(`${way} extends`, Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(
        object,
        key,
      ) as PropertyDescriptor;
      const place = `${way}.${String(key)}`;
      found.set(`${place} is`, value);
      found.set(`${place} as`, [get?.name, set?.name, writable, enumerable, configurable].join());
      // The rest is reached from these, and modules of Node are nobody's intrinsics.
      if ((typeof value === 'object' && value !== null) || typeof value === 'function')
        waiting.push([place, value as object]);
    }
  }
  return found;
}

const NAMES = [
  'Object',
  'Function',
  'Array',
  'String',
  'Number',
  'Boolean',
  'Symbol',
  'Date',
  'Promise',
  'RegExp',
  'Error',
  'TypeError',
  'RangeError',
  'Map',
  'Set',
  'WeakMap',
  'JSON',
  'Math',
  'Reflect',
  'Proxy',
  'Uint8Array',
  'ArrayBuffer',
  'TextDecoder',
  'TextEncoder',
];

/** The places at which two moments differ. */
export function differences(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  const places = new Set([...before.keys(), ...after.keys()]);
  return [...places].filter((place) => !Object.is(before.get(place), after.get(place)) || !after.has(place));
}
