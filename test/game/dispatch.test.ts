import { describe, expect, it } from 'vitest';
import { defineGame } from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { changesOf, folded, galaxy, isDeeplyFrozen, json, plain, play, refusal, sandbox } from './galaxy.ts';

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
    const { commands } = await pastOf(store, 'andromeda');
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
    const { steps, commands } = await pastOf(store, 'andromeda');
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
    expect((await pastOf(store, 'andromeda')).commands[0]?.args).toEqual({ deep: { n: 1 } });
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
