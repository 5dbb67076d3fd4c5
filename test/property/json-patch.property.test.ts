// game.patch against a plain interpreter of RFC 6902: random states with a table, random documents that mostly fit.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OrreryError, table, toJsonPatch } from '#index.ts';
import { changesOf, folded, json, plain, play, sandbox } from '../game/galaxy.ts';
import { patchedByOracle, sorted } from '../game/patch-oracle.ts';
import { json as anyJson } from './states.ts';

const SEED = Number(process.env['JSON_PATCH_SEED'] ?? 20_261_201);

const value = anyJson as fc.Arbitrary<unknown>;

/** What becomes an operation once it is known what the document looks like then. */
const wish = fc.record({
  op: fc.constantFrom('add', 'add', 'remove', 'replace', 'replace', 'move', 'move', 'copy', 'test', 'test'),
  at: fc.nat(),
  from: fc.nat(),
  into: fc.constantFrom('', '', '', '/-', '/0', '/1', '/a', '/new', '/01', '/a~1b', '/toString'),
  value,
  /** A test asks for what stands there. */
  isTrue: fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
});
type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

const states = fc.record({
  a: value,
  list: fc.array(value, { maxLength: 5 }),
  units: fc.dictionary(fc.constantFrom('a', 'b', '0', '-', 'x/y', ''), value, { noNullPrototype: true }),
});

function pointersOf(document: unknown, at = ''): string[] {
  if (typeof document !== 'object' || document === null) return [at];
  const inside = Object.entries(document).flatMap(([key, child]) =>
    pointersOf(child, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [at, ...inside];
}

/** One that fits often enough: it names places of the document as the operations before it leave it. */
function documentOf(state: unknown, wishes: readonly Wish[]): object[] {
  const operations: object[] = [];
  let now = state;
  for (const { op, at, from, into, value: given, isTrue } of wishes) {
    const pointers = pointersOf(now);
    // The whole state is the first: it is taken less often than all others.
    const place = (number: number): string => pointers[number % (pointers.length + 2)] ?? pointers.at(-1) ?? '';
    const path = op === 'add' || op === 'move' || op === 'copy' ? place(at) + into : place(at);
    const there = patchedByOracle(now, [{ op: 'copy', from: path, path: '' }]);
    const operation = {
      add: { op, path, value: given },
      replace: { op, path, value: given },
      test: { op, path, value: isTrue && there !== undefined ? there : given },
      remove: { op, path },
      move: { op, from: place(from), path },
      copy: { op, from: place(from), path },
    }[op] as object;
    operations.push(operation);
    const next = patchedByOracle(now, [operation]);
    if (next === undefined) break;
    now = next;
  }
  return operations;
}

/** Why a state that RFC 6902 allows is none here; undefined when it is one. */
function reasonAgainst(operations: readonly { path?: string }[], state: unknown): string | undefined {
  const isWhole = operations.some(({ path }) => path === '');
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return 'no object';
  const units = (state as { units?: unknown }).units;
  if (isWhole && (typeof units !== 'object' || units === null || Array.isArray(units))) return 'no table';
  return undefined;
}

it(`[JP1] [JP2] comes to what RFC 6902 says, or refuses the whole document (seed ${SEED})`, async () => {
  let done = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      states,
      fc.array(fc.array(wish, { maxLength: 6 }), { maxLength: 3 }),
      async (initial, documents) => {
        const type = sandbox(() => ({ ...structuredClone(initial), units: table(structuredClone(initial.units)) }));
        const { game, orrery } = await play(type as never);
        const changes = changesOf(game);
        for (const wishes of documents) {
          const before = plain(game.state);
          const operations = documentOf(before, wishes);
          const expected = patchedByOracle(before, operations);
          const text = JSON.stringify(operations);
          let thrown: unknown;
          try {
            game.patch(JSON.parse(text) as never);
          } catch (error) {
            thrown = error;
          }
          if (expected === undefined || thrown !== undefined) {
            if (!(thrown instanceof OrreryError)) throw new Error(`not refused: ${text}`, { cause: thrown });
            const isOurs = expected === undefined || reasonAgainst(operations, expected) !== undefined;
            if (!isOurs) throw new Error(`refused: ${text}`, { cause: thrown });
            expect(JSON.stringify(game.state)).toBe(JSON.stringify(before));
            refused += 1;
            // No table any more: nothing of what follows would be asked of one.
            continue;
          }
          done += 1;
          expect(sorted(game.state)).toBe(sorted(expected));
          const { patches } = changes.at(-1)!;
          expect(folded(structuredClone(before), patches, game.state)).toBe(json(game));
          expect(sorted(patchedByOracle(before, toJsonPatch(patches)))).toBe(sorted(expected));
        }
        await orrery.close();
      },
    ),
    { seed: SEED, numRuns: 400 },
  );
  expect(Math.min(done, refused)).toBeGreaterThan(50);
});
