// A table as readers of a state see it: a view of one moment.

import { describe, expect, it } from 'vitest';
import { defineGame, type Table, table } from '#index.ts';
import { isDeeplyFrozen, play, sandbox } from './galaxy.ts';

const units = () =>
  sandbox(() => ({ n: 1, units: table<{ hp: number }>({ b: { hp: 2 }, a: { hp: 1 }, c: { hp: 3 } }) }));

describe('a table of a state', () => {
  it('[T8] is a frozen view of its moment, and stays so', async () => {
    const { game } = await play(units());
    const old = game.state.units;
    const ids = old.ids();
    game.update((draft) => {
      draft.units.delete('a');
      draft.units.get('b')!.hp = 9;
      draft.units.set('d', { hp: 4 });
    });
    expect(JSON.stringify(old)).toBe('{"a":{"hp":1},"b":{"hp":2},"c":{"hp":3}}');
    expect([old.size, old.ids(), old.has('d')]).toEqual([3, ids, false]);
    expect([Object.isFrozen(old), Object.isFrozen(ids), [...old.values()].every(isDeeplyFrozen)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(game.state.units.get('c')).toBe(old.get('c'));
    expect(() => (old as unknown as Table<unknown>).set('x', 1)).toThrow(TypeError);
  });

  it('[T8] shows its moment after many others were taken, in whatever order they are read', async () => {
    const { game } = await play(units());
    const views = [game.state.units];
    for (let turn = 1; turn <= 40; turn += 1) {
      game.update((draft) => {
        draft.units.get('a')!.hp = turn * 100;
        if (turn % 2 === 0) draft.units.set(`n${turn}`, { hp: turn });
        if (turn % 3 === 0) draft.units.delete(`n${turn - 2}`);
      });
      views.push(game.state.units);
      if (turn === 30) expect(views[3]!.get('a')).toEqual({ hp: 300 });
    }
    for (const turn of [40, 0, 20, 1, 39, 7]) {
      const view = views[turn]!;
      expect(view.get('a')).toEqual({ hp: turn === 0 ? 1 : turn * 100 });
      expect(view.size).toBe(view.ids().length);
      expect(view.has('n4')).toBe(turn >= 4 && turn < 6);
      expect(Object.keys(view.toJSON())).toEqual(view.ids());
    }
  });

  it('[T12] is the same to its readers when the table grows large, and shrinks', async () => {
    const { game } = await play(sandbox(() => ({ n: 0, units: table<{ hp: number }>() })));
    const few = game.state.units;
    const name = (index: number): string => `unit ${index}`;
    game.update((draft) => {
      for (let index = 0; index < 40_000; index += 1) draft.units.set(name(index), { hp: index });
    });
    const many = game.state.units;
    expect([few.size, many.size, many.ids().length]).toEqual([0, 40_000, 40_000]);
    game.update((draft) => {
      for (let index = 0; index < 40_000; index += 1) {
        if (index % 1000 !== 0) draft.units.delete(name(index));
        else draft.units.get(name(index))!.hp += 1;
      }
    });
    const left = game.state.units;
    expect([few.size, many.size, left.size]).toEqual([0, 40_000, 40]);
    expect([...few.ids()]).toEqual([]);
    expect(left.ids()).toEqual(Array.from({ length: 40 }, (_, index) => name(index * 1000)).sort());
    for (const index of [0, 1, 999, 1000, 39_999]) {
      expect(many.get(name(index))).toEqual({ hp: index });
      expect(left.get(name(index))).toEqual(index % 1000 === 0 ? { hp: index + 1 } : undefined);
    }
  });

  it('[T8] shows its moment frozen, whatever a refused command did to the entities meanwhile', async () => {
    const kept: { readonly [id: string]: { readonly hp: number } | undefined }[] = [];
    const type = defineGame('judged', {
      version: 1,
      initial: () => ({ units: table<{ hp: number }>({ a: { hp: 1 }, b: { hp: 2 } }) }),
      commands: {
        stir(draft) {
          draft.units.delete('a');
          draft.units.get('b')!.hp += 10;
          draft.units.set('c', { hp: 3 });
        },
        heal(draft, id: string) {
          draft.units.get(id)!.hp += 1;
        },
      },
      invariants: {
        holds: (state) => {
          const seen = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, state.units.get(id)]));
          kept.push(seen);
          return seen['a'] !== undefined;
        },
      },
    });
    const { game } = await play(type);
    const first = game.state.units;
    for (let round = 0; round < 3; round += 1) {
      expect(() => game.dispatch('stir')).toThrow('holds');
      for (const id of ['a', 'b', 'b']) game.dispatch('heal', id);
    }
    expect(first.toJSON()).toEqual({ a: { hp: 1 }, b: { hp: 2 } });
    expect(game.state.units.toJSON()).toEqual({ a: { hp: 4 }, b: { hp: 8 } });
    expect(kept.map((seen) => [seen['a']?.hp, seen['b']?.hp, seen['c']?.hp])).toEqual([
      [1, 2, undefined],
      ...[0, 1, 2].flatMap((round) => [
        [undefined, 12 + round * 2, 3],
        [2 + round, 2 + round * 2, undefined],
        [2 + round, 3 + round * 2, undefined],
        [2 + round, 4 + round * 2, undefined],
      ]),
    ]);
    expect(kept.flatMap((seen) => Object.values(seen)).every(isDeeplyFrozen)).toBe(true);
    expect([...game.state.units.values()].every(isDeeplyFrozen)).toBe(true);
  });

  it('[T8] that is not touched stays the same object while the rest changes', async () => {
    const { game } = await play(units());
    const before = game.state.units;
    game.update((draft) => {
      expect(draft.units.get('a')!.hp).toBe(1);
      draft.n = 2;
    });
    expect(game.state.units).toBe(before);
  });
});
