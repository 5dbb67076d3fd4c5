// A table of a state, used as the object by id that it stands for. Each operation is done to a plain object too, and both must
// answer the same; what is made of either can be saved, and nothing is ever taken away without being asked.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import v8 from 'node:v8';
import { produce } from 'immer';
import { describe, expect, it } from 'vitest';
import { defineGame, type ReadonlyTable, table } from '#index.ts';
import { changesOf, isDeeplyFrozen, json, plain, play, refusal, reloaded, sandbox, withMemberName } from './galaxy.ts';

interface Unit {
  readonly hp: number;
  readonly at?: { readonly x: number };
}
interface Entities {
  readonly [id: string]: Unit;
}
type Loose = { [key: string]: unknown };

const initial = (): Entities => ({
  b: { hp: 2 },
  a: { hp: 1, at: { x: 1 } },
  '10': { hp: 4 },
  '9': { hp: 3 },
  toString: { hp: 5 },
});
const world = (units = initial()) => sandbox(() => ({ n: 1, units: table<Unit>(units), none: table<number>() }));

const sloppy = new Function('object', 'key', 'value', 'object[key] = value') as (...all: unknown[]) => void;

/** As cloning libraries do: what is plain is walked, what is not is taken for a thing of its own. */
function cloneDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneDeep) as T;
  const copy = Object.create(Object.getPrototypeOf(value)) as Loose;
  for (const key of Reflect.ownKeys(value) as string[]) copy[key] = cloneDeep((value as Loose)[key]);
  return copy as T;
}

const questions: [string, (units: Entities) => unknown][] = [
  ['an entity by property', (t) => [t['a'], t['9'], t['none'], t['constructor'] === (Object as unknown)]],
  ['in', (t) => ['a' in t, '10' in t, 'none' in t, 'hasOwnProperty' in t, 'get' in t, Symbol.asyncIterator in t]],
  ['Object.hasOwn', (t) => ['a', 'none', 'get', 'valueOf', 'toString'].map((key) => Object.hasOwn(t, key))],
  // biome-ignore lint/suspicious/noPrototypeBuiltins: that it is inherited is what is tested
  ['what objects inherit', (t) => [t.hasOwnProperty('a'), t.propertyIsEnumerable('a'), t.propertyIsEnumerable('no')]],
  ['__proto__', (t) => Reflect.get(t, '__proto__') === Object.prototype],
  ['Object.keys', (t) => Object.keys(t)],
  ['Object.values', (t) => Object.values(t)],
  ['Object.entries', (t) => Object.entries(t)],
  ['spread', (t) => ({ ...t })],
  ['destructuring', ({ a, ...rest }) => [a, rest]],
  ['Object.assign from it', (t) => Object.assign({}, t)],
  [
    'for in',
    (t) => {
      const seen: string[] = [];
      for (const id in t) seen.push(id);
      return seen;
    },
  ],
  ['Reflect.ownKeys', (t) => Reflect.ownKeys(t)],
  ['Object.getOwnPropertyNames', (t) => Object.getOwnPropertyNames(t)],
  ['Object.getOwnPropertySymbols', (t) => Object.getOwnPropertySymbols(t)],
  ['Object.getOwnPropertyDescriptor', (t) => ['a', 'none', 'get'].map((key) => described(t, key))],
  ['Object.getPrototypeOf', (t) => Object.getPrototypeOf(t) === Object.prototype],
  ['instanceof', (t) => t instanceof Object],
  ['Object.prototype.toString', (t) => Object.prototype.toString.call(t)],
  ['Reflect.get, Reflect.has', (t) => [Reflect.get(t, 'a'), Reflect.has(t, 'a'), Reflect.has(t, 'none')]],
  ['JSON.stringify', (t) => JSON.parse(JSON.stringify(t)) as unknown],
  ['inspect', (t) => inspect(t)],
  ['inspect with depth 0', (t) => inspect({ in: { t } }, { depth: 0 })],
  ['inspect in something else', (t) => inspect([{ t }], { depth: 2 })],
  ['inspect without custom ways, after a look', (t) => [Object.isFrozen(t), inspect(t, { customInspect: false })]],
  ['a deep clone', (t) => cloneDeep(t)],
  ['isFrozen, isSealed, isExtensible', (t) => [Object.isFrozen(t), Object.isSealed(t), Object.isExtensible(t)]],
  ['freeze', (t) => Object.freeze(t) === t],
  ['Reflect.setPrototypeOf', (t) => [Reflect.setPrototypeOf(t, Object.prototype), Reflect.setPrototypeOf(t, null)]],
  [
    'Reflect.defineProperty',
    (t) => [Reflect.defineProperty(t, 'new', { value: 1 }), Reflect.defineProperty(t, 'a', {})],
  ],
  [
    'an object that inherits from it',
    (t) => [(Object.create(t) as Entities)['a'], Object.keys(Object.create(t) as object)],
  ],
];

function described(object: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  return descriptor && [descriptor.value, descriptor.enumerable, descriptor.writable];
}

/** The plain object that a view stands for, frozen all the way down as a view is. */
function model(entities: Entities): Entities {
  const ordered = Object.fromEntries(Object.entries(entities).sort(([a], [b]) => (a < b ? -1 : 1)));
  return Object.freeze(produce({ units: ordered }, () => undefined).units);
}

describe('a table of a state is the object by id that it stands for', () => {
  it.each(questions)('[T15] %s', async (_what, question) => {
    const { game } = await play(world());
    const expected = question(Object.freeze(model(initial())));
    const old = game.state.units;
    expect(question(game.state.units as Entities)).toEqual(expected);
    game.update((draft) => {
      draft.units.delete('a');
      draft.units.set('b', { hp: 99 });
      draft.units.set('z', { hp: 98 });
    });
    // A view that was looked at before, the new one, and one that was not looked at before its moment was past.
    expect(question(old as Entities)).toEqual(expected);
    const { a: _a, ...rest } = initial();
    const unseen = game.state.units;
    game.update((draft) => void draft.units.delete('9'));
    expect(question(unseen as Entities)).toEqual(question(model({ ...rest, b: { hp: 99 }, z: { hp: 98 } })));
    // Whatever was asked, it is still a table.
    expect([old.size, old.get('a'), [...unseen.ids()]]).toEqual([
      5,
      { hp: 1, at: { x: 1 } },
      ['10', '9', 'b', 'toString', 'z'],
    ]);
    expect(isDeeplyFrozen(game.state)).toBe(true);
  });

  it('[T15] its methods and its size are what they are, whatever is asked before, and can be taken off it', async () => {
    const { game } = await play(world());
    const { units } = game.state;
    for (let round = 0; round < 2; round += 1) {
      const { get, has, ids, values, entries, toJSON, size } = units;
      expect([get('a'), has('a'), has('x'), size]).toEqual([{ hp: 1, at: { x: 1 } }, true, false, 5]);
      expect([...values()]).toEqual(ids().map((id) => get(id)));
      expect([...entries()]).toEqual([...units]);
      expect(Object.entries(toJSON())).toEqual(Object.entries(units));
      expect(units.get).toBe(get);
      Object.freeze(units);
    }
  });

  it('[T15] is compared by its entities, with other views and with plain objects', async () => {
    const [{ game }, { game: same }] = [await play(world()), await play(world())];
    const { game: other } = await play(world({ ...initial(), b: { hp: 3 } }));
    assert.deepStrictEqual(game.state, same.state);
    assert.deepEqual(game.state.units, initial());
    assert.deepStrictEqual(game.state.units, initial());
    expect(game.state).toStrictEqual(same.state);
    expect(game.state.units).toStrictEqual(initial());
    expect(initial()).toEqual(game.state.units);
    for (const different of [other.state.units, { ...initial(), more: 1 }, {}, new Map(), table(initial())]) {
      assert.throws(() => assert.deepStrictEqual(game.state.units, different), assert.AssertionError);
      assert.throws(() => assert.deepStrictEqual(different, game.state.units), assert.AssertionError);
    }
    expect(game.state).not.toEqual(other.state);
    expect(game.state.units).not.toEqual({});
    expect(game.state.units).not.toEqual({ ...initial(), more: { hp: 1 } });
    assert.throws(() => assert.deepStrictEqual(game.state.units, other.state.units), /hp: 3/);
  });

  it('[T15] is printed with its entities, and the first hundred of many', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`u${1000 + index}`, { hp: index }]));
    const { game } = await play(world(many));
    const text = inspect(game.state);
    expect(text).toContain('u1099: { hp: 99 },\n    ... 150 more entities\n  }');
    expect(text).not.toContain('u1100');
    expect(inspect(game.state.units, { maxArrayLength: null })).toContain('u1249');
    expect(inspect(game.state, { depth: 0 })).toBe('{ n: 1, units: [Object], none: {} }');
  });

  it('[T15] structuredClone and v8.serialize throw, they never give an empty object', async () => {
    const { game } = await play(world());
    for (const value of [game.state, game.state.units, game.state.none, [game.state]]) {
      expect(() => structuredClone(value)).toThrow(/could not be cloned/);
      expect(() => v8.serialize(value)).toThrow(/could not be cloned/);
    }
    // What they take are copies.
    expect(structuredClone(game.copy())).toEqual(game.state);
    expect(v8.deserialize(v8.serialize({ ...game.state.units }))).toEqual(game.state.units);
  });

  it('[T16] cannot be written to, also by sloppy code; the error says where to change it', async () => {
    const { game } = await play(world());
    const units = game.state.units as unknown as Loose;
    for (const write of [
      () => Object.assign(units, { a: 1 }),
      () => sloppy(units, 'a', { hp: 9 }),
      () => sloppy(units, 'fresh', { hp: 9 }),
      () => sloppy(units, 'size', 7),
      () => Reflect.deleteProperty(units, 'a'),
    ]) {
      const error = refusal('TABLE_READ_ONLY', write);
      expect(error.context.path).toMatch(/^\/units\/(a|fresh|size)$/);
      expect(error.hint).toMatch(/draft.*copy/);
    }
    expect(() => Object.defineProperty(units, 'x', { value: 1 })).toThrow(TypeError);
    expect(() => Object.setPrototypeOf(units, null)).toThrow(TypeError);
    assert.deepStrictEqual(game.state.units, initial());
  });

  it('[T16] an older entity whose id is the name of a member is read with get, never as a property', async () => {
    const { game } = await withMemberName();
    const { units } = game.state;
    expect([units.get('get'), units.size, [...units.ids()]]).toEqual([{ hp: 5 }, 4, ['7', 'a', 'b', 'get']]);
    expect(JSON.parse(JSON.stringify(units))).toEqual({ '7': { hp: 3 }, a: { hp: 1 }, b: { hp: 2 }, get: { hp: 5 } });
    expect(inspect(units)).toContain('get: { hp: 5 }');
    for (const look of [
      (t: object) => ({ ...t }),
      (t: object) => Object.entries(t),
      (t: object) => Object.hasOwn(t, 'get'),
      (t: object) => Object.isFrozen(t),
      (t: object) => cloneDeep(t),
    ]) {
      const error = refusal('TABLE_READ_ONLY', () => look(units));
      expect([error.context.path, error.message]).toEqual(['/units/get', expect.stringContaining('"get"')]);
      expect(units.get('a')).toEqual({ hp: 1 });
    }
    game.save({ units: { ...game.copy().units, a: { hp: 8 } } });
    expect(json(game)).toBe('{"units":{"7":{"hp":3},"a":{"hp":8},"b":{"hp":2},"get":{"hp":5}}}');
  });
});

describe('a state that was made from another by any usual way', () => {
  const changed = { ...initial(), c: { hp: 7 } };
  type State = { readonly n: number; readonly units: ReadonlyTable<Unit>; readonly none: ReadonlyTable<number> };
  const ways: [string, (state: State, game: { copy(): object }) => object][] = [
    ['spread', (s) => ({ ...s, units: { ...s.units, c: { hp: 7 } } })],
    ['Object.assign', (s) => Object.assign({}, s, { units: Object.assign({}, s.units, { c: { hp: 7 } }) })],
    [
      'Object.fromEntries',
      (s) => ({ ...s, units: Object.fromEntries([...Object.entries(s.units), ['c', { hp: 7 }]]) }),
    ],
    ['entries()', (s) => ({ ...s, units: Object.fromEntries([...s.units, ['c', { hp: 7 }]]) })],
    ['table() of the view', (s) => ({ ...s, units: table(s.units).set('c', { hp: 7 }) })],
    ['JSON', (s) => withC(JSON.parse(JSON.stringify(s)) as Loose)],
    ['a deep clone', (s) => withC(cloneDeep(s) as unknown as Loose)],
    [
      'a reducer',
      (s) =>
        Object.keys(s).reduce(
          // biome-ignore lint/performance/noAccumulatingSpread: it is how reducers are written
          (all, key) => ({ ...all, [key]: key === 'units' ? { ...s.units, c: { hp: 7 } } : s[key as 'n'] }),
          {},
        ),
    ],
    ['structuredClone of copy()', (_s, game) => withC(structuredClone(game.copy()) as Loose)],
    ['copy(), changed in place', (_s, game) => withC(game.copy() as Loose)],
    [
      "the user's own Immer",
      (s) =>
        produce(s as { n: number; units: { [id: string]: Unit } }, (draft) => {
          draft.units['c'] = { hp: 7 };
        }),
    ],
  ];
  function withC(state: Loose): Loose {
    (state['units'] as Loose)['c'] = { hp: 7 };
    return state;
  }

  it.each(ways)('[D55] by %s: saving it stores what is meant and takes nothing away', async (_what, way) => {
    const type = world();
    const { game, store } = await play(type);
    const next = way(game.state as State, game);
    const { seq } = game.save(next as never);
    assert.deepStrictEqual(plain(game.state), { n: 1, units: plain(changed), none: {} });
    await game.update(() => {}).durable;
    expect([seq, json(await reloaded(store, type))]).toEqual([1, json(game)]);
  });

  it('[D55] by Immer: entities are changed, deleted and moved as in a plain object', async () => {
    const { game } = await play(world());
    const old = game.state;
    const next = produce(game.state as unknown as { n: number; units: { [id: string]: { hp: number } } }, (draft) => {
      draft.n = 2;
      draft.units['a']!.hp += 10;
      delete draft.units['9'];
    });
    game.save(next as never);
    const { '9': _gone, ...rest } = initial();
    expect(plain(game.state)).toEqual({ n: 2, units: { ...rest, a: { hp: 11, at: { x: 1 } } }, none: {} });
    expect(game.state.none).toBe(old.none);
    expect(game.state.units.get('b')).toBe(old.units.get('b'));
    assert.deepStrictEqual(old.units, initial());
    // A state that Immer only looked at is what it was.
    expect(produce(game.state, () => undefined)).toBe(game.state);
  });

  it('[D55] a view may stand anywhere as the plain object that it is; a new top-level key makes it a table', async () => {
    const { game } = await play(sandbox(() => ({ units: table<Unit>(initial()), log: [] as unknown[] }) as Loose));
    const units = game.state['units'] as ReadonlyTable<Unit>;
    game.update((draft) => {
      (draft['log'] as unknown[]).push({ units });
      draft['again'] = units;
      draft['plain'] = { ...units };
    });
    const saved = { ...game.state, log: [units, { units }] };
    game.save(saved as never);
    const all = plain(initial());
    expect(plain(game.state)).toEqual({ units: all, log: [all, { units: all }], again: all, plain: all });
    expect((game.state['again'] as ReadonlyTable<Unit>).get('a')).toEqual({ hp: 1, at: { x: 1 } });
  });

  it('[D55] the argument of a command may hold a view, and gets a plain object', async () => {
    const type = defineGame('taking', {
      version: 1,
      initial: () => ({ units: table<Unit>(initial()), got: null as unknown }),
      commands: {
        take(draft, given: { from: unknown }) {
          draft.got = given.from;
        },
      },
    });
    const { game } = await play(type);
    const changes = changesOf(game);
    // Often enough for code to be made for arguments of this shape.
    for (let turn = 0; turn < 40; turn += 1) game.dispatch('take', { from: game.state.units });
    expect(plain(game.state.got)).toEqual(plain(initial()));
    expect(changes[39]!.args).toEqual({ from: initial() });
  });
});

describe('copy()', () => {
  it('[D56] gives the state as it stands, plain and mutable, and shares nothing with the game', async () => {
    const { game } = await play(world());
    const copy = game.copy();
    assert.deepStrictEqual(copy, JSON.parse(JSON.stringify(game.state)));
    expect([Object.isFrozen(copy), Object.isFrozen(copy.units), Object.isFrozen(copy.units['a'])]).toEqual([
      false,
      false,
      false,
    ]);
    const { state } = game;
    copy.units['a'] = { hp: 50 };
    (copy.units['b'] as { hp: number }).hp = 51;
    delete copy.units['9'];
    copy.n = 2;
    assert.deepStrictEqual(game.state.units, initial());
    assert.deepStrictEqual(game.copy(), JSON.parse(JSON.stringify(state)));
    game.save(copy);
    assert.deepStrictEqual(game.copy(), copy);
    game.update((draft) => void draft.units.delete('b'));
    expect(copy.units['b']).toEqual({ hp: 51 });
  });
});

describe('an id that is no string', () => {
  it('[T17] is refused by every method of a view and of a draft, with the remedy', async () => {
    const { game } = await play(world({ '5': { hp: 1 } }));
    const before = game.state;
    for (const id of [5, undefined, null, true, 5n, Symbol('5'), { toString: () => '5' }, ['5']]) {
      const odd = id as string;
      const { units } = game.state;
      for (const ask of [
        () => units.get(odd),
        () => units.has(odd),
        () => game.update((draft) => void draft.units.get(odd)),
        () => game.update((draft) => void draft.units.peek(odd)),
        () => game.update((draft) => void draft.units.has(odd)),
        () => game.update((draft) => void draft.units.delete(odd)),
        () => game.update((draft) => void draft.units.set(odd, { hp: 2 })),
        () => table().get(odd),
        () => table().delete(odd),
      ]) {
        const error = refusal('NOT_PERSISTABLE', ask);
        expect(error.message).toMatch(/id of an entity is a/);
        expect(error.hint).toMatch(/String\(number\)/);
      }
    }
    const number = 5 as unknown as string;
    expect(refusal('NOT_PERSISTABLE', () => game.state.units.get(number)).context.path).toBe('/units/5');
    expect([game.seq, game.state]).toEqual([0, before]);
    // Following the remedy finds it.
    expect(game.state.units.get(String(5))).toEqual({ hp: 1 });
    for (const id of ['__proto__', 'constructor', 'none', '']) {
      expect([game.state.units.get(id), game.state.units.has(id)]).toEqual([undefined, false]);
    }
  });
});
