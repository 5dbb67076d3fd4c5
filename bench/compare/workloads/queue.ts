// W7: a list used as a queue, 10,000 orders long. A command takes the oldest out and puts a new one at the end; 500
// commands a tick, 20 ticks a second.
//
// Figures: as those of W2.

import { TICK_COMMANDS } from '../../galaxy.ts';
import { CONTENDER_NAMES, contenderOf } from '../contenders.ts';
import { Drill } from '../drill.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';

const WARM_UP_MS = 500;
const FAST_MS = 800;
const PACED_MS = 1_200;
const SMOKE_MS = 40;

async function run({ contender, size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const ms = (wanted: number): number => (smoke ? SMOKE_MS : wanted);
  const drill = await Drill.begin(contenderOf(contender), folder, { games: 1, systems: 1, queue: size });
  const commandsPerTick = await drill.commandsPerTick(TICK_COMMANDS);
  const unbounded = { commands: Number.POSITIVE_INFINITY };
  await drill.asFastAsPossible(commandsPerTick, { ms: ms(WARM_UP_MS), ...unbounded });
  globalThis.gc?.();
  const { acknowledged, caughtUp } = await drill.asFastAsPossible(commandsPerTick, { ms: ms(FAST_MS), ...unbounded });
  globalThis.gc?.();
  const loopMicroseconds = await drill.paced(commandsPerTick, ms(PACED_MS));
  await drill.verify();
  return {
    loopMicroseconds,
    commandsPerSecond: (caughtUp.commands / caughtUp.ms) * 1_000,
    acknowledgedPerSecond: (acknowledged.commands / acknowledged.ms) * 1_000,
    commandsPerTick,
  };
}

export const queueWorkload: Workload = {
  name: 'W7',
  title: 'a list as a queue: the oldest order out, a new one in, 500 times a tick, 20 ticks a second',
  sizes: [10_000],
  sizeUnit: 'orders',
  contenders: () => CONTENDER_NAMES,
  run,
};
