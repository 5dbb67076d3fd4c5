import { describe, expect, it } from 'vitest';
import { GameActor } from '#core/game/actor.ts';
import { RecordedRandomness } from '#core/game/randomness.ts';
import type { Record } from '#core/patch/record.ts';
import { type CommandContext, defineGame, MemoryStore } from '#index.ts';
import { ask } from '../history/ask.ts';
import { json, open, play, refusal, reloaded } from './galaxy.ts';

const galaxy = defineGame('galaxy', {
  version: 1,
  initial: ({ stars }: { stars: number }, context) => ({
    name: context.game,
    founded: context.now,
    stars: Array.from({ length: stars }, () => context.random()),
    drawn: [] as number[],
  }),
  commands: {
    draw(draft, _args: undefined, context) {
      draft.drawn.push(context.random());
    },
  },
});

describe('the context of initial', () => {
  it('[D76] initial gets game, now and random, and a seq and tick of 0', async () => {
    let seen: CommandContext | undefined;
    const type = defineGame('galaxy', {
      version: 1,
      initial: (_none, context) => {
        seen = context;
        return { drawn: context.random() };
      },
    });
    const { orrery, game } = await play(type);
    const { time, state } = await ask(orrery, 'andromeda').at({ seq: 0 });
    expect(seen).toMatchObject({ game: 'andromeda', seq: 0, tick: 0, now: time });
    expect(seen?.player).toBeUndefined();
    expect(state['drawn']).toBe(game.state.drawn);
    expect(game.state.drawn).toBeGreaterThan(0);
    refusal('COMMAND_ASYNC', () => seen?.random());
  });

  it('[D77] the recorded time and secret, and the same argument, give the same state again', async () => {
    const orrery = await open([galaxy]);
    const game = await orrery.open(galaxy, 'andromeda', { stars: 3 });
    const { time } = await ask(orrery, 'andromeda').at({ seq: 0 });
    const past = await ask(orrery, 'andromeda').reader();
    const again = createdAgain('andromeda', { stars: 3 }, time, past.seed);
    await past.close();
    expect(again).toBe(json(game));
    expect(createdAgain('andromeda', { stars: 3 }, time, undefined)).not.toBe(again);
    expect(new Set(game.state.stars).size).toBe(3);
  });

  it('[D78] what initial draws changes nothing of what commands draw', async () => {
    const quiet = defineGame('galaxy', {
      ...galaxy,
      initial: (_args: { stars: number }) => galaxy.initial({ stars: 0 }, none),
    });
    const drawn: (readonly number[])[] = [];
    for (const stars of [0, 1, 5]) {
      const type = stars === 0 ? quiet : galaxy;
      const orrery = await open([type], { predictableRandom: true });
      const game = await orrery.open(type, 'andromeda', { stars });
      game.dispatch('draw');
      game.dispatch('draw');
      drawn.push(game.state.drawn);
    }
    expect(drawn[1]).toEqual(drawn[0]);
    expect(drawn[2]).toEqual(drawn[0]);
  });

  it('[D78] a game whose initial drew is run again command by command', async () => {
    const store = new MemoryStore();
    const orrery = await open([galaxy], { on: store });
    const game = await orrery.open(galaxy, 'andromeda', { stars: 2 });
    for (let round = 0; round < 3; round += 1) game.dispatch('draw');
    await orrery.flush();
    const verdict = await ask(orrery, 'andromeda').verify();
    expect(verdict).toMatchObject({ commands: 3, different: 0, difference: undefined });
    expect(json(await reloaded(store, galaxy))).toBe(json(game));
  });

  it('[D79] a try to create a game that failed shows nothing of what the next one draws', async () => {
    const drawn: number[] = [];
    const type = defineGame('galaxy', {
      version: 1,
      initial: (fails: boolean, context) => {
        drawn.push(context.random());
        if (fails) throw new Error('not yet');
        return { n: 0 };
      },
      commands: { draw: (_draft, _args: undefined, context) => void drawn.push(context.random()) },
    });
    const orrery = await open([type]);
    await expect(orrery.open(type, 'andromeda', true)).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    const game = await orrery.open(type, 'andromeda', false);
    game.dispatch('draw');
    expect(new Set(drawn).size).toBe(3);
  });

  it('[D80] open takes one argument for initial, and refuses more', async () => {
    const orrery = await open([galaxy]);
    const openAny = orrery.open.bind(orrery) as (...all: unknown[]) => Promise<unknown>;
    await expect(openAny(galaxy, 'andromeda', { stars: 1 }, 'fast')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await orrery.list()).toEqual([]);
  });
});

describe('a game type without commands', () => {
  it('[D81] update, save and advance change its games, and a restart gives them back', async () => {
    const type = defineGame('plain', {
      version: 1,
      initial: () => ({ n: 1 }),
      onTick(draft) {
        draft.n *= 2;
      },
    });
    expect(type.commands).toEqual({});
    const { game, store } = await play(type);
    game.update((draft) => {
      draft.n += 1;
    });
    game.save({ n: game.state.n + 1 });
    await game.advance().durable;
    expect((await reloaded(store, type)).state).toEqual({ n: 6 });
    const dispatch = game.dispatch.bind(game) as (name: string) => unknown;
    expect(refusal('UNKNOWN_COMMAND', () => dispatch('build')).hint).toContain('no commands at all');
  });
});

const none: CommandContext = { game: '', seq: 0, tick: 0, now: 0, player: undefined, random: () => 0 };

/** The state that initial gives when it is run with what was recorded. */
function createdAgain(
  id: string,
  args: { stars: number },
  time: number,
  seed: ConstructorParameters<typeof RecordedRandomness>[1],
): string {
  let record: Record | undefined;
  const actor = new GameActor(id, galaxy, {
    ready: () => undefined,
    append: (made) => {
      record = made;
      return { seq: made.seq, tick: made.tick, durable: Promise.resolve() };
    },
    notifyWhen: 'accepted',
    subscriberFailed: () => undefined,
    now: () => time,
    randomness: new RecordedRandomness(id, seed),
  });
  actor.create(args);
  return JSON.stringify(record?.patches[0]?.op === 'replace' ? record.patches[0].value : undefined);
}
