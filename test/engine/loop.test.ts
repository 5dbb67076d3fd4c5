import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Loop, type LoopClock } from '#engine/loop.ts';
import { runLoop } from '#index.ts';
import { galaxy, open, play, refusal, sandbox } from '../game/galaxy.ts';

/** A clock that stands still until it is told to go on. One timer at a time is all a loop has. */
class HandClock implements LoopClock {
  time: number;
  timer: { readonly at: number; readonly call: () => void } | undefined;

  constructor(start: number) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.time + ms, call };
    this.timer = timer;
    return () => {
      if (this.timer === timer) this.timer = undefined;
    };
  }

  /** Fires the timer, as much too late (or, if negative, too early) as asked. */
  fire(late = 0): void {
    const { timer } = this;
    if (!timer) throw new Error('no timer');
    this.timer = undefined;
    this.time = Math.max(this.time, timer.at + late);
    timer.call();
  }
}

/** A small generator, so that jitter is the same in every run. */
function jitter(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const idle = { loaded: () => [][Symbol.iterator](), tickFailed: () => {} };
const loop = (clock: LoopClock, options: object) => new Loop(idle, { hz: 50, clock, ...options });

describe('runLoop', () => {
  it.each([50, 60, 30, 144, 1000, 0.5])(
    '[L1] has no drift over 10,000 ticks at %f Hz, whatever the timers do',
    (hz) => {
      const clock = new HandClock(12_345.678);
      const period = 1000 / hz;
      const random = jitter(7);
      const driven = loop(clock, { hz, catchUp: 5 });
      while (driven.ticks < 10_000) clock.fire((random() - 0.3) * 1.4 * period);
      const due = 12_345.678 + 10_000 * period;
      expect(clock.time).toBeGreaterThanOrEqual(due - 0.001);
      expect(clock.time).toBeLessThan(due + 2 * period);
      expect(driven.skipped).toBe(0);
      expect(driven.histogram.count).toBe(10_000);
    },
  );

  it('[L1] a timer that fires early runs nothing and waits for the rest', () => {
    const clock = new HandClock(0);
    const driven = loop(clock, {});
    clock.fire(-5);
    expect([driven.ticks, clock.time, clock.timer?.at]).toEqual([0, 15, 20]);
    clock.fire();
    expect([driven.ticks, clock.timer?.at]).toEqual([1, 40]);
  });

  it.each([60, 144, 7, 3])('[L1] a timer that fires to the moment at %i Hz runs its tick at once', (hz) => {
    const clock = new HandClock(0.1);
    const driven = loop(clock, { hz });
    for (let fired = 1; fired <= 1000; fired += 1) {
      clock.fire();
      expect(driven.ticks).toBe(fired);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined as never])(
    '[L9] a clock that gives %s stands still',
    (odd) => {
      const clock = new HandClock(1_000);
      const driven = loop(clock, {});
      clock.fire();
      expect(driven.ticks).toBe(1);
      const now = clock.time;
      clock.time = odd;
      clock.timer?.call();
      expect([driven.ticks, driven.skipped]).toEqual([1, 0]);
      clock.time = now + 20;
      clock.timer?.call();
      expect([driven.ticks, driven.skipped]).toEqual([2, 0]);
      driven.stop();
    },
  );

  it('[L2] makes up for what it missed, up to the bound, and counts what it skipped', () => {
    const clock = new HandClock(0);
    const driven = loop(clock, { catchUp: 3 });
    clock.fire(60);
    expect([driven.ticks, driven.skipped]).toEqual([4, 0]);
    clock.fire(200);
    expect([driven.ticks, driven.skipped]).toEqual([8, 7]);
    expect(clock.timer?.at).toBe(320);
    clock.fire();
    expect([driven.ticks, driven.skipped]).toEqual([9, 7]);
  });

  it('[L2] with catchUp 0 a tick that is missed is skipped', () => {
    const clock = new HandClock(0);
    const driven = loop(clock, { catchUp: 0 });
    clock.fire(100);
    expect([driven.ticks, driven.skipped]).toEqual([1, 5]);
  });

  it('[L3] a tick that throws again and again is logged with its stack once, then counted', async () => {
    const lines: { level: number; msg: string; times?: number; err?: { stack: string } }[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const stumbling = {
      ...sandbox(() => ({ n: 0 }), 'stumbling'),
      onTick: (_draft: unknown, { tick, game }: { tick: number; game: string }) => {
        if (game === 'sound') return;
        throw new Error(lines.length < 4 ? `stumbled in tick ${tick}` : 'another reason');
      },
    };
    const orrery = await open([stumbling], { logger });
    const failed: string[] = [];
    orrery.on('error', (_error, game) => failed.push(game));
    for (const id of ['a', 'b', 'sound']) await orrery.open(stumbling, id);
    const clock = new HandClock(0);
    const driven = runLoop(orrery, { hz: 50, clock });
    for (let tick = 0; tick < 12; tick += 1) clock.fire();
    driven.stop();
    expect(failed).toHaveLength(24);
    const told = lines.map(({ msg, times, err }) => [msg.split(',')[0], times, err !== undefined]);
    expect(told).toEqual([
      ['a tick failed', undefined, true],
      ['a tick failed', undefined, true],
      ['a tick failed', 10, false],
      ['a tick failed', 10, false],
      ['a tick failed', undefined, true],
      ['a tick failed', undefined, true],
    ]);
  });

  it('[L3] advances every game that is in memory, and a game whose tick throws stops neither the others nor the loop', async () => {
    const stumbling = {
      ...sandbox(() => ({ n: 0 }), 'stumbling'),
      onTick: () => {
        throw new Error('stumbled');
      },
    };
    const orrery = await open([galaxy, stumbling]);
    const failed: string[] = [];
    orrery.on('error', (error, game) => failed.push(`${game}: ${((error as Error).cause as Error).message}`));
    const one = await orrery.open(galaxy, 'one');
    const two = await orrery.open(stumbling, 'two');
    const three = await orrery.open(galaxy, 'three');
    const clock = new HandClock(0);
    const driven = runLoop(orrery, { hz: 50, clock });
    for (let tick = 0; tick < 3; tick += 1) clock.fire();
    expect([one.tick, two.tick, three.tick, driven.ticks]).toEqual([3, 0, 3, 3]);
    expect(failed).toEqual(['two: stumbled', 'two: stumbled', 'two: stumbled']);
    driven.stop();
  });

  it('[L3] what beforeTick or afterTick throws reaches whoever fired the timer, and the loop goes on', () => {
    const clock = new HandClock(0);
    const begun: number[] = [];
    const driven = loop(clock, {
      beforeTick(tick: number) {
        begun.push(tick);
        if (tick === 2) throw new Error('before');
      },
      afterTick(tick: number) {
        if (tick === 3) throw new Error('after');
      },
    });
    clock.fire();
    expect(() => clock.fire(40)).toThrow('before');
    expect([driven.ticks, driven.skipped]).toEqual([2, 2]);
    expect(() => clock.fire()).toThrow('after');
    clock.fire();
    expect(begun).toEqual([1, 2, 3, 4]);
    expect([driven.ticks, driven.skipped, driven.histogram.count]).toEqual([4, 2, 4]);
  });

  it('[L4] stop() ends it: between ticks, inside a tick, in the middle of catching up', () => {
    const clock = new HandClock(0);
    const driven = loop(clock, {});
    driven.stop();
    expect(clock.timer).toBeUndefined();
    for (const hook of ['beforeTick', 'afterTick']) {
      const ticks: number[] = [];
      const other = loop(clock, {
        [hook](tick: number) {
          ticks.push(tick);
          if (tick === 2) other.stop();
        },
      });
      clock.fire(100);
      expect(ticks).toEqual([1, 2]);
      expect([other.ticks, clock.timer]).toEqual([2, undefined]);
    }
    {
      using disposed = loop(clock, {});
      expect(disposed.ticks).toBe(0);
    }
    expect(clock.timer).toBeUndefined();
  });

  it('[L5] calls beforeTick, the games and afterTick in order, with the number of the tick', async () => {
    const { game, orrery } = await play(galaxy);
    const order: string[] = [];
    game.subscribe(({ tick }) => order.push(`game ${tick}`));
    const clock = new HandClock(0);
    const driven = runLoop(orrery, {
      hz: 10,
      clock,
      beforeTick: (tick) => order.push(`before ${tick}`),
      afterTick: (tick) => order.push(`after ${tick}`),
    });
    clock.fire();
    clock.fire();
    expect(order).toEqual(['before 1', 'game 1', 'after 1', 'before 2', 'game 2', 'after 2']);
    driven.stop();
  });

  it('[L6] drives the games it was given: a set may change, an iterator is remembered, an evicted game is passed over', async () => {
    const orrery = await open([galaxy], { maxLoadedGames: 100 });
    const games = [await orrery.open(galaxy, 'one'), await orrery.open(galaxy, 'two')] as const;
    const clock = new HandClock(0);
    const set = new Set([games[0]]);
    const bySet = runLoop(orrery, { hz: 50, clock, games: set });
    clock.fire();
    set.add(games[1]);
    clock.fire();
    expect(games.map(({ tick }) => tick)).toEqual([2, 1]);
    bySet.stop();
    const byIterator = runLoop(orrery, { hz: 50, clock, games: orrery.loaded() });
    clock.fire();
    clock.fire();
    expect(games.map(({ tick }) => tick)).toEqual([4, 3]);
    await orrery.close();
    clock.fire();
    expect([byIterator.ticks, games[0].tick]).toEqual([3, 4]);
    byIterator.stop();
  });

  it('[L6] a loop that goes on while the orrery is closed does nothing, and nobody is told of failures', async () => {
    const { game, orrery } = await play(galaxy);
    const failed: unknown[] = [];
    orrery.on('error', (error) => failed.push(error));
    const clock = new HandClock(0);
    const driven = runLoop(orrery, { hz: 50, clock });
    const closing = orrery.close();
    clock.fire();
    await closing;
    clock.fire();
    expect([driven.ticks, game.tick, failed]).toEqual([2, 0, []]);
    driven.stop();
  });

  it.each([
    { hz: 0 },
    { hz: -1 },
    { hz: 1001 },
    { hz: Number.NaN },
    { hz: '60' },
    { hz: 60, catchUp: -1 },
    { hz: 60, catchUp: 1.5 },
    { hz: 60, catchUp: Number.POSITIVE_INFINITY },
  ])('[L7] %o is refused', (options) => {
    refusal('INVALID_OPTION', () => loop(new HandClock(0), options));
  });

  it('[L8] with the clock of the machine it ticks at all, and the histogram has nanoseconds', async () => {
    const { game, orrery } = await play(galaxy);
    await new Promise<void>((resolve) => {
      const driven = runLoop(orrery, {
        hz: 1000,
        afterTick(tick) {
          if (tick < 3) return;
          driven.stop();
          resolve();
        },
      });
    });
    expect(game.tick).toBe(3);
  });

  it('[L8] nobody takes the histogram of a loop away', () => {
    const clock = new HandClock(0);
    const driven = loop(clock, { hz: 10 });
    expect(Reflect.deleteProperty(driven, 'histogram')).toBe(false);
    expect(Reflect.set(driven, 'hz', 0)).toBe(false);
    clock.fire();
    clock.fire();
    expect([driven.ticks, driven.histogram.count]).toEqual([2, 2]);
  });
});
