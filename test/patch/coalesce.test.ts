import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import { coalesce } from '#core/patch/coalesce.ts';
import type { Json, Patch, PathSegment } from '#core/patch/patch.ts';
import { processorMs } from '../processor-time.ts';

const add = (path: PathSegment[], value: Json): Patch => ({ op: 'add', path, value });
const replace = (path: PathSegment[], value: Json): Patch => ({ op: 'replace', path, value });
const remove = (path: PathSegment[]): Patch => ({ op: 'remove', path });

/** Coalesces, and checks on a state that both lists do the same. */
function check(state: Json, patches: Patch[]): Patch[] {
  const frozen = admit(patches as unknown as Json, []) as unknown as Patch[];
  const result = coalesce(frozen);
  const expected = JSON.stringify(fold(cloneJson(state), patches));
  expect(JSON.stringify(fold(cloneJson(state), result))).toBe(expected);
  expect(JSON.stringify(fold(cloneJson(state), coalesce(result)))).toBe(expected);
  expect(result.length).toBeLessThanOrEqual(patches.length);
  return result;
}

describe('keys', () => {
  test('[C1] of several replaces the last stays', () => {
    expect(check({ a: 0 }, [replace(['a'], 1), replace(['a'], 2), replace(['a'], 3)])).toEqual([replace(['a'], 3)]);
  });

  test('[C2] a patch inside a value that was set is folded into the value', () => {
    expect(
      check({ a: 0 }, [
        add(['b'], { list: [1, 2], n: 1 }),
        replace(['b', 'n'], 2),
        remove(['b', 'list', 0]),
        add(['b', 'list', 1], { x: 1 }),
        replace(['b', 'list', 1, 'x'], 2),
        add(['b', 'last'], null),
      ]),
    ).toEqual([add(['b'], { list: [2, { x: 2 }], n: 2, last: null })]);
  });

  test('[C2] the values of the input stay as they were, also when one stands in two patches', () => {
    const value = { deep: { list: [{ n: 1 }] } };
    const patches = [
      add(['a'], value),
      add(['b'], value),
      replace(['a', 'deep', 'list', 0, 'n'], 2),
      add(['a', 'deep', 'list', 0], value),
      replace(['a', 'deep', 'list', 0, 'deep', 'list', 0, 'n'], 3),
    ];
    const before = JSON.stringify(patches);
    expect(check({}, patches)).toEqual([
      add(['a'], { deep: { list: [{ deep: { list: [{ n: 3 }] } }, { n: 2 }] } }),
      add(['b'], { deep: { list: [{ n: 1 }] } }),
    ]);
    expect(JSON.stringify(patches)).toBe(before);
  });

  test('[C3] an add and a replace are an add; an add and a remove are nothing', () => {
    expect(check({}, [add(['a'], 1), replace(['a'], 2)])).toEqual([add(['a'], 2)]);
    expect(check({ b: 1 }, [add(['a'], 1), replace(['b'], 2), remove(['a'])])).toEqual([replace(['b'], 2)]);
    expect(check({}, [add(['a'], 1), remove(['a']), add(['a'], 2)])).toEqual([add(['a'], 2)]);
  });

  test('[C3] a replace and a remove are a remove, and so is whatever happened inside before', () => {
    expect(check({ a: { b: 1, c: [] } }, [replace(['a', 'b'], 2), add(['a', 'c', 0], 1), remove(['a'])])).toEqual([
      remove(['a']),
    ]);
    expect(check({ a: 1 }, [replace(['a'], {}), add(['a', 'x'], 1), remove(['a'])])).toEqual([remove(['a'])]);
  });

  test('[C4] a remove and an add stay two, because the key moves', () => {
    expect(check({ a: 1, b: 2 }, [remove(['a']), add(['a'], 1)])).toEqual([remove(['a']), add(['a'], 1)]);
    expect(check({ a: 1, b: 2 }, [remove(['a']), add(['a'], 1), remove(['a'])])).toEqual([remove(['a'])]);
    expect(check({ a: 1, b: 2 }, [remove(['a']), add(['c'], 1), add(['a'], 1), remove(['c']), add(['c'], 3)])).toEqual([
      remove(['a']),
      add(['a'], 1),
      add(['c'], 3),
    ]);
  });

  test('[C4] but on an index key, which cannot move, they are a replace', () => {
    expect(check({ 5: 1, 6: 2, a: 0 }, [remove(['5']), add(['5'], 3)])).toEqual([replace(['5'], 3)]);
    expect(check({ 4294967295: 1, a: 0 }, [remove(['4294967295']), add(['4294967295'], 3)])).toHaveLength(2);
  });

  test('[C5] setting a place drops what happened inside, up to the whole state', () => {
    const inside = [replace(['a', 'b'], 1), add(['a', 'c'], 2), remove(['a', 'd'])];
    expect(check({ a: { b: 0, d: 0 } }, [...inside, replace(['a'], [])])).toEqual([replace(['a'], [])]);
    expect(check({ a: { b: 0, d: 0 } }, [...inside, replace([], { x: 1 }), add(['y'], 2)])).toEqual([
      replace([], { x: 1, y: 2 }),
    ]);
  });
});

describe('lists', () => {
  const list = { q: [10, 11, 12, 13, 14] };

  test('[C6] an element that was pushed and shifted out again leaves no trace', () => {
    expect(check({ q: [] }, [add(['q', 0], 1), add(['q', 1], 2), remove(['q', 0]), remove(['q', 0])])).toEqual([]);
    expect(check(list, [add(['q', 2], 1), remove(['q', 2])])).toEqual([]);
    expect(check(list, [add(['q', 2], 1), add(['q', 0], 0), remove(['q', 3])])).toEqual([add(['q', 0], 0)]);
  });

  test('[C6] a deletion and an insertion in the same gap are a replace', () => {
    expect(check(list, [remove(['q', 1]), add(['q', 1], 'x')])).toEqual([replace(['q', 1], 'x')]);
    expect(check(list, [add(['q', 1], 'x'), remove(['q', 2])])).toEqual([replace(['q', 1], 'x')]);
    expect(check(list, [remove(['q', 3]), remove(['q', 0])])).toEqual([remove(['q', 0]), remove(['q', 2])]);
  });

  test('[C7] changes of one element meet, wherever it was moved to in the meantime', () => {
    const ships = { q: [{ n: 0 }, { n: 1 }, { n: 2 }] };
    expect(
      check(ships, [
        replace(['q', 2, 'n'], 20),
        remove(['q', 0]),
        replace(['q', 1, 'n'], 21),
        add(['q', 0], { n: 9 }),
        add(['q', 1], { n: 8 }),
        replace(['q', 3, 'n'], 22),
        replace(['q', 1, 'n'], 7),
      ]),
    ).toEqual([replace(['q', 0], { n: 9 }), add(['q', 1], { n: 7 }), replace(['q', 3, 'n'], 22)]);
  });

  test('[C7] what happened inside an element goes with it', () => {
    expect(check({ q: [{ n: 0 }, { n: 1 }] }, [replace(['q', 1, 'n'], 5), remove(['q', 1])])).toEqual([
      remove(['q', 1]),
    ]);
    expect(check({ q: [{ n: 0 }, { n: 1 }] }, [replace(['q', 1, 'n'], 5), remove(['q', 0])])).toEqual([
      remove(['q', 0]),
      replace(['q', 0, 'n'], 5),
    ]);
  });

  test('[C8] a queue of 10,000 with a shift and a push in each of 1,000 ticks', () => {
    const patches: Patch[] = [];
    for (let tick = 0; tick < 1000; tick++) {
      patches.push(remove(['q', 0]), add(['q', 9_999], { id: tick, eta: 5 }), replace(['q', 9_999, 'eta'], 4));
      if (tick > 0) patches.push(replace(['q', 9_998, 'eta'], 3));
    }
    const result = check({ q: Array.from({ length: 10_000 }, (_, id) => ({ id: -1 - id, eta: 0 })) }, patches);
    expect(result).toHaveLength(2_000);
    expect(JSON.stringify(result).length).toBeLessThan(120_000);
  });

  test('[C8] a short queue that turned over many times is as many patches as it has places', () => {
    const patches: Patch[] = [];
    for (let tick = 0; tick < 20_000; tick++) patches.push(remove(['q', 0]), add(['q', 4], tick));
    expect(check(list, patches)).toHaveLength(5);
  });
});

describe('limits', () => {
  test('[C9] no patch and one patch come back as they are, in a list of their own', () => {
    const one = [remove(['a'])];
    expect(coalesce([])).toEqual([]);
    expect(coalesce(one)).toEqual(one);
    expect(coalesce(one)).not.toBe(one);
  });

  const misfits: [name: string, patches: Patch[]][] = [
    ['a key added twice', [add(['a'], 1), add(['a'], 2)]],
    ['a key removed twice', [remove(['a']), remove(['a'])]],
    ['a removed key replaced', [remove(['a']), replace(['a'], 1)]],
    ['a way through a removed key', [remove(['a']), add(['a', 'b'], 1)]],
    ['a changed key added', [replace(['a', 'b'], 1), add(['a'], 1)]],
    ['an array taken for an object', [add(['a', 0], 1), add(['a', 'b'], 1)]],
    ['an object taken for an array', [add(['a', 'b'], 1), add(['a', 0], 1)]],
    ['a way into a primitive', [add(['a'], 1), add(['a', 'b'], 1)]],
    ['an index past a known end', [add(['a'], [1]), replace(['a', 1], 1)]],
    ['a fraction as an index', [add(['a', 0], 1), add(['a', 0.5], 1)]],
    ['a negative index', [add(['a', 0], 1), remove(['a', -1])]],
    ['a forbidden key', [add(['a'], {}), add(['a', '__proto__'], { x: 1 })]],
    ['a way through a forbidden key', [add(['a'], {}), add(['a', '__proto__', 'x'], 1)]],
    ['a removal of everything', [replace([], {}), remove([])]],
    [
      'a path that is too long',
      [
        add(['a'], 1),
        add(
          Array.from({ length: 100_000 }, () => 'x'),
          1,
        ),
      ],
    ],
    ['a missing value', [add(['a'], 1), { op: 'add', path: ['b'] } as unknown as Patch]],
  ];

  test.each(misfits)('[C10] patches that fit no state come back as they are, for fold to refuse: %s', (_, patches) => {
    assert.deepStrictEqual(coalesce(patches), patches);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('[C11] a value that was set is copied once, however many patches follow inside', () => {
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 0]));
    const patches = [replace(['s'], wide), ...Object.keys(wide).map((key, index) => replace(['s', key], index))];
    const started = processorMs();
    expect(coalesce(patches)).toHaveLength(1);
    expect(processorMs() - started).toBeLessThan(1_000);
  });

  test('[C11] time grows with the number of patches, not with its square', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const inserts = Array.from({ length: 100_000 }, (_, index) => add(['q', random(index + 1)], index));
    const replaces = Array.from({ length: 100_000 }, (_, index) => replace(['s', `id${random(2_000)}`, 'n'], index));
    const both = inserts.flatMap((patch, index) => [patch, replaces[index]!]);
    const started = processorMs();
    expect(coalesce(both).length).toBeLessThanOrEqual(102_000);
    expect(processorMs() - started).toBeLessThan(5_000);
  });
});
