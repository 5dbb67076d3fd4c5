// Runs one scenario with tinybench and gives its figures, all of them microseconds for one operation.

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
  readonly samples: number;
  readonly medianMicroseconds: number;
  /** Of samples, not of single operations. */
  readonly p99Microseconds: number;
  readonly meanMicroseconds: number;
  /** From the mean: what was done in the time that passed. */
  readonly operationsPerSecond: number;
}

interface Effort {
  /** A scenario runs until both have passed. */
  readonly time: number;
  readonly iterations: number;
  readonly warmupTime: number;
  readonly warmupIterations: number;
}

const FULL: Effort = { time: 1_000, iterations: 20, warmupTime: 300, warmupIterations: 5 };
const FULL_SLOW: Effort = { time: 2_000, iterations: 7, warmupTime: 0, warmupIterations: 1 };
const SMOKE: Effort = { time: 40, iterations: 3, warmupTime: 10, warmupIterations: 1 };
const SMOKE_SLOW: Effort = { time: 0, iterations: 1, warmupTime: 0, warmupIterations: 0 };

export async function measure(scenario: Scenario, setting: Setting): Promise<Measurement> {
  const effort = scenario.slow ? (setting.smoke ? SMOKE_SLOW : FULL_SLOW) : setting.smoke ? SMOKE : FULL;
  const work = await scenario.prepare(setting);
  try {
    collectGarbage();
    const bench = new Bench({ ...effort, warmup: effort.warmupIterations > 0, throws: true });
    const sample = async (): Promise<FnReturnedObject> => {
      const began = performance.now();
      if (work.before) await work.before();
      const timed = performance.now();
      const result = work.run();
      if (result instanceof Promise) await result;
      const ended = performance.now();
      return { overriddenDuration: (ended - timed) / work.operations, overriddenIterationCost: ended - began };
    };
    bench.add(scenario.name, sample, { async: true });
    const [task] = await bench.run();
    const result = task?.result;
    if (result?.state !== 'completed') throw new Error(`the benchmark ended as ${result?.state ?? 'nothing'}`);
    const { latency } = result;
    return {
      name: scenario.name,
      operation: scenario.operation,
      unit: scenario.unit,
      operationsPerSample: work.operations,
      samples: latency.samplesCount,
      medianMicroseconds: latency.p50 * 1000,
      p99Microseconds: latency.p99 * 1000,
      meanMicroseconds: latency.mean * 1000,
      operationsPerSecond: 1000 / latency.mean,
    };
  } finally {
    await work.close?.();
  }
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
