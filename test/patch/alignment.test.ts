import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { align } from '#core/patch/alignment.ts';
import { equal } from '#core/patch/equal.ts';
import type { Json } from '#core/patch/patch.ts';
import { Run, Sequence } from '#core/patch/sequence.ts';

/** The length of the longest common subsequence, by the textbook. */
function longestCommon(some: readonly Json[], other: readonly unknown[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const left of some) {
    const next = [0];
    other.forEach((right, index) => {
      next.push(equal(left, right) ? row[index]! + 1 : Math.max(row[index + 1]!, next[index]!));
    });
    row = next;
  }
  return row.at(-1)!;
}

/** Checks that runs are what they claim to be, and returns how many elements they match. */
function matched(base: readonly Json[], next: readonly unknown[]): number {
  let head = 0;
  while (head < Math.min(base.length, next.length, 2) && equal(base[head]!, next[head])) head++;
  let baseAt = 0;
  let nextAt = 0;
  let count = 0;
  for (const run of align(base, next, head)) {
    expect(run.length).toBeGreaterThan(0);
    expect(run.base).toBeGreaterThanOrEqual(baseAt);
    expect(run.next).toBeGreaterThanOrEqual(nextAt);
    for (let index = 0; index < run.length; index++) {
      expect(equal(base[run.base + index]!, next[run.next + index])).toBe(true);
    }
    baseAt = run.base + run.length;
    nextAt = run.next + run.length;
    count += run.length;
  }
  expect(baseAt).toBeLessThanOrEqual(base.length);
  expect(nextAt).toBeLessThanOrEqual(next.length);
  return count;
}

describe('alignment', () => {
  test('[P19] short lists are matched as well as can be', () => {
    const element = fc.oneof(
      fc.nat(3),
      fc.nat(3).map((n) => ({ n })),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 20 }), fc.array(element, { maxLength: 20 }), (base, next) => {
        // One element against one is left to the comparison of a pair.
        expect(matched(base, next)).toBe(longestCommon(base, next));
      }),
      { numRuns: 1000 },
    );
  });

  test('[P19] long lists are matched validly, and nearly completely after a few edits', () => {
    const edits = fc.array(
      fc.record({ at: fc.nat(999), remove: fc.nat(5), insert: fc.array(fc.nat(5), { maxLength: 5 }) }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.constantFrom(2, 50, 1_000_000), fc.nat(), edits, (kinds, seed, changes) => {
        const base = Array.from({ length: 1000 }, (_, index) => ({
          n: (Math.imul(index + seed, 0x9e3779b1) >>> 7) % kinds,
        }));
        const next = structuredClone(base);
        let touched = 0;
        for (const { at, remove, insert } of changes) {
          next.splice(at, remove, ...insert.map((n) => ({ n })));
          touched += remove;
        }
        expect(matched(base, next)).toBeGreaterThanOrEqual(1000 - touched - 12 * 10);
      }),
      { numRuns: 100 },
    );
  });

  /** Ships that keep their identity, as all do that a command has not opened. */
  const ships = (count: number): Json[] => Array.from({ length: count }, (_, n) => ({ n }));

  test('[P19] a few elements taken out, put in and replaced among the very same ones are followed', () => {
    const base = ships(300);
    const next: Json[] = base.slice();
    next.splice(250, 1);
    next.splice(200, 1, { n: -1 });
    next.splice(150, 0, { n: -2 }, { n: -3 });
    next.splice(100, 2, { n: -4 }, { n: -5 });
    next.splice(0, 1, { n: -7 });
    next.push({ n: -8 });
    expect(matched(base, next)).toBe(longestCommon(base, next));
  });

  test('[P19] numbers are no objects to follow: lists with both are matched all the same', () => {
    const [left, right] = [ships(80), ships(80)];
    // On either side the same number stands one further along, or beside another one.
    const base = [-1, 7, ...left.slice(0, 40), -3, 9, -4, ...left.slice(40), -9];
    const next = [7, -2, ...left.slice(0, 40), 9, -5, -4, ...left.slice(40), -8];
    expect(matched(base, next)).toBeGreaterThanOrEqual(80);
    expect(matched([-1, 7, 5, ...left], [-2, 8, 5, ...right, -3])).toBeGreaterThanOrEqual(80);
    expect(matched([7, ...left, -9], [-2, 7, ...right, -8])).toBeGreaterThanOrEqual(80);
  });

  test('[P19] changes in place, more than a few edits would make, are found where they are', () => {
    const base = Array.from({ length: 200 }, (_, at) => at);
    const next = base.map((value) => (value % 10 === 5 ? -value : value));
    expect(matched(base, next)).toBe(180);
  });

  test('[P19] a queue that grew far at its beginning and lost its end is matched where it overlaps', () => {
    const base = Array.from({ length: 200 }, (_, at) => at);
    const next = [...Array.from({ length: 100 }, (_, at) => -1 - at), ...base.slice(0, 150)];
    expect(matched(base, next)).toBe(150);
    expect(matched(next, base)).toBe(150);
  });

  test('[P19] more gaps than are followed, and wider ones, leave the lists to the searches behind', () => {
    const base = ships(400);
    const thinned = base.filter((_, at) => at % 4 !== 0);
    expect(matched(base, thinned)).toBeGreaterThan(200);
    const wide = [...base.slice(0, 100), ...base.slice(140)];
    wide.splice(50, 0, ...ships(20).map((_, n) => ({ n: -1 - n })));
    wide.push({ n: -100 });
    expect(matched(base, wide)).toBe(360);
  });

  test('[P19] lists of which nothing is known are matched validly', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 40, 5000), fc.nat(), fc.nat(300), fc.nat(300), (kinds, seed, some, other) => {
        const list = (length: number, salt: number): Json[] =>
          Array.from({ length }, (_, index) => (Math.imul((index + salt) ** 2 + seed, 0x9e3779b1) >>> 9) % kinds);
        matched(list(some, 0), list(other, seed % 70));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a sequence of elements nobody has seen', () => {
  test('[C12] the first, the last and the only element of a stretch can be removed', () => {
    const sequence = new Sequence<{ id: number }>();
    const added = { id: 1 };
    sequence.insert(3, added);
    const removed = [2, 0, 0].map((index) => sequence.remove(index));
    expect(removed).toEqual([2, 0, 1]);
    expect([0, 1, 2].map((index) => sequence.at(index))).toEqual([added, 3, 4]);
  });

  test('[C12] insertions and deletions leave what they leave in an array, over many chunks', () => {
    const operation = fc.tuple(
      fc.constantFrom('insert', 'insert', 'remove'),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 1500, size: 'max' }), (operations) => {
        const model: (number | { id: number })[] = Array.from({ length: 3000 }, (_, index) => index);
        const sequence = new Sequence<{ id: number }>();
        operations.forEach(([kind, share], id) => {
          const index = Math.floor(share * model.length * 0.5);
          if (kind === 'insert') {
            const element = { id };
            model.splice(index, 0, element);
            sequence.insert(index, element);
          } else {
            expect(sequence.remove(index)).toBe(model.splice(index, 1)[0]);
          }
        });
        for (let index = 0; index < model.length; index += 7) expect(sequence.at(index)).toBe(model[index]);
        const flat: unknown[] = [];
        for (const entry of sequence.entries()) {
          if (!(entry instanceof Run)) flat.push(entry);
          else for (let from = entry.from; from < Math.min(entry.from + entry.count, 3000); from++) flat.push(from);
        }
        expect(flat).toEqual(model);
      }),
      { numRuns: 20 },
    );
  });
});
