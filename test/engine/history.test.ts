import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandEntry, defineGame, type HistoryQuery, MemoryStore, type Orrery, openOrrery } from 'orrery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../history/ask.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ sum: 0 }),
  commands: {
    add(draft, by: number) {
      if (by < 0) throw new Error('only upwards');
      draft.sum += by;
    },
    reset(draft) {
      draft.sum = 0;
    },
  },
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-history-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const stores = {
  memory: (): Promise<Orrery> => openOrrery({ directory, games: [counter], shards: 3, store: () => new MemoryStore() }),
  disk: (): Promise<Orrery> => openOrrery({ directory, games: [counter], shards: 2 }),
};

async function all<T extends CommandEntry>(commands: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const command of commands) found.push(command);
  return found;
}

describe.each(Object.entries(stores))('the history of a game, store: %s', (_name, open) => {
  it('[HI1] is every command in order of seq, with tick, name, player and arguments, over many pages', async () => {
    await using orrery = await open();
    const game = await orrery.open(counter, 'one');
    const other = await orrery.open(counter, 'other');
    const given: Partial<CommandEntry>[] = [];
    for (let turn = 1; turn <= 1200; turn += 1) {
      const { seq, tick } = game.dispatch('add', turn, { player: `player ${turn % 3}` });
      given.push({ seq, tick, name: 'add', player: `player ${turn % 3}`, args: turn });
      expect(() => game.dispatch('add', -1)).toThrow(/only upwards/);
      other.dispatch('reset');
      const ticked = game.advance();
      given.push({ seq: ticked.seq, tick: ticked.tick, name: '@tick', player: undefined, args: undefined });
    }
    await orrery.flush();
    const history = await all(ask(orrery, 'one').entries());
    expect(history.map(({ time: _time, step: _step, patches: _patches, ...rest }) => rest)).toEqual(given);
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 2400 }, (_, index) => index + 1));
    expect(history.every(({ time }, index) => time >= (history[index - 1]?.time ?? 0))).toBe(true);
    expect((await all(ask(orrery, 'other').entries())).length).toBe(1200);
  });

  it('[HI2] can be asked for from one seq to another', async () => {
    await using orrery = await open();
    const game = await orrery.open(counter, 'one');
    for (let turn = 1; turn <= 1500; turn += 1) game.dispatch('add', turn);
    await orrery.flush();
    const seqs = async (range: HistoryQuery): Promise<number[]> =>
      (await all(ask(orrery, 'one').entries(range))).map(({ seq }) => seq);
    expect(await seqs({ from: 4, to: 6 })).toEqual([4, 5, 6]);
    expect(await seqs({ from: 1499 })).toEqual([1499, 1500]);
    expect(await seqs({ to: 2 })).toEqual([1, 2]);
    expect((await seqs({ to: 1000 })).at(-1)).toBe(1000);
    expect((await seqs({ from: 201, to: 1200 })).length).toBe(1000);
    expect(await seqs({ from: 1501 })).toEqual([]);
    expect(await seqs({ from: 10, to: 9 })).toEqual([]);
  });

  it('[HI3] of a new game is empty; a game that is not there, a range that cannot be and an orrery that is closed are errors', async () => {
    const orrery = await open();
    await orrery.open(counter, 'new');
    expect(await all(ask(orrery, 'new').entries())).toEqual([]);
    await expect(all(ask(orrery, 'nobody').entries())).rejects.toMatchObject({
      code: 'GAME_NOT_FOUND',
      context: { game: 'nobody' },
    });
    await expect(all(ask(orrery, '').entries())).rejects.toMatchObject({ code: 'INVALID_GAME_ID' });
    for (const range of [{ from: -1 }, { from: 0.5 }, { to: Number.NaN }, { to: -1 }]) {
      await expect(all(ask(orrery, 'new').entries(range))).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        context: { game: 'new' },
      });
    }
    await orrery.close();
    await expect(all(ask(orrery, 'new').entries())).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('[HI4] holds what is durable, while commands go on', async () => {
    await using orrery = await open();
    const game = await orrery.open(counter, 'one');
    for (let turn = 0; turn < 2500; turn += 1) game.dispatch('add', 1);
    await orrery.flush();
    const seqs: number[] = [];
    for await (const { seq } of ask(orrery, 'one').entries()) {
      if (seq % 100 === 0) game.dispatch('add', 1);
      seqs.push(seq);
    }
    expect(seqs.length).toBeGreaterThanOrEqual(2500);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });
});

it('[HI1] is the same after a restart, of a game that is not in memory', async () => {
  let before: CommandEntry[];
  {
    await using orrery = await stores.disk();
    const game = await orrery.open(counter, 'one');
    for (let turn = 1; turn <= 1100; turn += 1) game.dispatch('add', turn, { player: 'ada' });
    await orrery.flush();
    before = await all(ask(orrery, 'one').entries());
  }
  await using orrery = await stores.disk();
  expect(before.length).toBe(1100);
  expect(await all(ask(orrery, 'one').entries())).toEqual(before);
  expect([...orrery.loaded()]).toEqual([]);
});
