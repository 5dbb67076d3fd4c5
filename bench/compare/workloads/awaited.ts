// W1: one small command at a time, awaited until it is durable. By one caller, where what counts is how long the game
// loop was busy with it; and by a thousand callers at once, each with a command of its own, where what counts is how
// many become durable.
//
// Figures of W1: loopMicroseconds (time of the game loop for a command, its change of state included),
// latencyMicroseconds (mean, until durable), commandsPerSecond. Of W1-many: loopMicroseconds, commandsPerSecond (until
// the last is durable and work that was put off is done), acknowledgedPerSecond (until the last is durable).

import { setImmediate as nextTurn } from 'node:timers/promises';
import { CONTENDER_NAMES, contenderOf } from '../contenders.ts';
import { Drill } from '../drill.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';

const SYSTEMS = 10_000;
const CALLERS = 1_000;
const WARM_UP_MS = 500;
const MEASURE_MS = 1_200;
const SMOKE_MS = 40;

/** How often those who never wait for a disk let others have a turn. */
const COMMANDS_PER_TURN = 100;

/** One command after the other until the time is over. */
async function oneCaller(drill: Drill, ms: number): Promise<void> {
  const start = performance.now();
  for (let count = 1; performance.now() - start < ms; count += 1) {
    await drill.one();
    if (count % COMMANDS_PER_TURN === 0) await nextTurn();
  }
}

async function manyCallers(drill: Drill, callers: number, ms: number): Promise<void> {
  const start = performance.now();
  const caller = async (): Promise<void> => {
    for (let count = 1; performance.now() - start < ms; count += 1) {
      await drill.one();
      // Callers whose command is durable at once would otherwise do all of theirs before the next one begins.
      if (count % COMMANDS_PER_TURN === 0) await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function run(trial: Trial, { folder, smoke }: Setting, many: boolean): Promise<Figures> {
  const shape = { games: 1, systems: trial.size, queue: 0 };
  const drill = await Drill.begin(contenderOf(trial.contender), folder, shape);
  const work = (ms: number): Promise<void> =>
    many ? manyCallers(drill, CALLERS, smoke ? SMOKE_MS : ms) : oneCaller(drill, smoke ? SMOKE_MS : ms);
  await work(WARM_UP_MS);
  await drill.caughtUp();
  globalThis.gc?.();
  const before = drill.commands;
  const loop = new LoopTime();
  const start = performance.now();
  await work(MEASURE_MS);
  const durableMs = performance.now() - start;
  await drill.caughtUp();
  const allMs = performance.now() - start;
  const loopMicroseconds = loop.busyMicroseconds;
  const commands = drill.commands - before;
  await drill.verify();
  const figures = {
    loopMicroseconds: loopMicroseconds / commands,
    commandsPerSecond: (commands / allMs) * 1_000,
  };
  return many
    ? { ...figures, acknowledgedPerSecond: (commands / durableMs) * 1_000 }
    : { ...figures, latencyMicroseconds: (durableMs * 1_000) / commands };
}

export const oneCallerWorkload: Workload = {
  name: 'W1',
  title: 'one small command at a time, awaited, by one caller',
  sizes: [SYSTEMS],
  sizeUnit: 'systems',
  contenders: () => CONTENDER_NAMES,
  run: (trial, setting) => run(trial, setting, false),
};

export const manyCallersWorkload: Workload = {
  name: 'W1-many',
  title: 'small commands, each awaited by one of 1,000 callers at once; synchronous peers have a transaction for each',
  sizes: [SYSTEMS],
  sizeUnit: 'systems',
  contenders: () => CONTENDER_NAMES,
  run: (trial, setting) => run(trial, setting, true),
};
