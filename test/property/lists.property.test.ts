// Lists of a draft against plain arrays, under the methods of arrays in sloppy mode, where a write that goes nowhere is silent: what a
// callback changes, and what is changed in an element that a method has given, is a change on both, or on neither.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import { type Change, defineGame, MemoryStore, openOrrery } from '#index.ts';
import { folded, plain, silent } from '../game/galaxy.ts';

type Operation = (
  lists: unknown[][],
  kept: unknown[],
  n: number,
  change: (x: unknown, by?: number) => unknown,
) => unknown;

/** Code made from text is sloppy, whatever module makes it. `u` and `v` are lists, `k` elements that were kept. */
const sloppy = (text: string): Operation =>
  new Function('[u, v]', 'k', 'n', 'c', `let i = n % Math.max(1, u.length); ${text}`) as Operation;

const operations: { readonly [text: string]: Operation } = Object.fromEntries(
  [
    // Callbacks that change what they are given.
    'return u.some((x) => { c(x); return x && x.hp % 3 === n % 3; })',
    'return u.every((x) => { c(x); return n % 4 > 0; })',
    'return u.find((x, at) => { c(x); return at === i; })',
    'return u.findLast((x, at) => { c(x); return at === i; })',
    'return u.findIndex((x) => { c(x, 2); return x && x.hp > n; })',
    'return u.findLastIndex((x) => { c(x, 2); return x && x.hp > n; })',
    'return u.filter((x, at) => { c(x); return (at + n) % 2; })',
    'u.forEach((x, at, list) => { c(x, at); c(list[0], 3); })',
    'u.forEach(function (x) { c(x, this.by); }, { by: n })',
    'return u.map((x) => { c(x); return x; })',
    'return u.map((x) => x && x.hp)',
    'return u.flatMap((x) => { c(x); return n % 2 ? [x, [x]] : x; })',
    'return u.reduce((sum, x) => { c(x); return sum + ((x && x.hp) || 0); }, n)',
    'return u.length && u.reduce((a, x) => { c(a); c(x, 2); return x; })',
    'return u.reduceRight((sum, x) => { c(x); return sum + 1; }, 0)',
    'u.sort((a, b) => { c(a, 0); return ((a && a.hp) || 0) - ((b && b.hp) || 0); })',
    'return u.toSorted((a, b) => ((b && b.hp) || 0) - ((a && a.hp) || 0)).map((x) => c(x, 3))',
    'u.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? 1 : -1)',
    // Callbacks that change the list they go through.
    'u.forEach((x, at) => { if (at === 1) u.push({ hp: n }); if (at === 2) u.shift(); })',
    'return u.filter((x, at) => { if (at === 0) u.length = Math.min(u.length, 3); return true; })',
    'return u.find((x, at) => { if (at === 0 && u.length > 1) u[1] = { hp: n }; return at === 1; })',
    'return u.map((x, at) => { if (at === 0) u.reverse(); return x; })',
    // Elements that a method gives, changed afterwards and put back.
    'let x = u.pop(); c(x); if (n % 2 && x !== undefined) u.unshift(x)',
    'let x = u.shift(); c(x); if (n % 2 && x !== undefined) v.push(x)',
    'let out = u.splice(i, 1 + n % 2); out.forEach((x) => c(x, 5)); v.push(...out)',
    'let out = u.splice(i, 1, { hp: n }); if (out.length) { c(out[0]); u.push(out[0], out[0]); c(out[0]); }',
    'k.push(u.shift()); if (k[0] === undefined) k.shift()',
    'k.push(...u.splice(i, 2))',
    'if (k.length) { let x = k[n % k.length]; c(x); (n % 2 ? u : v).push(x); c(x); }',
    'if (k.length) u.splice(i, 0, k[n % k.length])',
    'if (k.length) c(k[n % k.length], 7)',
    'if (u.length) k.push(u[i])',
    'u.concat(v, [{ hp: 1 }]).forEach((x) => c(x))',
    'u.flat().forEach((x) => c(x))',
    'u.slice(i, i + 2).forEach((x) => c(x))',
    'u.toReversed().forEach((x, at) => c(x, at))',
    'u.toSpliced(i, 1).forEach((x, at) => c(x, at))',
    'if (u.length) u.with(i, { hp: 99 }).forEach((x) => c(x))',
    'u.filter((x) => x && x.hp % 2).forEach((x) => c(x, 4))',
    'for (let x of u) c(x)',
    'for (let [at, x] of u.entries()) c(x, at)',
    'for (let x of u.values()) c(x)',
    'for (let at in u) c(u[at])',
    'let [a, , b, ...rest] = u; c(a); c(b, 2); rest.forEach((x) => c(x, 3))',
    'c(u.at(-1 - (n % 3)), 6)',
    '[...u].forEach((x) => c(x)); Array.from(u, (x) => c(x)); Object.values(u).forEach((x) => c(x))',
    // Moves within and between lists.
    'u.push({ hp: n, in: { m: n } }, n)',
    'u.unshift({ hp: n }, [n, { hp: n }])',
    'u.reverse(); if (u.length) c(u[0])',
    'if (u.length < 8) u.copyWithin(0, i, i + 2)',
    'if (u.length) { let x = u[i]; u.fill(x, 0, 2); c(x); }',
    'u.fill({ hp: n }, i, i + 1); if (u.length) c(u[i])',
    'if (u.length) { let x = u[i]; u[i] = u[0]; u[0] = x; c(x); }',
    'if (u.length) { delete u[u.length - 1]; u.length -= 1; }',
    'u.length = Math.min(u.length, i)',
    'let all = u.splice(0); all.sort(() => 0).reverse().forEach((x) => u.push(x))',
    'if (v.length && u.length) { let x = v[n % v.length]; if (x && typeof x === "object" && !Array.isArray(x) && JSON.stringify(u[i]).length < 60 && x !== u[i] && !(u[i] && u[i].was)) x.was = { is: u[i] }; }',
    'if (u[i] && u[i].in) { let inner = u[i].in; inner.m += 1; u[i].in = { m: 0, old: n }; inner.m += 1; }',
    'if (n % 5 === 0) { Object.assign(u, u.slice().reverse()); }',
    // Looking for elements.
    'return [u.indexOf(u[i]), u.includes(u[i]), u.lastIndexOf(u[i]), u.indexOf({ hp: 1 }), u.includes(n)]',
    'return k.map((x) => [u.indexOf(x), v.includes(x)])',
    'return [u.length, u.join().length > 3, String(u).length > 3, JSON.stringify(u), Array.isArray(u)]',
  ].map((text) => [text, sloppy(text)]),
);

const step = fc.record({
  text: fc.constantFrom(...Object.keys(operations)),
  n: fc.nat({ max: 11 }),
  swapped: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const initial = () => ({
  u: [{ hp: 1, in: { m: 1 } }, { hp: 2 }, 3, [{ hp: 4 }, 5], { hp: 6, in: { m: 6 } }] as unknown[],
  v: [{ hp: 7 }, null, { hp: 8, in: { m: 8 } }] as unknown[],
});
const shape = defineGame('lists', { version: 1, initial, commands: {} });

/** A change of an element, whatever it is: in sloppy mode it goes nowhere in silence if the element is no draft. */
const change = new Function(
  'x',
  'by = 1',
  'if (x && typeof x === "object") { x.hp = (x.hp || 0) + by; if (x.in) x.in.m += by; if (Array.isArray(x)) { delete x.hp; x.push(by); } } return x',
) as (x: unknown, by?: number) => unknown;

/** The answers as text. Sizes are bounded: what is shared is written out for each place. */
function play(state: { u: unknown[]; v: unknown[] }, steps: readonly Step[]): string[] {
  const kept: unknown[] = [];
  const answers: string[] = [];
  for (const { text, n, swapped } of steps) {
    const lists = swapped ? [state.v, state.u] : [state.u, state.v];
    const answer = operations[text]?.(lists, kept, n, change);
    answers.push(`${text}: ${JSON.stringify(answer)} ${JSON.stringify(state)}`);
    if (JSON.stringify(state).length > 2000) break;
  }
  return answers;
}

it('[D70] methods of lists, their callbacks and what they give do in a draft what they do in plain arrays, in sloppy mode too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 }), async (programs) => {
      const store = new MemoryStore();
      const orrery = await openOrrery({ directory: './n', games: [shape], logger: silent, store: () => store });
      const game = await orrery.open(shape, 'g');
      let last: Change<object> | undefined;
      game.subscribe((each) => {
        last = each;
      });
      for (const steps of programs) {
        const before = plain(game.state);
        const model = plain(game.state) as unknown as ReturnType<typeof initial>;
        const expected = play(model, steps);
        let found: string[] = [];
        game.update((draft) => {
          found = play(draft, steps);
        });
        assert.deepEqual(found, expected);
        assert.equal(JSON.stringify(game.state), JSON.stringify(model));
        assert.equal(folded(before, last!.patches, game.state), JSON.stringify(model));
      }
      await orrery.flush();
      const again = await openOrrery({ directory: './n', games: [shape], logger: silent, store: () => store });
      assert.equal(JSON.stringify((await again.load(shape, 'g')).state), JSON.stringify(game.state));
      await Promise.all([orrery.close(), again.close()]);
    }),
    { numRuns: 300 },
  );
});
