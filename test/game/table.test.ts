import { describe, expect, it } from 'vitest';
import { type OrreryError, type ReadonlyTable, type Table, table } from '#index.ts';
import {
  changesOf,
  folded,
  isDeeplyFrozen,
  isTable,
  json,
  open,
  plain,
  play,
  refusal,
  reloaded,
  sandbox,
} from './galaxy.ts';

type Loose = { [key: string]: unknown };

const units = () =>
  sandbox(() => ({ n: 1, units: table<{ hp: number }>({ b: { hp: 2 }, a: { hp: 1 }, c: { hp: 3 } }) }));

describe('table()', () => {
  it('[T1] is empty, or made from an object by id, or from a list and the function that names its entities', () => {
    expect(plain(table())).toEqual({});
    expect(plain(table({ b: 1, a: 2 }))).toEqual({ a: 2, b: 1 });
    expect(
      plain(
        table(
          [
            { id: 'x', n: 1 },
            { id: 'y', n: 2 },
          ],
          ({ id }) => id,
        ),
      ),
    ).toEqual({
      x: { id: 'x', n: 1 },
      y: { id: 'y', n: 2 },
    });
    expect(plain(table(new Set(['p', 'q']), (name) => name))).toEqual({ p: 'p', q: 'q' });
  });

  it.each([
    ['two entities with one id', () => table([1, 1], String), /two entities.*"1"/],
    ['an id that is a number', () => table([1], (n) => n as unknown as string), /number/],
    ['an id that is undefined', () => table([1], () => undefined as unknown as string), /undefined/],
    ['the id __proto__', () => table([1], () => '__proto__'), /__proto__/],
    ['the id constructor', () => table({ constructor: 1 } as never), /constructor/],
    ['the id prototype', () => table().set('prototype', 1), /prototype/],
    ['an id that is not well-formed', () => table({ '\ud800': 1 }), /cannot be an id/],
    ['an entity that is undefined', () => table({ a: undefined }), /undefined/],
    ['a list without a function', () => table([1, 2] as never), /function/],
    ['a Map', () => table(new Map([['a', 1]]) as never), /function/],
    ['another table', () => table(table({ a: 1 }) as never), /function/],
    ['null', () => table(null as never), /no object/],
    ['a string', () => table('abc' as never), /no object/],
  ])('[T2] %s is refused', (_what, make, message) => {
    expect(refusal('NOT_PERSISTABLE', make).message).toMatch(message);
  });

  it('[T3] may stand at any top-level key, and nowhere else', async () => {
    for (const [initial, path] of [
      [{ a: { deep: table() } }, '/a/deep'],
      [{ a: [table()] }, '/a/0'],
      [{ a: table({ x: { inner: table() } } as never) }, '/a/x/inner'],
      [{ a: table({ x: table() } as never) }, '/a/x'],
    ] as const) {
      const type = sandbox(() => initial as Loose);
      const orrery = await open([type]);
      const error = (await orrery.open(type, 'g').catch((thrown: unknown) => thrown)) as OrreryError;
      expect([error.code, error.context.path]).toEqual(['NOT_PERSISTABLE', path]);
    }
    const { game } = await play(sandbox(() => ({ a: 1, t: table(), u: table({ x: {} }) }) as Loose));
    for (const [recipe, path] of [
      [(draft: Loose) => Object.assign(draft, { a: { t: table() } }), '/a/t'],
      [(draft: Loose) => Object.assign(draft, { a: [{ t: draft['t'] }] }), '/a/0/t'],
      [(draft: Loose) => Object.assign(draft, { a: draft['t'] }), '/a'],
      [(draft: Loose) => Object.assign(draft, { a: { ...draft } }), '/a/t'],
      [(draft: Loose) => (draft['u'] as Table<unknown>).set('y', draft['t']), '/u/y'],
      [(draft: Loose) => Object.assign((draft['u'] as Table<object>).get('x')!, { t: table() }), '/u/x/t'],
      [() => game.state['t'], undefined],
    ] as const) {
      if (path === undefined) continue;
      expect(refusal('NOT_PERSISTABLE', () => game.update((draft) => void recipe(draft))).context.path).toBe(path);
    }
  });
});

describe('a table inside a command', () => {
  it('[T4] get hands out the entity to be changed in place, peek the frozen one until it is opened', async () => {
    const { game } = await play(units());
    game.update((draft) => {
      const peeked = draft.units.peek('a')!;
      expect(Object.isFrozen(peeked)).toBe(true);
      const got = draft.units.get('a')!;
      expect(draft.units.get('a')).toBe(got);
      got.hp = 10;
      expect(peeked.hp).toBe(1);
      expect(draft.units.peek('a')).toBe(got);
      expect([draft.units.get('none'), draft.units.peek('none')]).toEqual([undefined, undefined]);
    });
    expect(game.state.units.get('a')).toEqual({ hp: 10 });
  });

  it('[T4] an entity that was put in as it came, frozen, from arguments or a state can be changed all the same', async () => {
    const { game } = await play(units());
    game.update((draft) => {
      draft.units.set('d', game.state.units.get('a')!);
      draft.units.get('d')!.hp += 5;
      const frozen = Object.freeze({ hp: 1, bad: new Map() });
      draft.units.set('e', frozen);
      expect(draft.units.get('e')).toBe(frozen);
      draft.units.delete('e');
    });
    expect(plain(game.state.units)).toEqual({ a: { hp: 1 }, b: { hp: 2 }, c: { hp: 3 }, d: { hp: 6 } });
  });

  it('[T5] knows its ids, size and entities at every moment, in ascending order of ids by UTF-16 code unit', async () => {
    const { game } = await play(units());
    const seen: unknown[] = [];
    const look = (t: Pick<ReadonlyTable<{ hp: number }>, 'size' | 'ids' | 'has' | 'entries' | 'values'>): void => {
      const ids = [...t.ids()];
      expect(ids).toEqual([...ids].sort());
      expect(t.size).toBe(ids.length);
      expect(ids.every((id) => t.has(id))).toBe(true);
      expect([...t.entries()].map(([id]) => id)).toEqual(ids);
      expect([...t.values()].length).toBe(ids.length);
      seen.push(ids.join(' '));
    };
    game.update((draft) => {
      look(draft.units);
      for (const id of ['10', '9', 'Z', 'é', '\ufffd', '😀', '']) draft.units.set(id, { hp: 0 });
      look(draft.units);
      expect([draft.units.delete('b'), draft.units.delete('b'), draft.units.delete('10')]).toEqual([true, false, true]);
      look(draft.units);
      draft.units.set('b', { hp: 9 });
      look(draft.units);
    });
    look(game.state.units);
    expect(seen).toEqual([
      'a b c',
      ' 10 9 Z a b c é 😀 \ufffd',
      ' 9 Z a c é 😀 \ufffd',
      ' 9 Z a b c é 😀 \ufffd',
      ' 9 Z a b c é 😀 \ufffd',
    ]);
  });

  it('[T5] can be changed while it is gone through: what is deleted is not visited, what is new is not either', async () => {
    const { game } = await play(units());
    const visited: string[] = [];
    game.update((draft) => {
      for (const [id, unit] of draft.units) {
        visited.push(id);
        unit.hp += 1;
        if (id === 'a') draft.units.delete('b');
        draft.units.set(`${id}${id}`, { hp: 0 });
      }
    });
    expect(visited).toEqual(['a', 'c']);
    expect(json(game)).toBe('{"n":1,"units":{"a":{"hp":2},"aa":{"hp":0},"c":{"hp":4},"cc":{"hp":0}}}');
  });

  it('[T6] is JSON as an object by id, inside a command and outside', async () => {
    const { game } = await play(units());
    expect(JSON.stringify(table({ x: 1 }))).toBe('{"x":1}');
    game.update((draft) => {
      draft.units.get('a')!.hp = 7;
      draft.units.delete('c');
      expect(JSON.stringify(draft.units)).toBe('{"a":{"hp":7},"b":{"hp":2}}');
    });
    expect(JSON.stringify(game.state.units)).toBe('{"a":{"hp":7},"b":{"hp":2}}');
  });

  it('[T7] entities may be any JSON, null included', async () => {
    const type = sandbox(() => ({
      t: table<unknown>({ n: null, zero: 0, text: '', no: false, list: [1], object: {} }),
    }));
    const { game, store } = await play(type);
    game.update((draft) => {
      expect([...draft.t.ids()]).toEqual(['list', 'n', 'no', 'object', 'text', 'zero']);
      expect(draft.t.has('n')).toBe(true);
      draft.t.set('zero', null);
      draft.t.set('n', { now: 'more' });
      draft.t.delete('text');
    });
    await game.update((draft) => void draft.t.set('n', null)).durable;
    expect(json(game)).toBe('{"t":{"list":[1],"n":null,"no":false,"object":{},"zero":null}}');
    expect(game.state.t.size).toBe(5);
    expect(json(await reloaded(store, type))).toBe(json(game));
  });
});

describe('top-level keys that become tables, or cease to be', () => {
  const shape = () =>
    sandbox(
      () =>
        ({
          first: 1,
          units: table({ a: { hp: 1 }, b: { hp: 2 } }),
          empty: {},
          plain: { x: 1, y: [2] },
          list: [1, 2],
          last: null,
        }) as Loose,
    );
  const some = () => table({ b: { hp: 5 }, z: { hp: 6 } });

  const cases: [string, ((draft: Loose, older: unknown) => unknown)[], tables: string[]][] = [
    ['a table replaced by a table', [(draft) => Object.assign(draft, { units: some() })], ['units']],
    ['a table replaced by an empty table', [(draft) => Object.assign(draft, { units: table() })], ['units']],
    [
      'a table replaced by an equal table',
      [(draft) => Object.assign(draft, { units: table({ a: { hp: 1 }, b: { hp: 2 } }) })],
      ['units'],
    ],
    [
      'a table replaced by the table of an older state',
      [
        (draft) => (draft['units'] as Table<object>).delete('a'),
        (draft, older) => Object.assign(draft, { units: older }),
      ],
      ['units'],
    ],
    ['a table replaced by an empty object', [(draft) => Object.assign(draft, { units: {} })], []],
    [
      'a table replaced by an object with one of its ids',
      [(draft) => Object.assign(draft, { units: { a: { hp: 9 } } })],
      [],
    ],
    ['a table replaced by an array', [(draft) => Object.assign(draft, { units: [] })], []],
    ['a table replaced by a number', [(draft) => Object.assign(draft, { units: 5 })], []],
    ['a table deleted', [(draft) => delete draft['units']], []],
    [
      'a table deleted and made again',
      [
        (draft) => {
          delete draft['units'];
          draft['units'] = some();
        },
      ],
      ['units'],
    ],
    ['a table added', [(draft) => Object.assign(draft, { more: some() })], ['units', 'more']],
    ['an empty table added', [(draft) => Object.assign(draft, { more: table() })], ['units', 'more']],
    ['an empty object replaced by a table', [(draft) => Object.assign(draft, { empty: some() })], ['units', 'empty']],
    ['an object replaced by a table', [(draft) => Object.assign(draft, { plain: some() })], ['units', 'plain']],
    ['an object replaced by an empty table', [(draft) => Object.assign(draft, { plain: table() })], ['units', 'plain']],
    ['an array replaced by a table', [(draft) => Object.assign(draft, { list: some() })], ['units', 'list']],
    ['null replaced by a table', [(draft) => Object.assign(draft, { last: some() })], ['units', 'last']],
    [
      'a table added and taken away in one command',
      [(draft) => delete (Object.assign(draft, { more: some() }) as Loose)['more']],
      ['units'],
    ],
    [
      'a table replaced by a number and then by a table',
      [(draft) => Object.assign(Object.assign(draft, { units: 1 }), { units: some() })],
      ['units'],
    ],
    [
      'a table changed and then replaced',
      [
        (draft) => {
          (draft['units'] as Table<object>).set('c', { hp: 3 });
          draft['units'] = some();
          (draft['units'] as Table<object>).set('d', { hp: 4 });
        },
      ],
      ['units'],
    ],
    [
      'one new table under two keys',
      [(draft) => void ((t) => Object.assign(draft, { units: t, more: t }))(some())],
      ['units', 'more'],
    ],
    [
      'a table made, changed by the next command, and unmade by a third',
      [
        (draft) => Object.assign(draft, { plain: some() }),
        (draft) =>
          (draft['plain'] as Table<{ hp: number }>).set('new', { hp: (draft['plain'] as Table<{ hp: number }>).size }),
        (draft) => Object.assign(draft, { plain: { z: 1 }, units: [1] }),
      ],
      [],
    ],
    [
      'a table and everything else replaced',
      [
        (draft) => {
          for (const key of Object.keys(draft)) draft[key] = key === 'first' ? some() : {};
        },
      ],
      ['first'],
    ],
  ];

  it.each(cases)('[T9] %s: the patches, and a restart, give the same state', async (_what, recipes, tables) => {
    const type = shape();
    const { game, store } = await play(type);
    const changes = changesOf(game);
    const older = game.state['units'];
    for (const recipe of recipes) {
      const before = plain(game.state);
      game.update((draft) => void recipe(draft, older));
      expect(folded(before, changes.at(-1)!.patches, game.state)).toBe(json(game));
    }
    const tablesOf = (state: object): string[] => Object.keys(state).filter((key) => isTable((state as Loose)[key]));
    expect(tablesOf(game.state).sort()).toEqual([...tables].sort());
    expect(isDeeplyFrozen(game.state)).toBe(true);
    await game.update(() => {}).durable;
    const again = await reloaded(store, type);
    expect(json(again)).toBe(json(game));
    expect(tablesOf(again.state)).toEqual(tablesOf(game.state));
    again.update((draft) => {
      for (const key of tablesOf(again.state)) (draft[key] as Table<object>).set('~', {});
    });
    expect(tablesOf(again.state)).toEqual(tablesOf(game.state));
  });

  it('[T9] reshaping that is refused leaves everything', async () => {
    const type = shape();
    const { game, store } = await play(type);
    const { state } = game;
    refusal('NOT_PERSISTABLE', () =>
      game.update((draft) => Object.assign(draft, { units: {}, more: table({ x: { bad: Number.NaN } }) })),
    );
    expect(game.state).toBe(state);
    await game.update((draft) => void (draft['units'] as Table<object>).delete('a')).durable;
    expect(json(await reloaded(store, type))).toBe(json(game));
  });

  it('[T10] a table that belongs to a state cannot be put under another key, nor one of a finished command', async () => {
    const { game } = await play(shape());
    let kept: unknown;
    game.update((draft) => {
      kept = draft['units'];
    });
    for (const recipe of [
      (draft: Loose) => Object.assign(draft, { more: draft['units'] }),
      (draft: Loose) => Object.assign(draft, { units: kept }),
      (draft: Loose) => {
        const units = draft['units'];
        delete draft['units'];
        draft['units'] = units;
      },
    ]) {
      refusal('NOT_PERSISTABLE', () => game.update((draft) => void recipe(draft)));
    }
    game.update((draft) => Object.assign(draft, { units: draft['units'] }));
    expect(game.state['units']).toBeDefined();
  });

  it('[T10] a view of any state may be assigned or be part of an initial state: its entities are taken', async () => {
    const { game } = await play(shape());
    const view = game.state['units'];
    const type = sandbox(() => ({ copy: view }) as Loose, 'copying');
    const { game: other } = await play(type);
    game.update((draft) => Object.assign(draft, { more: view }));
    expect(plain(game.state['more'])).toEqual(plain(view));
    other.update((draft) => void (draft['copy'] as Table<object>).delete('a'));
    expect(json(other)).toBe('{"copy":{"b":{"hp":2}}}');
    expect(plain(view)).toEqual({ a: { hp: 1 }, b: { hp: 2 } });
  });
});
