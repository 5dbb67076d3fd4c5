// Values that a state must refuse, or take exactly: generated, made by hand, and put into each other. And what is wrong with
// each, found by means that share nothing with the code that is tested.

import fc from 'fast-check';
import { table } from '#index.ts';

class Ship {
  hull = 1;
}

const cycle = (): unknown => {
  const self: { deep: unknown[] } = { deep: [] };
  self.deep.push({ again: self });
  return self;
};

const nested = (levels: number): unknown => {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? { in: value } : [value];
  return value;
};

const hole = (): unknown[] => {
  const list: unknown[] = [1, 2, 3];
  delete list[1];
  return list;
};

/** Made anew for each use: what was refused once must not be changed by it. */
const makers: readonly (() => unknown)[] = [
  () => new Map([['a', 1]]),
  () => new Set([1]),
  () => new WeakMap(),
  () => new Date(0),
  () => new Ship(),
  () => Object.create({ inherited: 1 }) as unknown,
  () => Object.assign(Object.create(null) as object, { bare: 1 }),
  () => new Uint8Array(2),
  () => new ArrayBuffer(2),
  () => Buffer.from('x'),
  () => [new (class extends Array<number> {})(1, 2)],
  () => Object.assign([1], { extra: 1 }),
  () => Object.assign([1], { [Symbol('s')]: 1 }),
  () => cycle(),
  () => nested(61),
  () => nested(62),
  () => nested(63),
  () => nested(64),
  () => nested(65),
  () => nested(500),
  () => -0,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.MIN_VALUE,
  () => Number.MAX_SAFE_INTEGER + 2,
  () => 10n,
  () => undefined,
  () => Symbol('loose'),
  () => () => 1,
  () => class {},
  () => '\ud800',
  () => 'a\udc00b',
  () => '\u2028\u0000\ufeff😀é',
  () => ({ '\ud800': 1 }),
  () => JSON.parse('{"__proto__": {"evil": true}}') as unknown,
  () => ({ constructor: 1 }),
  () => ({ prototype: { x: 1 } }),
  () => ({ toString: 1, valueOf: 2, hasOwnProperty: 3, toJSON: 4, length: 5, size: 6 }),
  () => ({ 2: 'b', 1: 'a', z: 'z', 4294967295: 'no index', '-1': 'n', '01': 'o' }),
  () => hole(),
  () => Array<number>(3),
  () => ({ [Symbol('key')]: 1 }),
  () => Object.defineProperty({ a: 1 }, 'hidden', { value: 1 }),
  () => Object.defineProperty({}, 'got', { enumerable: true, get: () => ({ fresh: [1] }) }),
  () =>
    Object.defineProperty({ ok: 1 }, 'boom', {
      enumerable: true,
      get() {
        throw new Error('boom');
      },
    }),
  () => Object.freeze({ frozen: Object.freeze([1, { deep: 1 }]) }),
  () => new Proxy({ through: [1, 2] }, {}),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  () => new Number(1),
  () => new Error('no'),
  () => /x/,
  () => Promise.resolve(1),
  () => table({ a: 1 }),
  () => globalThis,
  () => Math,
  () => new Proxy(new Map(), {}),
  () =>
    (function (..._all: unknown[]) {
      // biome-ignore lint/complexity/noArguments: an object that looks like an array is what is wanted
      return arguments;
    })(1, 2),
];

const anything = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'prototype', '0', '7', 'a~b/c', '\ud800')),
  maxDepth: 4,
  maxKeys: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

const clean = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** How to make one value: called twice, it makes two that are alike. */
export interface Made {
  readonly what: string;
  make(): unknown;
}

const made = (what: string, make: () => unknown): Made =>
  ({ what, make, [fc.toStringMethod as symbol]: () => what }) as Made;

/** Around a value: clean JSON with the value somewhere inside. */
const wrap = fc.array(fc.oneof(fc.constantFrom('x', 'a/b', '~', '', '0'), fc.nat({ max: 2 })), { maxLength: 3 });

export const value: fc.Arbitrary<Made> = fc
  .tuple(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc
          .nat({ max: makers.length - 1 })
          .map((index) => made(`maker ${index}: ${makers[index]}`, makers[index]!)),
      },
      { weight: 2, arbitrary: anything.map((each) => made(fc.stringify(each), () => each)) },
      { weight: 2, arbitrary: clean.map((each) => made(JSON.stringify(each), () => structuredClone(each))) },
    ),
    wrap,
  )
  .map(([core, way]) =>
    made(`${way.join('/')} <- ${core.what}`, () =>
      way.reduceRight<unknown>(
        (inner, step) =>
          typeof step === 'number'
            ? [...Array<number>(step).fill(step), inner]
            : { before: 1, [step]: inner, after: [] },
        core.make(),
      ),
    ),
  );

/** All places that are at fault in a value that is to stand at `path`, as pointers. None: it must be taken. */
export function faults(value: unknown, path: readonly (string | number)[], limit = 64): Set<string> {
  const found = new Set<string>();
  look(value, path, [], found, limit);
  return found;
}

export function pointer(path: readonly (string | number)[]): string {
  return path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const forbidden = ['__proto__', 'constructor', 'prototype'];
const wellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

function look(
  value: unknown,
  path: readonly (string | number)[],
  above: readonly object[],
  found: Set<string>,
  limit: number,
): void {
  const fault = (...more: (string | number)[]): void => void found.add(pointer([...path, ...more]));
  if (typeof value !== 'object' || value === null) {
    const isJson =
      value === null ||
      typeof value === 'boolean' ||
      (typeof value === 'string' && wellFormed(value)) ||
      (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
    if (!isJson) fault();
    return;
  }
  let prototype: unknown;
  let isList: boolean;
  try {
    prototype = Object.getPrototypeOf(value);
    isList = Array.isArray(value);
  } catch {
    fault();
    return;
  }
  const isPlain = prototype === null || prototype === (isList ? Array.prototype : Object.prototype);
  // A cycle may be noticed wherever it meets itself, so it is followed once around.
  const laps = above.filter((each) => each === value).length;
  if (!isPlain || laps > 0 || path.length >= limit) fault();
  if (!isPlain || laps > 1 || path.length >= limit) return;
  for (const key of Reflect.ownKeys(value)) {
    if (isList && key === 'length') continue;
    if (typeof key === 'symbol') {
      fault();
      continue;
    }
    const segment = isList && String(Number(key)) === key ? Number(key) : key;
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (!enumerable || (isList && typeof segment === 'string')) {
      fault(segment);
      continue;
    }
    if (!isList && (forbidden.includes(key) || !wellFormed(key))) {
      fault(key);
      continue;
    }
    let child: unknown;
    try {
      child = Reflect.get(value, key);
    } catch {
      fault(segment);
      continue;
    }
    look(child, [...path, segment], [...above, value], found, limit);
  }
  if (isList) for (let index = 0; index < (value as unknown[]).length; index += 1) if (!(index in value)) fault(index);
}
