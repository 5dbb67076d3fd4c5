import assert from 'node:assert/strict';
import vm from 'node:vm';
import { createDraft, finishDraft, type Objectish } from 'immer';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit, MAX_LIST_LENGTH, MAX_VALUES } from '#core/patch/admit.ts';
import { type Json, MAX_DEPTH } from '#core/patch/patch.ts';
import { processorMs } from '../processor-time.ts';

function refusalOf(value: unknown, path: (string | number)[] = ['ships', 3]): OrreryError {
  try {
    admit(value, path);
  } catch (error) {
    assert(error instanceof OrreryError, `not an OrreryError: ${String(error)}`);
    expect(error.code).toBe('NOT_PERSISTABLE');
    expect(error.hint).toMatch(/\.$/);
    return error;
  }
  throw new Error('it was admitted');
}

class Ship {
  hull = 100;
}
class Fleet extends Array<number> {}
function Bare(): void {}
Bare.prototype = Object.assign(Object.create(null) as object, { constructor: Bare });

const nested = (levels: number): unknown => (levels === 0 ? 1 : { in: nested(levels - 1) });

describe('what is admitted', () => {
  test.each([null, true, false, 0, 1.5, -7, Number.MAX_VALUE, Number.MIN_VALUE, '', 'ünï 🚀'])(
    '[A1] the primitive %j is itself',
    (value) => {
      expect(admit(value, [])).toBe(value);
    },
  );

  test('[A2] a tree comes back as a deep copy, its keys in their order', () => {
    const given = { zeta: [1, { b: [], a: {} }], 7: 'index', alpha: null };
    const admitted = admit(given, []) as { [key: string]: Json };
    assert.deepStrictEqual(admitted, given);
    expect(JSON.stringify(admitted)).toBe(JSON.stringify(given));
    expect(Object.keys(admitted)).toEqual(['7', 'zeta', 'alpha']);
    expect(admitted['zeta']).not.toBe(given.zeta);
  });

  test('[A2] the given value is not frozen, and changing it afterwards changes nothing', () => {
    const given = { list: [{ n: 1 }] };
    const admitted = admit(given, []);
    given.list[0]!.n = 2;
    given.list.push({ n: 3 });
    assert.deepStrictEqual(admitted, { list: [{ n: 1 }] });
  });

  test('[A2] the order of keys is kept in objects of any width', () => {
    for (const width of [1, 20, 127, 128, 129, 130, 2000]) {
      const given: { [key: string]: unknown } = {};
      for (let index = 0; index < width; index++) given[`k${(index * 7919) % 10_007}`] = { index };
      expect(JSON.stringify(admit(given, []))).toBe(JSON.stringify(given));
    }
  });

  test('[A3] objects without a prototype, and objects and arrays of another realm, become plain ones of this realm', () => {
    const foreign: unknown = vm.runInNewContext('({ a: [1, { b: 2 }] })');
    const admitted = admit({ foreign, bare: Object.assign(Object.create(null) as object, { c: 3 }) }, []);
    assert.deepStrictEqual(admitted, { foreign: { a: [1, { b: 2 }] }, bare: { c: 3 } });
  });

  test('[A4] one object in two places becomes two equal values', () => {
    const shared = { n: 1 };
    assert.deepStrictEqual(admit({ left: shared, right: [shared, shared] }, []), {
      left: { n: 1 },
      right: [{ n: 1 }, { n: 1 }],
    });
  });

  test('[A5] an Immer draft inside a value is resolved to what it stands for, changes included', () => {
    const draft = createDraft({ list: [{ n: 1 }], rest: { deep: true } } as Objectish) as {
      list: { n: number }[];
      rest: unknown;
    };
    draft.list[0]!.n = 2;
    draft.list.push({ n: 3 });
    const admitted = admit({ copy: draft.list, rest: [draft.rest] }, []);
    assert.deepStrictEqual(admitted, { copy: [{ n: 2 }, { n: 3 }], rest: [{ deep: true }] });
    finishDraft(draft as never);
    assert.deepStrictEqual(admitted, { copy: [{ n: 2 }, { n: 3 }], rest: [{ deep: true }] });
  });

  test('[A6] a getter is read once, so that what was checked is what is stored', () => {
    let reads = 0;
    const given = {
      get fuel() {
        reads++;
        return reads === 1 ? 5 : Number.NaN;
      },
    };
    assert.deepStrictEqual(admit(given, []), { fuel: 5 });
    expect(reads).toBe(1);
  });

  test('[A6] a proxy over plain data is read through', () => {
    assert.deepStrictEqual(admit(new Proxy({ list: new Proxy([1, 2], {}) }, {}), []), { list: [1, 2] });
  });
});

describe('what is refused', () => {
  const typed = new Uint16Array(2);
  const refused: [name: string, value: unknown, what: RegExp, hint: RegExp][] = [
    ['undefined', undefined, /^undefined cannot/, /null/],
    ['NaN', Number.NaN, /^NaN cannot/, /null/],
    ['Infinity', Number.POSITIVE_INFINITY, /^Infinity cannot/, /null/],
    ['-Infinity', Number.NEGATIVE_INFINITY, /^-Infinity cannot/, /null/],
    ['-0', -0, /^-0 cannot/, /adding 0/],
    ['a BigInt', 10n, /^a BigInt cannot/, /String\(value\)/],
    ['a symbol', Symbol('x'), /^a symbol cannot/, /string/],
    ['a function', () => 1, /^a function cannot/, /data/],
    ['a Date', new Date(0), /^a Date cannot/, /value\.getTime\(\)/],
    ['a Date of another realm', vm.runInNewContext('new Date(0)'), /^a Date cannot/, /value\.getTime\(\)/],
    ['a Map', new Map([['a', 2]]), /^a Map cannot/, /Object\.fromEntries/],
    ['a Set', new Set([1]), /^a Set cannot/, /\[\.\.\.value\]/],
    ['a WeakMap', new WeakMap(), /^a weak collection cannot/, /outside/],
    ['a RegExp', /x/g, /^a RegExp cannot/, /source/],
    ['an Error', new TypeError('x'), /^an Error cannot/, /message/],
    ['a Promise', Promise.resolve(1), /^a Promise cannot/, /[Aa]wait/],
    ['a typed array', typed, /^a typed array cannot/, /Array\.from/],
    ['a Buffer', Buffer.from('x'), /^a typed array cannot/, /base64/],
    ['an ArrayBuffer', typed.buffer, /^an ArrayBuffer cannot/, /base64/],
    ['a DataView', new DataView(new ArrayBuffer(1)), /^an ArrayBuffer cannot/, /base64/],
    ['a boxed number', Object(1), /^a boxed primitive cannot/, /valueOf/],
    ['a boxed string', Object('x'), /^a boxed primitive cannot/, /valueOf/],
    ['an instance of a class', new Ship(), /^an instance of Ship cannot/, /plain object/],
    ['an instance of an unnamed class', new (class {})(), /^an instance of a class without a name cannot/, /plain/],
    ['an object with a prototype', Object.create({ inherited: 1 }), /^an instance of Object cannot/, /made of/],
    ['an object over a bare one', Object.create(Object.create(null)), /^an instance of a class without/, /made of/],
    ['an instance of a class over nothing', Reflect.construct(Bare, []), /^an instance of Bare cannot/, /made of/],
    ['an instance of an array class', Fleet.from([1, 2]), /^an array of class Fleet cannot/, /Array\.from/],
    ['a lone surrogate', 'a\ud800b', /^a string with a lone surrogate cannot/, /toWellFormed/],
  ];

  test.each(refused)('[A10] %s is refused by name and with a remedy, at the place itself', (_, value, what, hint) => {
    const error = refusalOf(value);
    expect(error.what).toMatch(what);
    expect(error.hint).toMatch(hint);
    expect(error.context.path).toBe('/ships/3');
  });

  test.each(refused)('[A11] %s deep inside is refused with the pointer of its exact place', (_, value, what) => {
    const error = refusalOf({ ok: 1, 'a/b': [0, { '~': value }], after: 2 }, ['ships', 3]);
    expect(error.what).toMatch(what);
    expect(error.context.path).toBe('/ships/3/a~1b/1/~0');
    expect(error.message).toContain('/ships/3/a~1b/1/~0');
  });

  test('[A12] an array with a hole is refused, and the pointer is that of the hole', () => {
    // biome-ignore lint/suspicious/noSparseArray: that is the point
    const error = refusalOf({ list: [1, , 3] });
    expect(error.what).toMatch(/^a sparse array/);
    expect(error.context.path).toBe('/ships/3/list/1');
  });

  test('[A12] an array with a key of its own is refused, and the pointer is that of the key', () => {
    const error = refusalOf({ match: /b(?<x>.)/.exec('abc') });
    expect(error.what).toMatch(/^an array with extra keys/);
    expect(error.context.path).toBe('/ships/3/match/index');
  });

  test('[A12] a hole and an extra key do not make up for each other', () => {
    const list = [0, 0, 0];
    delete list[0];
    expect(refusalOf(Object.assign(list, { extra: 0 })).what).toMatch(/sparse|extra/);
  });

  test('[A13] a symbol key is refused by its name', () => {
    expect(refusalOf({ a: { [Symbol('mark')]: 1 } }).what).toMatch(/^a symbol key, Symbol\(mark\)/);
    expect(refusalOf({ a: { [Symbol('mark')]: 1 } }).context.path).toBe('/ships/3/a');
    expect(refusalOf(Object.assign([1], { [Symbol('mark')]: 1 })).what).toMatch(/^a symbol key/);
  });

  test('[A13] a non-enumerable property is refused with its pointer, on objects and arrays', () => {
    const hide = <T extends object>(value: T): T => Object.defineProperty(value, 'hidden', { value: 1 });
    expect(refusalOf(hide({ a: 1 })).what).toMatch(/^a non-enumerable property/);
    expect(refusalOf(hide({ a: 1 })).context.path).toBe('/ships/3/hidden');
    expect(refusalOf(hide([1, 2])).context.path).toBe('/ships/3/hidden');
  });

  test.each(['__proto__', 'constructor', 'prototype'])('[A14] the own key %s is refused', (key) => {
    const value: unknown = JSON.parse(`{"a":{"${key}":{"polluted":true}}}`);
    const error = refusalOf(value);
    expect(error.what).toBe(`the key "${key}" cannot be persisted`);
    expect(error.context.path).toBe(`/ships/3/a/${key}`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('[A14] the key __proto__ is refused in a wide object too', () => {
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
    Object.defineProperty(wide, '__proto__', { value: { polluted: true }, enumerable: true });
    expect(refusalOf(wide).what).toBe('the key "__proto__" cannot be persisted');
  });

  test('[A14] a key with a lone surrogate is refused', () => {
    expect(refusalOf({ ok: 1, '\udc00': 1 }).what).toMatch(/^a key with a lone surrogate/);
  });

  test('[A15] a cycle is refused, naming both the place and what it leads back to', () => {
    const fleet: { [key: string]: unknown } = { name: 'first', ships: [] };
    (fleet['ships'] as unknown[]).push({ fleet });
    const error = refusalOf({ fleet }, ['a']);
    expect(error.what).toBe('a cycle cannot be persisted: this is the object at "/a/fleet" again');
    expect(error.context.path).toBe('/a/fleet/ships/0/fleet');

    const self: unknown[] = [];
    self.push(self);
    expect(refusalOf(self, []).what).toBe('a cycle cannot be persisted: this is the object at "" again');
    expect(refusalOf(self, []).context.path).toBe('/0');
  });

  test('[A16] depth is counted from the root of the state: its limit is a path of 64 segments', () => {
    expect(MAX_DEPTH).toBe(64);
    expect(() => admit(nested(64), [])).not.toThrow();
    expect(refusalOf(nested(65), []).what).toMatch(/deeper than 64/);
    expect(refusalOf(nested(65), []).context.path).toBe('/in'.repeat(64));
    const path = Array.from({ length: 60 }, () => 'p');
    expect(() => admit(nested(4), path)).not.toThrow();
    expect(refusalOf(nested(5), path).what).toMatch(/deeper than 64/);
  });

  test('[A13] a proxy that shows a key too many for one moment is refused where it stands', () => {
    let calls = 0;
    const ownKeys = (): string[] => {
      calls += 1;
      return calls === 2 ? ['a', 'ghost'] : ['a'];
    };
    const refused = refusalOf({ inner: new Proxy({ a: 1 }, { ownKeys }) });
    expect(refused.what).toBe('a non-enumerable property cannot be persisted');
    expect(refused.context.path).toBe('/ships/3/inner');
  });

  test('[A17] arrays longer than 2^25 are refused without looking at their elements', () => {
    expect(MAX_LIST_LENGTH).toBe(2 ** 25);
    expect(refusalOf(new Array(2 ** 25 + 1)).what).toMatch(/longer than 33554432/);
  });

  test('[A17] an object shared so often that it stands for more than 2^24 values is refused', () => {
    let value: unknown = new Array(1024).fill(0);
    for (let level = 0; level < 5; level++) value = new Array(16).fill(value);
    const started = processorMs();
    expect(MAX_VALUES).toBe(2 ** 24);
    expect(refusalOf(value).what).toMatch(/more than 16777216 values/);
    expect(processorMs() - started).toBeLessThan(20_000);
  });

  test('[A18] a table is refused anywhere, as one', () => {
    const mark = Symbol.for('orrery.table');
    class Table {
      readonly [mark] = true;
    }
    const what = 'a table may stand only at a top-level key of the state';
    expect(refusalOf({ inner: new Table() }).what).toBe(what);
    expect(refusalOf({ inner: new Table() }).context.path).toBe('/ships/3/inner');
    expect(refusalOf({ [mark]: true }).what).toBe(what);
    const disguised = new Proxy({}, { has: (_, key) => key === mark });
    expect(refusalOf([disguised]).what).toBe(what);
  });

  test('[A19] a revoked proxy is refused with a hint at drafts that were kept', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const error = refusalOf({ a: [proxy] });
    expect(error.what).toMatch(/^a revoked proxy/);
    expect(error.hint).toMatch(/draft/);
    expect(error.context.path).toBe('/ships/3/a/0');
  });

  test('[A19] a proxy or a getter that throws is refused with its pointer and its own error as the cause', () => {
    const broken = new Error('out of order');
    const getter = {
      fine: 1,
      get broken(): number {
        throw broken;
      },
    };
    const error = refusalOf({ list: [getter] });
    expect(error.what).toMatch(/throws when it is read/);
    expect(error.context.path).toBe('/ships/3/list/0/broken');
    expect(error.cause).toBe(broken);
    const proxy = new Proxy({}, { ownKeys: () => assert.fail('no keys for you') });
    expect(refusalOf({ proxy }).context.path).toBe('/ships/3/proxy');
  });
});
