import { describe, expect, it } from 'vitest';
import { defineGame, OrreryError, table } from '../../src/index.ts';
import {
  changesOf,
  folded,
  galaxy,
  isDeeplyFrozen,
  json,
  open,
  plain,
  play,
  refusal,
  reloaded,
  sandbox,
} from './galaxy.ts';

/** Everything a refused command must leave alone. */
function standing(game: { readonly state: unknown; readonly seq: number; readonly tick: number }) {
  return { state: game.state, text: json(game), seq: game.seq, tick: game.tick };
}

describe('a command that is accepted', () => {
  it('[D1] changes the state at once, and its receipt has the seq and the tick', async () => {
    const { game } = await play(galaxy);
    const receipt = game.dispatch('build', { at: 'sol', metal: 5 });
    expect(game.state.treasury).toBe(95);
    expect(game.state.systems.get('sol')?.metal).toBe(6);
    expect(game.state.log).toEqual(['built at sol']);
    expect([receipt.seq, receipt.tick]).toEqual([1, 0]);
    await receipt.durable;
  });

  it('[D2] seqs are 1, 2, 3 for dispatch, update, save and advance alike, refused commands take none', async () => {
    const { game } = await play(galaxy);
    expect(game.seq).toBe(0);
    const seqs = [game.dispatch('rest').seq];
    refusal('INVARIANT_FAILED', () => game.dispatch('spend', 1000));
    seqs.push(game.update((draft) => Object.assign(draft, { treasury: 7 })).seq);
    seqs.push(game.save(game.state).seq, game.advance().seq);
    expect(seqs).toEqual([1, 2, 3, 4]);
    expect(game.seq).toBe(4);
  });

  it('[D3] a tick is counted and its onTick run; it is a record even when it changes nothing else', async () => {
    const { game, store } = await play(galaxy);
    expect(game.advance()).toMatchObject({ seq: 1, tick: 1 });
    game.dispatch('rest');
    expect(game.advance()).toMatchObject({ seq: 3, tick: 2 });
    expect([game.tick, game.state.ticks]).toEqual([2, 2]);
    await game.dispatch('rest').durable;
    const { commands } = await store.history('andromeda', 0, 10, 10);
    expect(commands.map(({ name, tick }) => [name, tick])).toEqual([
      ['@tick', 1],
      ['rest', 1],
      ['@tick', 2],
      ['rest', 2],
    ]);
  });

  it('[D3] a game type without onTick ticks all the same', async () => {
    const { game } = await play(sandbox(() => ({ n: 0 })));
    game.advance();
    expect([game.tick, game.seq, json(game)]).toEqual([1, 1, '{"n":0}']);
  });

  it('[D4] what is recorded is name, arguments, player, and patches that fold to the new state', async () => {
    const { game, store } = await play(galaxy);
    const before = plain(game.state);
    await game.dispatch('build', { at: 'vega', metal: 3 }, { player: 'ada' }).durable;
    const { steps, commands } = await store.history('andromeda', 0, 10, 10);
    expect(commands).toMatchObject([{ seq: 1, name: 'build', args: { at: 'vega', metal: 3 }, player: 'ada' }]);
    expect(
      folded(
        before,
        steps.flatMap(({ patches }) => patches),
        game.state,
      ),
    ).toBe(json(game));
  });

  it('[D5] the state is frozen to the last leaf, and the same object until the next change', async () => {
    const { game } = await play(galaxy);
    const { state } = game;
    expect(isDeeplyFrozen(state)).toBe(true);
    expect(game.state).toBe(state);
    game.dispatch('rest');
    expect(game.state).toBe(state);
    game.dispatch('build', { at: 'sol', metal: 1 });
    expect(game.state).not.toBe(state);
    expect(isDeeplyFrozen(game.state)).toBe(true);
    expect(state.treasury).toBe(100);
    expect(state.systems.get('sol')?.metal).toBe(1);
  });

  it('[D6] what a command did not touch keeps its identity', async () => {
    const { game } = await play(galaxy);
    const before = game.state;
    game.dispatch('build', { at: 'sol', metal: 1 });
    const after = game.state;
    expect(after.home).toBe(before.home);
    expect(after.fleets).toBe(before.fleets);
    expect(after.systems.get('vega')).toBe(before.systems.get('vega'));
    expect(after.systems.get('sol')).not.toBe(before.systems.get('sol'));
    expect(after.systems.get('sol')?.orbit).toBe(before.systems.get('sol')?.orbit);
  });

  it('[D6] a value that is set to what it was changes nothing and gives no patch', async () => {
    const { game } = await play(galaxy);
    const changes = changesOf(game);
    const before = game.state;
    game.update((draft) => {
      draft.home = { x: 1, y: { z: 2 } };
      draft.treasury = 100;
      draft.systems.set('sol', { metal: 1, queue: [], orbit: { radius: 1, moons: ['m'] } });
      const vega = draft.systems.get('vega')!;
      vega.metal += 1;
      vega.metal -= 1;
    });
    expect(changes[0]?.patches).toEqual([]);
    expect(game.state).toBe(before);
  });

  it('[D7] arguments are copied: changing the object that was passed changes nothing', async () => {
    const keeping = defineGame('keeping', {
      version: 1,
      initial: () => ({ kept: null as unknown, list: [] as unknown[] }),
      commands: {
        keep(draft, args: { deep: { n: number } }) {
          draft.kept = args;
          draft.list.push(args.deep);
        },
      },
    });
    const { game, store } = await play(keeping);
    const args = { deep: { n: 1 } };
    const receipt = game.dispatch('keep', args);
    args.deep.n = 2;
    expect(Object.isFrozen(args.deep)).toBe(false);
    expect(json(game)).toBe('{"kept":{"deep":{"n":1}},"list":[{"n":1}]}');
    await receipt.durable;
    expect((await store.history('andromeda', 0, 9, 9)).commands[0]?.args).toEqual({ deep: { n: 1 } });
  });

  it('[D7] the arguments a command gets are frozen', async () => {
    const spoiling = defineGame('spoiling', {
      version: 1,
      initial: () => ({ n: 0 }),
      commands: {
        spoil(_draft, args: { n: number }) {
          args.n = 5;
        },
      },
    });
    const { game } = await play(spoiling);
    expect(refusal('COMMAND_REFUSED', () => game.dispatch('spoil', { n: 1 })).cause).toBeInstanceOf(TypeError);
  });

  it('[D8] the state a user gave is not frozen and not kept: initial, update and save copy it', async () => {
    const given = { list: [{ n: 1 }] };
    const type = sandbox(() => given);
    const { game } = await play(type);
    given.list[0]!.n = 2;
    expect(json(game)).toBe('{"list":[{"n":1}]}');
    const put = [{ n: 3 }];
    game.update((draft) => Object.assign(draft, { list: put }));
    put[0]!.n = 4;
    const saved = { list: [{ n: 5 }] };
    game.save(saved);
    saved.list[0]!.n = 6;
    expect(json(game)).toBe('{"list":[{"n":5}]}');
    expect([given, put, saved].some((each) => Object.isFrozen(each))).toBe(false);
  });
});

describe('a command that is refused', () => {
  const hostile = defineGame('hostile', {
    version: 1,
    initial: () => ({
      n: 1,
      list: [1],
      deep: { m: { k: 1 } },
      units: table<{ hp: number }>({ a: { hp: 1 }, b: { hp: 2 } }),
    }),
    commands: {
      fail(draft, how: string) {
        draft.n = 2;
        draft.list.push(2);
        draft.deep.m.k = 2;
        draft.units.get('a')!.hp = 9;
        draft.units.delete('b');
        draft.units.set('c', { hp: 3 });
        const loose = draft as unknown as { [key: string]: unknown };
        if (how === 'throw') throw new Error('no');
        if (how === 'throw nothing') throw undefined;
        if (how === 'map') loose['bad'] = new Map();
        if (how === 'nested bad') loose['deep'] = { m: { k: Number.NaN } };
        if (how === 'bad entity') draft.units.set('d', { hp: Number.POSITIVE_INFINITY });
        if (how === 'async') return Promise.resolve() as unknown as undefined;
        if (how === 'async later') return Promise.reject(new Error('later')) as unknown as undefined;
        if (how === 'invariant') draft.n = -1;
        if (how === 'invariant throws') draft.n = -2;
        if (how === 'reshape') {
          loose['units'] = table({ z: { hp: 1 } });
          throw new Error('no');
        }
        if (how === 'reshape, invariant') {
          loose['units'] = table({ z: { hp: 1 } });
          draft.n = -1;
        }
      },
      mend(draft) {
        draft.units.get('a')!.hp += 1;
      },
    },
    invariants: {
      positive: (state) => {
        if (state.n === -2) throw new Error('the invariant is broken');
        return state.n > 0 && state.units.size > 0 && state.units.ids().length > 0;
      },
    },
  });

  const cases = [
    ['throw', 'COMMAND_REFUSED', undefined],
    ['throw nothing', 'COMMAND_REFUSED', undefined],
    ['map', 'NOT_PERSISTABLE', '/bad'],
    ['nested bad', 'NOT_PERSISTABLE', '/deep/m/k'],
    ['bad entity', 'NOT_PERSISTABLE', '/units/d/hp'],
    ['async', 'COMMAND_ASYNC', undefined],
    ['async later', 'COMMAND_ASYNC', undefined],
    ['invariant', 'INVARIANT_FAILED', undefined],
    ['invariant throws', 'INVARIANT_FAILED', undefined],
    ['reshape', 'COMMAND_REFUSED', undefined],
    ['reshape, invariant', 'INVARIANT_FAILED', undefined],
  ] as const;

  it.each(cases)('[D9] %s: %s, and nothing has changed', async (how, code, path) => {
    const { game, store } = await play(hostile);
    game.advance();
    const changes = changesOf(game);
    const units = game.state.units;
    const before = standing(game);
    const error = refusal(code, () => game.dispatch('fail', how));
    expect(error.context).toMatchObject({ game: 'andromeda', command: 'fail' });
    expect(error.message).toContain('"andromeda"');
    expect(error.context.path).toBe(path);
    expect(game.state).toBe(before.state);
    expect(standing(game)).toEqual(before);
    expect(changes).toEqual([]);
    // The game plays on, from the state before.
    await game.dispatch('mend').durable;
    expect(game.seq).toBe(2);
    expect(game.state.units).not.toBe(units);
    expect(game.state.units.get('b')).toBe(units.get('b'));
    expect(json(game)).toBe('{"n":1,"list":[1],"deep":{"m":{"k":1}},"units":{"a":{"hp":2},"b":{"hp":2}}}');
    expect((await store.history('andromeda', 0, 99, 99)).commands.map(({ name }) => name)).toEqual(['@tick', 'mend']);
    expect(json(await reloaded(store, hostile))).toBe(json(game));
  });

  it('[D9] a refused command costs a table that it changed nothing of its identity', async () => {
    const { game } = await play(hostile);
    const { units } = game.state;
    refusal('INVARIANT_FAILED', () => game.dispatch('fail', 'invariant'));
    game.update((draft) => Object.assign(draft, { n: 5 }));
    expect(game.state.units).toBe(units);
  });

  it('[D9] what a command threw is the cause, and its message is in the message', async () => {
    const { game } = await play(galaxy);
    const error = refusal('COMMAND_REFUSED', () => game.dispatch('build', { at: 'nowhere', metal: 1 }));
    expect((error.cause as Error).message).toBe('no system nowhere');
    expect(error.message).toContain('no system nowhere');
  });

  it.each([
    ['null', null, 'null'],
    ['a string', 'no', 'no'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object without text', Object.create(null) as unknown, 'something that cannot be turned into text'],
  ])('[D9] a command may throw %s', async (_what, thrown, text) => {
    const { game } = await play(galaxy);
    const error = refusal('COMMAND_REFUSED', () =>
      game.update(() => {
        throw thrown;
      }),
    );
    expect(error.context).toEqual({ game: 'andromeda', command: '@update', reason: text });
    game.dispatch('rest');
  });

  it('[D9] an OrreryError that a command throws keeps its code', async () => {
    const { game } = await play(galaxy);
    const own = new OrreryError({ code: 'BACKPRESSURE', what: 'w', hint: 'Wait.' });
    const error = refusal('BACKPRESSURE', () =>
      game.update(() => {
        throw own;
      }),
    );
    expect(error.context).toMatchObject({ game: 'andromeda', command: '@update' });
  });

  it('[D9] a tick that is refused is not counted', async () => {
    const type = defineGame('stumbling', {
      version: 1,
      initial: () => ({ n: 0 }),
      commands: {},
      onTick(draft, { tick }) {
        draft.n += 1;
        if (draft.n === 2) throw new Error(`tick ${tick}`);
      },
    });
    const { game } = await play(type);
    game.advance();
    refusal('COMMAND_REFUSED', () => game.advance());
    expect([game.tick, game.seq, game.state.n]).toEqual([1, 1, 1]);
  });

  it('[D10] an unknown command names those that are known; what every object inherits is no command', async () => {
    const { game } = await play(galaxy);
    const loose = game as unknown as { dispatch(name: string): void };
    for (const name of ['destroy', 'toString', '__proto__', '']) {
      const error = refusal('UNKNOWN_COMMAND', () => loose.dispatch(name));
      expect(error.message).toContain('build, spend, found, rest');
      expect(error.context).toEqual({ game: 'andromeda', command: name });
    }
  });

  it('[D11] a command may dispatch nothing: not to its own game, not to another, not by update, save or advance', async () => {
    const orrery = await open([galaxy]);
    const [one, two] = [await orrery.open(galaxy, 'one'), await orrery.open(galaxy, 'two')];
    for (const nested of [
      () => one.dispatch('rest'),
      () => two.dispatch('rest'),
      () => two.update(() => {}),
      () => two.save(two.state),
      () => two.advance(),
    ]) {
      refusal('COMMAND_NESTED', () => one.update(nested as () => void));
    }
    let caught: unknown;
    one.update((draft) => {
      draft.treasury = 1;
      try {
        two.dispatch('rest');
      } catch (error) {
        caught = error;
      }
    });
    expect((caught as OrreryError).code).toBe('COMMAND_NESTED');
    expect((caught as OrreryError).context).toMatchObject({ game: 'two', command: 'rest' });
    expect([one.seq, two.seq, one.state.treasury]).toEqual([1, 0, 1]);
    two.dispatch('rest');
    expect(two.seq).toBe(1);
  });

  it('[D11] an invariant may dispatch nothing either', async () => {
    let meddle: (() => void) | undefined;
    const type = defineGame('meddling', {
      version: 1,
      initial: () => ({ n: 0 }),
      commands: { rest() {} },
      invariants: {
        meddling: () => {
          meddle?.();
          return true;
        },
      },
    });
    const { game } = await play(type);
    meddle = () => game.dispatch('rest');
    const error = refusal('INVARIANT_FAILED', () => game.dispatch('rest'));
    expect((error.cause as OrreryError).code).toBe('COMMAND_NESTED');
    expect(game.seq).toBe(0);
  });

  it('[D12] an invariant must be true, not merely something like it', async () => {
    const type = defineGame('truthy', {
      version: 1,
      initial: () => ({ n: 0, lax: false }),
      commands: {},
      invariants: { exact: (state) => (state.lax ? (1 as unknown as boolean) : true) },
    });
    const { game } = await play(type);
    const error = refusal('INVARIANT_FAILED', () => game.update((draft) => Object.assign(draft, { lax: true })));
    expect(error.context).toMatchObject({ invariant: 'exact' });
    expect(error.message).toContain('"exact"');
  });

  it('[D13] a whole state that a recipe returns in place of changing its draft is refused, and nothing else it returns', async () => {
    const { game } = await play(sandbox(() => ({ gold: 1, box: { n: 1 }, list: [1, 2], units: table<number>() })));
    refusal('COMMAND_REFUSED', () => game.update((draft) => ({ ...draft, gold: 2 })));
    expect(game.seq).toBe(0);
    const boxed = { n: 2 };
    for (let round = 0; round < 2; round += 1) {
      game.update((draft) => {
        draft.box = boxed;
        return boxed;
      });
    }
    game.update((draft) => draft.list.splice(0, 1));
    game.update((draft) => draft.units.set('a', 1));
    game.update((draft) => Object.assign(draft, { gold: 3 }));
    game.update((draft) => draft);
    expect(json(game)).toBe('{"gold":3,"box":{"n":2},"list":[2],"units":{"a":1}}');
  });

  it('[D14] a player must be a well-formed string, in every way in', async () => {
    const { game } = await play(galaxy);
    for (const player of [7, null, '\ud800', {}] as unknown as string[]) {
      refusal('NOT_PERSISTABLE', () => game.dispatch('rest', undefined, { player }));
      refusal('NOT_PERSISTABLE', () => game.update(() => {}, { player }));
      refusal('NOT_PERSISTABLE', () => game.save(game.state, { player }));
    }
    expect(game.seq).toBe(0);
  });
});
