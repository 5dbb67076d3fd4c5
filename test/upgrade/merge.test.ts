// The three-way merge, against what patches of one side make of the state of the other.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, JsonObject, Patch } from '#core/patch/patch.ts';
import { type Conflict, mergeByPath, ours, theirs } from '#index.ts';
import { refusal } from '../game/galaxy.ts';

const leaf = fc.constantFrom<Json>(0, 1, 2, 'a', null, true);
const tree = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: leaf },
    { weight: 3, arbitrary: tie('object') },
    { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
  ),
})).object;

const conflictOf = (base: JsonObject, mine: JsonObject, other: JsonObject): Conflict => ({
  game: 'andromeda',
  base,
  ours: mine,
  theirs: other,
  ourPaths: [],
  theirPaths: [],
  baseSeq: 3,
  seq: 5,
  version: 1,
  player: undefined,
});

/** Changes as the places where objects differ; a list or a value is one place. Shares no code with the merge. */
function changes(base: Json | undefined, next: Json | undefined, at: readonly string[] = []): string[][] {
  if (JSON.stringify(base) === JSON.stringify(next)) return [];
  const objects = [base, next].every((each) => typeof each === 'object' && each !== null && !Array.isArray(each));
  if (!objects) return [[...at]];
  const [one, other] = [base, next] as [JsonObject, JsonObject];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) =>
    changes(one[key], other[key], [...at, key]),
  );
}

const overlap = (one: readonly string[], other: readonly string[]): boolean =>
  one.slice(0, other.length).every((key, index) => key === other[index]);

/** Sets or removes what `next` has at each place. */
function transplant(target: JsonObject, next: JsonObject, places: readonly string[][]): JsonObject {
  const result = structuredClone(target) as { [key: string]: Json };
  for (const place of places) {
    let into = result;
    let from = next as { [key: string]: Json };
    for (const key of place.slice(0, -1)) {
      into = into[key] as typeof into;
      from = from[key] as typeof from;
    }
    const last = place.at(-1) as string;
    if (Object.hasOwn(from, last)) into[last] = structuredClone(from[last]) as Json;
    else delete into[last];
  }
  return result;
}

const clean = mergeByPath();

describe('mergeByPath', () => {
  it('[MG30] is what one side did, done to the other, when they changed different places', () => {
    let merged = 0;
    fc.assert(
      fc.property(tree, tree, tree, (base, mine, other) => {
        const mineChanged = changes(base, mine);
        const otherChanged = changes(base, other);
        fc.pre(!mineChanged.some((one) => otherChanged.some((two) => overlap(one, two) || overlap(two, one))));
        merged += 1;
        const result = clean(conflictOf(base, mine, other));
        expect(result).toEqual(transplant(other, mine, mineChanged));
        // The same the other way round: nobody's change is lost.
        expect(clean(conflictOf(base, other, mine))).toEqual(result);
        const patches: Patch[] = [];
        capture(other, result, [], patches);
        expect(fold(other, patches)).toEqual(result);
      }),
      { seed: 52, numRuns: 2_000 },
    );
    expect(merged).toBe(2_000);
  });

  it('[MG30] asks about every place that both changed differently, about no other, and takes what it is told', () => {
    fc.assert(
      fc.property(tree, tree, tree, (base, mine, other) => {
        const mineChanged = changes(base, mine);
        const otherChanged = changes(base, other);
        const asked: string[] = [];
        const decide = (side: 'ours' | 'theirs') =>
          mergeByPath((place) => {
            asked.push(JSON.stringify(place.path));
            const both = [mineChanged, otherChanged].every((list) =>
              list.some((one) => overlap(one, place.path as string[]) || overlap(place.path as string[], one)),
            );
            expect(both).toBe(true);
            expect(place.ours).not.toEqual(place.theirs);
            return place[side];
          });
        const keepsTheirs = decide('theirs')(conflictOf(base, mine, other)) as JsonObject;
        const keepsOurs = decide('ours')(conflictOf(base, mine, other)) as JsonObject;
        expect(asked.slice(asked.length / 2)).toEqual(asked.slice(0, asked.length / 2));
        expect(new Set(asked).size).toBe(asked.length / 2);
        // Whichever side is told to win has all that it changed.
        for (const [winner, result, places] of [
          [other, keepsTheirs, otherChanged],
          [mine, keepsOurs, mineChanged],
        ] as const) {
          expect(transplant(result, winner, places)).toEqual(result);
        }
      }),
      { seed: 53, numRuns: 1_000 },
    );
  });

  it('[MG30] a side that changed nothing has no say, and the same change on both sides is no conflict', () => {
    fc.assert(
      fc.property(tree, tree, (base, changed) => {
        expect(clean(conflictOf(base, base, changed))).toBe(changed);
        expect(JSON.stringify(clean(conflictOf(base, changed, base)))).toBe(JSON.stringify(changed));
        expect(clean(conflictOf(base, changed, structuredClone(changed)))).toEqual(changed);
      }),
      { seed: 54, numRuns: 500 },
    );
  });

  it('[MG31] without a function a place that both changed is a CONFLICT that names it', () => {
    const base = { systems: { 'a/b': { metal: 1, crew: 2 }, sol: {} } };
    const mine = { systems: { 'a/b': { metal: 2, crew: 2 }, sol: {} } };
    const other = { systems: { 'a/b': { metal: 3, crew: 9 }, sol: {} } };
    const error = refusal('CONFLICT', () => clean(conflictOf(base, mine, other)));
    expect(error.context).toMatchObject({ game: 'andromeda', path: '/systems/a~1b/metal', baseSeq: 3, seq: 5 });
    const removed = { systems: { sol: {} } };
    const gone = refusal('CONFLICT', () => clean(conflictOf(base, mine, removed)));
    expect(gone.context.path).toBe('/systems/a~1b');
  });

  it('[MG31] a function may add up, and undefined takes a key away', () => {
    const sum = mergeByPath(({ base, ours: mine, theirs: other }) =>
      typeof mine === 'number' && typeof other === 'number' ? mine + other - Number(base) : undefined,
    );
    const result = sum(conflictOf({ n: 10, list: [1] }, { n: 12, list: [2] }, { n: 7, list: [3] }));
    expect(result).toEqual({ n: 9 });
  });

  it('[MG31] a list is one value', () => {
    const asked: unknown[] = [];
    const resolve = mergeByPath((place) => {
      asked.push(place);
      return place.ours;
    });
    resolve(conflictOf({ list: [1, 2] }, { list: [1, 2, 3] }, { list: [0, 1, 2] }));
    expect(asked).toEqual([{ path: ['list'], base: [1, 2], ours: [1, 2, 3], theirs: [0, 1, 2] }]);
  });

  it('[MG31] ours and theirs take one side whole', () => {
    const conflict = conflictOf({ n: 1 }, { n: 2 }, { n: 3 });
    expect(ours(conflict)).toEqual({ n: 2 });
    expect(theirs(conflict)).toEqual({ n: 3 });
  });
});
