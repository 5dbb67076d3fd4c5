// A library or a test has replaced Date.now, and what it gives is no time. Nothing of it reaches a record.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defineGame, type Orrery, openOrrery } from '#index.ts';
import { refusal } from '../game/galaxy.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0, seen: [] as number[] }),
  commands: {
    add(draft, by: number, context) {
      draft.n += by;
      draft.seen.push(context.now);
    },
  },
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-odd-clock-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

const start = (): Promise<Orrery> => openOrrery({ directory, games: [counter] });
const setClock = (now: unknown): unknown => vi.spyOn(Date, 'now').mockImplementation(() => now as number);

it.each([Number.NaN, Number.POSITIVE_INFINITY, -1e16, 1e300, '1700000000000', null, 5n])(
  '[CK3] a clock that gives %s refuses every command, and nothing has changed; put right, the game goes on',
  async (now) => {
    {
      await using orrery = await start();
      const game = await orrery.open(counter, 'a');
      await game.dispatch('add', 1).durable;
      setClock(now);
      const before = game.state;
      expect(refusal('CLOCK_INVALID', () => game.dispatch('add', 1)).context).toMatchObject({ game: 'a' });
      refusal('CLOCK_INVALID', () => game.advance());
      expect(game.state).toBe(before);
      expect([game.seq, game.tick]).toEqual([1, 0]);
      await expect(orrery.open(counter, 'b')).rejects.toMatchObject({ code: 'CLOCK_INVALID', context: { game: 'b' } });
      vi.restoreAllMocks();
      await game.dispatch('add', 1).durable;
    }
    await using orrery = await start();
    expect((await orrery.list()).map(({ id, seq }) => [id, seq])).toEqual([['a', 2]]);
    expect((await orrery.open(counter, 'a')).state.n).toBe(2);
  },
);

it('[CK3] a clock that counts in fractions is cut to whole milliseconds, for the command and for the record', async () => {
  setClock(1_800_000_000_000.625);
  {
    await using orrery = await start();
    const game = await orrery.open(counter, 'a');
    await game.dispatch('add', 1).durable;
    await orrery.pack('a', join(directory, 'a.orrery'));
  }
  await using orrery = await start();
  const [row] = await orrery.list();
  expect(row).toMatchObject({ time: 1_800_000_000_000, created: 1_800_000_000_000 });
  expect((await orrery.open(counter, 'a')).state.seen).toEqual([1_800_000_000_000]);
});

it('[CK3] states sent whole at the bound of the commit queue carry the time of the newest record in them', async () => {
  const times = [1_800_000_000_000.5];
  vi.spyOn(Date, 'now').mockImplementation(() => times.at(-1) as number);
  {
    await using orrery = await openOrrery({
      directory,
      games: [counter],
      commitQueueBytes: 4096,
      overflow: 'coalesce',
    });
    const game = await orrery.open(counter, 'a');
    for (let n = 0; n < 200; n += 1) {
      times.push(1_800_000_000_000 + n);
      game.dispatch('add', 1);
    }
    // What waits is written from here on, and no clock is asked again.
    times.push(Number.NaN);
    await orrery.flush();
    times.push(1_800_000_001_000);
  }
  await using orrery = await start();
  expect((await orrery.list())[0]).toMatchObject({ seq: 200, time: 1_800_000_000_199 });
  expect((await orrery.open(counter, 'a')).state.n).toBe(200);
});
