// Many shards are opened a few at a time, so that the game loop has a core to run on.

import { availableParallelism } from 'node:os';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openFew } from '#engine/shard-openings.ts';
import { MemoryStore, type Orrery, OrreryError, openOrrery } from '#index.ts';
import type { RecoveryReport } from '#storage/store.ts';
import { ledger } from './harbour.ts';

const MOST = Math.max(2, availableParallelism());
const SHARDS = Math.min(256, 2 * MOST + 1);

/** Opens take a turn of the event loop each, and the one of `broken` fails. */
class SlowStore extends MemoryStore {
  readonly #shard: number;
  readonly #broken: number | undefined;
  readonly #told: Told;

  constructor(shard: number, told: Told, broken?: number) {
    super();
    this.#shard = shard;
    this.#told = told;
    this.#broken = broken;
  }

  override async open(): Promise<RecoveryReport> {
    this.#told.begun.push(this.#shard);
    this.#told.underWay += 1;
    this.#told.most = Math.max(this.#told.most, this.#told.underWay);
    await new Promise((resolve) => setImmediate(resolve));
    this.#told.underWay -= 1;
    this.#told.ended.push(this.#shard);
    if (this.#shard === this.#broken) throw new OrreryError({ code: 'DISK_FULL', what: 'no room', hint: 'Make some.' });
    return super.open();
  }

  override async destroy(): Promise<void> {
    this.#told.destroyed.push(this.#shard);
  }
}

interface Told {
  readonly begun: number[];
  readonly ended: number[];
  readonly destroyed: number[];
  underWay: number;
  most: number;
}

function openAll(told: Told, broken?: number): Promise<Orrery> {
  return openOrrery({
    directory: './n',
    games: [ledger],
    shards: SHARDS,
    logger: pino({ level: 'silent' }),
    store: (shard) => new SlowStore(shard, told, broken),
  });
}

const nothing = (): Told => ({ begun: [], ended: [], destroyed: [], underWay: 0, most: 0 });

it('[O53] about as many shards as there are cores are opened at a time, and all are', async () => {
  const told = nothing();
  await using orrery = await openAll(told);
  expect(told.begun).toEqual(Array.from({ length: SHARDS }, (_, shard) => shard));
  expect(told.most).toBe(MOST);
  expect(orrery.recovery).toHaveLength(SHARDS);
});

it('[O53] once an opening has failed no other is begun, and those that were come to their end before all are let go', async () => {
  const told = nothing();
  await expect(openAll(told, 1)).rejects.toMatchObject({ code: 'DISK_FULL' });
  // The first to end makes room for one more before the second has failed.
  expect(told.begun.length).toBeLessThanOrEqual(MOST + 1);
  expect(told.ended).toHaveLength(told.begun.length);
  expect(told.destroyed).toHaveLength(SHARDS);
});

it('[O53] of openings that failed the first is told, whichever failed sooner, and reports stand in the order of the shards', async () => {
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const failing = openFew(
    [3, 1],
    async (wait, shard) => {
      await turns(wait);
      throw new Error(`shard ${shard}`);
    },
    2,
  );
  await expect(failing).rejects.toThrow('shard 0');
  const reports = await openFew(
    [3, 1, 1],
    async (wait, shard) => {
      await turns(wait);
      return shard;
    },
    2,
  );
  expect(reports).toEqual([0, 1, 2]);
});
