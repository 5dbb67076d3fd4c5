import { describe, expect, it } from 'vitest';
import { table } from '#index.ts';
import { changesOf, json, plain, play, refusal, reloaded, sandbox, withMemberName } from './galaxy.ts';

const world = () =>
  sandbox(() => ({
    n: 1,
    list: [1, 2, 3],
    units: table<{ hp: number; at?: string; cargo?: unknown[] }>({ a: { hp: 1 }, b: { hp: 2 }, c: { hp: 3 } }),
    empty: table<number>(),
  }));

describe('a patch and the tables', () => {
  it('[JP8] entities come, go and are replaced; a whole table that gets an object keeps what is the same', async () => {
    const { game, store } = await play(world());
    const changes = changesOf(game);
    const kept = game.state.units.get('b');
    game.patch([
      { op: 'add', path: '/units/d', value: { hp: 4 } },
      { op: 'replace', path: '/units/d/hp', value: 5 },
      { op: 'remove', path: '/units/a' },
      { op: 'move', from: '/units/c', path: '/units/e' },
      { op: 'copy', from: '/units/d', path: '/empty/d' },
    ]);
    expect(plain(game.state)).toMatchObject({
      units: { b: { hp: 2 }, d: { hp: 5 }, e: { hp: 3 } },
      empty: { d: { hp: 5 } },
    });
    game.patch([{ op: 'replace', path: '/units', value: { b: { hp: 2 }, e: { hp: 4 }, f: { hp: 1 } } }]);
    expect(changes[1]!.patches).toEqual([
      { op: 'remove', path: ['units', 'd'] },
      { op: 'replace', path: ['units', 'e', 'hp'], value: 4 },
      { op: 'add', path: ['units', 'f'], value: { hp: 1 } },
    ]);
    expect(game.state.units.get('b')).toBe(kept);
    expect(game.state.units.ids()).toEqual(['b', 'e', 'f']);
    await game.update(() => {}).durable;
    const again = await reloaded(store, world());
    expect(json(again)).toBe(json(game));
    expect(again.state.units.size).toBe(3);
  });

  it('[JP8] a table that is removed and comes back in one patch is a table; one that comes to another key is one there', async () => {
    const { game, store } = await play(world());
    game.patch([
      { op: 'remove', path: '/units' },
      { op: 'add', path: '/units', value: { z: { hp: 9 } } },
      { op: 'copy', from: '/units', path: '/reserve' },
      { op: 'move', from: '/empty', path: '/void' },
      { op: 'copy', from: '/units', path: '/list/0' },
    ]);
    const state = game.state as unknown as Record<string, { readonly size?: number }>;
    expect([state['units']!.size, state['reserve']!.size, state['void']!.size]).toEqual([1, 1, 0]);
    expect(plain(state)).toEqual({
      n: 1,
      list: [{ z: { hp: 9 } }, 1, 2, 3],
      units: { z: { hp: 9 } },
      reserve: { z: { hp: 9 } },
      void: {},
    });
    await game.update(() => {}).durable;
    const again = await reloaded(store, world());
    expect(json(again)).toBe(json(game));
    expect((again.state as unknown as typeof state)['reserve']!.size).toBe(1);
  });

  it('[JP8] a table that gets something else is none any more', async () => {
    const { game, store } = await play(world());
    game.patch([
      { op: 'replace', path: '/units', value: [1] },
      { op: 'remove', path: '/empty' },
    ]);
    expect(plain(game.state)).toEqual({ n: 1, list: [1, 2, 3], units: [1] });
    await game.update(() => {}).durable;
    expect(json(await reloaded(store, world()))).toBe(json(game));
  });

  it('[JP8] a whole state is taken as save takes it: its tables stay, and none may be missing', async () => {
    const { game } = await play(world());
    const changes = changesOf(game);
    const state = { ...(plain(game.state) as object), n: 2, units: { a: { hp: 1 } } };
    game.patch([
      { op: 'replace', path: '', value: state },
      { op: 'add', path: '/units/b', value: { hp: 2 } },
    ]);
    expect(changes[0]!.patches).toEqual([
      { op: 'remove', path: ['units', 'c'] },
      { op: 'replace', path: ['n'], value: 2 },
    ]);
    expect(game.state.units.size).toBe(2);
    const error = refusal('NOT_PERSISTABLE', () => game.patch([{ op: 'replace', path: '', value: { n: 1 } }]));
    expect(error.context.path).toBe('/units');
  });

  it('[JP8] ids are ids: tests and bad ones', async () => {
    const { game } = await play(world());
    game.patch([
      { op: 'test', path: '/units', value: { c: { hp: 3 }, b: { hp: 2 }, a: { hp: 1 } } },
      { op: 'add', path: '/units/-', value: { hp: 7 } },
      { op: 'test', path: '/units/-/hp', value: 7 },
    ]);
    for (const [id, code] of [
      ['size', 'NOT_PERSISTABLE'],
      ['__proto__', 'NOT_PERSISTABLE'],
      ['\ud800', 'NOT_PERSISTABLE'],
    ] as const) {
      const error = refusal(code, () => game.patch([{ op: 'add', path: `/units/${id}`, value: { hp: 1 } }]));
      expect(error.context).toMatchObject({ path: `/units/${id}`, operation: 0 });
    }
    refusal('POINTER_NOT_FOUND', () => game.patch([{ op: 'replace', path: '/units/nobody', value: { hp: 1 } }]));
    refusal('POINTER_NOT_FOUND', () => game.patch([{ op: 'remove', path: '/units/size' }]));
    refusal('POINTER_NOT_FOUND', () => game.patch([{ op: 'add', path: '/units/get/x', value: 1 }]));
    refusal('PATCH_TEST_FAILED', () => game.patch([{ op: 'test', path: '/units/size', value: 4 }]));
    refusal('PATCH_TEST_FAILED', () => game.patch([{ op: 'test', path: '/units', value: [] }]));
  });

  it('[JP8] an entity with the name of a member, from before there was the rule, is the entity', async () => {
    const { game } = await withMemberName();
    game.patch([
      { op: 'test', path: '/units/get', value: { hp: 5 } },
      { op: 'replace', path: '/units/get/hp', value: 6 },
    ]);
    expect(game.state.units.get('get')).toEqual({ hp: 6 });
    game.patch([{ op: 'move', from: '/units/get', path: '/units/got' }]);
    expect(plain(game.copy())).toMatchObject({ units: { got: { hp: 6 } } });
  });
});
