import { describe, expect, it } from 'vitest';
import { type Table, table } from '#index.ts';
import { changesOf, folded, galaxy, json, plain, play, refusal, reloaded, sandbox } from './galaxy.ts';

type Loose = { [key: string]: unknown };
interface Unit {
  hp: number;
  at?: unknown;
  cargo?: unknown;
}

const battle = () =>
  sandbox(() => ({
    home: { x: 1, crew: [{ name: 'ada' }, { name: 'bob' }] } as Loose & { x: number; crew: { name: string }[] },
    spare: null as unknown,
    units: table<Unit>({ a: { hp: 1 }, b: { hp: 2, at: { x: 1, y: 2 } } }),
    last: 'z' as unknown,
  }));

/** Runs a recipe; the state, the patches folded on the state before, and a restart must all give `expected`. */
async function leaves(
  recipe: (draft: ReturnType<ReturnType<typeof battle>['initial']>) => void,
  expected: unknown,
): Promise<void> {
  const type = battle();
  const { game, store } = await play(type);
  const before = plain(game.state);
  const changes = changesOf(game);
  const receipt = game.update((draft) => void recipe(draft));
  expect(plain(game.state)).toEqual(expected);
  expect(folded(before, changes[0]!.patches, game.state)).toBe(json(game));
  await receipt.durable;
  expect(json(await reloaded(store, type))).toBe(json(game));
}

const initial = {
  home: { x: 1, crew: [{ name: 'ada' }, { name: 'bob' }] },
  spare: null,
  units: { a: { hp: 1 }, b: { hp: 2, at: { x: 1, y: 2 } } },
  last: 'z',
};

describe('values that move', () => {
  it('[D40] from the plain part into an entity, and changed after the move', () =>
    leaves(
      (draft) => {
        const unit = draft.units.get('a')!;
        unit.cargo = draft.home.crew;
        draft.home.crew.push({ name: 'cid' });
        draft.home.crew[0]!.name = 'eve';
      },
      {
        ...initial,
        home: { x: 1, crew: [{ name: 'eve' }, { name: 'bob' }, { name: 'cid' }] },
        units: { ...initial.units, a: { hp: 1, cargo: [{ name: 'eve' }, { name: 'bob' }, { name: 'cid' }] } },
      },
    ));

  it('[D40] from an entity into the plain part, and changed after the move', () =>
    leaves(
      (draft) => {
        const unit = draft.units.get('b')!;
        draft.spare = unit;
        draft.home['post'] = [unit.at];
        unit.hp = 7;
        (unit.at as { x: number }).x = 5;
      },
      {
        ...initial,
        home: { ...initial.home, post: [{ x: 5, y: 2 }] },
        spare: { hp: 7, at: { x: 5, y: 2 } },
        units: { ...initial.units, b: { hp: 7, at: { x: 5, y: 2 } } },
      },
    ));

  it('[D40] deleted from the plain part and put into a new entity', () =>
    leaves(
      (draft) => {
        const home = draft.home;
        delete (draft as Loose)['home'];
        draft.units.set('c', { hp: 3, at: { deep: [home] } });
        home.x = 9;
      },
      {
        spare: null,
        units: { ...initial.units, c: { hp: 3, at: { deep: [{ x: 9, crew: initial.home.crew }] } } },
        last: 'z',
      },
    ));

  it('[D40] within the plain part: swapped, wrapped into itself, put in several places', () =>
    leaves(
      (draft) => {
        const [ada, bob] = draft.home.crew as [{ name: string }, { name: string }];
        draft.home.crew = [bob, ada];
        draft.spare = { captain: ada, crew: [ada, { again: bob }] };
        ada.name = 'eve';
        draft.last = { was: draft.last };
      },
      {
        ...initial,
        home: { x: 1, crew: [{ name: 'bob' }, { name: 'eve' }] },
        spare: { captain: { name: 'eve' }, crew: [{ name: 'eve' }, { again: { name: 'bob' } }] },
        last: { was: 'z' },
      },
    ));

  it('[D41] an entity under another id: moved, aliased, and the frozen one that peek gave', () =>
    leaves(
      (draft) => {
        const { units } = draft;
        const moved = units.get('a')!;
        units.delete('a');
        units.set('m', moved);
        moved.hp = 10;
        const peeked = units.peek('b')!;
        units.set('n', peeked);
        units.get('n')!.hp = 20;
        (units.get('n')!.at as { x: number }).x = 30;
        units.set('alias', moved);
        moved.hp += 1;
      },
      {
        ...initial,
        units: { b: initial.units.b, m: { hp: 11 }, n: { hp: 20, at: { x: 30, y: 2 } }, alias: { hp: 11 } },
      },
    ));

  it('[D41] an entity that was taken out of a table by one command is whole when another puts it back', async () => {
    const { game, store } = await play(battle());
    const before = json(game);
    const taken = game.state.units.get('b')!;
    game.update((draft) => void draft.units.delete('b'));
    await game.update((draft) => void draft.units.set('b', taken as Unit)).durable;
    expect(json(game)).toBe(before);
    expect(json(await reloaded(store, battle()))).toBe(before);
  });
});

describe('the order of keys', () => {
  it('[D42] a key that is deleted and added again is last; the order survives a restart', async () => {
    const type = sandbox(() => ({ a: 1, b: { x: 1, y: 2, z: 3 }, t: table({ k: 1 }), c: 3 }) as Loose);
    const { game, store } = await play(type);
    const changes = changesOf(game);
    let state = plain(game.state);
    for (const recipe of [
      (draft: Loose) => {
        delete draft['a'];
        draft['a'] = 1;
      },
      (draft: Loose) => {
        const inner = draft['b'] as Loose;
        delete inner['x'];
        inner['x'] = 1;
      },
      (draft: Loose) => {
        const kept = (draft['t'] as Table<number>).toJSON();
        delete draft['t'];
        draft['t'] = table(kept);
      },
      (draft: Loose) => {
        const { c } = draft;
        delete draft['c'];
        draft['new'] = 0;
        draft['c'] = c;
        draft['7'] = 'index keys come first';
      },
    ]) {
      game.update(recipe);
      expect(folded(state, changes.at(-1)!.patches, game.state)).toBe(json(game));
      state = plain(game.state);
    }
    expect(json(game)).toBe('{"7":"index keys come first","b":{"y":2,"z":3,"x":1},"a":1,"t":{"k":1},"new":0,"c":3}');
    await game.update(() => {}).durable;
    expect(json(await reloaded(store, type))).toBe(json(game));
  });

  it('[D42] save() keeps the order of the keys it is given', async () => {
    const type = sandbox(() => ({ a: 1, t: table({ k: 1, l: 2 }), b: { x: 1, y: 2 } }) as Loose);
    const { game, store } = await play(type);
    await game.save({ b: { y: 2, x: 1 }, n: null, t: { l: 2, m: 3, k: 4 }, a: 1 }).durable;
    expect(json(game)).toBe('{"b":{"y":2,"x":1},"n":null,"t":{"k":4,"l":2,"m":3},"a":1}');
    expect(json(await reloaded(store, type))).toBe(json(game));
  });
});

describe('what is kept from a command', () => {
  it('[D43] drafts used after their command throw, or have no effect', async () => {
    const type = battle();
    const { game } = await play(type);
    const kept: (() => unknown)[] = [];
    const keep = (draft: ReturnType<typeof type.initial>): void => {
      const { home, units } = draft;
      const unit = units.get('a')!;
      const { crew } = home;
      kept.push(
        () => Reflect.set(draft, 'spare', 'late'),
        () => draft.last,
        () => Reflect.deleteProperty(draft, 'last'),
        () => Object.assign(home, { x: 66 }),
        () => crew.push({ name: 'late' }),
        () => units.set('late', { hp: 0 }),
        () => units.delete('a'),
        () => units.get('b'),
        () => Object.assign(unit, { hp: 66 }),
      );
    };
    game.update(keep);
    expect(() =>
      game.update((draft) => {
        keep(draft);
        draft.home.x = 5;
        throw new Error('refused');
      }),
    ).toThrow();
    const { state } = game;
    const text = json(game);
    expect(text).toBe(JSON.stringify(initial));
    const outcomes = kept.map((use) => {
      try {
        use();
        return 'quiet';
      } catch {
        return 'threw';
      }
    });
    // Only a copied entity lets itself be changed, and it belongs to nobody.
    expect(outcomes.slice(0, 9)).toEqual([...Array<string>(8).fill('threw'), 'quiet']);
    expect(game.state).toBe(state);
    game.update(({ home }) => Object.assign(home, { x: home.x + 1 }));
    expect(json(game)).toBe(text.replace('"x":1', '"x":2'));
  });

  it('[D43] the draft of an async command changes nothing after the await', async () => {
    const { game } = await play(battle());
    let later: Promise<unknown> = Promise.resolve();
    refusal('COMMAND_ASYNC', () =>
      game.update((draft) => {
        later = (async () => {
          await Promise.resolve();
          draft.home.x = 99;
        })();
        return later as unknown as undefined;
      }),
    );
    await expect(later).rejects.toThrow(/revoked/);
    expect(json(game)).toBe(JSON.stringify(initial));
  });

  it('[D44] the draft of the state cannot be put into the state', async () => {
    const { game } = await play(battle());
    for (const [recipe, path] of [
      [(draft: Loose) => Object.assign(draft, { spare: draft }), '/spare'],
      [(draft: Loose) => Object.assign(draft, { spare: { deep: [draft] } }), '/spare/deep/0'],
      [(draft: Loose) => Object.assign(draft['home'] as Loose, { up: draft }), '/home/up'],
      [(draft: Loose) => (draft['units'] as Table<unknown>).set('c', { up: draft }), '/units/c/up'],
    ] as const) {
      const error = refusal('NOT_PERSISTABLE', () => game.update((draft) => void recipe(draft as Loose)));
      expect(error.context.path).toBe(path);
    }
    expect(json(game)).toBe(JSON.stringify(initial));
  });

  it('[D44] a draft kept from one command cannot be put into the state by another', async () => {
    const { game } = await play(battle());
    let home: unknown;
    let unit: unknown;
    game.update((draft) => {
      home = draft.home;
      unit = draft.units.get('b');
    });
    const assigned = refusal('COMMAND_REFUSED', () => game.update((draft) => Object.assign(draft, { spare: home })));
    expect((assigned.cause as Error).message).toContain('revoked');
    const nested = refusal('NOT_PERSISTABLE', () =>
      game.update((draft) => Object.assign(draft.units.get('a')!, { cargo: { home } })),
    );
    expect(nested.context.path).toBe('/units/a/cargo/home');
    // An entity is a copy of one's own: it may go anywhere.
    game.update((draft) => Object.assign(draft, { spare: unit }));
    expect(json(game)).toContain('"spare":{"hp":2,"at":{"x":1,"y":2}}');
  });
});

describe('a draft of a state', () => {
  it('[D45] looks like a plain object: keys, in, entries, spread, JSON, what objects inherit', async () => {
    const { game } = await play(battle());
    game.update((draft) => {
      expect(Object.keys(draft)).toEqual(['home', 'spare', 'units', 'last']);
      expect('home' in draft).toBe(true);
      expect('nothing' in draft).toBe(false);
      expect(Object.hasOwn(draft, 'units')).toBe(true);
      // biome-ignore lint/suspicious/noPrototypeBuiltins: that it is there is what is tested
      for (let round = 0; round < 2; round += 1) expect(draft.hasOwnProperty('home')).toBe(true);
      expect(JSON.stringify(draft)).toBe(JSON.stringify(initial));
      draft.home.x += 1;
      expect(JSON.stringify(draft)).toBe(JSON.stringify({ ...initial, home: { ...initial.home, x: 2 } }));
      expect(Object.entries(draft).map(([key]) => key)).toEqual(Object.keys({ ...draft }));
      expect(Object.getPrototypeOf(draft)).toBe(Object.prototype);
      expect((draft as Loose)['nothing']).toBeUndefined();
    });
  });

  it('[D45] cannot be frozen, given properties by descriptor, symbols or another prototype', async () => {
    const { game } = await play(battle());
    for (const recipe of [
      (draft: object) => Object.freeze(draft),
      (draft: object) => Object.defineProperty(draft, 'hidden', { value: 1 }),
      (draft: object) => Object.setPrototypeOf(draft, null),
      (draft: object) => Object.assign(draft, { [Symbol('s')]: 1 }),
      (draft: object) => Reflect.set(draft, '__proto__', { evil: true }),
    ]) {
      expect(() => game.update((draft) => void recipe(draft as never))).toThrow();
    }
    expect(json(game)).toBe(JSON.stringify(initial));
    expect(({} as Loose)['evil']).toBeUndefined();
  });

  it('[D46] numbers, strings and null at top-level keys: written, read back, deleted, written again', async () => {
    const type = sandbox(() => ({ a: 1, b: 'x', c: null, o: { n: 1 } }) as Loose);
    const { game, store } = await play(type);
    const changes = changesOf(game);
    let state = plain(game.state);
    for (const recipe of [
      (draft: Loose) => Object.assign(draft, { a: 2, b: null, c: 'y' }),
      (draft: Loose) => {
        draft['a'] = 3;
        expect(draft['a']).toBe(3);
        (draft['o'] as Loose)['n'] = draft['a'];
        draft['b'] = 'later';
        delete draft['c'];
      },
      (draft: Loose) => {
        draft['o'] = 7;
        draft['o'] = { n: draft['o'] };
      },
      (draft: Loose) => {
        draft['a'] = 99;
        draft['a'] = 3;
      },
      (draft: Loose) => Object.assign(draft, { a: { now: 'an object' }, c: [] }),
    ]) {
      game.update((draft) => void recipe(draft));
      expect(folded(state, changes.at(-1)!.patches, game.state)).toBe(json(game));
      state = plain(game.state);
    }
    expect(changes[3]!.patches).toEqual([]);
    expect(json(game)).toBe('{"a":{"now":"an object"},"b":"later","o":{"n":7},"c":[]}');
    await game.update(() => {}).durable;
    expect(json(await reloaded(store, type))).toBe(json(game));
    for (const bad of [Number.NaN, -0, undefined, () => {}, 10n, '\ud800']) {
      const error = refusal('NOT_PERSISTABLE', () => game.update((draft) => Object.assign(draft, { b: bad })));
      expect(error.context.path).toBe('/b');
    }
  });

  it('[D47] a list of 10,000 that is pushed to and shifted gives patches by what changed', async () => {
    const { game } = await play(sandbox(() => ({ list: Array.from({ length: 10_000 }, (_, index) => ({ index })) })));
    const changes = changesOf(game);
    game.update((draft) => {
      draft.list.push({ index: -1 });
      draft.list.shift();
    });
    expect(changes[0]!.patches.length).toBeLessThanOrEqual(2);
    expect(game.state.list.length).toBe(10_000);
  });

  it('[D4] every command of the galaxy gives patches that fold to its state', async () => {
    const { game } = await play(galaxy);
    const changes = changesOf(game);
    const before = plain(game.state);
    game.dispatch('build', { at: 'sol', metal: 2 });
    game.dispatch('found', { id: 'f', ships: 1 });
    game.advance();
    const patches = changes.flatMap((change) => change.patches);
    expect(folded(before, patches, game.state)).toBe(json(game));
  });
});
