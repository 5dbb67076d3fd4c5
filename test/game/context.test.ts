import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CommandContext, defineGame, MemoryStore } from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { galaxy, open, play, refusal, sandbox } from './galaxy.ts';

/** sfc32 as its author published it (PractRand), on BigInts, so that nothing is shared with the one that is tested. */
function* numbers(game: string, seq: number): Generator<number> {
  const seed = createHash('sha256').update(`${game}\n${seq}`).digest();
  const mask = 0xffffffffn;
  const words = [0, 4, 8, 12].map((at) => BigInt(seed.readUInt32LE(at)));
  let [a, b, c, counter] = words as [bigint, bigint, bigint, bigint];
  const step = (): bigint => {
    const result = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = (((c << 21n) | (c >> 11n)) & mask) + result;
    c &= mask;
    return result;
  };
  for (let round = 0; round < 12; round += 1) step();
  for (;;) yield Number(step()) / 2 ** 32;
}

const dice = defineGame('dice', {
  version: 1,
  initial: () => ({ rolled: [] as number[] }),
  commands: {
    draw(draft, times: number, context) {
      draft.rolled = Array.from({ length: times }, () => context.random());
    },
    fail(_draft, _args: undefined, context) {
      context.random();
      throw new Error('refused');
    },
  },
});

describe('the context of a command', () => {
  it('[D30] random() of a game without a secret is sfc32 seeded with SHA-256 of game id, line feed and seq', async () => {
    const orrery = await open([dice], { predictableRandom: true });
    for (const id of ['andromeda', 'Ångström 2', 'Марс']) {
      const game = await orrery.open(dice, id);
      for (let seq = 1; seq <= 5; seq += 1) {
        game.dispatch('draw', 40);
        const expected = numbers(id, seq);
        expect(game.state.rolled).toEqual(Array.from({ length: 40 }, () => expected.next().value as number));
        expect(game.state.rolled.every((number) => number >= 0 && number < 1)).toBe(true);
      }
    }
  });

  it('[D31] predictable random: the same numbers in another orrery, after a restart, after a refused command', async () => {
    const { game, store } = await play(dice, { predictableRandom: true });
    game.dispatch('draw', 3);
    const first = game.state.rolled;
    refusal('COMMAND_REFUSED', () => game.dispatch('fail'));
    game.dispatch('draw', 3);
    const second = game.state.rolled;
    expect(second).not.toEqual(first);

    const { game: twin } = await play(dice, { predictableRandom: true });
    twin.dispatch('draw', 3);
    expect(twin.state.rolled).toEqual(first);
    await twin.dispatch('draw', 3).durable;
    expect(twin.state.rolled).toEqual(second);

    await game.dispatch('draw', 3).durable;
    const again = await (await open([dice], { on: store, predictableRandom: true })).load(dice, 'andromeda');
    again.dispatch('draw', 4);
    expect(again.state.rolled).toEqual([...numbersOf('andromeda', 4, 4)]);
  });

  it('[D32] game, seq, tick, player and now are what is recorded with the command', async () => {
    const seen: CommandContext[] = [];
    const type = defineGame('watching', {
      version: 1,
      initial: () => ({ n: 0 }),
      commands: {
        look(_draft, _args: undefined, context) {
          seen.push(context);
        },
      },
      onTick: (_draft, context) => void seen.push(context),
    });
    const store = new MemoryStore();
    const orrery = await open([type], { on: store });
    const game = await orrery.open(type, 'andromeda');
    game.dispatch('look', undefined, { player: 'ada' });
    game.advance();
    game.update((_draft, context) => void seen.push(context), { player: 'bob' });
    await orrery.flush();
    const { commands } = await pastOf(store, 'andromeda');
    expect(seen.map(({ game: id, seq, tick, now, player }) => ({ id, seq, tick, time: now, player }))).toEqual(
      commands.map(({ seq, tick, time, player }) => ({ id: 'andromeda', seq, tick, time, player })),
    );
    expect(commands.map(({ seq, tick, player }) => [seq, tick, player])).toEqual([
      [1, 0, 'ada'],
      [2, 1, undefined],
      [3, 1, 'bob'],
    ]);
    expect(seen.every(({ now }) => Number.isSafeInteger(now))).toBe(true);
  });

  it('[D33] running the recorded commands again, from the initial state, gives the same state', async () => {
    const { game, store } = await play(galaxy);
    game.dispatch('build', { at: 'sol', metal: 4 });
    game.advance();
    await game.dispatch('found', { id: 'first', ships: 3 }).durable;
    const { game: twin } = await play(galaxy);
    for (const { name, args } of (await pastOf(store, 'andromeda')).commands) {
      if (name === '@tick') twin.advance();
      else (twin.dispatch as (name: string, args: unknown) => unknown)(name, args);
    }
    expect(JSON.stringify(twin.state)).toBe(JSON.stringify(game.state));
  });

  it('[D34] a recipe gets the context too, and nothing beyond it', async () => {
    const { game } = await play(sandbox(() => ({ n: 0 })));
    let given: unknown[] = [];
    game.update((...all) => {
      given = all;
    });
    expect(given).toHaveLength(2);
  });
});

function* numbersOf(game: string, seq: number, count: number): Generator<number> {
  const all = numbers(game, seq);
  for (let each = 0; each < count; each += 1) yield all.next().value as number;
}
