// P6: how long the main thread stands still while a checkpoint publishes an image of about 100 MB. The loop does short
// turns and notes the time from each to the next, during a checkpoint and then, in the same process, for as long
// without one: the machine has stalls of its own, and only what is above those is caused by the checkpoint.
//
// Figures: longestMicroseconds, the longest gap during a checkpoint, and longestWithoutMicroseconds, in the window
// after it: medians over the windows. stallMicroseconds is the difference, at least 0. p999Microseconds and
// p999WithoutMicroseconds of all gaps. callbackMicroseconds is what the main thread did for one checkpoint in all, in a
// loop that had nothing else to do. checkpointMilliseconds, imageBytes, windows.

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { defineGame, type Orrery, openOrrery } from '../../../src/index.ts';
import { median } from '../../measure.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import { gaps } from './gaps.ts';
import { percentile } from './percentile.ts';

const IMAGE_BYTES = 100_000_000;
const SMOKE_BYTES = 2_000_000;
const GAME_BYTES = 1_000_000;
const WINDOWS = 5;

const SETTLING_MS = 1_000;

interface Archive {
  entries: number;
  /** Random bytes in base64: they deflate to what they were. */
  readonly note: string;
}

const archive = defineGame('archive', {
  version: 1,
  initial: (): Archive => ({ entries: 0, note: randomBytes(GAME_BYTES).toString('base64') }),
  commands: {
    enter(draft: Archive) {
      draft.entries += 1;
    },
  },
});

async function checkpoint(orrery: Orrery): Promise<{ readonly imageBytes: number; readonly durationMs: number }> {
  const [report] = await orrery.checkpoint();
  if (!report) throw new Error('there is no shard');
  return report;
}

async function run({ size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const bytes = smoke ? SMOKE_BYTES : size;
  const options = { directory: folder, games: [archive], maxLoadedGames: 2 };
  const orrery = await openOrrery(options);
  const games = Math.ceil(bytes / GAME_BYTES);
  for (let index = 0; index < games; index += 1) await orrery.open(archive, `archive ${index}`);
  const busy = await orrery.open(archive, 'archive 0');
  const { imageBytes } = await checkpoint(orrery);
  if (imageBytes < bytes * 0.95) throw new Error(`the image has ${imageBytes} bytes and not ${bytes}`);

  const longest: number[] = [];
  const longestWithout: number[] = [];
  const during: number[] = [];
  const without: number[] = [];
  const durations: number[] = [];
  const windows = smoke ? 1 : WINDOWS;
  for (let window = 0; window < windows; window += 1) {
    await busy.dispatch('enter').durable;
    await pause(smoke ? 0 : SETTLING_MS);
    const began = performance.now();
    const report = checkpoint(orrery);
    const found = await gaps(Number.POSITIVE_INFINITY, report);
    const lasted = performance.now() - began;
    durations.push((await report).durationMs);
    await pause(smoke ? 0 : SETTLING_MS);
    const quiet = await gaps(lasted);
    longest.push(percentile(found, 100));
    longestWithout.push(percentile(quiet, 100));
    for (const gap of found) during.push(gap);
    for (const gap of quiet) without.push(gap);
  }
  // With nothing else to do, whatever the loop is busy with is the checkpoint's.
  await busy.dispatch('enter').durable;
  await pause(smoke ? 0 : SETTLING_MS);
  const loop = new LoopTime();
  await checkpoint(orrery);
  const callbackMicroseconds = loop.busyMicroseconds;

  await orrery.close();
  await using reopened = await openOrrery(options);
  const { state } = await reopened.load(archive, 'archive 0');
  if (state.entries !== windows + 1) throw new Error(`${state.entries} of ${windows + 1} entries came back`);
  const longestMicroseconds = median(longest);
  const longestWithoutMicroseconds = median(longestWithout);
  return {
    longestMicroseconds,
    longestWithoutMicroseconds,
    stallMicroseconds: Math.max(0, longestMicroseconds - longestWithoutMicroseconds),
    p999Microseconds: percentile(during, 99.9),
    p999WithoutMicroseconds: percentile(without, 99.9),
    callbackMicroseconds,
    checkpointMilliseconds: median(durations),
    imageBytes,
    windows,
  };
}

export const checkpointStall: Workload = {
  name: 'checkpoint-stall',
  title:
    'the longest stall of the main thread while an image of 100 MB is published, against an equally long time without',
  sizes: [IMAGE_BYTES],
  sizeUnit: 'bytes',
  contenders: () => ['orrery'],
  run,
};
