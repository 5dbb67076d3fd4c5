import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import type { Json, Patch } from '#core/patch/patch.ts';

const state = (): unknown => ({ a: 1, list: [10, 20, 30], deep: { er: { x: null } }, 7: 'index' });

function folded(...patches: Patch[]): unknown {
  return fold(state(), patches);
}

function failure(patches: unknown, from: unknown = state()): OrreryError {
  try {
    fold(from, patches as Patch[]);
  } catch (error) {
    assert(error instanceof OrreryError, `not an OrreryError: ${String(error)}`);
    expect(error.code).toBe('PATCH_INVALID');
    return error;
  }
  throw new Error('it was applied');
}

const parse = (text: string): unknown => JSON.parse(text);

describe('what patches do', () => {
  test('[P30] add sets a new key, behind all others', () => {
    expect(JSON.stringify(folded({ op: 'add', path: ['0'], value: 1 }, { op: 'add', path: ['b'], value: 2 }))).toBe(
      '{"0":1,"7":"index","a":1,"list":[10,20,30],"deep":{"er":{"x":null}},"b":2}',
    );
  });

  test('[P30] replace keeps the position of a key, remove and add give it the last', () => {
    expect(Object.keys(folded({ op: 'replace', path: ['a'], value: 2 }) as object)).toEqual(['7', 'a', 'list', 'deep']);
    expect(Object.keys(folded({ op: 'remove', path: ['a'] }, { op: 'add', path: ['a'], value: 2 }) as object)).toEqual([
      '7',
      'list',
      'deep',
      'a',
    ]);
  });

  test('[P31] add and remove at an index insert and delete; add at the length appends', () => {
    const list = (...patches: Patch[]): unknown => (folded(...patches) as { list: unknown }).list;
    expect(list({ op: 'add', path: ['list', 0], value: 5 })).toEqual([5, 10, 20, 30]);
    expect(list({ op: 'add', path: ['list', 1], value: 5 })).toEqual([10, 5, 20, 30]);
    expect(list({ op: 'add', path: ['list', 3], value: 5 })).toEqual([10, 20, 30, 5]);
    expect(list({ op: 'remove', path: ['list', 0] })).toEqual([20, 30]);
    expect(list({ op: 'remove', path: ['list', 1] })).toEqual([10, 30]);
    expect(list({ op: 'remove', path: ['list', 2] })).toEqual([10, 20]);
    expect(list({ op: 'replace', path: ['list', 1], value: [] })).toEqual([10, [], 30]);
  });

  test('[P32] the empty path is the whole state, which need not have been there', () => {
    expect(fold(undefined, [{ op: 'replace', path: [], value: { n: 1 } }])).toEqual({ n: 1 });
    expect(folded({ op: 'add', path: [], value: 5 })).toBe(5);
    expect(
      fold(undefined, [
        { op: 'replace', path: [], value: [] },
        { op: 'add', path: [0], value: 1 },
      ]),
    ).toEqual([1]);
  });

  test('[P33] the state is changed in place', () => {
    const before = state();
    expect(fold(before, [{ op: 'replace', path: ['deep', 'er', 'x'], value: 1 }])).toBe(before);
    expect(before).toMatchObject({ deep: { er: { x: 1 } } });
  });

  test('[P34] values are copied, so that later patches do not change earlier ones, and frozen values may be given', () => {
    const value = admit({ inner: { n: 1 } }, []);
    const patches: Patch[] = [
      { op: 'add', path: ['b'], value },
      { op: 'add', path: ['c'], value },
      { op: 'replace', path: ['b', 'inner', 'n'], value: 2 },
    ];
    expect(folded(...patches)).toMatchObject({ b: { inner: { n: 2 } }, c: { inner: { n: 1 } } });
    expect(value).toEqual({ inner: { n: 1 } });
  });

  test('[P34] owned values are taken as they are', () => {
    const value = { inner: [1] };
    const result = fold(state(), [{ op: 'add', path: ['b'], value }], 'owned') as { b: unknown };
    expect(result.b).toBe(value);
  });

  test('[P35] cloneJson copies all the way down and keeps the order of keys', () => {
    for (const width of [3, 128, 129, 1000]) {
      const wide = Object.fromEntries(Array.from({ length: width }, (_, n) => [`k${(n * 7919) % 10_007}`, { n: [n] }]));
      const frozen = admit({ b: wide, a: [wide] }, []);
      const copy = cloneJson(frozen) as { b: { [key: string]: { n: number[] } }; a: unknown[] };
      expect(JSON.stringify(copy)).toBe(JSON.stringify(frozen));
      copy.b[Object.keys(wide)[0]!]!.n.push(5);
      copy.a.push(1);
      expect(JSON.stringify(frozen)).toBe(JSON.stringify({ b: wide, a: [wide] }));
    }
  });
});

describe('what is refused', () => {
  const invalid: [name: string, patch: unknown, reason: RegExp, pointer: string | undefined][] = [
    ['null', null, /no object/, undefined],
    ['no path', { op: 'remove' }, /path is no array/, undefined],
    ['a pointer as the path', { op: 'remove', path: '/a' }, /path is no array/, undefined],
    ['an unknown operation', { op: 'move', path: ['a'] }, /"move" is no operation/, '/a'],
    ['no operation', { path: ['a'] }, /is no operation/, '/a'],
    ['no value', { op: 'replace', path: ['a'] }, /undefined/, '/a'],
    ['a removal of everything', { op: 'remove', path: [] }, /whole state/, ''],
    ['an add of a key that is there', { op: 'add', path: ['a'], value: 1 }, /there already/, '/a'],
    ['a replace of a key that is not', { op: 'replace', path: ['b'], value: 1 }, /not there/, '/b'],
    ['a removal of a key that is not', { op: 'remove', path: ['b'] }, /not there/, '/b'],
    ['a way through a key that is not', { op: 'add', path: ['b', 'c'], value: 1 }, /not there/, '/b/c'],
    ['a replace of an inherited key', { op: 'replace', path: ['toString'], value: 1 }, /not there/, '/toString'],
    ['a way through an inherited key', { op: 'add', path: ['toString', 'x'], value: 1 }, /not there/, '/toString/x'],
    ['a way through __proto__', { op: 'add', path: ['__proto__', 'x'], value: 1 }, /forbidden/, '/__proto__/x'],
    ['a way through constructor', { op: 'add', path: ['constructor', 'x'], value: 1 }, /forbidden/, '/constructor/x'],
    ['an add of __proto__', { op: 'add', path: ['deep', '__proto__'], value: {} }, /forbidden/, '/deep/__proto__'],
    ['an add of prototype', { op: 'add', path: ['prototype'], value: {} }, /forbidden/, '/prototype'],
    ['an add of a key with a lone surrogate', { op: 'add', path: ['\ud800'], value: 1 }, /lone surrogate/, '/\ud800'],
    ['an index past the end', { op: 'replace', path: ['list', 3], value: 1 }, /no place 3/, '/list/3'],
    ['a removal at the length', { op: 'remove', path: ['list', 3] }, /no place 3/, '/list/3'],
    ['an add behind the length', { op: 'add', path: ['list', 4], value: 1 }, /no place 4/, '/list/4'],
    ['a negative index', { op: 'replace', path: ['list', -1], value: 1 }, /no place -1/, '/list/-1'],
    ['a fraction as an index', { op: 'add', path: ['list', 0.5], value: 1 }, /no place 0.5/, '/list/0.5'],
    ['NaN as an index', { op: 'add', path: ['list', Number.NaN], value: 1 }, /no place NaN/, '/list/NaN'],
    ['the length of an array', { op: 'replace', path: ['list', 'length'], value: 9 }, /no object/, '/list/length'],
    ['a key on an array', { op: 'replace', path: ['list', '0'], value: 9 }, /no object/, '/list/0'],
    ['an index on an object', { op: 'replace', path: [7], value: 9 }, /no array/, '/7'],
    [
      'a way by a key through an array',
      { op: 'replace', path: ['list', '0', 'x'], value: 9 },
      /no object/,
      '/list/0/x',
    ],
    ['a way by an index through an object', { op: 'replace', path: [7, 'x'], value: 9 }, /no array/, '/7/x'],
    ['a way past the end', { op: 'replace', path: ['list', 3, 'x'], value: 9 }, /past the end/, '/list/3/x'],
    ['a way through a number', { op: 'add', path: ['a', 'x'], value: 9 }, /no object/, '/a/x'],
    ['a way through null', { op: 'add', path: ['deep', 'er', 'x', 'y'], value: 9 }, /no object/, '/deep/er/x/y'],
    [
      'a segment that is no segment',
      { op: 'add', path: ['deep', null, 'x'], value: 9 },
      /neither a key nor/,
      '/deep/null/x',
    ],
    [
      'a last segment that is no segment',
      { op: 'add', path: [undefined], value: 9 },
      /neither a key nor/,
      '/undefined',
    ],
    ['a path too long', { op: 'add', path: new Array(65).fill('x'), value: 9 }, /longer than 64/, '/x'.repeat(65)],
    ['a value with NaN', { op: 'add', path: ['b'], value: { c: [Number.NaN] } }, /NaN/, '/b'],
    ['a value with Infinity', { op: 'add', path: ['b'], value: parse('[1e999]') }, /Infinity/, '/b'],
    ['a value with -0', { op: 'add', path: ['b'], value: parse('-0') }, /has -0/, '/b'],
    ['a value with undefined', { op: 'add', path: ['b'], value: [undefined] }, /undefined/, '/b'],
    ['a value with a function', { op: 'add', path: ['b'], value: [() => 1] }, /a function/, '/b'],
    ['a value with a Date', { op: 'add', path: ['b'], value: { at: new Date(0) } }, /instance of a class/, '/b'],
    [
      'a value with an own __proto__',
      { op: 'add', path: ['b'], value: parse('[{"__proto__":{"x":1}}]') },
      /forbidden/,
      '/b',
    ],
    [
      'a value with a key constructor',
      { op: 'replace', path: ['a'], value: parse('{"constructor":1}') },
      /forbidden/,
      '/a',
    ],
    ['a value with a lone surrogate', { op: 'add', path: ['b'], value: parse('"\\ud800"') }, /lone surrogate/, '/b'],
    ['a value with such a key', { op: 'add', path: ['b'], value: parse('{"\\ud800":1}') }, /lone surrogate/, '/b'],
    [
      'a value too deep',
      { op: 'add', path: ['b'], value: parse('['.repeat(64) + ']'.repeat(64)) },
      /deeper than 64/,
      '/b',
    ],
  ];

  test.each(invalid)(
    '[P36] %s is refused with the reason and the pointer, and changes nothing',
    (_, patch, why, pointer) => {
      for (const values of ['copied', 'owned'] as const) {
        const before = state();
        const error = failure([patch], before);
        expect(error.what).toMatch(why);
        expect(error.context.path).toBe(pointer);
        expect(error.context['patch']).toBe(0);
        assert.deepStrictEqual(before, state());
        expect(() => fold(before, [patch as Patch], values)).toThrow(OrreryError);
        assert.deepStrictEqual(before, state());
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect((Object as unknown as { x?: unknown }).x).toBeUndefined();
    },
  );

  test('[P36] the longest path there may be, and the deepest value, may be applied', () => {
    let deepest: Json = 1;
    for (let level = 0; level < 64; level++) deepest = { in: deepest };
    const path = new Array<string>(64).fill('in');
    expect(fold(cloneJson(admit(deepest, [])), [{ op: 'replace', path, value: 1 }])).toEqual(deepest);
    const value = parse('['.repeat(63) + ']'.repeat(63)) as Json;
    expect(() => admit(value, ['b'])).not.toThrow();
    expect(() => folded({ op: 'add', path: ['b'], value })).not.toThrow();
  });

  test('[P37] an error tells the number of its patch; the patches before it have been applied', () => {
    const before = state();
    const error = failure(
      [
        { op: 'replace', path: ['a'], value: 2 },
        { op: 'remove', path: ['b'] },
        { op: 'replace', path: ['a'], value: 3 },
      ],
      before,
    );
    expect(error.context['patch']).toBe(1);
    expect((before as { a: number }).a).toBe(2);
  });

  test('[P36] a polluted Object.prototype does not make keys appear', () => {
    const prototype = Object.prototype as { ghost?: unknown };
    prototype.ghost = { x: 1 };
    try {
      expect(failure([{ op: 'replace', path: ['ghost', 'x'], value: 2 }]).what).toMatch(/not there/);
      expect(failure([{ op: 'remove', path: ['ghost'] }]).what).toMatch(/not there/);
      expect(prototype.ghost).toEqual({ x: 1 });
    } finally {
      delete prototype.ghost;
    }
  });
});
