// A table inside a command, used as the object by id that it stands for. Each operation is done to a plain object too, and
// both must answer the same and end the same; what cannot be done is refused with the remedy, and takes no seq.

import { inspect } from 'node:util';
import v8 from 'node:v8';
import { describe, expect, it } from 'vitest';
import { type Table, table } from '#index.ts';
import { json, plain, play, refusal, reloaded, sandbox, withMemberName } from './galaxy.ts';

type Loose = { [key: string]: unknown };
type Entities = { [id: string]: { hp: number } };

const initial = (): Entities => ({ a: { hp: 1 }, b: { hp: 2 }, '7': { hp: 3 } });
const units = () => sandbox(() => ({ n: 1, units: table<{ hp: number }>(initial()) }));
const asObject = (draft: { units: unknown }): Entities => draft.units as Entities;

const operations: [string, (units: Entities) => unknown][] = [
  ['an entity by property', (t) => [t['a'], t['none']]],
  [
    'an entity changed by property',
    (t) => {
      t['a']!.hp += 5;
    },
  ],
  [
    'an entity set by property',
    (t) => {
      t['x'] = { hp: 9 };
    },
  ],
  [
    'an entity replaced by property, and changed after it',
    (t) => {
      const fresh = { hp: 9 };
      t['a'] = fresh;
      fresh.hp = 10;
    },
  ],
  ['an entity deleted by property', (t) => delete t['a']],
  ['an entity deleted that is not there', (t) => delete t['none']],
  ['Reflect.deleteProperty', (t) => [Reflect.deleteProperty(t, 'b'), Reflect.deleteProperty(t, 'none')]],
  [
    '??=',
    (t) => {
      t['q'] ??= { hp: 5 };
      t['a'] ??= { hp: 6 };
      t['q'].hp += 1;
      return [t['q'], t['a']];
    },
  ],
  ['Object.assign to it', (t) => void Object.assign(t, { a: { hp: 4 }, y: { hp: 5 } })],
  ['Object.assign from it', (t) => Object.assign({}, t)],
  ['in', (t) => ['a' in t, 'none' in t, 'hasOwnProperty' in t, Symbol.asyncIterator in t]],
  ['Object.hasOwn', (t) => [Object.hasOwn(t, 'a'), Object.hasOwn(t, 'none'), Object.hasOwn(t, 'toString')]],
  // biome-ignore lint/suspicious/noPrototypeBuiltins: that it is inherited is what is tested
  ['what objects inherit', (t) => [t.hasOwnProperty('a'), t.propertyIsEnumerable('a'), t.propertyIsEnumerable('none')]],
  ['Object.keys', (t) => Object.keys(t)],
  ['Object.values', (t) => Object.values(t)],
  ['Object.entries', (t) => Object.entries(t)],
  [
    'changes through Object.values and Object.entries',
    (t) => {
      for (const unit of Object.values(t)) unit.hp *= 2;
      for (const [id, unit] of Object.entries(t)) unit.hp += id.length;
    },
  ],
  ['spread', (t) => ({ ...t })],
  [
    'a change of what a spread gave',
    (t) => {
      const copy = { ...t };
      copy['a']!.hp = 77;
    },
  ],
  ['destructuring', ({ a, ...rest }) => [a, rest]],
  [
    'for in',
    (t) => {
      const seen: string[] = [];
      for (const id in t) seen.push(id);
      return seen;
    },
  ],
  [
    'for in with changes',
    (t) => {
      for (const id in t) t[id]!.hp += 1;
    },
  ],
  ['Object.getOwnPropertyNames', (t) => Object.getOwnPropertyNames(t)],
  ['Object.getOwnPropertySymbols', (t) => Object.getOwnPropertySymbols(t)],
  ['Reflect.ownKeys', (t) => Reflect.ownKeys(t)],
  [
    'Object.getOwnPropertyDescriptor',
    (t) => [Object.getOwnPropertyDescriptor(t, 'a'), Object.getOwnPropertyDescriptor(t, 'none')],
  ],
  [
    'a change through a descriptor',
    (t) => {
      const descriptor = Object.getOwnPropertyDescriptor(t, 'a')!;
      descriptor.value.hp = 8;
    },
  ],
  ['Object.getOwnPropertyDescriptors', (t) => Object.getOwnPropertyDescriptors(t)],
  ['Object.defineProperty of one that is there', (t) => void Object.defineProperty(t, 'a', { value: { hp: 3 } })],
  [
    'Object.defineProperty of a new one',
    (t) =>
      void Object.defineProperty(t, 'n', { value: { hp: 3 }, writable: true, enumerable: true, configurable: true }),
  ],
  ['Object.defineProperty that says nothing', (t) => void Object.defineProperty(t, 'a', {})],
  ['Reflect.get', (t) => [Reflect.get(t, 'a'), Reflect.get(t, 'none')]],
  ['Reflect.set', (t) => [Reflect.set(t, 'a', { hp: 2 }), Reflect.set(t, 'z', { hp: 3 })]],
  ['Reflect.has', (t) => [Reflect.has(t, 'a'), Reflect.has(t, 'none')]],
  ['Object.isExtensible, isFrozen, isSealed', (t) => [Object.isExtensible(t), Object.isFrozen(t), Object.isSealed(t)]],
  ['JSON.stringify', (t) => JSON.stringify(t)],
  ['structuredClone of a copy', (t) => structuredClone({ ...t })],
  [
    'an object that inherits from it',
    (t) => {
      const child = Object.create(t) as Entities;
      child['a'] = { hp: 50 };
      child['own'] = { hp: 51 };
      return [Object.keys(child), child['b']];
    },
  ],
];

describe('a table inside a command is the object by id that it stands for', () => {
  it.each(operations)('[T13] %s', async (_what, operation) => {
    const type = units();
    const { game, store } = await play(type);
    const model = initial();
    const expected = plain({ is: operation(model) ?? null });
    let answer: unknown;
    await game.update((draft) => {
      answer = plain({ is: operation(asObject(draft)) ?? null });
    }).durable;
    expect(JSON.stringify(answer)).toBe(JSON.stringify(expected));
    expect(plain(game.state.units)).toEqual(model);
    expect(json(await reloaded(store, type))).toBe(json(game));
  });

  it('[T13] a table that table() has just made is one too', async () => {
    const { game } = await play(sandbox(() => ({ units: null as unknown })));
    game.update((draft) => {
      const made = table<{ hp: number }>() as Table<{ hp: number }> & Entities;
      made['a'] = { hp: 1 };
      made.set('b', { hp: 2 });
      expect(Object.keys(made)).toEqual(['a', 'b']);
      delete made['b'];
      draft.units = made;
      (draft as { units: Entities }).units['c'] = { hp: 3 };
    });
    expect(json(game)).toBe('{"units":{"a":{"hp":1},"c":{"hp":3}}}');
  });

  const refused: [string, (units: Loose) => unknown, RegExp][] = [
    ['a symbol as an id', (t) => Object.assign(t, { [Symbol('s')]: 1 }), /symbol/],
    ['undefined as an entity', (t) => Object.assign(t, { x: undefined }), /undefined/],
    ['__proto__ as an id', (t) => Reflect.set(t, '__proto__', {}), /__proto__/],
    ['the name of a member as an id', (t) => Object.assign(t, { size: { hp: 1 } }), /"size".*set/],
    ['a hidden property', (t) => Object.defineProperty(t, 'x', { value: 1 }), /ordinary/],
    ['a property that cannot be changed', (t) => Object.defineProperty(t, 'a', { writable: false }), /ordinary/],
    ['a getter', (t) => Object.defineProperty(t, 'a', { get: () => 1 }), /ordinary/],
    ['Object.freeze', (t) => Object.freeze(t), /frozen/],
    ['Object.seal', (t) => Object.seal(t), /sealed/],
    ['Object.preventExtensions', (t) => Object.preventExtensions(t), /closed/],
    ['Object.setPrototypeOf', (t) => Object.setPrototypeOf(t, null), /prototype/],
  ];

  it.each(refused)('[T14] %s is refused with the remedy', async (_what, operation, message) => {
    const { game } = await play(units());
    const error = refusal('NOT_PERSISTABLE', () =>
      game.update((draft) => void operation(draft.units as unknown as Loose)),
    );
    expect(error.message).toMatch(message);
    expect(error.context.path).toMatch(/^\/units/);
    expect([game.seq, json(game)]).toEqual([0, '{"n":1,"units":{"7":{"hp":3},"a":{"hp":1},"b":{"hp":2}}}']);
  });

  it('[T14] an id that is the name of a member is refused where it is new, and reached through get and delete where it is old', async () => {
    const { game } = await withMemberName();
    game.update((draft) => {
      draft.units.get('get')!.hp = 6;
      draft.units.set('get', { hp: draft.units.peek('get')!.hp + 1 });
      expect(JSON.parse(JSON.stringify(draft.units)).get).toEqual({ hp: 7 });
    });
    for (const read of [
      (t: object) => Object.keys(t),
      (t: object) => ({ ...t }),
      (t: object) => Object.getOwnPropertyDescriptor(t, 'get'),
      (t: object) => Reflect.deleteProperty(t, 'get'),
    ]) {
      expect(refusal('NOT_PERSISTABLE', () => game.update(({ units }) => void read(units))).message).toMatch(/"get"/);
    }
    game.update((draft) => void draft.units.delete('get'));
    expect(plain(game.state.units)).toEqual(initial());
    const { seq } = game;
    for (const id of ['size', 'has', 'get', 'peek', 'set', 'delete', 'ids', 'values', 'entries', 'toJSON']) {
      const error = refusal('NOT_PERSISTABLE', () => game.update((draft) => void draft.units.set(id, { hp: 1 })));
      expect(error.context.path).toBe(`/units/${id}`);
      expect(error.hint).toContain(`"player ${id}"`);
      refusal('NOT_PERSISTABLE', () => game.save({ ...game.state, units: { [id]: { hp: 1 } } }));
      refusal('NOT_PERSISTABLE', () => table({ [id]: { hp: 1 } }));
      game.update((draft) => expect(id in draft.units).toBe(false));
    }
    expect(game.seq).toBe(seq + 10);
  });

  it('[T14] structuredClone and v8.serialize of a table are refused with the remedy', async () => {
    const { game } = await play(units());
    for (const copy of [structuredClone, v8.serialize]) {
      const error = refusal('COMMAND_REFUSED', () => game.update((draft) => void copy(draft.units)));
      expect(error.hint).toMatch(/JSON.parse/);
    }
  });

  it('[T13] is shown by console.log with its entities', async () => {
    const { game } = await play(units());
    game.update((draft) => {
      draft.units.get('a')!.hp = 4;
      expect(inspect(draft.units)).toBe("Table { '7': { hp: 3 }, a: { hp: 4 }, b: { hp: 2 } }");
    });
  });

  it('[T13] its methods can be taken off it', async () => {
    const { game } = await play(units());
    game.update(({ units: { get, set } }) => {
      set('c', get('a')!);
    });
    expect(plain(game.state.units)).toEqual({ ...initial(), c: { hp: 1 } });
  });
});
