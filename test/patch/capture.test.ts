import assert from 'node:assert/strict';
import { createDraft, produce } from 'immer';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { capture } from '#core/patch/capture.ts';
import type { Patch, PathSegment } from '#core/patch/patch.ts';
import { change, patchesOf } from './captured.ts';

type Tree = { [key: string]: unknown };

describe('objects', () => {
  test('[P1] nothing changed gives no patch and the base itself, however deep the clone', () => {
    const state = {
      a: [1, { b: 'x' }],
      10: null,
      wide: Object.fromEntries([...Array(300).keys()].map((k) => [`k${k}`, [k]])),
    };
    const { patches, base, now } = change(state, structuredClone(state));
    expect(patches).toEqual([]);
    expect(now).toBe(base);
  });

  test('[P2] a changed value is one replace with the full path', () => {
    expect(patchesOf({ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 3, d: 2 } } })).toEqual([
      { op: 'replace', path: ['a', 'b', 'c'], value: 3 },
    ]);
  });

  test('[P2] the path given to capture stands before every path, and comes back as it was', () => {
    const path: PathSegment[] = ['systems', '71683'];
    const patches: Patch[] = [];
    capture(admit({ stock: { metal: 1 }, list: [1] }, path), { stock: { metal: 2 }, list: [1, 2] }, path, patches);
    expect(patches).toEqual([
      { op: 'replace', path: ['systems', '71683', 'stock', 'metal'], value: 2 },
      { op: 'add', path: ['systems', '71683', 'list', 1], value: 2 },
    ]);
    expect(path).toEqual(['systems', '71683']);
    expect(new Set(patches.map((patch) => patch.path)).size).toBe(2);
  });

  test('[P3] a new key is an add, a lost key a remove', () => {
    expect(patchesOf({ a: 1, b: 2, c: 3 }, { a: 1, c: 3, d: 4 })).toEqual([
      { op: 'remove', path: ['b'] },
      { op: 'add', path: ['d'], value: 4 },
    ]);
  });

  test('[P4] a key that was deleted and set again stands last: it is removed and added', () => {
    const after: Tree = { a: 1, b: 2, c: 3 };
    delete after['a'];
    after['a'] = 1;
    expect(patchesOf({ a: 1, b: 2, c: 3 }, after)).toEqual([
      { op: 'remove', path: ['a'] },
      { op: 'add', path: ['a'], value: 1 },
    ]);
  });

  test('[P4] a key in the middle makes those behind it move, and no others', () => {
    expect(patchesOf({ a: 1, b: 2, c: 3, d: 4, e: 5 }, { a: 1, b: 2, c: 3, x: 0, d: 4, e: 5 })).toEqual([
      { op: 'remove', path: ['d'] },
      { op: 'remove', path: ['e'] },
      { op: 'add', path: ['x'], value: 0 },
      { op: 'add', path: ['d'], value: 4 },
      { op: 'add', path: ['e'], value: 5 },
    ]);
  });

  test('[P4] index keys have no order to keep', () => {
    const after: Tree = { 1: 'a', 2: 'b', x: 0 };
    delete after['1'];
    after['1'] = 'c';
    after['0'] = 'd';
    expect(patchesOf({ 1: 'a', 2: 'b', x: 0 }, after)).toEqual([
      { op: 'add', path: ['0'], value: 'd' },
      { op: 'replace', path: ['1'], value: 'c' },
    ]);
  });

  test('[P4] 4294967294 is an index key and 4294967295 is not', () => {
    const before: Tree = { x: 0, 4294967294: 1, 4294967295: 2 };
    expect(Object.keys(before)).toEqual(['4294967294', 'x', '4294967295']);
    const after: Tree = { ...before };
    for (const key of ['4294967294', '4294967295', 'x']) {
      const value = after[key];
      delete after[key];
      after[key] = value;
    }
    expect(patchesOf(before, after).map((patch) => patch.path[0])).toEqual(['x', 'x']);
  });

  test('[P5] a moved key shares what it has in common with its old value', () => {
    const after: Tree = { a: { deep: { n: 1 }, m: 1 }, b: 2 };
    const moved = after['a'] as Tree;
    delete after['a'];
    after['a'] = { ...moved, m: 2 };
    const { base, now, patches } = change({ a: { deep: { n: 1 }, m: 1 }, b: 2 }, after);
    expect((now as Tree)['a']).toMatchObject({ m: 2 });
    expect(((now as Tree)['a'] as Tree)['deep']).toBe(((base as Tree)['a'] as Tree)['deep']);
    expect(patches.map((patch) => patch.op)).toEqual(['remove', 'add']);
  });

  test('[P6] what did not change is the very object it was', () => {
    const { base, now } = change(
      { left: { list: [{ a: 1 }, { a: 2 }], deep: { x: 1 } }, right: { y: 1 } },
      { left: { list: [{ a: 1 }, { a: 2 }], deep: { x: 2 } }, right: { y: 1 } },
    );
    const before = base as { left: Tree; right: Tree };
    const after = now as { left: Tree; right: Tree };
    expect(after.right).toBe(before.right);
    expect(after.left['list']).toBe(before.left['list']);
    expect(after.left).not.toBe(before.left);
  });

  test('[P7] an object is written whole when its keys changed more often than it has keys', () => {
    expect(patchesOf({ o: { a: 1, b: 2, c: 3 } }, { o: { d: 4, e: 5 } })).toEqual([
      { op: 'replace', path: ['o'], value: { d: 4, e: 5 } },
    ]);
  });

  test('[P7] but not when that would write something large which stayed', () => {
    const large = Array.from({ length: 100 }, (_, index) => index);
    expect(patchesOf({ o: { large, b: 2, c: 3 } }, { o: { large } })).toEqual([
      { op: 'remove', path: ['o', 'b'] },
      { op: 'remove', path: ['o', 'c'] },
    ]);
  });

  test('[P7] and never at the root, which may hold tables', () => {
    expect(patchesOf({ a: 1, b: 2, c: 3 }, { d: 4 })).toHaveLength(4);
  });

  test('[P8] another kind of value is one replace', () => {
    expect(patchesOf({ a: [1] }, { a: { 0: 1 } })).toEqual([{ op: 'replace', path: ['a'], value: { 0: 1 } }]);
    expect(patchesOf({ a: {} }, { a: [] })).toEqual([{ op: 'replace', path: ['a'], value: [] }]);
    expect(patchesOf({ a: null }, { a: {} })).toEqual([{ op: 'replace', path: ['a'], value: {} }]);
    expect(patchesOf({ a: {} }, { a: null })).toEqual([{ op: 'replace', path: ['a'], value: null }]);
    expect(patchesOf({ a: 1 }, { a: '1' })).toEqual([{ op: 'replace', path: ['a'], value: '1' }]);
  });

  test('[P8] a root of another kind is one replace with the empty path', () => {
    expect(patchesOf({ a: 1 }, [1])).toEqual([{ op: 'replace', path: [], value: [1] }]);
    expect(patchesOf([1], { a: 1 })).toEqual([{ op: 'replace', path: [], value: { a: 1 } }]);
    expect(patchesOf(null, { a: 1 })).toEqual([{ op: 'replace', path: [], value: { a: 1 } }]);
    expect(patchesOf({ a: 1 }, 7)).toEqual([{ op: 'replace', path: [], value: 7 }]);
  });
});

describe('where the next state comes from', () => {
  test('[P16] a finished Immer state and a draft that is still open give the same patches', () => {
    const base = admit({ a: { n: 1, list: [1, 2, 3] }, b: { m: 1 } }, []) as never as {
      a: { n: number; list: number[] };
      b: { m: number };
    };
    const recipe = (draft: typeof base): void => {
      draft.a.n = 2;
      draft.a.list.splice(1, 1);
      draft.b = { m: draft.a.n };
    };
    const expected: Patch[] = [
      { op: 'replace', path: ['a', 'n'], value: 2 },
      { op: 'remove', path: ['a', 'list', 1] },
      { op: 'replace', path: ['b', 'm'], value: 2 },
    ];
    const finished: Patch[] = [];
    capture(base as never, produce(base, recipe), [], finished);
    expect(finished).toEqual(expected);
    const open: Patch[] = [];
    const draft = createDraft(base);
    recipe(draft as never);
    const now = capture(base as never, draft, [], open);
    expect(open).toEqual(expected);
    assert.deepStrictEqual(now, { a: { n: 2, list: [1, 3] }, b: { m: 2 } });
  });

  test('[P17] what is compared is neither frozen nor kept', () => {
    const next = { a: { n: 2, fresh: { x: 1 } }, list: [[1], [2]] };
    const { now, patches } = change({ a: { n: 1 }, list: [[1]] }, next);
    next.a.fresh.x = 9;
    next.list[1]!.push(9);
    next.list.push([3]);
    assert.deepStrictEqual(now, { a: { n: 2, fresh: { x: 1 } }, list: [[1], [2]] });
    expect(patches.map((patch) => (patch as { value: unknown }).value)).toEqual([2, { x: 1 }, [2]]);
  });

  class Ship {
    hull = 1;
  }
  const cases: [name: string, before: unknown, after: unknown, path: string][] = [
    ['NaN', { a: { b: 1 } }, { a: { b: Number.NaN } }, '/a/b'],
    ['-0 where 0 was', { a: 0 }, { a: -0 }, '/a'],
    ['-0 in a list of zeros', { a: [0, 0] }, { a: [0, -0] }, '/a/1'],
    ['undefined', { a: 1 }, { a: undefined }, '/a'],
    ['a new key with undefined', { a: 1 }, { a: 1, b: undefined }, '/b'],
    ['a Date where an object was', { a: {} }, { a: new Date(0) }, '/a'],
    ['a Map where an empty object was', { a: {} }, { a: new Map([[1, 2]]) }, '/a'],
    ['an instance where an equal plain object was', { a: { hull: 1 } }, { a: new Ship() }, '/a'],
    ['an instance in a list', { a: [{ hull: 1 }, 1] }, { a: [new Ship(), 1] }, '/a/0'],
    ['a symbol key', { a: { b: 1 } }, { a: { b: 1, [Symbol('s')]: 1 } }, '/a'],
    ['a symbol key in an element', { a: [{ b: 1 }] }, { a: [{ b: 1, [Symbol('s')]: 1 }] }, '/a/0'],
    ['a hidden property', { a: { b: 1 } }, { a: Object.defineProperty({ b: 1 }, 'c', { value: 1 }) }, '/a/c'],
    ['a hole', { a: [1, 2] }, { a: Object.assign([1], { length: 2 }) }, '/a/1'],
    ['a hole and an extra key', { a: [1, 2] }, { a: Object.assign([1], { length: 2, extra: 2 }) }, '/a/extra'],
    ['an extra key on an equal array', { a: [1, 2] }, { a: Object.assign([1, 2], { extra: 1 }) }, '/a/extra'],
    ['a symbol on an equal array', { a: [1, 2] }, { a: Object.assign([1, 2], { [Symbol('s')]: 1 }) }, '/a'],
    [
      'an extra key on an equal inner array',
      { a: [[1], 2] },
      { a: [Object.assign([1], { extra: 1 }), 2] },
      '/a/0/extra',
    ],
    ['an equal inner array of a class', { a: [[1], 2] }, { a: [class Fleet extends Array {}.from([1]), 2] }, '/a/0'],
    ['an array of a class', { a: [1, 2] }, { a: class Fleet extends Array {}.from([1, 2]) }, '/a'],
    ['a lone surrogate', { a: 'x' }, { a: '\ud800' }, '/a'],
    ['a new key with a lone surrogate', { a: 1 }, { a: 1, '\ud800': 1 }, '/\ud800'],
    ['a new key __proto__', { a: { b: 1 } }, { a: JSON.parse('{"b":1,"__proto__":{}}') as unknown }, '/a/__proto__'],
    ['a new key constructor', { a: { b: 1 } }, { a: { b: 1, constructor: 1 } }, '/a/constructor'],
    [
      'a table',
      { a: { b: {} } },
      {
        a: {
          b: { [Symbol.for('orrery.table')]: 1 },
        },
      },
      '/a/b',
    ],
  ];

  test.each(cases)(
    '[P18] %s is refused with its pointer, wherever it is found, and no patch is left',
    (_, before, after, path) => {
      const base = admit(before, []);
      const patches: Patch[] = [{ op: 'remove', path: ['earlier'] }];
      const at: PathSegment[] = [];
      let caught: unknown;
      try {
        capture(base, { z: 1, ...(after as object) }, at, patches);
      } catch (error) {
        caught = error;
      }
      assert(caught instanceof OrreryError, String(caught));
      expect(caught.code).toBe('NOT_PERSISTABLE');
      expect(caught.context.path).toBe(path);
      expect(patches).toHaveLength(1);
      expect(at).toEqual([]);
      // The same without any other change: nothing is pruned before it was looked at.
      expect(() => capture(base, after, [], [])).toThrow(OrreryError);
    },
  );

  test('[P18] -0 is refused where it is all there is, and so is a table behind a proxy', () => {
    expect(() => capture(0, -0, ['a'], [])).toThrow(/^-0 cannot be persisted/);
    const disguised = new Proxy({}, { has: (_, key) => key === Symbol.for('orrery.table') });
    expect(() => capture(admit({ a: {} }, []), { a: disguised }, [], [])).toThrow(/^a table may stand only/);
  });

  test('[P18] a getter that throws is refused with its pointer', () => {
    const next = {
      a: [
        {
          get b(): number {
            throw new Error('broken');
          },
        },
      ],
    };
    expect(() => capture(admit({ a: [{ b: 1 }] }, []), next, [], [])).toThrow(
      expect.objectContaining({ code: 'NOT_PERSISTABLE', context: { path: '/a/0/b' } }),
    );
  });

  test('[P18] depth counts from the root, also for what is added deep inside', () => {
    const nest = (levels: number, inside: unknown): unknown =>
      levels === 0 ? inside : { in: nest(levels - 1, inside) };
    const base = admit(nest(63, {}), []);
    expect(() => capture(base, nest(63, { leaf: 1 }), [], [])).not.toThrow();
    expect(() => capture(base, nest(63, { leaf: {} }), [], [])).toThrow(/deeper than 64/);
  });
});
