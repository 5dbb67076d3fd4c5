// What commands draw, with the secret that every game has: nobody foresees it, and whoever has the records gets it again.

import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { GameRandomness, numbersOf, RecordedRandomness } from '#core/game/randomness.ts';
import { GameSeed, revealSeed } from '#core/game/seed.ts';
import { tryOut } from '#history/rerun/trial.ts';
import { verify } from '#history/rerun/verify.ts';
import { type CommandContext, defineGame, MemoryStore } from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { ask } from '../history/ask.ts';
import { open, play, refusal } from './galaxy.ts';

let shown: number[] = [];
let kept: CommandContext | undefined;

const dice = defineGame('dice', {
  version: 1,
  initial: () => ({ rolled: [] as number[] }),
  commands: {
    draw(draft, _args: undefined, context) {
      draft.rolled.push(context.random(), context.random());
    },
    show(_draft, _args: undefined, context) {
      shown = [context.random(), context.random()];
      throw new Error('refused');
    },
    keep(_draft, fails: boolean, context) {
      kept = context;
      if (fails) throw new Error('refused');
    },
    rest() {},
  },
  onTick(draft, context) {
    draft.rolled.push(context.random());
  },
  invariants: { short: (state) => state.rolled.length < 100 },
});

const lastTwo = (game: { readonly state: { readonly rolled: readonly number[] } }): number[] =>
  game.state.rolled.slice(-2);

it('[D35] games of the same id in other orreries draw other numbers, and nobody gets them from id and seq', async () => {
  const seen = new Set<number>();
  for (let round = 0; round < 3; round += 1) {
    const { game } = await play(dice);
    for (let seq = 1; seq <= 5; seq += 1) {
      game.dispatch('draw');
      const computed = numbersOf('andromeda', seq, undefined);
      expect(lastTwo(game)[0]).not.toBe(computed() / 2 ** 32);
      for (const number of lastTwo(game)) seen.add(number);
    }
  }
  expect(seen.size).toBe(30);
});

it('[D36] the numbers are sfc32 seeded with SHA-256 of the bytes of the secret, game id, seq and nonce', () => {
  const hex = '000102030405060708090a0b0c0d0e0f';
  const expected = (text: string): number => {
    const hash = createHash('sha256').update(Buffer.from(hex, 'hex')).update(text).digest();
    let [a, b, c, d] = [0, 4, 8, 12].map((at) => BigInt(hash.readUInt32LE(at))) as [bigint, bigint, bigint, bigint];
    let result = 0n;
    for (let round = 0; round < 13; round += 1) {
      result = (a + b + d) & 0xffffffffn;
      d = (d + 1n) & 0xffffffffn;
      a = b ^ (b >> 9n);
      b = (c + (c << 3n)) & 0xffffffffn;
      c = ((((c << 21n) | (c >> 11n)) & 0xffffffffn) + result) & 0xffffffffn;
    }
    return Number(result);
  };
  const seed = GameSeed.of(hex);
  expect(numbersOf('Ångström 2', 7, seed)()).toBe(expected('Ångström 2\n7'));
  expect(numbersOf('g', 7, seed, 4_294_967_295)()).toBe(expected('g\n7\n4294967295'));
});

it('[D37] a refused command does not show what the next one draws, however it was refused', async () => {
  const { game } = await play(dice);
  const refusals: (() => void)[] = [
    () => refusal('COMMAND_REFUSED', () => game.dispatch('show')),
    () => refusal('COMMAND_REFUSED', () => game.update((_draft, context) => void failAfter(context))),
    () =>
      refusal('COMMAND_ASYNC', () =>
        game.update((async (_: object, context: CommandContext) => failAfter(context)) as never),
      ),
    () =>
      refusal('INVARIANT_FAILED', () =>
        game.update((draft, context) => {
          shown = [context.random(), context.random()];
          draft.rolled = Array.from({ length: 100 }, () => 0);
        }),
      ),
  ];
  const seen = new Set<number>();
  for (const refuse of refusals) {
    for (let round = 0; round < 3; round += 1) {
      refuse();
      for (const number of shown) seen.add(number);
    }
    game.dispatch('draw');
    for (const number of lastTwo(game)) expect(seen).not.toContain(number);
  }
  expect(seen.size).toBe(refusals.length * 3 * 2);
});

function failAfter(context: CommandContext): void {
  shown = [context.random(), context.random()];
  throw new Error('refused');
}

it('[D37] a context that was kept draws nothing when its command is over', async () => {
  const { game } = await play(dice);
  for (const fails of [true, false]) {
    if (fails) refusal('COMMAND_REFUSED', () => game.dispatch('keep', true));
    else game.dispatch('keep', false);
    refusal('COMMAND_ASYNC', () => kept?.random());
    game.update(() => refusal('COMMAND_ASYNC', () => kept?.random()));
  }
});

it('[D37] the function that draws can be taken out of its context, and is over with it', async () => {
  const drawn: number[] = [];
  let taken: (() => number) | undefined;
  const cards = defineGame('cards', {
    version: 1,
    initial: () => ({ sum: 0 }),
    commands: {
      draw(draft, _args: undefined, context) {
        const { random } = context;
        taken = random;
        drawn.push(random(), context.random(), ...[0, 1].map(random));
        draft.sum = drawn.slice(-4).reduce((sum, each) => sum + each, 0);
      },
    },
  });
  const { game, orrery } = await play(cards);
  game.dispatch('draw');
  refusal('COMMAND_ASYNC', () => taken?.());
  expect(new Set(drawn).size).toBe(4);
  await orrery.flush();
  const numbers = [...drawn];
  const found = await ask(orrery, game.id).verify();
  expect(found.difference).toBeUndefined();
  expect(drawn.slice(4)).toEqual(numbers);
});

it('[D38] records carry a nonce only when numbers were drawn after a load or after a refusal that drew some', async () => {
  const { game, store, orrery } = await play(dice);
  game.dispatch('draw');
  game.dispatch('rest');
  refusal('COMMAND_REFUSED', () => game.dispatch('keep', true));
  game.dispatch('draw');
  refusal('COMMAND_REFUSED', () => game.dispatch('show'));
  game.dispatch('rest');
  game.advance();
  await game.dispatch('draw').durable;
  await orrery.close();
  const again = await (await open([dice], { on: store })).load(dice, 'andromeda');
  again.dispatch('rest');
  again.dispatch('draw');
  await again.dispatch('draw').durable;
  const { commands } = await pastOf(store, 'andromeda');
  expect(
    commands.map(({ name, nonce }) => [name, nonce === undefined ? 'none' : nonce > 0 && nonce < 2 ** 32]),
  ).toEqual([
    ['draw', 'none'],
    ['rest', 'none'],
    ['draw', 'none'],
    ['rest', 'none'],
    ['@tick', true],
    ['draw', 'none'],
    ['rest', 'none'],
    ['draw', true],
    ['draw', 'none'],
  ]);
  const verification = await verify(await ask(await open([dice], { on: store }), 'andromeda').reader(), dice);
  expect(verification).toMatchObject({ difference: undefined, commands: 9 });
});

it('[D38] a game without a secret draws under a nonce each time, so that nobody foresees it either', async () => {
  const store = new MemoryStore();
  const before = await open([dice], { on: store, predictableRandom: true });
  await (await before.open(dice, 'old')).dispatch('draw').durable;
  await before.close();
  const orrery = await open([dice], { on: store });
  const game = await orrery.load(dice, 'old');
  for (let count = 0; count < 3; count += 1) {
    refusal('COMMAND_REFUSED', () => game.dispatch('show'));
    await game.dispatch('draw').durable;
    expect(lastTwo(game)).not.toEqual(shown);
  }
  const { commands } = await pastOf(store, 'old');
  expect(new Set(commands.map(({ nonce }) => nonce)).size).toBe(4);
  expect(await ask(orrery, 'old').verify()).toMatchObject({ difference: undefined, commands: 4 });
});

it('[D39] what is tried on a game does not show what the game will draw', async () => {
  const { game, orrery } = await play(dice);
  const tried: number[][] = [];
  for (let count = 0; count < 2; count += 1) {
    await game.dispatch('draw').durable;
    await tryOut(await ask(orrery, 'andromeda').reader(), dice, {
      commands: [{ command: 'draw' }],
      onRecord: ({ patches }) =>
        tried.push(patches.flatMap((patch) => (patch.op === 'remove' ? [] : [patch.value as number]))),
    });
  }
  game.dispatch('draw');
  expect(tried[0]).toHaveLength(2);
  expect(game.state.rolled.filter((number) => tried.flat().includes(number))).toEqual([]);
});

it('[D39] a fork keeps the secret and draws its own numbers, since its id is another', async () => {
  const { game, store, orrery } = await play(dice);
  await ask(orrery, 'andromeda').fork({ at: 0, as: 'fork' });
  const fork = await orrery.load(dice, 'fork');
  expect((await store.load('fork'))?.seed).toBe((await store.load('andromeda'))?.seed);
  for (let count = 0; count < 5; count += 1) {
    game.dispatch('draw');
    fork.dispatch('draw');
  }
  expect(game.state.rolled.filter((number) => fork.state.rolled.includes(number))).toEqual([]);
  await orrery.flush();
  expect(await ask(orrery, 'fork').verify()).toMatchObject({ difference: undefined, commands: 5 });
});

it('[D39] recovering and migrating keep the secret', async () => {
  const { game, store, orrery } = await play(dice);
  for (let count = 0; count < 3; count += 1) await game.dispatch('draw').durable;
  const seed = (await store.load('andromeda'))?.seed;
  await ask(orrery, 'andromeda').recover({ mode: { to: { seq: 1 } } });
  await game.dispatch('draw').durable;
  await orrery.close();
  const newer = defineGame('dice', { ...dice, version: 2, migrations: { 1: () => undefined } });
  const later = await open([newer], { on: store });
  await (await later.load(newer, 'andromeda')).dispatch('draw').durable;
  expect((await store.load('andromeda'))?.seed).toBe(seed);
  expect(await ask(later, 'andromeda').verify({ from: 7 })).toMatchObject({ difference: undefined, commands: 1 });
});

it('[D66] a seed cannot be read from what holds it, and is not told when it is wrong', () => {
  const seed = GameSeed.fresh();
  const hex = revealSeed(seed) as string;
  expect(hex).toMatch(/^[0-9a-f]{32}$/);
  const holders = [seed, { seed }, new RecordedRandomness('g', seed)];
  for (const holder of holders) {
    const texts = [JSON.stringify(holder), String(holder), inspect(holder, { showHidden: true, depth: 9 })];
    expect(texts.join('')).not.toContain(hex);
    expect(JSON.stringify(structuredClone({ ...holder, randomness: undefined, seed: undefined }))).not.toContain(hex);
  }
  // Whoever comes to a seed, such as that of a past, has nothing to draw numbers with.
  expect(Reflect.ownKeys(seed)).toEqual([]);
  expect(Reflect.ownKeys(GameSeed.prototype)).toEqual(['constructor']);
  const wrong = refusal('PATCH_INVALID', () => GameSeed.of(`${hex}0`));
  expect(`${wrong.stack}${JSON.stringify(wrong)}`).not.toContain(hex);
  expect(new GameRandomness('g').begin()).not.toBe(new GameRandomness('g').begin());
});
