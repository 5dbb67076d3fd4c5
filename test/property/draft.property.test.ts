// The plain part of a draft against a plain object: the same random program runs on both, and both must end the same.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import { type Change, defineGame, MemoryStore, openOrrery, table } from '#index.ts';
import { folded, plain, silent } from '../game/galaxy.ts';

type Container = { [key: string]: unknown } | unknown[];

const step = fc.record({
  how: fc.constantFrom(
    'set',
    'delete',
    'readd',
    'push',
    'splice',
    'sort',
    'keep',
    'put kept',
    'put found',
    'entity',
    'from entity',
  ),
  /** Turns to take on the way from the root to the container that is changed. */
  way: fc.array(fc.nat({ max: 7 }), { maxLength: 4 }),
  way2: fc.array(fc.nat({ max: 7 }), { maxLength: 4 }),
  key: fc.constantFrom('a', 'b', 'z', '3', 'new'),
  value: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('x', null, true)),
  wrap: fc.constantFrom('bare', 'object', 'list', 'deep'),
  index: fc.nat({ max: 5 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const initial = () => ({
  a: { v: 1, k: { m: 1, z: [1, 2] } } as Container,
  b: [{ n: 1, o: { p: 1 } }, { n: 2 }, 3, [4, { q: 5 }]] as Container,
  c: 'text' as unknown,
  d: 7 as unknown,
  units: table<Container>({ u: { hp: 1, at: { x: 1 } }, w: { crew: [{ name: 'ada' }] } }),
});
const shape = defineGame('shape', { version: 1, initial, commands: {} });

/** The tables of a draft, or of the plain object: get and set of entities is all that is used of them. */
interface Root {
  readonly units: { get(id: string): Container | undefined; set(id: string, entity: Container): unknown };
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

function find(root: object, way: readonly number[]): Container {
  let at = root as Container;
  for (const turn of way) {
    const inner = Object.entries(at).filter(([key, value]) => key !== 'units' && isContainer(value));
    const next = inner[turn % Math.max(1, inner.length)];
    if (!next) break;
    at = next[1] as Container;
  }
  return at;
}

/** Whether putting `inner` below `outer` would make a cycle. */
function reaches(inner: unknown, outer: unknown): boolean {
  if (inner === outer) return true;
  return isContainer(inner) && Object.values(inner).some((child) => reaches(child, outer));
}

function wrapped(value: unknown, { wrap }: Step): unknown {
  if (wrap === 'bare') return value;
  if (wrap === 'object') return { wrap: value };
  return wrap === 'list' ? [value, { again: value }] : { deep: { deeper: { deepest: value } }, beside: {} };
}

function put(at: Container, value: unknown, { key, index }: Step): void {
  if (Array.isArray(at)) at.splice(index, index % 2, value);
  else at[key] = value;
}

/** One program, for a draft and for a plain object alike. Sizes are bounded: sharing doubles what is written out. */
function play(root: Root, steps: readonly Step[]): void {
  const kept: Container[] = [];
  for (const each of steps) {
    const at = find(root, each.way);
    const isRoot = (at as unknown) === root;
    switch (each.how) {
      case 'set':
        put(at, each.value, each);
        break;
      case 'delete':
        if (Array.isArray(at)) at.splice(each.index, 1);
        else delete at[each.key];
        break;
      case 'readd': {
        if (Array.isArray(at)) break;
        const [key] = Object.keys(at);
        if (key === undefined || key === 'units') break;
        const value = at[key];
        delete at[key];
        at[key] = value;
        break;
      }
      case 'push':
        if (Array.isArray(at)) at.push({ fresh: each.value });
        break;
      case 'splice':
        if (Array.isArray(at)) at.splice(each.index, 2, each.value);
        break;
      case 'sort':
        if (Array.isArray(at)) at.reverse();
        break;
      case 'keep':
        if (!isRoot) kept.push(at);
        break;
      case 'put kept':
      case 'put found': {
        const value = each.how === 'put kept' ? kept[each.index % Math.max(1, kept.length)] : find(root, each.way2);
        if (!isContainer(value) || (value as unknown) === root || reaches(value, at)) break;
        put(at, wrapped(value, each), each);
        break;
      }
      case 'entity': {
        const value = find(root, each.way2);
        const entity = root.units.get('u');
        if ((value as unknown) === root || !entity || reaches(value, entity)) break;
        put(entity, wrapped(value, each), each);
        break;
      }
      case 'from entity': {
        const entity = root.units.get(each.index % 2 === 0 ? 'u' : 'w');
        if (!entity || reaches(entity, at)) break;
        put(at, wrapped(entity, each), each);
      }
    }
    if (JSON.stringify(at).length > 2000) return;
  }
}

function twin(json: { [key: string]: unknown }): Root & { [key: string]: unknown } {
  const entities = json['units'] as { [id: string]: Container };
  const units = { get: (id: string) => entities[id], set: () => undefined, toJSON: () => entities };
  return { ...json, units };
}

it('[D48] any program leaves in a draft what it leaves in a plain object; the patches fold to it, and a restart gives it back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 10 }), { minLength: 1, maxLength: 5 }), async (programs) => {
      const store = new MemoryStore();
      const orrery = await openOrrery({ directory: './n', games: [shape], logger: silent, store: () => store });
      const game = await orrery.open(shape, 'g');
      let last: Change<object> | undefined;
      game.subscribe((change) => {
        last = change;
      });
      for (const steps of programs) {
        const before = plain(game.state);
        const model = twin(plain(game.state) as { [key: string]: unknown });
        play(model, steps);
        const expected = JSON.stringify(model);
        if (expected.length > 50_000) break;
        game.update((draft) => play(draft as never, steps));
        assert.equal(JSON.stringify(game.state), expected);
        assert.equal(folded(before, last!.patches, game.state), expected);
      }
      await orrery.flush();
      const again = await openOrrery({ directory: './n', games: [shape], logger: silent, store: () => store });
      assert.equal(JSON.stringify((await again.load(shape, 'g')).state), JSON.stringify(game.state));
      await Promise.all([orrery.close(), again.close()]);
    }),
    { numRuns: 300 },
  );
});
