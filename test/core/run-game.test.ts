// A game that runs in memory and hands out its records.

import { expect, it } from 'vitest';
import { applyPatches, decodeRecord, defineGame, encodeRecord, type GameRecord, runGame, table } from '#core/index.ts';
import { refusal } from '../game/galaxy.ts';

const SEED = '00112233445566778899aabbccddeeff';

const dice = defineGame('dice', {
  version: 3,
  initial: (sides: number, { random }) => ({ sides, rolled: [random()], ships: table<{ hp: number }>() }),
  commands: {
    roll(draft, _args: undefined, { random, now }) {
      draft.rolled.push(random(), now);
    },
    launch(draft, id: string) {
      draft.ships.set(id, { hp: 1 });
    },
  },
  invariants: { short: (state) => state.rolled.length < 6 },
});

function played(seed?: string): { readonly game: ReturnType<typeof run>; readonly records: GameRecord[] } {
  const records: GameRecord[] = [];
  return { game: run(records, seed), records };
}

function run(records: GameRecord[], seed?: string) {
  const options = { id: 'a', now: () => 1000.5, onRecord: (record: GameRecord) => void records.push(record) };
  return runGame(dice, seed === undefined ? options : { ...options, seed }, 6);
}

it('[BR3] the first record carries the whole state, each command gives one, and together they fold to the state', async () => {
  const { game, records } = played(SEED);
  game.dispatch('roll');
  await game.dispatch('launch', 'x', { player: 'ada' }).durable;
  game.advance();
  expect(records.map(({ seq, command, tick, time, player }) => [seq, command, tick, time, player])).toEqual([
    [0, '@create', 0, 1000, undefined],
    [1, 'roll', 0, 1000, undefined],
    [2, 'launch', 0, 1000, 'ada'],
    [3, '@tick', 1, 1000, undefined],
  ]);
  expect(records[0]).toMatchObject({ type: 'dice', version: 3, tables: ['ships'], seed: SEED });
  let state: unknown;
  for (const record of records) state = applyPatches(state, decodeRecord(encodeRecord(record)).patches);
  expect(state).toEqual(game.toJSON());
});

it('[BR3] the same seed gives the same records, and without one the secret is fresh', () => {
  const lines = (seed?: string): string[] => {
    const { game, records } = played(seed);
    game.dispatch('roll');
    return records.map(encodeRecord);
  };
  expect(lines(SEED)).toEqual(lines(SEED));
  expect(lines()).not.toEqual(lines());
});

it('[BR3] a record is frozen, and changes nothing of the game', () => {
  const { game, records } = played();
  game.dispatch('launch', 'x');
  const [, launched] = records as [GameRecord, GameRecord];
  const { value } = launched.patches[0] as unknown as { readonly value: { hp: number } };
  expect(() => {
    value.hp = 5;
  }).toThrow(TypeError);
  expect(Object.isFrozen(records[0]?.patches)).toBe(true);
  expect(game.state.ships.get('x')).toEqual({ hp: 1 });
});

it('[BR3] a record that is not taken refuses its command', () => {
  let isFull = false;
  const onRecord = (): void => {
    if (isFull) throw new Error('full');
  };
  const game = runGame(dice, { id: 'a', onRecord }, 6);
  isFull = true;
  refusal('COMMAND_REFUSED', () => game.dispatch('launch', 'x'));
  expect([game.seq, game.state.ships.size]).toEqual([0, 0]);
  isFull = false;
  expect(game.dispatch('launch', 'x').seq).toBe(1);
});

it('[BR3] a subscriber that throws is told of, and stops nothing', async () => {
  const errors: unknown[] = [];
  const game = runGame(dice, { id: 'a', onSubscriberError: (error) => errors.push(error) }, 6);
  const failure = new Error('deaf');
  game.subscribe(() => {
    throw failure;
  });
  game.dispatch('roll');
  expect([errors, game.seq]).toEqual([[failure], 1]);
});

it('[BR3] whoever does not ask for it hears of it as of any promise that nobody handles', async () => {
  const game = runGame(dice, { id: 'a' }, 6);
  const failure = new Error('deaf');
  game.subscribe(() => {
    throw failure;
  });
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const heard = new Promise((resolve) => process.once('unhandledRejection', resolve));
  game.dispatch('roll');
  expect(await heard).toBe(failure);
  for (const listener of listeners) process.on('unhandledRejection', listener);
});

it('[BR3] what it cannot run is refused with what to do', () => {
  refusal('INVALID_OPTION', () => runGame({} as typeof dice, { id: 'a' }, 6));
  refusal('INVALID_OPTION', () => runGame(dice, undefined as never, 6));
  refusal('INVALID_OPTION', () => runGame(dice, { id: 'a', sed: SEED } as never, 6));
  refusal('INVALID_GAME_ID', () => runGame(dice, { id: 'a/b' }, 6));
  refusal('CLOCK_INVALID', () => runGame(dice, { id: 'a', now: () => Number.NaN }, 6));
  const error = refusal('INVALID_OPTION', () => runGame(dice, { id: 'a', seed: 'abc' }, 6));
  expect(String(error)).not.toContain('abc');
});
