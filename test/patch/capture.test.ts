import assert from 'node:assert/strict';
import { createDraft, produce } from 'immer';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '../../src/errors.ts';
import { admit } from '../../src/patch/admit.ts';
import { cloneJson, fold } from '../../src/patch/apply.ts';
import { capture } from '../../src/patch/capture.ts';
import type { Json, Patch, PathSegment } from '../../src/patch/patch.ts';

type Tree = { [key: string]: unknown };

function change(
  before: unknown,
  after: unknown,
  path: PathSegment[] = [],
): { patches: Patch[]; base: Json; now: Json } {
  const base = admit(before, path);
  const patches: Patch[] = [];
  const now = capture(base, after, path, patches);
  assert.deepStrictEqual(now, JSON.parse(JSON.stringify(after)));
  expect(JSON.stringify(now)).toBe(JSON.stringify(after));
  if (path.length === 0) expect(JSON.stringify(fold(cloneJson(base), patches))).toBe(JSON.stringify(after));
  return { patches, base, now };
}

function patchesOf(before: unknown, after: unknown): Patch[] {
  return change(before, after).patches;
}

/** The patches that `mutate` makes of a list that stands under the key "q", as a deep clone. */
function listPatches<T>(list: readonly T[], mutate: (list: T[]) => void): Patch[] {
  const after = structuredClone(list) as T[];
  mutate(after);
  return patchesOf({ q: list }, { q: after });
}

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
    expect(Object.isFrozen(after.left) && Object.isFrozen(after.left['deep'])).toBe(true);
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

describe('lists', () => {
  const numbers = Array.from({ length: 10_000 }, (_, index) => index * 3);
  const ships = Array.from({ length: 10_000 }, (_, id) => ({
    id,
    hull: 100,
    cargo: { ore: id % 7, fuel: 3 },
    route: [id, id + 1],
  }));
  const fewKinds = Array.from({ length: 10_000 }, (_, index) => (Math.imul(index, 0x9e3779b1) >>> 20) & 1);
  const periodic = Array.from({ length: 10_000 }, (_, index) => index % 7);
  let seed = 1;
  const noise = Array.from({ length: 10_000 }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 31;
  });
  const newShip = { id: -1, hull: 1, cargo: { ore: 0, fuel: 0 }, route: [] };

  test('[P10] a push, a pop, a shift and an unshift of 10,000 are one patch each', () => {
    expect(listPatches(numbers, (q) => q.push(7))).toEqual([{ op: 'add', path: ['q', 10_000], value: 7 }]);
    expect(listPatches(numbers, (q) => q.pop())).toEqual([{ op: 'remove', path: ['q', 9_999] }]);
    expect(listPatches(numbers, (q) => q.shift())).toEqual([{ op: 'remove', path: ['q', 0] }]);
    expect(listPatches(numbers, (q) => q.unshift(7))).toEqual([{ op: 'add', path: ['q', 0], value: 7 }]);
  });

  test('[P10] so they are for objects that were all cloned', () => {
    expect(listPatches(ships, (q) => q.push(newShip))).toEqual([{ op: 'add', path: ['q', 10_000], value: newShip }]);
    expect(listPatches(ships, (q) => q.shift())).toEqual([{ op: 'remove', path: ['q', 0] }]);
    expect(listPatches(ships, (q) => q.unshift(newShip))).toEqual([{ op: 'add', path: ['q', 0], value: newShip }]);
    expect(listPatches(ships, (q) => q.splice(5000, 1))).toEqual([{ op: 'remove', path: ['q', 5000] }]);
  });

  test.each([
    ['numbers', numbers],
    ['objects', ships],
    ['numbers of two kinds only', fewKinds],
    ['numbers that repeat', periodic],
  ] as [string, unknown[]][])('[P11] shift and push in one command are two patches on 10,000 %s', (_, list) => {
    const patches = listPatches(list, (q) => {
      q.shift();
      q.push('new');
    });
    expect(patches).toEqual([
      { op: 'remove', path: ['q', 0] },
      { op: 'add', path: ['q', 9_999], value: 'new' },
    ]);
  });

  test.each([
    ['numbers', numbers],
    ['objects', ships],
    ['numbers of two kinds only', fewKinds],
    ['numbers that repeat', periodic],
  ] as [string, unknown[]][])(
    '[P11] 703 shifts and 703 pushes in one command are 1,406 patches on 10,000 %s',
    (_, list) => {
      const patches = listPatches(list, (q) => {
        q.splice(0, 703);
        for (let index = 0; index < 703; index++) q.push(`new ${index}`);
      });
      expect(patches).toHaveLength(1406);
    },
  );

  test('[P11] ten splices, forty changes inside elements, a shift and a push are about as many patches', () => {
    const patches = listPatches(ships, (q) => {
      for (let index = 0; index < 40; index++) q[index * 250 + 100]!.cargo.ore = 50 + index;
      for (let index = 0; index < 10; index++) q.splice(index * 900 + 20, 2, { ...newShip, id: -1 - index });
      q.shift();
      q.push(newShip);
    });
    expect(patches.length).toBeGreaterThanOrEqual(40 + 20 + 2);
    expect(patches.length).toBeLessThan(40 + 10 * 6 + 2);
  });

  test('[P11] 3,001 shifts and pushes of 10,000 numbers that repeat are 6,002 patches', () => {
    const patches = listPatches<unknown>(periodic, (q) => {
      q.splice(0, 3001);
      for (let index = 0; index < 3001; index++) q.push('new');
    });
    expect(patches).toHaveLength(6002);
  });

  test('[P11] 200 splices of 10,000 numbers of two kinds are about as many patches', () => {
    const patches = listPatches<unknown>(noise, (q) => {
      for (let index = 0; index < 200; index++) q.splice(index * 49 + 20, 3, 'new');
    });
    expect(patches.length).toBeGreaterThan(500);
    expect(patches.length).toBeLessThan(700);
  });

  test('[P12] elements are the same only when all of them is, though only a part is fingerprinted', () => {
    const text = (middle: string): string => `${'x'.repeat(20)}${middle}${'x'.repeat(20)}`;
    const list = Array.from({ length: 500 }, (_, id) => ({ id, log: text('old') }));
    const patches = listPatches(list, (q) => {
      for (const each of q) each.log = text('new');
      q.splice(3, 2);
    });
    // All of it was written, by whatever patches: that folding them gives the new list was checked on the way.
    expect(JSON.stringify(patches).split('xnewx')).toHaveLength(499);
  });

  test('[P11] every second element removed is 5,000 patches, not a rewrite of what stayed', () => {
    const patches = listPatches(ships, (q) => {
      for (let index = 9_999; index > 0; index -= 2) q.splice(index, 1);
    });
    expect(patches).toHaveLength(5_000);
    expect(patches.every((patch) => patch.op === 'remove')).toBe(true);
  });

  test('[P12] a change inside an element is a patch with its index, cloned or not', () => {
    expect(listPatches(ships, (q) => Object.assign(q[77]!.cargo, { ore: 99 }))).toEqual([
      { op: 'replace', path: ['q', 77, 'cargo', 'ore'], value: 99 },
    ]);
    const base = admit({ q: ships }, []) as { q: (typeof ships)[number][] };
    const patches: Patch[] = [];
    const next = produce(base, (draft) => {
      for (const index of [3, 77, 9_000]) draft.q[index]!.route.push(1);
    });
    const now = capture(base as unknown as Json, next, [], patches) as unknown as typeof base;
    expect(patches).toEqual([3, 77, 9_000].map((index) => ({ op: 'add', path: ['q', index, 'route', 2], value: 1 })));
    expect(now.q[4]).toBe(base.q[4]);
  });

  test('[P12] the index of a patch counts what earlier patches moved', () => {
    expect(
      patchesOf({ q: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }] }, { q: [{ n: 1 }, { n: 2 }, { n: 9, m: 1 }] }),
    ).toEqual([
      { op: 'remove', path: ['q', 0] },
      { op: 'replace', path: ['q', 2, 'n'], value: 9 },
      { op: 'add', path: ['q', 2, 'm'], value: 1 },
    ]);
  });

  test('[P12] a renamed key and another order of keys are changes of an element', () => {
    expect(patchesOf({ q: [{ a: 1 }, 2, 3] }, { q: [{ b: 1 }, 2, 3] })).toEqual([
      { op: 'replace', path: ['q', 0], value: { b: 1 } },
    ]);
    expect(patchesOf({ q: [{ a: 1, b: 1 }, 2] }, { q: [{ b: 1, a: 1 }, 2] })).toEqual([
      { op: 'remove', path: ['q', 0, 'a'] },
      { op: 'add', path: ['q', 0, 'a'], value: 1 },
    ]);
  });

  test('[P13] between unchanged elements, pairs are compared and the rest is removed or added', () => {
    expect(patchesOf({ q: [9, { a: 1, b: 1 }, 8, 7, 6] }, { q: [9, { a: 1, b: 2 }, 7, 6] })).toEqual([
      { op: 'replace', path: ['q', 1, 'b'], value: 2 },
      { op: 'remove', path: ['q', 2] },
    ]);
    expect(patchesOf({ q: [9, { a: 1, b: 1 }, 7, 6] }, { q: [9, { a: 1, b: 2 }, 8, 5, 7, 6] })).toEqual([
      { op: 'replace', path: ['q', 1, 'b'], value: 2 },
      { op: 'add', path: ['q', 2], value: 8 },
      { op: 'add', path: ['q', 3], value: 5 },
    ]);
  });

  test('[P14] a list is written whole when that takes fewer values than its patches', () => {
    expect(patchesOf({ q: [1, 2, 3] }, { q: [4, 5, 6] })).toEqual([{ op: 'replace', path: ['q'], value: [4, 5, 6] }]);
    expect(patchesOf({ q: [1, 2, 3, 4] }, { q: [] })).toEqual([{ op: 'replace', path: ['q'], value: [] }]);
    expect(listPatches(numbers, (q) => q.reverse())).toHaveLength(1);
  });

  test('[P14] but not when large elements stayed', () => {
    const large = { values: Array.from({ length: 50 }, (_, index) => index) };
    expect(patchesOf({ q: [large, 1, 2, 3] }, { q: [large] })).toHaveLength(3);
    expect(patchesOf({ q: [1, 2, 3] }, { q: [1, 2, 4] })).toEqual([{ op: 'replace', path: ['q', 2], value: 4 }]);
  });

  test('[P14] an element is written whole when nearly all of it differs', () => {
    const before = { q: [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'x'] };
    const after = { q: [{ a: 6, b: 7, c: 8, d: 9, e: 5 }, 'x'] };
    expect(patchesOf(before, after)).toEqual([{ op: 'replace', path: ['q', 0], value: after.q[0] }]);
  });

  test('[P14] a list at the root is never written whole', () => {
    expect(patchesOf([1, 2, 3], [4, 5])).toEqual([
      { op: 'replace', path: [0], value: 4 },
      { op: 'replace', path: [1], value: 5 },
      { op: 'remove', path: [2] },
    ]);
  });

  test('[P15] a list that has nothing in common with what it was takes time by its length', () => {
    const started = Date.now();
    const shuffled = ships.map((_, index) => ships[(index * 7919) % ships.length]!);
    change({ q: ships }, { q: shuffled });
    change({ q: numbers }, { q: numbers.map((n) => n + 1) });
    change({ q: fewKinds }, { q: fewKinds.map((n, index) => (index % 3 ? n : 1 - n)) });
    expect(Date.now() - started).toBeLessThan(10_000);
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
