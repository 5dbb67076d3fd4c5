import { describe, expect, it } from 'vitest';
import { table } from '#index.ts';
import { changesOf, folded, galaxy, json, plain, play, refusal, reloaded, sandbox, system } from './galaxy.ts';

type Loose = { [key: string]: unknown };
const loose = (game: { save(state: never): unknown }, state: unknown): unknown => game.save(state as never);

const world = () =>
  sandbox(() => ({
    n: 1,
    list: [1, 2, 3],
    units: table<{ hp: number; at?: string }>({ a: { hp: 1 }, b: { hp: 2 }, c: { hp: 3 } }),
    empty: table<number>(),
  }));

describe('save', () => {
  it('[D50] records the difference to the state before, and nothing for what is the same', async () => {
    const { game, store } = await play(world());
    const changes = changesOf(game);
    const before = plain(game.state);
    game.save({ ...game.state, n: 2, list: [1, 3] });
    expect(changes[0]!.patches).toEqual([
      { op: 'replace', path: ['n'], value: 2 },
      { op: 'remove', path: ['list', 1] },
    ]);
    expect(changes[0]).toMatchObject({ command: '@save', seq: 1 });
    expect(folded(before, changes[0]!.patches, game.state)).toBe(json(game));
    const { state } = game;
    game.save(game.state);
    expect(changes[1]!.patches).toEqual([]);
    expect(game.state).toBe(state);
    await game.save({ ...game.state }).durable;
    expect(json(await reloaded(store, world()))).toBe(json(game));
  });

  it('[D51] takes a table as the view of a state, as a new table, or as a plain object by id', async () => {
    const { game } = await play(world());
    const changes = changesOf(game);
    const { units } = game.state;
    let before = plain(game.state);
    for (const given of [
      units,
      table({ a: { hp: 1 }, c: { hp: 3, at: 'x' }, d: { hp: 4 } }),
      { a: { hp: 1 }, c: { hp: 5 } },
      {},
      { ...units.toJSON() },
    ]) {
      game.save({ ...game.state, units: given });
      expect(folded(before, changes.at(-1)!.patches, game.state)).toBe(json(game));
      expect(plain(game.state.units)).toEqual(plain(given));
      before = plain(game.state);
    }
    const entities = changes.map(({ patches }) => [...new Set(patches.map(({ path }) => path.slice(0, 2).join('/')))]);
    expect(entities).toEqual([
      [],
      ['units/c', 'units/d', 'units/b'],
      ['units/c', 'units/d'],
      ['units/a', 'units/c'],
      ['units/a', 'units/b', 'units/c'],
    ]);
  });

  it('[D51] a table that is given as it was keeps its identity, however it is given', async () => {
    const { game } = await play(world());
    const { units } = game.state;
    for (const given of [units, units.toJSON(), table(units.toJSON())]) {
      game.save({ ...game.state, n: game.state.n + 1, units: given });
      expect(game.state.units).toBe(units);
    }
  });

  it('[D51] an older state can be saved again, and the entities it shares keep their identity', async () => {
    const { game } = await play(galaxy);
    const old = game.state;
    game.dispatch('build', { at: 'sol', metal: 9 });
    game.dispatch('found', { id: 'f', ships: 1 });
    const vega = game.state.systems.get('vega');
    game.save(old);
    expect(json(game)).toBe(JSON.stringify(old));
    expect(game.state.systems.get('vega')).toBe(vega);
    expect(game.state.home).toBe(old.home);
  });

  it('[D52] a state that misses a table is refused, and so is one that has a new one', async () => {
    const { game } = await play(world());
    const { units, empty } = game.state;
    for (const [state, path] of [
      [{ n: 1, list: [], units }, '/empty'],
      [{ n: 1, list: [], empty }, '/units'],
      [{ ...game.state, more: table() }, '/more'],
      [{ ...game.state, more: units }, '/more'],
      [{ ...game.state, list: units }, '/list'],
    ] as const) {
      expect(refusal('NOT_PERSISTABLE', () => loose(game, state)).context).toEqual({
        game: 'andromeda',
        command: '@save',
        path,
        paths: [path],
      });
    }
    expect(game.seq).toBe(0);
  });

  it.each([
    ['null', null, ''],
    ['a string', 'state', ''],
    ['an array', [], ''],
    ['a Map', new Map(), ''],
    ['an instance', new (class World {})(), ''],
    ['a table', table(), ''],
    ['a symbol key', { [Symbol('s')]: 1 }, ''],
    ['a hidden key', Object.defineProperty({}, 'hidden', { value: 1 }), '/hidden'],
    ['a key __proto__', JSON.parse('{"__proto__": 1}'), '/__proto__'],
    ['a key that is not well-formed', { '\ud800': 1 }, '/\ud800'],
    [
      'a getter that throws',
      Object.defineProperty({}, 'boom', {
        enumerable: true,
        get: () => {
          throw new Error('no');
        },
      }),
      '/boom',
    ],
    ['a Map for a table', { n: 1, list: [], units: new Map(), empty: {} }, '/units'],
    ['a Set for a table', { n: 1, list: [], units: new Set(), empty: {} }, '/units'],
    ['an array for a table', { n: 1, list: [], units: [], empty: {} }, '/units'],
    ['null for a table', { n: 1, list: [], units: null, empty: {} }, '/units'],
    [
      'an id __proto__',
      { n: 1, list: [], units: JSON.parse('{"__proto__": {"hp": 1}}'), empty: {} },
      '/units/__proto__',
    ],
    ['an id that is not well-formed', { n: 1, list: [], units: { '\udc00': { hp: 1 } }, empty: {} }, '/units/\udc00'],
    ['undefined as an entity', { n: 1, list: [], units: { a: undefined }, empty: {} }, '/units/a'],
    ['a bad value in an entity', { n: 1, list: [], units: { a: { hp: Number.NaN } }, empty: {} }, '/units/a/hp'],
    ['a hidden entity', { n: 1, list: [], units: Object.defineProperty({}, 'a', { value: 1 }), empty: {} }, '/units/a'],
    ['a table in an entity', { n: 1, list: [], units: { a: { hp: table() } }, empty: {} }, '/units/a/hp'],
  ])('[D53] %s is refused with its path, and nothing has changed', async (_what, state, path) => {
    const { game } = await play(world());
    const before = game.state;
    const error = refusal('NOT_PERSISTABLE', () => loose(game, state));
    expect(error.context).toEqual({ game: 'andromeda', command: '@save', path, paths: [path] });
    expect([game.state === before, game.seq]).toEqual([true, 0]);
  });

  it('[D54] save is refused by an invariant like any command', async () => {
    const { game } = await play(galaxy);
    const { state } = game;
    refusal('INVARIANT_FAILED', () => game.save({ ...state, treasury: -1, systems: { sol: system(9) } }));
    expect(game.state).toBe(state);
    expect(game.state.systems.size).toBe(3);
    game.save({ ...state, treasury: 1 });
    expect(game.state.systems).toBe(state.systems);
  });

  it('[D51] a table of a finished command cannot be saved', async () => {
    const { game } = await play(world());
    let kept: unknown;
    game.update((draft) => {
      kept = draft.units;
    });
    refusal('TABLE_READ_ONLY', () => loose(game, { ...(game.state as unknown as Loose), units: kept }));
  });
});
