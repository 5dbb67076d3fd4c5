import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { produce } from 'immer';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import { coalesce } from '#core/patch/coalesce.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { parsePointer, resolvePointer, toJsonPatch, toPointer } from '#core/patch/pointer.ts';
import { json, type Loose, mutate, mutated, mutations, randomPatches, smallState, stateOf, steps } from './states.ts';

/** Wherever only keys lead to, what is the same must be the same object. */
function expectShared(base: Json, now: Json): void {
  if (typeof base !== 'object' || base === null || typeof now !== 'object' || now === null) return;
  if (JSON.stringify(base) === JSON.stringify(now)) {
    expect(now).toBe(base);
    return;
  }
  if (Array.isArray(base) || Array.isArray(now)) return;
  for (const name of Object.keys(now)) {
    if (Object.hasOwn(base, name)) expectShared((base as never)[name], (now as never)[name]);
  }
}

function captured(base: Json, next: unknown): { now: Json; patches: Patch[] } {
  const patches: Patch[] = [];
  const now = capture(base, next, [], patches);
  return { now, patches };
}

describe('capture', () => {
  test('[P20] folding the patches into the base gives the next state, order of keys included', () => {
    fc.assert(
      fc.property(stateOf, mutations, (given, changes) => {
        const base = admit(given, []);
        const next = mutated(base, changes);
        const before = JSON.stringify(next);
        const { now, patches } = captured(base, next);
        expect(JSON.stringify(next)).toBe(before);
        expect(JSON.stringify(now)).toBe(before);
        assert.deepStrictEqual(now, next);
        for (const values of ['copied', 'owned'] as const) {
          const folded = fold(cloneJson(base), structuredClone(patches), values);
          expect(JSON.stringify(folded)).toBe(before);
          assert.deepStrictEqual(folded, next);
        }
        expectShared(base, now);
        if (patches.length === 0) expect(now).toBe(base);
        expect(captured(now, structuredClone(next))).toEqual({ now, patches: [] });
      }),
      { numRuns: 1500 },
    );
  });

  test('[P20] so it does for two states that have nothing to do with each other', () => {
    fc.assert(
      fc.property(json, json, (some, other) => {
        const base = admit(some, []);
        const { now, patches } = captured(base, other);
        expect(JSON.stringify(now)).toBe(JSON.stringify(other));
        expect(JSON.stringify(fold(cloneJson(base), patches))).toBe(JSON.stringify(other));
      }),
      { numRuns: 700 },
    );
  });

  test('[P20] so it does for what Immer made of the base', () => {
    fc.assert(
      fc.property(stateOf, mutations, (given, changes) => {
        const base = admit(given, []) as Loose;
        const next = produce(base, (draft) => {
          // structuredClone does not take drafts, so only the mutations that do not copy from the state itself.
          for (const change of changes) if (change.kind !== 'copy') mutate(draft as Loose, change);
        });
        const { now, patches } = captured(base as Json, next);
        expect(JSON.stringify(now)).toBe(JSON.stringify(next));
        expect(JSON.stringify(fold(cloneJson(base as Json), patches))).toBe(JSON.stringify(next));
      }),
      { numRuns: 400 },
    );
  });

  test('[P20] so it does for long lists', () => {
    const element = fc.constantFrom(
      (n: number): Json => n,
      (n: number): Json => n % 3,
      (n: number): Json => ({ id: n, hp: n % 5, pos: [n % 2, 0] }),
      (n: number): Json => ({ kind: n % 2 }),
    );
    fc.assert(
      fc.property(element, fc.integer({ min: 60, max: 400 }), mutations, (make, length, changes) => {
        const base = admit({ q: Array.from({ length }, (_, n) => make(n)) }, []);
        // Container 1 is the list itself, so that not every change is one inside an element.
        const next = mutated(
          base,
          changes.map((change) => (change.other % 2 ? { ...change, where: 1 } : change)),
        );
        const { now, patches } = captured(base, next);
        expect(JSON.stringify(now)).toBe(JSON.stringify(next));
        expect(JSON.stringify(fold(cloneJson(base), patches))).toBe(JSON.stringify(next));
        expectSameMeaning(base, patches, JSON.stringify(next));
      }),
      { numRuns: 150 },
    );
  });

  test('[P21] fast-json-patch comes to the same state with the RFC 6902 form of the patches', () => {
    fc.assert(
      fc.property(stateOf, mutations, (given, changes) => {
        const base = admit(given, []);
        const next = mutated(base, changes);
        const { patches } = captured(base, next);
        const operations = structuredClone(toJsonPatch(patches));
        const applied = jsonPatch.applyPatch(cloneJson(base), operations, true).newDocument;
        assert.deepStrictEqual(applied, next);
      }),
      { numRuns: 700 },
    );
  });

  test('[P21] every path is a pointer that leads to what the patch set', () => {
    fc.assert(
      fc.property(stateOf, mutations, (given, changes) => {
        const base = admit(given, []);
        const { patches } = captured(base, mutated(base, changes));
        const state = cloneJson(base);
        for (const patch of patches) {
          const pointer = toPointer(patch.path);
          expect(parsePointer(pointer)).toEqual(patch.path.map(String));
          fold(state, [patch]);
          if (patch.op !== 'remove') assert.deepStrictEqual(resolvePointer(state as Json, pointer), patch.value);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function expectSameMeaning(state: Json, patches: readonly Patch[], expected: string): void {
  const frozen = admit(patches, []) as never as Patch[];
  const few = coalesce(frozen);
  expect(few.length).toBeLessThanOrEqual(patches.length);
  expect(JSON.stringify(fold(cloneJson(state), few))).toBe(expected);
  // Coalesced in parts, and then again, as it happens from tick to batch.
  const middle = patches.length >> 1;
  const again = coalesce([...coalesce(frozen.slice(0, middle)), ...coalesce(frozen.slice(middle))]);
  expect(JSON.stringify(fold(cloneJson(state), again))).toBe(expected);
  expect(again.length).toBeLessThanOrEqual(patches.length);
}

describe('coalesce', () => {
  test('[C20] the patches of several commands, coalesced, do what they did', () => {
    fc.assert(
      fc.property(stateOf, fc.array(mutations, { minLength: 1, maxLength: 8 }), (given, commands) => {
        const base = admit(given, []);
        const patches: Patch[] = [];
        let state = base;
        for (const changes of commands) state = capture(state, mutated(state, changes), [], patches);
        expectSameMeaning(base, patches, JSON.stringify(state));
      }),
      { numRuns: 700 },
    );
  });

  test('[C20] arbitrary patches that fit a state, coalesced, do what they did', () => {
    fc.assert(
      fc.property(smallState, steps, (given, made) => {
        const base = admit(given, []);
        const patches = randomPatches(base, made);
        expectSameMeaning(base, patches, JSON.stringify(fold(cloneJson(base), patches)));
      }),
      { numRuns: 1500 },
    );
  });

  test('[C21] they do so on every state the patches fit, not only on the one they were made for', () => {
    let fitted = 0;
    fc.assert(
      fc.property(smallState, smallState, steps, (given, other, made) => {
        const patches = randomPatches(admit(given, []), made.slice(0, 8));
        const state = admit(other, []);
        let expected: string;
        try {
          expected = JSON.stringify(fold(cloneJson(state), patches));
        } catch (error) {
          assert(error instanceof OrreryError && error.code === 'PATCH_INVALID');
          return;
        }
        if (patches.length > 1) fitted++;
        expectSameMeaning(state, patches, expected);
      }),
      { numRuns: 3000 },
    );
    expect(fitted).toBeGreaterThan(200);
  });
});

describe('admit', () => {
  test('[A20] what was admitted comes back from JSON exactly as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        const admitted = admit(value, []);
        assert.deepStrictEqual(admitted, value);
        assert.deepStrictEqual(JSON.parse(JSON.stringify(admitted)), admitted);
        expect(JSON.stringify(JSON.parse(JSON.stringify(admitted)))).toBe(JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });

  const anything = fc.anything({
    maxDepth: 3,
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
    stringUnit: 'binary',
  });

  /** The same with prototypes put right, which admit does and JSON does, so that the rest can be compared strictly. */
  function withPlainPrototypes(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const copy = value.slice();
      for (const index of copy.keys()) if (index in copy) copy[index] = withPlainPrototypes(copy[index]);
      return copy;
    }
    if (Object.getPrototypeOf(value) !== null && Object.getPrototypeOf(value) !== Object.prototype) return value;
    const copy = {};
    for (const name of Reflect.ownKeys(value)) {
      Object.defineProperty(copy, name, {
        ...Object.getOwnPropertyDescriptor(value, name),
        value: withPlainPrototypes(Reflect.get(value, name)),
      });
    }
    return copy;
  }

  /** Whether JSON gives exactly it back, and no rule of its own forbids it. */
  function roundTrips(value: unknown): boolean {
    try {
      const text = JSON.stringify(value);
      if (/\\ud[89a-f]|"(?:__proto__|constructor|prototype)":/.test(text)) return false;
      return isDeepStrictEqual(JSON.parse(text), value);
    } catch {
      return false;
    }
  }

  test('[A20] anything at all is admitted as exactly what JSON gives back, or refused, and then JSON would not have given it back', () => {
    let admittedCount = 0;
    fc.assert(
      fc.property(anything, (value) => {
        let admitted: Json;
        try {
          admitted = admit(value, []);
        } catch (error) {
          assert(error instanceof OrreryError && error.code === 'NOT_PERSISTABLE');
          expect(roundTrips(value)).toBe(false);
          return;
        }
        admittedCount++;
        assert.deepStrictEqual(admitted, withPlainPrototypes(value));
        assert.deepStrictEqual(JSON.parse(JSON.stringify(admitted)), admitted);
      }),
      { numRuns: 3000 },
    );
    expect(admittedCount).toBeGreaterThan(300);
  });
});
