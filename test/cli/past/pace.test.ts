// The speed of a replay, on a clock that the test turns.

import { expect, it } from 'vitest';
import { Pace } from '#cli/past/pace.ts';

/** Waits that end `early` by a part, as timers may. */
function fakeClock(early = 1) {
  const clock = {
    time: 1000,
    flushed: 0,
    now: () => clock.time,
    wait: async (ms: number): Promise<void> => {
      clock.time += ms > 1e-6 ? ms * early : ms;
    },
    flush: async (): Promise<void> => {
      clock.flushed += 1;
    },
  };
  return clock;
}

it.for([1, 0.5])(
  '[PC7] every tick comes when it is due, whatever the steps in between take (timers at %d)',
  async (early) => {
    const clock = fakeClock(early);
    const pace = new Pace(20, clock.flush, clock);
    const came: number[] = [];
    for (const [tick, work] of [
      [7, 0],
      [7, 10],
      [8, 0],
      [10, 30],
      [11, 500],
      [12, 0],
    ] as const) {
      await pace.until(tick);
      came.push(Math.round(clock.time - 1000));
      clock.time += work;
    }
    // Ticks 7, 7, 8, 10, 11 and 12 at 20 a second; the last is late, because what came before it took longer than a tick.
    expect(came).toEqual([0, 0, 50, 150, 200, 700]);
    expect(clock.flushed).toBe(3);
  },
);

it('[PC7] begins anew where ticks go back, as after a recovery', async () => {
  const clock = fakeClock();
  const pace = new Pace(1, clock.flush, clock);
  const came: number[] = [];
  for (const tick of [100, 102, 50, 51]) {
    await pace.until(tick);
    came.push(clock.time - 1000);
  }
  expect(came).toEqual([0, 2000, 2000, 3000]);
});

it('[PC7] waits longer than a timer can', async () => {
  const clock = fakeClock();
  const pace = new Pace(0.001, clock.flush, clock);
  await pace.until(0);
  await pace.until(10_000);
  expect(clock.time - 1000).toBe(10_000_000_000);
});
