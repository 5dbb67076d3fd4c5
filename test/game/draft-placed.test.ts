// Drafts that are put where they do not belong, kept too long, or put inside themselves.

import { describe, expect, it } from 'vitest';
import { type Table, table } from '#index.ts';
import { json, plain, play, refusal, sandbox } from './galaxy.ts';

type Loose = { [key: string]: unknown };

interface Home extends Loose {
  x: number;
  crew: Loose[];
}

const initial = () => ({
  home: { x: 1, crew: [{ name: 'ada' }] } as Home,
  spare: null as unknown,
  units: table<Loose>({ a: { hp: 1 } }),
});
const battle = () => sandbox(initial);
const untouched = JSON.stringify(initial());

describe('what happens to a draft where it is put', () => {
  it('[D44] a draft kept from one command cannot be put into another game', async () => {
    const type = battle();
    const { orrery, game } = await play(type);
    const other = await orrery.open(type, 'other');
    const kept: unknown[] = [];
    game.update((draft) => {
      kept.push(draft, draft.home, draft.home.crew, draft.home.crew[0], draft.units);
    });
    for (const value of kept) {
      for (const put of [value, { deep: [value] }]) {
        expect(() => other.update((draft) => Object.assign(draft, { spare: put }))).toThrow(/revoked|table/);
      }
    }
    expect([other.seq, json(other)]).toEqual([0, untouched]);
  });

  it('[D43] every operation on a draft of a command that is over throws', async () => {
    const { game } = await play(battle());
    const kept: object[] = [];
    game.update((draft) => {
      kept.push(draft, draft.home, draft.home.crew);
    });
    const operations: ((target: object) => unknown)[] = [
      (o) => Reflect.get(o, 'x'),
      (o) => Reflect.set(o, 'x', 5),
      (o) => Reflect.has(o, 'x'),
      (o) => Reflect.deleteProperty(o, 'x'),
      (o) => Reflect.ownKeys(o),
      (o) => Reflect.getOwnPropertyDescriptor(o, 'x'),
      (o) => Reflect.defineProperty(o, 'x', { value: 1 }),
      (o) => Reflect.preventExtensions(o),
      (o) => Reflect.getPrototypeOf(o),
      (o) => Reflect.setPrototypeOf(o, null),
      (o) => Array.prototype.push.call(o, 1),
      (o) => JSON.stringify(o),
    ];
    for (const target of kept) for (const operation of operations) expect(() => operation(target)).toThrow();
    expect([game.seq, json(game)]).toEqual([1, untouched]);
  });

  it('[D43] what is read while the command is taken in cannot change it', async () => {
    const { game } = await play(battle());
    refusal('NOT_PERSISTABLE', () =>
      game.update((draft) => {
        const { home } = draft;
        draft.spare = {
          get late() {
            home.x = 9;
            return 1;
          },
        };
      }),
    );
    expect([game.seq, json(game)]).toEqual([0, untouched]);
  });

  it('[D40] a draft put inside itself is refused with its path', async () => {
    const { game } = await play(battle());
    for (const [recipe, path] of [
      [({ home }: { home: Home }) => Object.assign(home, { self: home }), /^\/home\/self/],
      [({ home }: { home: Home }) => home.crew.push(home), /^\/home\/crew\/1/],
      [({ home }: { home: Home }) => Object.assign(home.crew[0] as Loose, { all: home.crew }), /^\/home\/crew\/0\/all/],
    ] as const) {
      const error = refusal('NOT_PERSISTABLE', () => game.update((draft) => void recipe(draft)));
      expect(error.message).toMatch(/cycle/);
      expect(error.context.path).toMatch(path);
    }
    expect([game.seq, json(game)]).toEqual([0, untouched]);
  });

  it('[D40] ten thousand objects, each put into the one before, are refused for their depth', async () => {
    const list = (): Loose[] => Array.from({ length: 10_000 }, (_, n) => ({ n }));
    const { game } = await play(sandbox(() => ({ list: list() })));
    const error = refusal('NOT_PERSISTABLE', () =>
      game.update((draft) => {
        let outer = draft.list[0] as Loose;
        for (const inner of draft.list.slice(1)) {
          outer['inner'] = inner;
          outer = inner;
        }
      }),
    );
    expect(error.message).toMatch(/deeper/);
  });

  it('[D40] one draft in many places is equal values there, and what was put in frozen can be changed', async () => {
    const { game } = await play(battle());
    const frozen = Object.freeze({ n: 1, inner: Object.freeze({ m: 1 }) });
    game.update((draft) => {
      const spare = { home: draft.home, again: [draft.home], frozen };
      draft.spare = spare;
      (draft.units as Table<Loose>).set('b', { home: draft.home });
      draft.home.x = 5;
      (draft.home as Loose)['given'] = frozen;
      const given = draft.home['given'] as { n: number; inner: { m: number } };
      given.n = 2;
      given.inner.m = 3;
    });
    const home = { x: 5, crew: [{ name: 'ada' }], given: { n: 2, inner: { m: 3 } } };
    expect(plain(game.state)).toEqual({
      home,
      spare: { home, again: [home], frozen },
      units: { a: { hp: 1 }, b: { home } },
    });
    expect(frozen).toEqual({ n: 1, inner: { m: 1 } });
  });
});
