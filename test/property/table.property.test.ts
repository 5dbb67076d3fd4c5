// A table against the plainest thing that does the same: a Map that is cloned after every command and sorted when asked.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Change, defineGame, MemoryStore, openOrrery, type ReadonlyTable, type Table, table } from '#index.ts';
import { folded, plain, silent } from '../game/galaxy.ts';

type Entity = { [key: string]: unknown } | unknown[] | string | number | boolean | null;

const ids = ['a', 'b', 'c', 'aa', '', '0', '1', '10', '9', 'Z', 'é', '\ufffd', '😀', 'toString', 'a/b~c'];
const names = ['wide', 'other'] as const;

const id = fc.constantFrom(...ids);
const at = fc.constantFrom(...names);
const leaf = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom('x', 'y', ''), fc.boolean(), fc.constant(null));
const entity: fc.Arbitrary<Entity> = fc.oneof(
  { weight: 1, arbitrary: leaf },
  {
    weight: 5,
    arbitrary: fc.record(
      { n: leaf, list: fc.array(leaf, { maxLength: 4 }), deep: fc.record({ m: leaf, o: fc.record({ k: leaf }) }) },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }) },
);

/** What a command may do to an entity it holds. */
const change = fc.record({
  how: fc.constantFrom('set', 'delete', 'push', 'shift', 'nest', 'replace deep', 'readd'),
  key: fc.constantFrom('n', 'm', 'new'),
  value: leaf,
});
type Alteration = { readonly how: string; readonly key: string; readonly value: unknown };

const op = fc.oneof(
  fc.record({ op: fc.constantFrom('get' as const), at, id, change }),
  fc.record({ op: fc.constantFrom('set' as const), at, id, entity }),
  fc.record({ op: fc.constantFrom('delete' as const), at, id }),
  fc.record({ op: fc.constantFrom('copy' as const, 'alias' as const, 'move' as const), at, id, to: id, into: at }),
  fc.record({ op: fc.constantFrom('each' as const), at, change }),
  fc.record({ op: fc.constantFrom('look' as const), at, id }),
);
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

const command = fc.record({
  ops: fc.array(op, { maxLength: 8 }),
  /** After how many operations the command throws, if it has so many. */
  throwsAfter: fc.option(fc.nat({ max: 8 }), { freq: 4, nil: undefined }),
  /** Whether somebody looks at the state before the next command. */
  looked: fc.boolean(),
});

function alter(target: unknown, { how, key, value }: Alteration): void {
  if (typeof target !== 'object' || target === null) return;
  if (Array.isArray(target)) {
    if (how === 'shift') target.shift();
    else target.push(value);
    return;
  }
  const object = target as { [key: string]: unknown };
  const { list, deep } = object as { list?: unknown[]; deep?: { m?: unknown; o?: unknown } };
  if (how === 'set') object[key] = value;
  else if (how === 'delete') delete object[key];
  else if (how === 'push') list?.push(value);
  else if (how === 'shift') list?.shift();
  else if (how === 'nest' && deep) deep.m = value;
  else if (how === 'replace deep') object['deep'] = { m: value, o: { k: value } };
  else if (how === 'readd' && key in object) {
    const kept = object[key];
    delete object[key];
    object[key] = kept;
  }
}

/** The same operations as a table has inside a command, on a Map. */
class Model {
  entities = new Map<string, unknown>();
  /** Opened or set by the command that runs: what peek gives is then the entity itself. */
  touched = new Set<string>();

  get(key: string): unknown {
    if (this.entities.has(key)) this.touched.add(key);
    return this.entities.get(key);
  }

  peek(key: string): unknown {
    return this.touched.has(key) ? this.entities.get(key) : structuredClone(this.entities.get(key));
  }

  set(key: string, value: unknown): void {
    this.entities.set(key, value);
    this.touched.add(key);
  }

  delete(key: string): boolean {
    return this.entities.delete(key);
  }

  ids(): string[] {
    return [...this.entities.keys()].sort();
  }

  /** As it stands after a command: every entity on its own. */
  settled(): Map<string, unknown> {
    return new Map([...this.entities].map(([key, value]) => [key, structuredClone(value)]));
  }
}

type Tables<T> = { readonly [name in (typeof names)[number]]: T };

function run(step: Op, real: Tables<Table<Entity>>, model: Tables<Model>): void {
  const [table, twin] = [real[step.at], model[step.at]];
  switch (step.op) {
    case 'get':
      alter(table.get(step.id), step.change);
      alter(twin.get(step.id), step.change);
      return;
    case 'set':
      table.set(step.id, structuredClone(step.entity));
      twin.set(step.id, structuredClone(step.entity));
      return;
    case 'delete':
      assert.equal(table.delete(step.id), twin.delete(step.id));
      return;
    case 'copy':
      if (!twin.entities.has(step.id)) return;
      real[step.into].set(step.to, table.peek(step.id) as Entity);
      model[step.into].set(step.to, twin.peek(step.id));
      return;
    case 'alias':
    case 'move':
      if (!twin.entities.has(step.id)) return;
      real[step.into].set(step.to, table.get(step.id) as Entity);
      model[step.into].set(step.to, twin.get(step.id));
      if (step.op === 'move' && (step.to !== step.id || step.into !== step.at)) {
        table.delete(step.id);
        twin.delete(step.id);
      }
      return;
    case 'each':
      for (const [key, value] of table) {
        alter(value, step.change);
        alter(twin.get(key), step.change);
      }
      return;
    case 'look':
      assert.equal(table.has(step.id), twin.entities.has(step.id));
      assert.equal(table.size, twin.entities.size);
      assert.deepStrictEqual([...table.ids()], twin.ids());
      assert.deepStrictEqual(table.peek(step.id), twin.entities.get(step.id));
      assert.deepStrictEqual(plain(table), plain(Object.fromEntries(twin.entities)));
  }
}

const wide = defineGame('wide', {
  version: 1,
  initial: (first: { readonly [id: string]: Entity }) => ({ count: 0, wide: table(first), other: table<Entity>() }),
  commands: {},
});

it('[T11] a table does what a Map does, over any commands; its patches fold to it, views stay, and a restart gives it back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(id, entity, { maxKeys: 6 }),
      fc.array(command, { maxLength: 24 }),
      async (first, commands) => {
        const store = new MemoryStore();
        const orrery = await openOrrery({ directory: './n', games: [wide], logger: silent, store: () => store });
        const game = await orrery.open(wide, 'g', first);
        const model: Tables<Model> = { wide: new Model(), other: new Model() };
        model.wide.entities = new Map(Object.entries(structuredClone(first)));
        let last: Change<object> | undefined;
        const moments: { readonly view: ReadonlyTable<unknown>; readonly json: string; readonly ids: string }[] = [];
        const expectMoment = (at: number): void => {
          const moment = moments[at];
          if (!moment) return;
          assert.equal(JSON.stringify(moment.view), moment.json);
          assert.equal(moment.view.ids().join(), moment.ids);
        };
        const end = game.subscribe((change) => {
          last = change;
        });
        for (const [turn, { ops, throwsAfter, looked }] of commands.entries()) {
          // Now and then an old one: reading is what makes a view gather what it needs.
          expectMoment(moments.length - 1 - (turn % 3) * 4);
          const before = plain(game.toJSON());
          const kept = names.map((name) => model[name].settled());
          const { seq } = game;
          for (const name of names) model[name].touched.clear();
          const refuses = throwsAfter !== undefined && throwsAfter <= ops.length;
          const recipe = (draft: Tables<Table<Entity>> & { count: number }): void => {
            draft.count += 1;
            for (const [index, step] of ops.entries()) {
              if (refuses && index === throwsAfter) throw new Error('half-way');
              run(step, draft, model);
            }
            if (refuses) throw new Error('at the end');
          };
          if (refuses) {
            assert.throws(() => game.update(recipe), /COMMAND_REFUSED|half-way|at the end/);
            for (const [index, name] of names.entries()) model[name].entities = kept[index]!;
            assert.equal(game.seq, seq);
          } else {
            game.update(recipe);
            for (const name of names) model[name].entities = model[name].settled();
            assert.equal(folded(before, last!.patches, last!.state), JSON.stringify(last!.state));
          }
          if (!looked) continue;
          for (const name of names) {
            const view = game.state[name];
            const twin = model[name];
            const now = Object.fromEntries(twin.ids().map((key) => [key, twin.entities.get(key)]));
            moments.push({ view, json: JSON.stringify(now), ids: twin.ids().join() });
            assert.equal(view.size, twin.entities.size);
            assert.deepStrictEqual([...view.ids()], twin.ids());
            assert.deepStrictEqual(
              [...view.entries()],
              twin.ids().map((key) => [key, twin.entities.get(key)]),
            );
            assert.deepStrictEqual(
              [...view.values()],
              twin.ids().map((key) => twin.entities.get(key)),
            );
            for (const key of ids) {
              assert.equal(view.has(key), twin.entities.has(key));
              assert.deepStrictEqual(view.get(key), twin.entities.get(key));
            }
          }
        }
        for (const at of moments.keys()) expectMoment(at);
        end();
        await orrery.flush();
        const again = await openOrrery({ directory: './n', games: [wide], logger: silent, store: () => store });
        const reloaded = await again.load(wide, 'g');
        expect(JSON.stringify(reloaded.state)).toBe(JSON.stringify(game.state));
        assert.deepStrictEqual(reloaded.seq, game.seq);
        await Promise.all([orrery.close(), again.close()]);
      },
    ),
    { numRuns: 250 },
  );
});
