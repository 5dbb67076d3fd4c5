// The remedy in a refusal, followed to the letter: its code is run on the value that was refused, and what comes of it is
// stored. Then nothing that the value held may be missing.

import assert from 'node:assert/strict';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import type { Json } from '#core/patch/patch.ts';

function hintFor(value: unknown): string {
  try {
    admit({ value }, []);
  } catch (error) {
    assert(error instanceof OrreryError);
    expect([error.code, error.context.path]).toEqual(['NOT_PERSISTABLE', '/value']);
    return error.hint;
  }
  throw new Error('it was admitted');
}

/** Runs what a hint says to store. Where that is refused too, its remedy is followed as well. */
function followed(value: unknown): Json {
  const hint = hintFor(value);
  const code = /^Store (?:its fields as a plain object, )?(.+?),? instead(?:[.,:]|$)/.exec(hint)?.[1];
  assert(code !== undefined, `no code in ${hint}`);
  const stored: unknown = new Function('value', `return (${code})`)(value);
  try {
    return admit(stored, []);
  } catch {
    return followed(stored);
  }
}

const MADE_OF = /^Store what it is made of/;

class Vector {
  x = 1;
  y = 2;
  length(): number {
    return Math.hypot(this.x, this.y);
  }
}
class Point extends Vector {
  tags = ['a'];
}
function Old(this: { hp: number }): void {
  this.hp = 5;
}
Old.prototype.heal = function heal(this: { hp: number }): void {
  this.hp += 1;
};

class Price {
  readonly #cents = 5;
  currency = 'EUR';
  toJSON(): Json {
    return { cents: this.#cents, currency: this.currency };
  }
}
class Secretive {
  readonly #secret = 5;
  shown = 1;
  get secret(): number {
    return this.#secret;
  }
}
class Below extends Secretive {
  more = 2;
}
const kept = new WeakMap<object, number>();
class Registered {
  shown = 1;
  constructor() {
    kept.set(this, 5);
  }
}
class Closed {
  shown = 1;
  constructor() {
    Object.defineProperty(this, 'read', { enumerable: true, value: () => this.shown });
  }
}
class Accessors {
  base = 4;
  get double(): number {
    return this.base * 2;
  }
}
class StampedDate extends Date {
  zone = 'UTC';
}
class Ships extends Map<string, number> {
  readonly #fuel = 5;
  fuel(): number {
    return this.#fuel;
  }
}
class Ranked extends Array<number> {}
class Noted extends Array<number> {
  readonly #note = 'x';
  note(): string {
    return this.#note;
  }
}

const dated = new Date(1234);
const floats = Float64Array.of(1.5, Number.NaN, -0, Number.POSITIVE_INFINITY);
const bare = Object.create(Object.create(null)) as object;
const sticky = /a/gy;
sticky.lastIndex = 3;

/** What is refused, and how what was stored becomes it again: then nothing was lost. */
const lossless: [string, value: unknown, restore: (stored: never) => unknown][] = [
  ['-0', -0, (stored) => -stored],
  ['a BigInt', 12345678901234567890n, (stored) => BigInt(stored)],
  ['a Date', dated, (stored) => new Date(stored)],
  ['an empty Map', new Map(), (stored) => new Map(Object.entries(stored))],
  [
    'a Map by id',
    new Map([
      ['b', { n: 1 }],
      ['a', { n: 2 }],
    ]),
    (stored) => new Map(Object.entries(stored)),
  ],
  [
    'a Map by number',
    new Map([
      [2, 'x'],
      [1, 'y'],
    ]),
    (stored) => new Map(stored),
  ],
  [
    'a Map with ids that are numbers',
    new Map([
      ['2', 'x'],
      ['1', 'y'],
    ]),
    (stored) => new Map(stored),
  ],
  [
    'a Map of mixed keys',
    new Map<unknown, unknown>([
      [1, 'x'],
      ['1', 'y'],
      [null, 'z'],
    ]),
    (stored) => new Map(stored),
  ],
  ['a Map with an id __proto__', new Map([['__proto__', 1]]), (stored) => new Map(stored)],
  ['a Map of objects', new Map([[{ at: 1 }, 2]]), (stored) => new Map(stored)],
  ['a Set', new Set(['b', 1, '1', null, { n: 1 }]), (stored) => new Set(stored)],
  ['a RegExp', /a+/gi, ({ source, flags }: { source: string; flags: string }) => new RegExp(source, flags)],
  [
    'a RegExp that has begun',
    sticky,
    ({ source, flags, lastIndex }: { source: string; flags: string; lastIndex: number }) =>
      Object.assign(new RegExp(source, flags), { lastIndex }),
  ],
  ['a typed array', Uint16Array.of(1, 65535), (stored) => Uint16Array.from(stored)],
  ['a typed array of floats', Float32Array.of(0.5, -2), (stored) => Float32Array.from(stored)],
  [
    'a typed array of BigInts',
    BigInt64Array.of(-5n, 2n ** 62n),
    (stored: string[]) => BigInt64Array.from(stored, BigInt),
  ],
  ['unsigned BigInts', BigUint64Array.of(2n ** 64n - 1n), (stored: string[]) => BigUint64Array.from(stored, BigInt)],
  [
    'floats that JSON does not have',
    floats.subarray(1),
    (stored) => new Float64Array(new Uint8Array(Buffer.from(stored, 'base64')).buffer),
  ],
  ['a Buffer', Buffer.from([0, 255, 7]), (stored) => Buffer.from(stored, 'base64')],
  ['an ArrayBuffer', Uint8Array.of(1, 2).buffer, (stored) => new Uint8Array(Buffer.from(stored, 'base64')).buffer],
  [
    'a DataView of a part',
    new DataView(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2),
    (stored) => new DataView(Uint8Array.of(9, ...Buffer.from(stored, 'base64'), 9).buffer, 1, 2),
  ],
  ['a boxed number', Object(5), (stored) => Object(stored) as unknown],
  ['a boxed string', Object('ab'), (stored) => Object(stored) as unknown],
  ['a boxed boolean', Object(false), (stored) => Object(stored) as unknown],
  ['a boxed BigInt', Object(7n), (stored) => Object(BigInt(stored))],
  ['an instance of a class', new Vector(), (stored) => Object.assign(new Vector(), stored)],
  ['an instance of a class below', new Point(), (stored) => Object.assign(new Point(), stored)],
  [
    'an instance of an old kind',
    Reflect.construct(Old, []),
    (stored) => Object.assign(Reflect.construct(Old, []), stored),
  ],
  [
    'an instance over nothing',
    Object.assign(Object.create(bare), { a: 1 }),
    (stored) => Object.assign(Object.create(bare), stored),
  ],
  ['an array of a class', Ranked.from([3, 1]), (stored) => Ranked.from(stored)],
  ['a URL', new URL('https://a.example/b?c=1#d'), (stored) => new URL(stored)],
];

describe('a remedy that is followed', () => {
  test.each(lossless)('[A21] for %s: nothing is lost', (_what, value, restore) => {
    assert.deepStrictEqual(restore(followed(value) as never), value);
  });

  test('[A21] for a Date of another realm', () => {
    expect(followed(vm.runInNewContext('new Date(77)'))).toBe(77);
  });

  test('[A21] for a class with toJSON and private fields: what the class says', () => {
    expect(hintFor(new Price())).toBe('Store value.toJSON() instead.');
    expect(followed(new Price())).toEqual({ cents: 5, currency: 'EUR' });
  });

  test('[A21] for an Error: what tells it from others', () => {
    expect(followed(new RangeError('no'))).toEqual({ name: 'RangeError', message: 'no' });
    expect(hintFor(Object.assign(new Error('no'), { code: 'E1' }))).toMatch(/what else you want to keep/);
  });

  test('[A21] for arguments and for a module', async () => {
    const given = (function (..._all: unknown[]) {
      // biome-ignore lint/complexity/noArguments: that is the point
      return arguments;
    })(1, 'b');
    expect(followed(given)).toEqual([1, 'b']);
    // Not an import of the test runner, which makes objects of its own.
    const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const module = (await vm.runInThisContext("import('node:timers/promises')", { importModuleDynamically })) as object;
    expect(hintFor(module)).toBe('Store { ...value } instead.');
    expect(Object.keys({ ...module })).toEqual(Object.keys(module));
  });
});

describe('no remedy that would lose something', () => {
  const marked = { [Symbol('s')]: 1 };
  const careful: [string, value: unknown][] = [
    ['private fields', new Secretive()],
    ['private fields above', new Below()],
    ['a WeakMap', new Registered()],
    ['a closure', new Closed()],
    ['accessors', new Accessors()],
    ['inherited data', Object.assign(Object.create({ inherited: 1 }), { own: 1 })],
    ['a hidden property', Object.defineProperty(new Vector(), 'z', { value: 3 })],
    ['a symbol', Object.assign(new Vector(), marked)],
    ['a getter of its own', Object.defineProperty(new Vector(), 'z', { enumerable: true, get: () => 3 })],
    ['a getter that fails', Object.defineProperty(new Vector(), 'z', { enumerable: true, get: assert.fail })],
    ['no fields', new (class Empty {})()],
    ['Intl', new Intl.NumberFormat('de')],
    ['Intl with a field', Object.assign(new Intl.Collator('de'), { field: 1 })],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['a bound class', Object.assign(Object.create({ constructor: Vector.bind(null), m: Vector.bind(null) }), { x: 1 })],
    ['a generator', (function* () {})()],
    ['an iterator of a Map', new Map([[1, 2]]).entries()],
    ['a Date with more', new StampedDate(5)],
    ['a Map with private fields', new Ships([['a', 1]])],
    ['a Map by number with private fields', Object.setPrototypeOf(new Map([[1, 1]]), Ships.prototype)],
    ['an array with private fields', Noted.from([1])],
    ['a Set with a field', Object.assign(new Set([1]), { note: 1 })],
    ['a typed array with a field', Object.assign(Uint8Array.of(1), { note: 1 })],
    ['a boxed number with a field', Object.assign(Object(5), { note: 1 })],
    ['a proxy of a Date', new Proxy(dated, {})],
    ['a proxy of a Map', new Proxy(new Map(), {})],
    ['a proxy of an instance', new Proxy(new Vector(), {})],
  ];

  test.each(careful)('[A21] with %s the user is told to store what it is made of', (_what, value) => {
    expect(hintFor(value)).toMatch(MADE_OF);
  });

  test('[A21] an invalid Date and weak collections are named', () => {
    expect(hintFor(new Date(Number.NaN))).toMatch(/^Store null/);
    expect(hintFor(new WeakSet())).toMatch(/outside/);
  });

  test('[A21] a class that cannot be looked at is refused all the same', () => {
    const blind = new Proxy(new Vector(), {
      getOwnPropertyDescriptor() {
        throw new Error('no');
      },
    });
    expect(hintFor(blind)).toMatch(MADE_OF);
  });
});
