import { produce } from 'immer';
import { describe, expect, test } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { processorMs } from '../processor-time.ts';
import { change, patchesOf } from './captured.ts';

/** The patches that `mutate` makes of a list that stands under the key "q", as a deep clone. */
function listPatches<T>(list: readonly T[], mutate: (list: T[]) => void): Patch[] {
  const after = structuredClone(list) as T[];
  mutate(after);
  return patchesOf({ q: list }, { q: after });
}

describe('capture of lists', () => {
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
    const started = processorMs();
    const shuffled = ships.map((_, index) => ships[(index * 7919) % ships.length]!);
    change({ q: ships }, { q: shuffled });
    change({ q: numbers }, { q: numbers.map((n) => n + 1) });
    change({ q: fewKinds }, { q: fewKinds.map((n, index) => (index % 3 ? n : 1 - n)) });
    expect(processorMs() - started).toBeLessThan(10_000);
  });
});
