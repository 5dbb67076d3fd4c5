// Runs a scenario with tinybench and gives its figures, all of them microseconds for one operation. In a full run every
// scenario has several rounds, and those it is compared with have theirs in between: other work on the machine comes
// and goes, and should meet them all.

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Bench, type FnReturnedObject } from 'tinybench';
import type { Scenario, Setting } from './scenario.ts';

export interface Measurement {
  readonly name: string;
  readonly operation: string;
  readonly unit: string;
  /** A sample is the mean of so many operations, done one after the other. */
  readonly operationsPerSample: number;
  /** Of all rounds together, as are the figures below. */
  readonly samples: number;
  readonly medianMicroseconds: number;
  /** Of samples, not of single operations. */
  readonly p99Microseconds: number;
  readonly meanMicroseconds: number;
  /** From the mean: what was done in the time that passed. */
  readonly operationsPerSecond: number;
  /** The median of each round. */
  readonly roundsMicroseconds: readonly number[];
}

/** What one round of one scenario gave: samples in microseconds for one operation. */
export interface Round {
  readonly operationsPerSample: number;
  readonly samples: readonly number[];
}

interface Effort {
  /** A round lasts until both have passed. */
  readonly time: number;
  readonly iterations: number;
  readonly warmupTime: number;
  readonly warmupIterations: number;
}

const FULL: Effort = { time: 250, iterations: 10, warmupTime: 150, warmupIterations: 5 };
const FULL_SLOW: Effort = { time: 500, iterations: 2, warmupTime: 0, warmupIterations: 1 };
const SMOKE: Effort = { time: 40, iterations: 3, warmupTime: 10, warmupIterations: 1 };
const SMOKE_SLOW: Effort = { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0 };

export function roundsOf(smoke: boolean): number {
  return smoke ? 1 : 5;
}

export async function measureRound(scenario: Scenario, setting: Setting): Promise<Round> {
  const effort = scenario.slow ? (setting.smoke ? SMOKE_SLOW : FULL_SLOW) : setting.smoke ? SMOKE : FULL;
  const work = await scenario.prepare(setting);
  try {
    collectGarbage();
    const bench = new Bench({ ...effort, warmup: effort.warmupIterations > 0, throws: true, retainSamples: true });
    const sample = async (): Promise<FnReturnedObject> => {
      const began = performance.now();
      if (work.before) await work.before();
      const timed = performance.now();
      const result = work.run();
      if (result instanceof Promise) await result;
      const ended = performance.now();
      const taken = work.measured?.() ?? ended - timed;
      return { overriddenDuration: taken / work.operations, overriddenIterationCost: ended - began };
    };
    bench.add(scenario.name, sample, { async: true });
    const [task] = await bench.run();
    const result = task?.result;
    if (result?.state !== 'completed') throw new Error(`the benchmark ended as ${result?.state ?? 'nothing'}`);
    const milliseconds: readonly number[] = result.latency.samples ?? [];
    return { operationsPerSample: work.operations, samples: milliseconds.map((each) => each * 1000) };
  } finally {
    await work.close?.();
  }
}

/** The figures of a scenario from its rounds, of which there is at least one. */
export function summarise({ name, operation, unit }: Scenario, rounds: readonly Round[]): Measurement {
  const samples = sorted(rounds.flatMap((round) => round.samples));
  const mean = samples.reduce((sum, each) => sum + each, 0) / samples.length;
  return {
    name,
    operation,
    unit,
    operationsPerSample: (rounds[0] as Round).operationsPerSample,
    samples: samples.length,
    medianMicroseconds: median(samples),
    p99Microseconds: samples[Math.ceil(samples.length * 0.99) - 1] as number,
    meanMicroseconds: mean,
    operationsPerSecond: 1e6 / mean,
    roundsMicroseconds: rounds.map((round) => median(round.samples)),
  };
}

export function median(values: readonly number[]): number {
  const ascending = sorted(values);
  const upper = ascending[ascending.length >> 1] as number;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[(ascending.length >> 1) - 1] as number)) / 2;
}

function sorted(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

let collect: (() => void) | undefined;

/** No scenario pays for what the one before it has left behind. */
function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
