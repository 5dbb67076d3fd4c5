// A state carried along patches, and the values it says they replaced, against fast-json-patch.

import fc from 'fast-check';
import type { Operation } from 'fast-json-patch';
import fastJsonPatch from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { ChangeListing } from '#cli/past/change-lines.ts';
import { Playhead } from '#cli/past/playhead.ts';
import { capture } from '#core/patch/capture.ts';
import type { JsonObject, Patch } from '#core/patch/patch.ts';
import { toJsonPatch } from '#core/patch/pointer.ts';

const leaf = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom('', 'x', 'y/z~'),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '7'), tie('tree'), { maxKeys: 4 }),
  ),
}));
const states = fc.dictionary(fc.constantFrom('t', 'u', 'v', 'w'), tree) as fc.Arbitrary<JsonObject>;

function between(base: JsonObject, next: JsonObject): Patch[] {
  const patches: Patch[] = [];
  capture(base, next, [], patches);
  return patches;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a playhead', () => {
  it('[PC6] comes to the next state, and tells what stood where each patch was made', () => {
    fc.assert(
      fc.property(states, states, (base, next) => {
        const start = plain(base) as JsonObject;
        const target = plain(next) as JsonObject;
        const patches = between(start, target);
        const playhead = new Playhead({ state: structuredClone(start), tables: [] });
        let oracle: unknown = structuredClone(start);
        for (const { patch, before, after, op } of playhead.play(patches)) {
          const [operation] = toJsonPatch([patch]) as [Operation];
          const stood = op === 'add' ? undefined : fastJsonPatch.getValueByPointer(oracle, operation.path);
          expect(before).toEqual(stood);
          oracle = fastJsonPatch.applyPatch(oracle, [operation], true, false).newDocument;
          expect(playhead.state).toEqual(oracle);
          if (op !== 'remove') expect(after).toEqual((operation as { value: unknown }).value);
        }
        expect(JSON.stringify(playhead.state)).toBe(JSON.stringify(target));
        const skipping = new Playhead({ state: structuredClone(start), tables: [] });
        skipping.skip(patches);
        expect(skipping.state).toEqual(target);
      }),
    );
  });

  it('[PC6] tells a record that carries a whole state as what it changed', () => {
    fc.assert(
      fc.property(states, states, (base, next) => {
        const start = plain(base) as JsonObject;
        const target = plain(next) as JsonObject;
        const playhead = new Playhead({ state: structuredClone(start), tables: ['t'] });
        const told = [...playhead.play([{ op: 'replace', path: [], value: structuredClone(target) }])];
        expect(playhead.state).toEqual(target);
        let oracle: unknown = structuredClone(start);
        for (const { patch } of told) {
          // The whole state is told as such only where it has next to nothing in common with what was there.
          if (patch.path.length === 0) expect(told).toHaveLength(1);
          oracle = fastJsonPatch.applyPatch(oracle, toJsonPatch([patch]), true, false).newDocument;
        }
        expect(oracle).toEqual(target);
      }),
    );
  });
});

describe('a listing', () => {
  const paint = (colour: string, text: string): string => `<${colour}>${text}`;

  it('[PC3] groups by the entities of tables, and elsewhere by top-level key', () => {
    const listing = new ChangeListing(new Set(['ports']), paint, undefined);
    listing.take({ op: 'replace', path: ['ports', 'a/b', 'gold', 0], before: 1, after: 2 });
    listing.take({ op: 'replace', path: ['purse', 'total', 'all'], before: 'x', after: null });
    listing.take({ op: 'add', path: ['ports', 'a/b', 'owner'], before: undefined, after: 'ada' });
    listing.take({ op: 'remove', path: ['ports', 'c'], before: { gold: 1 }, after: undefined });
    listing.take({ op: 'replace', path: ['turn'], before: 1, after: 2 });
    expect([...listing.lines()]).toEqual([
      '<bold>/ports/a~1b',
      '  <yellow>~ gold/0  1 -> 2',
      '  <green>+ owner  "ada"',
      '<bold>/purse',
      '  <yellow>~ total/all  "x" -> null',
      '<bold>/ports/c',
      '  <red>- {"gold":1}',
      '<bold>/turn',
      '  <yellow>~ 1 -> 2',
    ]);
    expect([listing.count, listing.groups]).toEqual([5, 4]);
  });

  it('[PC3] beside another value a large one is told by its size', () => {
    const listing = new ChangeListing(new Set(), paint, undefined);
    const large = Array.from({ length: 100 }, (_, index) => index);
    listing.take({ op: 'replace', path: ['a', 'b'], before: large, after: { large } });
    listing.take({ op: 'replace', path: ['a', 'c'], before: [1], after: { ...large } });
    expect([...listing.lines()].slice(1)).toEqual([
      '  <yellow>~ b  a list of 100 -> an object of 1',
      '  <yellow>~ c  [1] -> an object of 100',
    ]);
  });
});
