import { describe, expect, it } from 'vitest';
import { defineGame, OrreryError, table } from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { changesOf, galaxy, json, open, play, refusal, reloaded, sandbox } from './galaxy.ts';

/** Everything a refused command must leave alone. */
function standing(game: { readonly state: unknown; readonly seq: number; readonly tick: number }) {
  return { state: game.state, text: json(game), seq: game.seq, tick: game.tick };
}

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
    expect((await pastOf(store, 'andromeda')).commands.map(({ name }) => name)).toEqual(['@tick', 'mend']);
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
