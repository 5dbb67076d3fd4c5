// A state cut into pieces for its way to the main thread, and put together again there.

import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import type { Json, JsonObject } from '#core/patch/patch.ts';
import { assemble } from '#storage/assemble.ts';
import { cutState } from '#storage/chunks.ts';

const key = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((each) => !['__proto__', 'constructor', 'prototype'].includes(each));
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const entities = fc.dictionary(key, value, { maxKeys: 30, noNullPrototype: true });
/** A state whose tables are the keys that begin with a T. */
const state = fc
  .tuple(
    fc.dictionary(
      key.map((name) => `p${name}`),
      value,
      { noNullPrototype: true },
    ),
    fc.dictionary(
      key.map((name) => `T${name}`),
      entities,
      { maxKeys: 3, noNullPrototype: true },
    ),
  )
  .map(([plain, tables]) => ({ ...plain, ...tables }));

/** A table comes back in ascending order of its ids. */
function inOrder(whole: JsonObject): string {
  const sorted = Object.entries(whole).map(([name, content]) => [
    name,
    name.startsWith('T')
      ? Object.fromEntries(Object.entries(content as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1)))
      : content,
  ]);
  return JSON.stringify(Object.fromEntries(sorted));
}

test.prop([state], { numRuns: 100 })('[I6] what was cut and put together is the state, frozen', async (whole) => {
  const tables = Object.keys(whole).filter((name) => name.startsWith('T'));
  const working = await assemble([...cutState(whole as JsonObject, tables)], tables);
  expect(JSON.stringify(working.toJSON())).toBe(inOrder(whole as JsonObject));
  expect(working.tableNames).toEqual(tables);
  const frozen = (each: unknown): boolean =>
    typeof each !== 'object' || each === null || (Object.isFrozen(each) && Object.values(each).every(frozen));
  expect(frozen(working.view())).toBe(true);
});

it('[I6] no piece is much larger than what a game loop can spare, however large the table', () => {
  const systems = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, at) => [`s${at}`, { id: `s${at}`, metal: at, queue: [1, 2, 3] }]),
  );
  const pieces = [...cutState({ treasury: 5, systems }, ['systems'])];
  expect(pieces.length).toBeGreaterThan(5);
  for (const piece of pieces) expect(piece.length).toBeLessThan(150_000);
  const seen = pieces
    .slice(1)
    .flatMap((piece) => Object.keys((JSON.parse(new TextDecoder().decode(piece)) as [string, object])[1]));
  expect(seen).toEqual(Object.keys(systems));
});
