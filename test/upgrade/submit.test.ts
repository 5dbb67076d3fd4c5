// States that somebody made from an older one, given back to a game that may have moved on.

import { describe, expect, it } from 'vitest';
import { type Conflict, defineGame, MemoryStore, mergeByPath, type Resolver, table, theirs } from '#index.ts';
import { changesOf, json, open, plain, refusal, rejection } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { galaxyOf } from './galaxies.ts';

interface Plain {
  treasury: number;
  systems: { [id: string]: { metal: number; note: string } };
}

const galaxyWith = (resolve?: Resolver) =>
  defineGame('galaxy', {
    version: 1,
    history: 'commands',
    initial: () => ({
      treasury: 10,
      systems: table({ sol: { metal: 1, note: '' }, vega: { metal: 2, note: '' } }),
    }),
    commands: {
      mine(draft, { at, metal }: { at: string; metal: number }) {
        const system = draft.systems.get(at);
        if (system) system.metal += metal;
      },
      found(draft, id: string) {
        draft.systems.set(id, { metal: 0, note: 'new' });
      },
      spend(draft, amount: number) {
        draft.treasury -= amount;
      },
    },
    invariants: { noDebt: (state) => state.treasury >= 0 },
    ...(resolve ? { resolve } : {}),
  });

async function play(resolve?: Resolver) {
  const galaxy = galaxyWith(resolve);
  const store = new MemoryStore();
  const orrery = await open([galaxy], { on: store });
  const game = await orrery.open(galaxy, 'andromeda');
  game.dispatch('mine', { at: 'sol', metal: 4 });
  const base = { seq: game.seq, state: plain(game.state) as unknown as Plain };
  return { orrery, game, base };
}

describe('submit', () => {
  it('[MG32] a state made from the newest one is saved as it is, by whoever made it', async () => {
    const { orrery, game, base } = await play();
    const changes = changesOf(game);
    base.state.systems['vega'] = { metal: 9, note: 'seen' };
    const receipt = await orrery.submit('andromeda', { state: base.state, baseSeq: 1, version: 1, player: 'ada' });
    expect(receipt).toMatchObject({ seq: 2, tick: 0, resolved: false });
    await receipt.durable;
    expect(plain(game.state)).toEqual(base.state);
    expect(changes).toMatchObject([{ seq: 2, command: '@save', player: 'ada' }]);
    expect(changes[0]?.patches).toHaveLength(2);
  });

  it('[MG32] nor is it a conflict when what happened since changed nothing, or the submitted state does not', async () => {
    const { orrery, game, base } = await play();
    game.advance();
    game.dispatch('spend', 0);
    base.state.treasury = 7;
    const first = await orrery.submit('andromeda', { state: base.state, baseSeq: 1 });
    expect([first.seq, first.resolved, game.state.treasury]).toEqual([4, false, 7]);

    game.dispatch('mine', { at: 'sol', metal: 1 });
    const unchanged = await ask(orrery, 'andromeda').at({ seq: 4 });
    const before = json(game);
    const second = await orrery.submit('andromeda', { state: unchanged.state, baseSeq: 4 });
    expect([second.resolved, json(game)]).toEqual([false, before]);
  });

  it('[MG33] when both have changed something it is a CONFLICT that names the paths of both, and nothing changes', async () => {
    const { orrery, game, base } = await play();
    game.dispatch('mine', { at: 'sol', metal: 1 });
    game.dispatch('found', 'x');
    base.state.treasury = 7;
    const before = json(game);
    const error = await rejection('CONFLICT', orrery.submit('andromeda', { state: base.state, baseSeq: 1 }));
    expect(error.context).toMatchObject({
      game: 'andromeda',
      baseSeq: 1,
      seq: 3,
      version: 1,
      ours: ['/treasury'],
      theirs: ['/systems/sol/metal', '/systems/x'],
    });
    expect([json(game), game.seq]).toEqual([before, 3]);
  });

  it('[MG33] a resolver is told everything, frozen, and says what becomes of it', async () => {
    const told: Conflict[] = [];
    const { orrery, game, base } = await play((conflict) => {
      told.push(conflict);
      return { ...conflict.theirs, treasury: 1 };
    });
    game.dispatch('mine', { at: 'sol', metal: 1 });
    const theirState = plain(game.state);
    base.state.treasury = 7;
    const { durable, ...receipt } = await orrery.submit('andromeda', {
      state: base.state,
      baseSeq: 1,
      player: 'ada',
    });
    await durable;
    expect(receipt).toEqual({ seq: 3, tick: 0, resolved: true });
    expect(game.state.treasury).toBe(1);
    expect(game.state.systems.get('sol')?.metal).toBe(6);
    expect(told).toEqual([
      {
        game: 'andromeda',
        base: { ...base.state, treasury: 10 },
        ours: base.state,
        theirs: theirState,
        ourPaths: ['/treasury'],
        theirPaths: ['/systems/sol/metal'],
        baseSeq: 1,
        seq: 2,
        version: 1,
        player: 'ada',
      },
    ]);
    const [conflict] = told as [Conflict];
    for (const each of [conflict.base, conflict.ours, conflict.theirs]) {
      expect(() => {
        (each as { treasury: number }).treasury = 0;
      }).toThrow(TypeError);
    }
    // What the resolver was shown of the game is the game's no more.
    game.dispatch('mine', { at: 'sol', metal: 1 });
    expect(game.state.systems.get('sol')?.metal).toBe(7);
  });

  it('[MG33] with mergeByPath both changes are in it, also of one system', async () => {
    const { orrery, game, base } = await play(mergeByPath());
    game.dispatch('mine', { at: 'sol', metal: 1 });
    game.dispatch('found', 'x');
    base.state.systems['sol'] = { metal: 5, note: 'ours' };
    delete base.state.systems['vega'];
    await orrery.submit('andromeda', { state: base.state, baseSeq: 1 });
    expect(plain(game.state)).toEqual({
      treasury: 10,
      systems: { sol: { metal: 6, note: 'ours' }, x: { metal: 0, note: 'new' } },
    });
    // The same place on both sides: nobody decides, and nothing changes.
    const again = structuredClone(base.state);
    again.systems['sol'] = { metal: 50, note: '' };
    const error = await rejection('CONFLICT', orrery.submit('andromeda', { state: again, baseSeq: 1 }));
    expect(error.context).toMatchObject({ game: 'andromeda', path: '/systems/sol/metal' });
    expect(game.seq).toBe(4);
  });

  it.each<[what: string, resolve: Resolver, code: Parameters<typeof rejection>[0]]>([
    [
      'throws',
      () => {
        throw new Error('undecided');
      },
      'COMMAND_REFUSED',
    ],
    ['answers later', (async () => ({})) as never, 'COMMAND_ASYNC'],
    ['breaks an invariant', (conflict) => ({ ...conflict.theirs, treasury: -1 }), 'INVARIANT_FAILED'],
    ['leaves what cannot be persisted', (conflict) => ({ ...conflict.theirs, treasury: 1n }), 'NOT_PERSISTABLE'],
    ['leaves a table away', () => ({ treasury: 1 }), 'NOT_PERSISTABLE'],
  ])('[MG33] a resolver that %s changes nothing', async (_what, resolve, code) => {
    const { orrery, game, base } = await play(resolve);
    game.dispatch('mine', { at: 'sol', metal: 1 });
    base.state.treasury = 7;
    const before = json(game);
    const error = await rejection(code, orrery.submit('andromeda', { state: base.state, baseSeq: 1 }));
    expect(error.context).toMatchObject({ game: 'andromeda' });
    expect([json(game), game.seq]).toEqual([before, 2]);
  });

  it('[MG34] an older version is migrated first; as two versions wrote, somebody has to decide', async () => {
    const store = new MemoryStore();
    const first = galaxyOf(1, { history: 'commands' });
    const old = await open([first], { on: store });
    const game = await old.open(first, 'andromeda');
    game.dispatch('mine', { at: 'sol', metal: 4 });
    const state = plain(game.state) as unknown as { systems: { [id: string]: { metal: number } } };
    await old.close();

    const cautious = galaxyOf(4, { history: 'commands' });
    const strict = await open([cautious], { on: store });
    // The writer with the old program goes on from what it has.
    state.systems['vega'] = { metal: 40 };
    const late = { state, baseSeq: 1, version: 1 };
    const error = await rejection('CONFLICT', strict.submit('andromeda', late));
    expect(error.context).toMatchObject({
      version: 1,
      ours: ['/systems/vega/metal', '/systems/vega/crystal'],
      theirs: [],
    });
    await strict.close();

    const merging = galaxyOf(4, { history: 'commands', resolve: mergeByPath() });
    const orrery = await open([merging], { on: store });
    const newest = await orrery.load(merging, 'andromeda');
    newest.dispatch('mine', { at: 'sol', metal: 1 });
    const receipt = await orrery.submit('andromeda', late);
    expect(receipt).toMatchObject({ seq: 4, resolved: true });
    expect(plain(newest.state)).toMatchObject({
      credits: 1000,
      systems: { sol: { metal: 6, crystal: 10 }, vega: { metal: 40, crystal: 80 } },
    });
  });

  it('[MG34] what a migration draws at random or from the clock is no change of theirs', async () => {
    const store = new MemoryStore();
    const first = galaxyOf(1);
    const old = await open([first], { on: store });
    const state = plain((await old.open(first, 'andromeda')).state) as { treasury: number };
    await old.close();
    const second = galaxyOf(2, {
      migrations: {
        1(given: object, { random, now }: { random(): number; now: number }) {
          return { ...given, luck: [random(), random()], at: now };
        },
      },
      resolve: mergeByPath(),
    });
    const orrery = await open([second], { on: store });
    const game = await orrery.load(second, 'andromeda');
    const { luck } = game.state as { luck: number[] };
    await new Promise((resolve) => setTimeout(resolve, 5));
    state.treasury = 3;
    await orrery.submit('andromeda', { state, baseSeq: 0, version: 1 });
    expect(plain(game.state)).toMatchObject({ treasury: 3, luck });
  });

  it('[MG35] what cannot be right is refused before anything is looked up or changed', async () => {
    const { orrery, game, base } = await play(theirs);
    const { state } = base;
    const before = json(game);
    const submit = (submission: object) => orrery.submit('andromeda', { state, baseSeq: 1, ...submission } as never);
    const newer = await rejection('GAME_VERSION', submit({ version: 2 }));
    expect(newer.context).toMatchObject({ game: 'andromeda', stored: 2, asked: 1 });
    expect(newer.message).toContain('the submitted state is of version 2');
    for (const wrong of [
      { baseSeq: 2 },
      { baseSeq: -1 },
      { baseSeq: 0.5 },
      { baseSeq: '1' },
      { version: 0 },
      { version: 'x' },
    ]) {
      await rejection('INVALID_OPTION', submit(wrong));
    }
    await rejection('INVALID_OPTION', orrery.submit('andromeda', null as never));
    await rejection('GAME_NOT_FOUND', orrery.submit('nowhere', { state, baseSeq: 0 }));
    await rejection('INVALID_GAME_ID', orrery.submit('', { state, baseSeq: 0 }));
    for (const wrong of [{ state: null }, { state: [] }, { state: 5 }, { state: { ...state, treasury: new Date() } }]) {
      await rejection('NOT_PERSISTABLE', submit(wrong));
    }
    refusal('INVALID_GAME_TYPE', () => defineGame('g', { ...game.type, resolve: 5 as never }));
    expect([json(game), game.seq]).toEqual([before, 1]);
  });

  it('[MG35] a state that claims a version older than that of its base is refused', async () => {
    const second = galaxyOf(2);
    const orrery = await open([second], { on: new MemoryStore() });
    const game = await orrery.open(second, 'andromeda');
    const state = plain(game.state) as object;
    await rejection('INVALID_OPTION', orrery.submit('andromeda', { state, baseSeq: 0, version: 1 }));
  });
});

it('[MG33] a base inside a tick, whose steps were merged, is found by running its commands again', async () => {
  const merging = galaxyOf(1, { resolve: mergeByPath() });
  const orrery = await open([merging], { on: new MemoryStore() });
  const game = await orrery.open(merging, 'andromeda');
  game.dispatch('mine', { at: 'sol', metal: 4 });
  const state = plain(game.state) as { treasury: number };
  game.dispatch('mine', { at: 'vega', metal: 4 });
  game.advance();
  await orrery.checkpoint();
  state.treasury = 1;
  expect(await orrery.submit('andromeda', { state, baseSeq: 1 }).catch((error: unknown) => error)).toMatchObject({
    code: 'CONFLICT',
    context: { path: '/treasury' },
  });
  state.treasury = 10;
  Object.assign(state, { seen: true });
  expect(await orrery.submit('andromeda', { state, baseSeq: 1 })).toMatchObject({ seq: 4, resolved: true });
  expect(plain(game.state)).toMatchObject({ treasury: 11, seen: true, systems: { vega: { metal: 6 } } });
});
