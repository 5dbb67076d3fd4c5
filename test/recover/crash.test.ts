// The power goes, or the process, at every operation on the disk of a story with a fork and two recoveries. Afterwards each
// game is as it was before or after whatever was being done, and never less than what was said to be done.

import { expect, it } from 'vitest';
import { defineGame, openOrrery } from '#index.ts';
import { VolatileDisk } from '../fault/volatile-disk.ts';
import { silent } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { OwnerStore } from './owner-store.ts';

class PowerIsGone extends Error {}

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0 }),
  commands: {
    set(draft, n: number) {
      draft.n = n;
    },
  },
  history: 'commands',
});

/** What game a may be, in the order in which it comes to be so: [seq, n]. */
const LIFE = [
  [0, 0],
  [1, 1],
  [2, 2],
  [3, 3],
  // Back to seq 1.
  [4, 1],
  [5, 50],
  // Back to seq 2, which was given up.
  [6, 2],
] as const;

/** How far things have come, as far as anybody was told. */
interface Told {
  /** The last place of LIFE that is durable. */
  a: number;
  fork: boolean;
}

async function story(disk: VolatileDisk, told: Told): Promise<void> {
  const orrery = await orreryOn(disk);
  try {
    const a = await orrery.open(counter, 'a');
    for (let n = 1; n <= 3; n += 1) {
      await a.dispatch('set', n).durable;
      told.a = n;
    }
    await ask(orrery, 'a').recover({ mode: { to: { seq: 1 } } });
    told.a = 4;
    await orrery.checkpoint();
    await ask(orrery, 'a').fork({ at: { seq: 3 }, as: 'fork' });
    told.fork = true;
    await a.dispatch('set', 50).durable;
    told.a = 5;
    await ask(orrery, 'a').recover({
      mode: 'latest',
      fallback: [{ to: { seq: 2 } }],
      check: ({ n }: { n: number }) => n < 50,
    });
    told.a = 6;
  } finally {
    // Nothing is made good any more once the power is gone.
    await orrery.close({ timeoutMs: 1000 }).catch(ignoreDark);
  }
}

function orreryOn(disk: VolatileDisk) {
  const store = new OwnerStore(disk, { granularities: new Map([['counter', 'commands']]), sliceMs: 0 });
  const destroy = store.destroy.bind(store);
  store.destroy = () => destroy().catch(ignoreDark);
  const options = { shutdownTimeoutMs: 1000, autoSaveIntervalMs: 100_000 };
  return openOrrery({ directory: 'unused', games: [counter], logger: silent, store: () => store, ...options });
}

/** A failure that only says that the power is gone, from whatever depth. */
function ignoreDark(error: unknown): void {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each instanceof PowerIsGone || /PowerIsGone/.test(each.message)) return;
  }
  throw error;
}

/** Lets the power go at the nth operation; whatever is tried afterwards does not happen. */
function cutAt(disk: VolatileDisk, nth: number): { where: string } {
  const cut = { where: '' };
  let count = 0;
  disk.interference = (operation, moment, path) => {
    if (cut.where === '') {
      if (moment === 'after' || (moment === 'half' && operation !== 'write')) return;
      if (['list', 'exists', 'read'].includes(operation)) return;
      count += 1;
      if (count < nth) return;
      cut.where = `${moment} ${operation} of ${path}`;
    }
    throw new PowerIsGone('PowerIsGone');
  };
  return cut;
}

async function expectWhole(disk: VolatileDisk, told: Told, where: string): Promise<void> {
  const orrery = await orreryOn(disk);
  try {
    const rows = await orrery.list();
    expect(rows.some(({ id }) => id === 'fork') || !told.fork, where).toBe(true);
    for (const { id } of rows) {
      const { seq, state } = await orrery.load(counter, id);
      if (id === 'fork') {
        expect([seq, state.n], where).toEqual([0, 3]);
        continue;
      }
      const place = LIFE.findIndex(([each, n]) => each === seq && n === state.n);
      expect(place, `${where}: seq ${seq} with ${state.n}`).toBeGreaterThanOrEqual(told.a);
      const names: string[] = [];
      for await (const { name } of ask(orrery, 'a').entries()) names.push(name);
      expect(names, where).toEqual(['set', 'set', 'set', '@recover', 'set', '@recover'].slice(0, seq));
      const given = (await ask(orrery, 'a').quarantine()).map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]);
      const due: number[][] = [];
      if (seq >= 4) due.push([2, 3]);
      if (seq >= 6) due.push([3, 5]);
      expect(given, where).toEqual(due);
    }
  } finally {
    await orrery.close();
  }
}

it.each(['power cut', 'kill'] as const)(
  '[FR17] a %s at any operation leaves each game before or after',
  async (how) => {
    let nth = 1;
    const forks = { made: 0, not: 0 };
    for (; ; nth += 1) {
      const disk = new VolatileDisk();
      const told: Told = { a: -1, fork: false };
      const cut = cutAt(disk, nth);
      let failure: unknown;
      await story(disk, told).catch((error: unknown) => {
        failure = error;
      });
      if (cut.where === '') {
        if (failure) throw failure;
        break;
      }
      if (how === 'kill') disk.kill();
      else disk.cutPower();
      await expectWhole(disk, told, `operation ${nth}, ${cut.where}`);
      forks[told.fork ? 'made' : 'not'] += 1;
    }
    expect(nth).toBeGreaterThan(60);
    expect(forks.made).toBeGreaterThan(5);
    expect(forks.not).toBeGreaterThan(5);
  },
);
