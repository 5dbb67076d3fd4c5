// P5: how long a tick of W2 takes (500 commands over 10,000 systems, 20 times a second, and a look at the state) with
// persistence and without. Three galaxies of the same game type take turns in one process, a block of ticks each, so
// that what the machine does meanwhile meets all three: one durable, one on a store that keeps nothing, and one on a
// sink that drops each record before it is encoded, so that nothing but the change of the state is left.
//
// Figures: tickP50Microseconds and tickP99Microseconds of the durable one, the same with `null` and `without` in front
// of them, ratioP50 and ratioP99 (durable against without), nullRatioP99 (durable against null). They are of the tick's
// own work. busyP99Microseconds and its like count everything the loop did from one tick to the next: the batch on its
// way out, the answers. ticks of each.

import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { openOrrery } from '../../../src/index.ts';
import { galaxy, TICK_COMMANDS, visits } from '../../galaxy.ts';
import { NullStore } from '../../null-store.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Workload } from '../workload.ts';
import { type GalaxyGame, withoutRecords } from './dropped-records.ts';
import { percentile } from './percentile.ts';

const SYSTEMS = 10_000;
const HZ = 20;
const BLOCK_TICKS = 50;
const BLOCKS = 5;
const WARM_UP_BLOCKS = 1;

/** After a block, what it left to do in the background is done before somebody else's turn. */
const SETTLING_MS = 300;

class Track {
  readonly ticks: number[] = [];
  readonly busy: number[] = [];
  readonly #game: GalaxyGame;
  readonly #ids = visits(SYSTEMS);
  readonly #settle: () => Promise<void>;
  #commands = 0;

  constructor(game: GalaxyGame, settle: () => Promise<void> = async () => undefined) {
    this.#game = game;
    this.#settle = settle;
  }

  async block(ticks: number, paced: boolean, measured: boolean): Promise<void> {
    const began = performance.now();
    for (let tick = 0; tick < ticks; tick += 1) {
      const loop = new LoopTime();
      const from = performance.now();
      this.#tick();
      const took = performance.now() - from;
      await pause(paced ? Math.max(0, began + ((tick + 1) * 1_000) / HZ - performance.now()) : 1);
      if (!measured) continue;
      this.ticks.push(took * 1000);
      this.busy.push(loop.busyMicroseconds);
    }
    await this.#settle();
    if (paced) await pause(SETTLING_MS);
  }

  /** Every command counts: the metal of all systems, but for what they began with. */
  check(): void {
    let metal = 0;
    let index = 0;
    for (const system of this.#game.state.systems.values()) {
      metal += system.metal - (index % 1_000);
      index += 1;
    }
    if (metal !== this.#commands * 3) throw new Error(`${this.#commands} commands have mined ${metal}`);
  }

  #tick(): void {
    for (let each = 0; each < TICK_COMMANDS; each += 1) {
      this.#game.dispatch('mine', { system: this.#ids[this.#commands % SYSTEMS] as string, metal: 3 });
      this.#commands += 1;
    }
    this.#game.advance();
    if (this.#game.state.systems.size !== SYSTEMS) throw new Error('a system got lost');
  }
}

async function run({ folder, smoke }: Setting): Promise<Figures> {
  const disk = await openOrrery({ directory: folder, games: [galaxy] });
  const nowhere = await openOrrery({ directory: folder, games: [galaxy], store: () => new NullStore() });
  const durable = new Track(await disk.open(galaxy, 'andromeda', SYSTEMS), () => disk.flush());
  const onNull = new Track(await nowhere.open(galaxy, 'andromeda', SYSTEMS));
  const without = new Track(withoutRecords(SYSTEMS));
  const tracks = [durable, onNull, without];

  const blockTicks = smoke ? 2 : BLOCK_TICKS;
  for (let block = 0; block < WARM_UP_BLOCKS; block += 1) {
    for (const track of tracks) await track.block(blockTicks * 2, false, false);
  }
  await pause(smoke ? 0 : SETTLING_MS);
  const blocks = smoke ? 1 : BLOCKS;
  for (let block = 0; block < blocks; block += 1) {
    // Who begins changes, so that nobody always follows the same neighbour.
    for (let place = 0; place < tracks.length; place += 1) {
      await (tracks[(block + place) % tracks.length] as Track).block(blockTicks, !smoke, true);
    }
  }
  for (const track of tracks) track.check();
  await disk.close();
  await nowhere.close();
  await using reopened = await openOrrery({ directory: folder, games: [galaxy] });
  const { seq } = await reopened.load(galaxy, 'andromeda');
  const ticks = blocks * blockTicks;
  const played = ticks + WARM_UP_BLOCKS * blockTicks * 2;
  if (seq !== played * (TICK_COMMANDS + 1)) throw new Error(`the last seq is ${seq} after ${played} ticks`);

  const p99 = {
    durable: percentile(durable.ticks, 99),
    null: percentile(onNull.ticks, 99),
    without: percentile(without.ticks, 99),
  };
  const p50 = {
    durable: percentile(durable.ticks, 50),
    null: percentile(onNull.ticks, 50),
    without: percentile(without.ticks, 50),
  };
  return {
    tickP50Microseconds: p50.durable,
    tickP99Microseconds: p99.durable,
    nullTickP50Microseconds: p50.null,
    nullTickP99Microseconds: p99.null,
    withoutTickP50Microseconds: p50.without,
    withoutTickP99Microseconds: p99.without,
    ratioP50: p50.durable / p50.without,
    ratioP99: p99.durable / p99.without,
    nullRatioP99: p99.durable / p99.null,
    busyP50Microseconds: percentile(durable.busy, 50),
    busyP99Microseconds: percentile(durable.busy, 99),
    nullBusyP99Microseconds: percentile(onNull.busy, 99),
    withoutBusyP50Microseconds: percentile(without.busy, 50),
    withoutBusyP99Microseconds: percentile(without.busy, 99),
    busyRatioP50: percentile(durable.busy, 50) / percentile(without.busy, 50),
    busyRatioP99: percentile(durable.busy, 99) / percentile(without.busy, 99),
    ticks,
  };
}

export const tickLatency: Workload = {
  name: 'tick-latency',
  title: 'a tick of 500 commands over 10,000 systems, 20 a second, with persistence and without, in turns',
  sizes: [SYSTEMS],
  sizeUnit: 'systems',
  contenders: () => ['orrery'],
  run: (_trial, setting) => run(setting),
};
