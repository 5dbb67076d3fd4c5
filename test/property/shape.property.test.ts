// Objects of one shape are copied, compared and taken in by code of their own. Whatever they are given, the answer is that of
// the code for any value, which the other properties test.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { cloneJson } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, JsonObject, Patch, PathSegment } from '#core/patch/patch.ts';
import { ShapeRegistry, Shapes } from '#core/patch/shape.ts';
import type { ShapeCode } from '#core/patch/shape-code.ts';
import { faults, type Made, value } from './hostile.ts';
import { json, type Loose, mutate, mutations } from './states.ts';

/** Of a program there is a bound to how many have code; each test has its own. */
const registry = (most?: number): ShapeRegistry =>
  new ShapeRegistry(
    {
      captureValue: (base, next, path, out) => capture(base, next, path, out),
      captureChild(base, next, name, path, out) {
        path.push(name);
        const now = capture(base, next, path, out);
        path.pop();
        return now;
      },
    },
    most,
  );
const shapeOf = (value: Json): ShapeCode | undefined => registry().shapeOf(value);

/** With code for a value. */
function shapesFor(base: JsonObject): Shapes {
  const shapes = new Shapes(registry());
  for (let round = 0; round < 40; round += 1) shapes.of(base);
  fc.pre(shapes.of(base) !== undefined);
  return shapes;
}

const AT: PathSegment[] = ['units', 'a/b'];

/** Keys that could break out of the text of a program among them. */
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', 'id', 'toString', 'length', 'toJSON', '', '01', '-1'),
  fc.constantFrom('"', "'", '`$' + '{1}`', '\\', '\\"', '\u2028', '\n', '*/', '</script>', 'ünï🚀', 'return', 'a b'),
);

/** An entity or an argument: objects within objects, some with lists. */
const entity = fc
  .dictionary(key, fc.oneof(json, fc.dictionary(key, json, { minKeys: 1, maxKeys: 4, noNullPrototype: true })), {
    minKeys: 1,
    maxKeys: 6,
    noNullPrototype: true,
  })
  .map((each) => admit(each, []) as JsonObject);

interface Outcome {
  readonly text: string;
  readonly now: Json | undefined;
  readonly patches: Patch[];
  readonly path: PathSegment[];
}

function outcome(base: Json, next: unknown, shapes?: Shapes): Outcome {
  const path = AT.slice();
  const patches: Patch[] = [];
  try {
    const now = capture(base, next, path, patches, shapes);
    return { text: JSON.stringify([now, patches]), now, patches, path };
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error;
    return { text: `${error.code} at ${String(error.context.path)}`, now: undefined, patches, path };
  }
}

function expectSame(base: JsonObject, next: () => unknown, shapes: Shapes): void {
  const expected = outcome(base, next());
  const actual = outcome(base, next(), shapes);
  expect(actual.text).toBe(expected.text);
  assert.deepStrictEqual(actual.now, expected.now);
  expect(actual.path).toEqual(AT);
  for (const key of Object.keys(base)) {
    // What is the same is the same object, or else readers would see changes where there are none.
    const [a, b] = [actual.now, expected.now].map((now) => (now as JsonObject | undefined)?.[key]);
    expect(a === base[key]).toBe(b === base[key]);
  }
  expect(actual.now === base).toBe(expected.now === base);
}

const codeOf = (base: JsonObject): ShapeCode => {
  const shape = shapeOf(base);
  fc.pre(shape !== undefined);
  return shape as ShapeCode;
};

describe('code of a shape', () => {
  test('[P60] copies as cloneJson does', () => {
    fc.assert(
      fc.property(entity, entity, (base, other) => {
        const shape = codeOf(base);
        const copy = shape.clone(base) as Loose;
        expect(JSON.stringify(copy)).toBe(JSON.stringify(base));
        assert.deepStrictEqual(copy, base);
        const shared = (a: unknown, b: unknown): void => {
          if (typeof a !== 'object' || a === null) return;
          expect(a).not.toBe(b);
          expect(Object.isFrozen(a)).toBe(false);
          for (const each of Object.keys(a)) shared((a as never)[each], (b as never)[each]);
        };
        shared(copy, base);
        const foreign = shape.clone(other);
        if (foreign !== undefined) expect(JSON.stringify(foreign)).toBe(JSON.stringify(other));
        expect(shape.clone([])).toBeUndefined();
      }),
    );
  });

  test('[P60] compares as capture does: the same patches, the same values, the same objects where nothing changed', () => {
    fc.assert(
      fc.property(entity, mutations, fc.boolean(), (base, changes, frozen) => {
        const shapes = shapesFor(base);
        if (frozen) Object.freeze(base);
        const next = (): unknown => {
          const copy = cloneJson(base) as Loose;
          for (const change of changes) mutate(copy, change);
          return copy;
        };
        expectSame(base, next, shapes);
        expectSame(base, () => cloneJson(base), shapes);
        expect(outcome(base, cloneJson(base), shapes).now).toBe(base);
      }),
      { numRuns: 300 },
    );
  });

  test('[P60] refuses what capture refuses, at the same place, whatever stands wherever', () => {
    const where = fc.constantFrom<(next: Loose, made: unknown) => unknown>(
      (_next, made) => made,
      (next, made) => Object.assign(next, { n: made }),
      (next, made) => Object.assign(next, { at: made }),
      (next, made) => Object.assign((next as never)['at'], { x: made }) && next,
      (next, made) => Object.assign((next as never)['at'], { [Symbol('s')]: made }) && next,
      (next, made) => Object.assign(next, { [Symbol('s')]: made }),
      (next, made) => Object.defineProperty(next, 'n', { value: made, enumerable: false }),
      (next, made) => Object.defineProperty(next, 'hidden', { value: made }),
      (next, made) => Object.defineProperty(next, 'n', { get: () => made, enumerable: true }),
      (next, made) => new Proxy(Object.assign(next, { n: made }), {}),
      (next) => Object.setPrototypeOf(next, { inherited: 1 }) as unknown,
      (next) => Object.setPrototypeOf(next, null) as unknown,
      (next, made) => Object.assign(next, { list: [0, made, 2] }),
    );
    const base = admit({ n: 0, at: { x: 0, y: 'far' }, list: [0, 1, 2], last: null }, []) as JsonObject;
    const shapes = shapesFor(base);
    fc.assert(
      fc.property(value, where, (made: Made, put) => {
        expectSame(base, () => put(cloneJson(base) as Loose, made.make()), shapes);
      }),
      { numRuns: 400 },
    );
  });

  test('[P60] takes in as admit does, frozen, or leaves it to admit', () => {
    fc.assert(
      fc.property(value, fc.constantFrom('n', 'at'), fc.boolean(), (made: Made, name, within) => {
        const shape = shapeOf({ n: 0, at: { x: 0, n: 'far' } }) as ShapeCode;
        const given = { n: 0, at: { x: 0, n: 'far' } };
        const holder: object = within ? given.at : given;
        if (name in holder) Object.assign(holder, { [name]: made.make() });
        let taken: Json | undefined;
        try {
          taken = shape.admit(given);
        } catch {
          // What cannot even be read: admit says so with its path, which the caller leaves to it.
          expect(() => admit(given, [])).toThrow(OrreryError);
        }
        if (taken === undefined) return;
        expect([...faults(given, [])]).toEqual([]);
        assert.deepStrictEqual(taken, admit(given, []));
        expect(Object.isFrozen(taken) && Object.isFrozen((taken as JsonObject)['at'])).toBe(true);
        expect(taken).not.toBe(given);
      }),
      { numRuns: 300 },
    );
  });
});

describe('shapes at one place', () => {
  const entities = (from: number, to: number): JsonObject[] =>
    Array.from({ length: to - from }, (_, at) => ({ [`k${from + at}`]: at, at: { x: at } }));

  test('[P61] answer the same before and after they have code, with more shapes than they have code for', () => {
    const shapes = new Shapes(registry());
    for (let round = 0; round < 40; round += 1) {
      for (const base of entities(0, 6)) {
        const copy = shapes.clone(base) as { [key: string]: unknown };
        assert.deepStrictEqual(copy, base);
        (copy['at'] as { x: number }).x += round;
        const patches: Patch[] = [];
        const now = capture(base, copy, ['t', 'id'], patches, shapes);
        assert.deepStrictEqual(now, copy);
        const { x } = copy['at'] as { x: number };
        const expected = round === 0 ? [] : [{ op: 'replace', path: ['t', 'id', 'at', 'x'], value: x }];
        assert.deepStrictEqual(patches, expected);
        assert.deepStrictEqual(shapes.admit(base), base);
      }
    }
    for (const each of [1, 'text', null, [1, { a: 1 }], {}] as Json[]) {
      for (let round = 0; round < 20; round += 1) {
        assert.deepStrictEqual(shapes.clone(each), each);
        assert.deepStrictEqual(shapes.admit(each), each);
        expect(capture(each, structuredClone(each), [], [], shapes)).toBe(each);
      }
    }
  });

  test('[P61] say what is wrong as admit does, also of what throws when it is read', () => {
    const shapes = new Shapes(registry());
    for (let round = 0; round < 20; round += 1) shapes.admit({ a: 1, deep: { b: 2 } });
    const throwing = Object.defineProperty({ a: 1 }, 'deep', {
      enumerable: true,
      get() {
        throw new Error('boom');
      },
    });
    expect(() => shapes.admit(throwing)).toThrowError(expect.objectContaining({ code: 'NOT_PERSISTABLE' }) as Error);
    const bad = { a: 1, deep: { b: Number.NaN } };
    expect(() => shapes.admit(bad)).toThrowError(
      expect.objectContaining({ context: expect.objectContaining({ path: '/deep/b' }) as unknown }) as Error,
    );
  });

  test('[P61] have no code for wide or deep objects, lists, index keys and long keys', () => {
    const wide = Object.fromEntries(Array.from({ length: 41 }, (_, at) => [`k${at}`, at]));
    for (const each of [wide, [1], {}, { 1: 'x' }, { ['k'.repeat(65)]: 1 }, null, 'x'] as Json[]) {
      expect(shapeOf(each)).toBeUndefined();
    }
    const deep = { a: { b: { c: { d: { e: 1 } } } } };
    const copy = (shapeOf(deep) as ShapeCode).clone(deep);
    assert.deepStrictEqual(copy, deep);
    const few = registry(2);
    const shape = few.shapeOf({ x: 1, y: 2 });
    expect(few.shapeOf({ y: 1, x: 2 })).not.toBe(shape);
    expect(few.shapeOf({ x: 3, y: 'other' })).toBe(shape);
    expect(few.shapeOf({ z: 1 })).toBeUndefined();
  });

  test('[P61] do without code where a program may not make any', () => {
    const failing = (error: Error): void => {
      vi.stubGlobal('Function', function refuse() {
        throw error;
      });
    };
    try {
      failing(new EvalError('Code generation from strings disallowed for this context'));
      expect(registry().shapeOf({ x: 1 })).toBeUndefined();
      const shapes = new Shapes(registry());
      for (let round = 0; round < 40; round += 1) assert.deepStrictEqual(shapes.clone({ x: round }), { x: round });
      failing(new SyntaxError('a defect in the text'));
      expect(() => registry().shapeOf({ x: 1 })).toThrow(SyntaxError);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
