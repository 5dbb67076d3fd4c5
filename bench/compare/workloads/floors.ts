// What the machine itself takes, measured without Orrery: for goals that are missed, how far anything could go.
//
// Figures of round-trip: loopMicroseconds, the time of the game loop for a message to a thread that makes 200 bytes
// durable, and for its answer, one after the other; latencyMicroseconds. Of hundred-megabytes: stallMicroseconds, as of
// checkpoint-stall, while a thread copies, writes, syncs and reads back 100 MB; milliseconds, how long that takes.

import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median } from '../../measure.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import type { FloorTask } from './floors-thread.ts';
import { gaps } from './gaps.ts';
import { percentile } from './percentile.ts';

const WARM_UP_MS = 500;
const MEASURE_MS = 1_200;
const SMOKE_MS = 40;
const WINDOWS = 5;
const SETTLING_MS = 1_000;

type Ask = (task: FloorTask) => Promise<void>;

async function roundTrips(ask: Ask, smoke: boolean): Promise<Figures> {
  const trips = async (ms: number): Promise<number> => {
    const end = performance.now() + (smoke ? SMOKE_MS : ms);
    let count = 0;
    for (; performance.now() < end; count += 1) await ask('record');
    return count;
  };
  await trips(WARM_UP_MS);
  const loop = new LoopTime();
  const began = performance.now();
  const count = await trips(MEASURE_MS);
  const took = performance.now() - began;
  return { loopMicroseconds: loop.busyMicroseconds / count, latencyMicroseconds: (took * 1_000) / count };
}

async function images(ask: Ask, smoke: boolean): Promise<Figures> {
  const stalls: number[] = [];
  const durations: number[] = [];
  await ask('image');
  for (let window = 0; window < (smoke ? 1 : WINDOWS); window += 1) {
    await pause(smoke ? 0 : SETTLING_MS);
    const began = performance.now();
    const during = await gaps(Number.POSITIVE_INFINITY, ask('image'));
    const took = performance.now() - began;
    await pause(smoke ? 0 : SETTLING_MS);
    const without = await gaps(took);
    stalls.push(Math.max(0, percentile(during, 100) - percentile(without, 100)));
    durations.push(took);
  }
  return { stallMicroseconds: median(stalls), milliseconds: median(durations) };
}

const MEASURING: Readonly<Record<string, (ask: Ask, smoke: boolean) => Promise<Figures>>> = {
  'round-trip': roundTrips,
  'hundred-megabytes': images,
};

async function run({ contender }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const measure = MEASURING[contender];
  if (!measure) throw new Error(`nobody is called ${contender} here`);
  const thread = new Worker(new URL('floors-thread.js', import.meta.url), { workerData: folder });
  try {
    let asked: { resolve: () => void; reject: (error: unknown) => void } | undefined;
    thread.on('message', () => asked?.resolve());
    thread.on('error', (error) => asked?.reject(error));
    const ask: Ask = (task) =>
      new Promise((resolve, reject) => {
        asked = { resolve, reject };
        thread.postMessage(task);
      });
    return await measure(ask, smoke);
  } finally {
    await thread.terminate();
  }
}

export const floors: Workload = {
  name: 'floors',
  title: 'what the machine takes without Orrery, for the goals that are missed',
  sizes: [0],
  sizeUnit: '',
  contenders: () => Object.keys(MEASURING),
  run,
};
