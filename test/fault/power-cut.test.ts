// The process or its machine stops at every operation on the disk in turn, and again while the shard recovers. Two of the
// states that a disk may be left in are looked at: after a power cut everything that was not made durable is gone, after a
// kill all of it is there.

import { expect, it } from 'vitest';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { dice } from '../programs/script.ts';
import { commit, expectRecovered, openOwner, perform, SCRIPT, type Told, toldNothing } from './shard-script.ts';
import { type Moment, VolatileDisk } from './volatile-disk.ts';

/** Not an error that anything could be done about: nothing runs any more. */
class PowerIsGone extends Error {}

/** Lets the power go at the nth operation with that moment; whatever is tried afterwards does not happen. */
function cutAt(
  disk: VolatileDisk,
  nth: number,
  moment: Moment,
): { readonly gone: () => boolean; readonly where: () => string } {
  let count = 0;
  let where = '';
  disk.interference = (operation, at, path) => {
    if (where === '') {
      if (at !== moment || ['list', 'exists', 'read', 'readAt'].includes(operation)) return;
      count += 1;
      if (count < nth) return;
      where = `${moment} ${operation} of ${path}`;
    }
    throw new PowerIsGone();
  };
  return { gone: () => where !== '', where: () => where };
}

/** Runs until the power is gone. */
async function untilDark(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PowerIsGone)) throw error;
  }
}

async function playScript(disk: VolatileDisk, told: Told): Promise<void> {
  const owner: Owner = await openOwner(disk);
  try {
    for (const step of SCRIPT) perform(owner, step, told);
  } finally {
    letGo(owner);
  }
}

/** Nothing is left of a process that lost its power; here its database would stay in memory. */
function letGo(owner: Owner): void {
  try {
    owner.abandon();
  } catch (error) {
    if (!(error instanceof PowerIsGone)) throw error;
  }
}

/**
 * How it stops in the workload, in the recovery from that, and after that. What a kill left readable may never have reached
 * the disk: once it was recovered, it must be there after a power cut as well.
 */
const STOPS = [
  ['power cut', 'power cut', 'power cut'],
  ['kill', 'kill', 'kill'],
  ['kill', 'kill', 'power cut'],
  ['kill', 'power cut', 'power cut'],
] as const;

function stop(disk: VolatileDisk, how: 'power cut' | 'kill'): void {
  if (how === 'kill') disk.kill();
  else disk.cutPower();
}

// Nothing runs after it, so to stop after one operation is to stop before the next.
for (const moment of ['before', 'half'] as const) {
  for (const [firstStop, secondStop, thirdStop] of STOPS) {
    const where = moment === 'half' ? 'half-way through any write' : 'at any operation';
    const what = `${firstStop} ${where}, ${secondStop} in recovery, ${thirdStop} later`;
    it(`[R6] [R7] ${what}: what was acknowledged or recovered once is recovered`, async () => {
      let nth = 1;
      for (; ; nth += 1) {
        const disk = new VolatileDisk();
        const told = toldNothing();
        const first = cutAt(disk, nth, moment);
        await untilDark(() => playScript(disk, told));
        if (!first.gone()) break;
        stop(disk, firstStop);
        // And once more, while it recovers.
        const again = 1 + dice(nth)(30);
        const second = cutAt(disk, again, moment);
        await untilDark(async () => letGo(await openOwner(disk)));
        const story = `operation ${nth}, ${first.where()}; then ${again}, ${second.where() || 'which recovery did not come to'}`;
        stop(disk, secondStop);
        const owner = await openOwner(disk);
        expectRecovered(owner, told, story);
        commit(owner, { a: 1, b: 2, d: 1 }, told);
        owner.abandon();
        stop(disk, thirdStop);
        const last = await openOwner(disk);
        expectRecovered(last, told, `${story}; played on and stopped`);
        last.close();
      }
      console.log(`${what}: ${nth - 1} places`);
      expect(nth).toBeGreaterThan(moment === 'half' ? 15 : 60);
    });
  }
}
