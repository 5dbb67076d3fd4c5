// biome-ignore-all lint/suspicious/noAssignInExpressions: reducers in one line
// Reducers written with Immer, inside commands; and Immer outside of them, which must be as if Orrery were not there.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as immer from 'immer';
import {
  applyPatches,
  createDraft,
  current,
  enablePatches,
  finishDraft,
  isDraft,
  isModified,
  original,
  produce,
  produceWithPatches,
} from 'immer';
import { describe, expect, it } from 'vitest';
import { type OrreryError, type Table, table } from '#index.ts';
import { changesOf, folded, isDeeplyFrozen, json, plain, play, refusal, reloaded, sandbox } from './galaxy.ts';

interface Item {
  id: number;
  tags: string[];
  at: { x: number };
}
interface Shop {
  items: Item[];
  prices: { [id: string]: { sum: number; history: number[] } };
  total: number;
}

const shop = (): Shop => ({
  items: [1, 2, 3].map((id) => ({ id, tags: [`t${id}`], at: { x: id } })),
  prices: { a: { sum: 1, history: [1] }, b: { sum: 2, history: [2, 2] } },
  total: 3,
});
const type = () =>
  sandbox(() => ({
    shop: shop(),
    other: shop(),
    n: 0,
    units: table<{ hp: number; at: { x: number } }>({ a: unit(1), b: unit(2) }),
  }));
const unit = (hp: number) => ({ hp, at: { x: hp } });

type State = ReturnType<ReturnType<typeof type>['initial']>;

const add = (state: Shop, id: number): void => {
  state.items.push({ id, tags: [], at: { x: 0 } });
  state.items[0]!.at.x += id;
  state.prices['a']!.history.push(id);
  state.total += 1;
};

/** Runs a recipe on a draft and on a plain object: both end the same, and so do the patches and a restart. */
async function alike(
  recipe: (state: State) => void,
  freezing: Pick<typeof immer, 'setAutoFreeze'> = immer,
): Promise<void> {
  const { game, store } = await play(type());
  const changes = changesOf(game);
  const before = plain(game.state);
  const model = plain(game.state) as unknown as { [key: string]: unknown };
  const entities = model['units'] as { [id: string]: unknown };
  const units = {
    get: (id: string) => entities[id],
    set: (id: string, entity: unknown) => Object.assign(entities, { [id]: entity }),
  };
  const twin = { ...model, units } as unknown as State;
  // A plain object would be frozen by its first produce, and could not be changed after it, as a draft can.
  freezing.setAutoFreeze(false);
  recipe(twin);
  freezing.setAutoFreeze(true);
  await game.update((draft) => void recipe(draft)).durable;
  expect(plain(game.state)).toEqual(plain({ ...twin, units: entities }));
  expect(folded(before, changes[0]!.patches, game.state)).toBe(json(game));
  expect(isDeeplyFrozen(game.state)).toBe(true);
  expect(json(await reloaded(store, type()))).toBe(json(game));
}

describe('reducers written with Immer, inside a command', () => {
  const recipes: [string, (draft: State) => void][] = [
    ['produce', (draft) => void (draft.shop = produce(draft.shop, (state) => add(state, 7)))],
    ['a curried producer', (draft) => void (draft.shop = produce(add)(draft.shop, 8))],
    [
      'a producer of the whole state',
      (draft) =>
        void Object.assign(
          draft,
          produce(draft, ({ shop }) => add(shop, 9)),
        ),
    ],
    [
      'produce twice, and changes around them',
      (draft) => {
        draft.shop.items[1]!.at.x = 50;
        draft.shop = produce(draft.shop, (state) => add(state, 7));
        draft.shop.items[0]!.at.x += 1;
        draft.shop.items[2]!.tags.push('after');
        draft.shop = produce(draft.shop, (state) => add(state, 9));
        draft.shop.prices['b']!.sum = -1;
      },
    ],
    [
      'produce inside produce',
      (draft) => {
        draft.shop = produce(draft.shop, (state) => {
          state.items = produce(state.items, (items) => {
            items[0]!.tags = produce(items[0]!.tags, (tags) => void tags.push('deep'));
            items.pop();
          });
          add(state, 4);
        });
      },
    ],
    [
      'produce that returns something else',
      (draft) => {
        draft.shop = produce(draft.shop, (state) => ({ ...state, total: 77 }));
        draft.other = produce(draft.other, () => draft.shop);
        draft.shop.total += 1;
      },
    ],
    [
      'produce that changes nothing, and a change after it',
      (draft) => {
        draft.shop = produce(draft.shop, () => {});
        draft.shop.items[0]!.at.x = 70;
        draft.shop.prices['c'] = { sum: 3, history: [] };
      },
    ],
    [
      'produce on a list: sort, filter, splice, a returned list',
      (draft) => {
        draft.shop.items = produce(draft.shop.items, (items) => void items.sort((a, b) => b.id - a.id));
        draft.shop.items = produce(draft.shop.items, (items) => items.filter((item) => item.id !== 2));
        draft.shop.items[0]!.at.x = -5;
        draft.shop.items = produce(draft.shop.items, (items) => void items.splice(1, 0, items[0]!));
      },
    ],
    [
      'one that is put into another place',
      (draft) => {
        draft.other = produce(draft.shop, (state) => add(state, 3));
        draft.shop.total = -1;
      },
    ],
    [
      'an entity',
      (draft) => {
        draft.units.set(
          'a',
          produce(draft.units.get('a')!, (entity) => void (entity.at.x = 9)),
        );
        draft.units.get('a')!.at.x += 1;
        draft.units.get('a')!.hp += 1;
      },
    ],
    [
      'produceWithPatches and applyPatches',
      (draft) => {
        const [next, patches, inverse] = produceWithPatches(draft.shop, (state) => add(state, 5));
        draft.other = applyPatches(draft.other, patches);
        draft.shop = applyPatches(next, inverse);
      },
    ],
    [
      'createDraft and finishDraft',
      (draft) => {
        const inner = createDraft(draft.shop) as Shop;
        add(inner, 6);
        draft.shop = finishDraft(inner) as Shop;
      },
    ],
    [
      'current, put elsewhere',
      (draft) => {
        if (isDraft(draft.shop)) {
          add(draft.shop, 2);
          draft.other = current(draft.shop);
        } else {
          add(draft.shop, 2);
          draft.other = structuredClone(draft.shop);
        }
        draft.shop.total = 100;
      },
    ],
  ];
  it.each(recipes)('[D71] %s', async (_what, recipe) => {
    enablePatches();
    await alike(recipe);
  });

  it('[D71] a recipe that throws leaves the draft as it was', async () => {
    const { game } = await play(type());
    game.update((draft) => {
      expect(() =>
        produce(draft.shop, (state) => {
          add(state, 1);
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(plain(draft.shop)).toEqual(shop());
      produce(draft.shop, (state) => add(state, 1));
      draft.n = 1;
    });
    expect(plain(game.state.shop)).toEqual(shop());
  });

  it('[D72] isDraft, isModified, original and current know the draft of the state and what is inside', async () => {
    const { game } = await play(type());
    const before = game.state;
    game.update((draft) => {
      for (const each of [draft, draft.shop, draft.shop.items, draft.shop.items[0]!]) expect(isDraft(each)).toBe(true);
      expect(isDraft(draft.units.get('a'))).toBe(false);
      expect(isModified(draft.shop)).toBe(false);
      expect(original(draft.shop)).toBe(before.shop);
      expect(original(draft)).toEqual(before);
      expect(current(draft.shop)).toBe(before.shop);
      draft.shop.items[0]!.at.x = 5;
      draft.units.get('a')!.hp = 9;
      draft.units.set('c', unit(3));
      expect([isModified(draft), isModified(draft.shop), isModified(draft.other)]).toEqual([true, true, false]);
      const then = current(draft);
      const items = current(draft.shop.items);
      draft.shop.items[0]!.at.x = 6;
      draft.units.get('a')!.hp = 10;
      expect(then.shop.items[0]!.at.x).toBe(5);
      expect(then.units).toEqual({ a: { hp: 9, at: { x: 1 } }, b: unit(2), c: unit(3) });
      expect(items[0]!.at.x).toBe(5);
      expect(isDraft(then.shop)).toBe(false);
      expect(original(draft.shop).items[0]!.at.x).toBe(1);
      expect(original(draft)).toEqual(before);
      (draft as unknown as { kept: unknown }).kept = then;
    });
    expect(plain((game.state as unknown as { kept: { units: unknown } }).kept.units)).toEqual({
      a: { hp: 9, at: { x: 1 } },
      b: unit(2),
      c: unit(3),
    });
  });

  it('[D72] produce on a table, and current of one, throw', async () => {
    const { game } = await play(type());
    for (const use of [
      (units: Table<object>) => produce(units, () => {}),
      (units: Table<object>) => current(units),
      (units: Table<object>) => finishDraft(units),
    ]) {
      refusal('COMMAND_REFUSED', () => game.update((draft) => void use(draft.units)));
    }
    refusal('COMMAND_REFUSED', () => game.update((draft) => void finishDraft(draft.shop)));
  });

  it('[D73] a state that a producer made from the draft and a command returns is refused, also when a table has changed', async () => {
    const { game } = await play(type());
    for (const recipe of [
      produce((draft: State) => void (draft.n += 1)),
      produce((draft: State) => {
        draft.n += 1;
        draft.units.set('z', unit(1));
      }),
    ]) {
      expect(refusal('COMMAND_REFUSED', () => game.update(recipe as never)).hint).toMatch(/Object.assign/);
    }
    expect([game.seq, json(game)]).toEqual([0, JSON.stringify(plain(game.state))]);
  });
});

describe('another copy of Immer', () => {
  type Immer = typeof immer;
  const folder = createRequire(import.meta.url).resolve('immer');
  const copyOf = (build: string): Immer => {
    const module = { exports: {} };
    new Function('module', 'exports', readFileSync(folder.replace(/index\.js$/, build), 'utf8'))(
      module,
      module.exports,
    );
    return module.exports as Immer;
  };

  it('[D71] produce and current of the development build work', async () => {
    const other = copyOf('immer.cjs.development.js');
    await alike((draft) => {
      draft.shop = other.produce(draft.shop, (state) => add(state, 7));
      draft.shop.items[1]!.at.x = 3;
      draft.other = other.isDraft(draft.shop) ? other.current(draft.shop) : structuredClone(draft.shop);
      draft.shop.total = 5;
    }, other);
  });

  it('[D74] of a build whose names were shortened, what it cannot read is refused with the remedy, never lost', async () => {
    const other = copyOf('immer.cjs.production.js');
    const { game } = await play(type());
    for (const use of [
      (draft: State) => void (draft.shop = other.produce(draft.shop, (state) => add(state, 7))),
      (draft: State) => other.current(draft.shop),
      (draft: State) => other.original(draft),
    ]) {
      const error = refusal('COMMAND_REFUSED', () => game.update((draft) => void use(draft))) as OrreryError;
      expect(error.message).toMatch(/copy of Immer/);
    }
    expect(game.seq).toBe(0);
    game.update(
      (draft) => void (draft.shop = other.produce(plain(draft.shop) as unknown as Shop, (state) => add(state, 7))),
    );
    const model = shop();
    add(model, 7);
    expect(plain(game.state.shop)).toEqual(model);
  });
});

describe("the user's own Immer", () => {
  /** What tells the settings and plugins of Immer in this process. */
  function behaviour(): unknown {
    const base = { list: [{ n: 1 }, { n: 2 }], deep: { m: 1 } };
    const seen: boolean[] = [];
    const next = produce(base, (draft) => {
      draft.list.filter((each) => {
        seen.push(isDraft(each));
        return true;
      });
      draft.list.push({ n: 3 });
      const first = draft.list.shift();
      seen.push(isDraft(first), isDraft(draft), isDraft(draft.deep));
    });
    const plugins = [
      () => produceWithPatches(base, () => {}),
      () => produce({ map: new Map() }, ({ map }) => void map.size),
    ].map((use) => {
      try {
        use();
        return 'loaded';
      } catch {
        return 'not loaded';
      }
    });
    return { seen, frozen: isDeeplyFrozen(next), next, plugins };
  }

  it('[D75] is the same before and after a game was played, and inside a command', async () => {
    const fresh = behaviour();
    expect((fresh as { seen: boolean[] }).seen).toEqual([true, true, true, true, true]);
    const { game } = await play(type());
    let inside: unknown;
    game.update((draft) => {
      draft.shop.items.filter((item) => item.id > 1);
      draft.shop.items.shift();
      inside = behaviour();
      draft.shop = produce(draft.shop, (state) => add(state, 1));
    });
    expect(inside).toEqual(fresh);
    expect(behaviour()).toEqual(fresh);
  });

  it('[D75] settings and plugins of its own change no command', async () => {
    immer.setAutoFreeze(false);
    immer.enableArrayMethods();
    immer.enableMapSet();
    try {
      const { game } = await play(type());
      game.update((draft) => {
        draft.shop.items.some((item) => {
          item.at.x += 10;
          return false;
        });
        draft.shop = produce(draft.shop, (state) => add(state, 1));
        draft.shop.items[0]!.at.x += 100;
      });
      expect(game.state.shop.items.map(({ at }) => at.x)).toEqual([112, 12, 13, 0]);
    } finally {
      immer.setAutoFreeze(true);
    }
  });
});
