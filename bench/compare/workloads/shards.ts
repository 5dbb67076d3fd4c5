// P11: W4, 1,000 small games with 10 commands each a tick, as fast as it goes, on one shard and on two. The clock stops
// when the last command is durable and the background work of all shards has caught up.
//
// Figures: commandsPerSecond; durableCommandsPerSecond until the last is durable, background work or not;
// loopMicroseconds for a command, what the one game loop pays however many shards there are; processorMicroseconds for
// a command, of all threads; commands.

import { performance } from 'node:perf_hooks';
import { openOrrery, type Receipt } from '../../../src/index.ts';
import { galaxy, visits } from '../../galaxy.ts';
import { LoopTime } from '../loop-time.ts';
import { processorMicroseconds } from '../process-figures.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';

const GAMES = 1_000;
const SMOKE_GAMES = 20;
const SYSTEMS = 20;
const COMMANDS = 10;
const WARM_UP_TICKS = 5;
const TICKS = 25;

/** How many ticks may be under way. */
const UNDER_WAY = 8;

async function run({ size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const options = { directory: folder, games: [galaxy], shards: size };
  const orrery = await openOrrery(options);
  const names = Array.from({ length: smoke ? SMOKE_GAMES : GAMES }, (_, index) => `match ${index}`);
  const games = await Promise.all(names.map((name) => orrery.open(galaxy, name, SYSTEMS)));
  const ids = visits(SYSTEMS);
  let commands = 0;
  /** Those and the ticks of each game. */
  let records = 0;
  const tick = (): Receipt[] =>
    // The last receipt of each shard would do; the last of each game is as good, and nobody has to know the shards.
    games.map((game) => {
      let last = game.advance();
      for (let each = 0; each < COMMANDS; each += 1) {
        last = game.dispatch('mine', { system: ids[(commands + each) % SYSTEMS] as string, metal: 3 });
      }
      commands += COMMANDS;
      records += COMMANDS + 1;
      return last;
    });
  const play = async (ticks: number): Promise<void> => {
    const underWay: Receipt[][] = [];
    for (let count = 0; count < ticks; count += 1) {
      underWay.push(tick());
      // Without a turn of the event loop nothing would ever leave.
      await new Promise((resolve) => setImmediate(resolve));
      if (underWay.length >= UNDER_WAY) await durable(underWay.shift());
    }
    for (const receipts of underWay) await durable(receipts);
  };
  await play(smoke ? 1 : WARM_UP_TICKS);
  await orrery.list();

  const before = commands;
  const loop = new LoopTime();
  const processor = process.cpuUsage();
  const began = performance.now();
  await play(smoke ? 2 : TICKS);
  const durableAt = performance.now();
  const rows = await orrery.list();
  const compactedAt = performance.now();
  const busy = loop.busyMicroseconds;
  const used = processorMicroseconds(processor);
  const counted = commands - before;

  check(rows, records, names.length);
  await orrery.close();
  await using reopened = await openOrrery(options);
  check(await reopened.list(), records, names.length);
  return {
    commandsPerSecond: (counted * 1000) / (compactedAt - began),
    durableCommandsPerSecond: (counted * 1000) / (durableAt - began),
    loopMicroseconds: busy / counted,
    processorMicroseconds: used / counted,
    commands: counted,
  };
}

async function durable(receipts: readonly Receipt[] = []): Promise<void> {
  for (const receipt of receipts) await receipt.durable;
}

/** The last seq of a game counts its records. */
function check(rows: readonly { readonly seq: number }[], records: number, games: number): void {
  const found = rows.reduce((sum, { seq }) => sum + seq, 0);
  if (rows.length !== games || found !== records) {
    throw new Error(`${rows.length} of ${games} games are there, with ${found} of ${records} records`);
  }
}

export const shards: Workload = {
  name: 'shards',
  title:
    'W4, 1,000 small games with 10 commands each a tick, unpaced, until durable and compacted, on one shard and on two',
  sizes: [1, 2],
  sizeUnit: 'shards',
  contenders: () => ['orrery'],
  run,
};
