// W4: 1,000 small games, 10 commands each in a tick. That is 200,000 commands a second at 20 Hz, so nobody waits for a
// clock here: ticks follow each other as fast as they can.
//
// Figures: commandsPerSecond (until the last is durable and work that was put off is done), acknowledgedPerSecond
// (until the last is durable), loopMicroseconds (all time of the game loop for a command), processorMicroseconds (of
// all threads, for a command).

import { CONTENDER_NAMES, contenderOf } from '../contenders.ts';
import { Drill } from '../drill.ts';
import { LoopTime } from '../loop-time.ts';
import { processorMicroseconds } from '../process-figures.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';

const SYSTEMS = 20;
const COMMANDS_PER_GAME = 10;
const WARM_UP_MS = 700;
const MEASURE_MS = 1_500;
const SMOKE_MS = 40;
const SMOKE_GAMES = 20;

async function run({ contender, size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const games = smoke ? SMOKE_GAMES : size;
  const shape = { games, systems: SYSTEMS, queue: 0 };
  const drill = await Drill.begin(contenderOf(contender), folder, shape, COMMANDS_PER_GAME);
  const work = (ms: number) =>
    drill.asFastAsPossible(games * COMMANDS_PER_GAME, {
      ms: smoke ? SMOKE_MS : ms,
      commands: Number.POSITIVE_INFINITY,
    });
  await work(WARM_UP_MS);
  globalThis.gc?.();
  const loop = new LoopTime();
  const processor = process.cpuUsage();
  const { acknowledged, caughtUp } = await work(MEASURE_MS);
  const busy = loop.busyMicroseconds;
  const used = processorMicroseconds(processor);
  await drill.verify();
  return {
    commandsPerSecond: (caughtUp.commands / caughtUp.ms) * 1_000,
    acknowledgedPerSecond: (acknowledged.commands / acknowledged.ms) * 1_000,
    loopMicroseconds: busy / caughtUp.commands,
    processorMicroseconds: used / caughtUp.commands,
  };
}

export const manyGamesWorkload: Workload = {
  name: 'W4',
  title: '1,000 games of 20 systems, 10 commands each in a tick, as fast as possible',
  sizes: [1_000],
  sizeUnit: 'games',
  contenders: () => CONTENDER_NAMES,
  run,
};
