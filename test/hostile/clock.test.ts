// The clock of the machine jumps by years, both ways: it is written down, and nothing else depends on it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { defineGame, openOrrery } from '#index.ts';
import { ask } from '../history/ask.ts';

const YEARS = 10 * 365 * 24 * 3_600_000;

const clock = defineGame('clock', {
  version: 1,
  initial: () => ({ seen: [] as number[], ticks: 0, drawn: 0 }),
  commands: {
    look(draft, _args: undefined, ctx) {
      draft.seen.push(ctx.now);
      draft.drawn = ctx.random();
    },
  },
  onTick(draft) {
    draft.ticks += 1;
  },
});

const directory = mkdtempSync(join(tmpdir(), 'orrery-clock-'));
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

/** Plays with the clock at each of these times, and gives what came of it apart from the times. */
async function play(name: string, times: readonly number[]): Promise<unknown> {
  vi.useFakeTimers({ toFake: ['Date'] });
  const at = join(directory, name);
  const seqs: number[] = [];
  {
    vi.setSystemTime(times[0] as number);
    await using orrery = await openOrrery({
      directory: at,
      games: [clock],
      autoSaveIntervalMs: 1_000,
      predictableRandom: true,
    });
    const game = await orrery.open(clock, 'c');
    for (const time of times) {
      vi.setSystemTime(time);
      const receipt = game.dispatch('look', undefined);
      await receipt.durable;
      seqs.push(receipt.seq);
      await game.advance().durable;
      await orrery.checkpoint();
    }
  }
  await using orrery = await openOrrery({ directory: at, games: [clock] });
  const game = await orrery.load(clock, 'c');
  expect(game.state.seen).toEqual(times);
  const history = [];
  for await (const entry of ask(orrery, 'c').entries()) history.push(entry);
  const looks = history.filter((entry) => entry.name === 'look');
  expect(looks.map((entry) => entry.time)).toEqual(times);
  const { ticks, drawn } = game.state;
  return { seqs, ticks, drawn, seq: game.seq, tick: game.tick, order: history.map((entry) => [entry.seq, entry.tick]) };
}

it('[HO30] jumps of ten years either way change the recorded time and nothing else', async () => {
  const now = 1_800_000_000_000;
  const still = await play(
    'still',
    Array.from({ length: 6 }, (_, index) => now + index),
  );
  const jumping = await play('jumping', [now, now + YEARS, now - YEARS, now + YEARS, now - 2 * YEARS, 0]);
  expect(jumping).toEqual(still);
});
