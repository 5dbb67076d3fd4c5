// Threads that simulate, and what they found together. Before it: npm run torture or a test; after it: simulation.ts, in a
// copy of the project.

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { EngineKind } from './engine.ts';
import type { Finding, Limits } from './explore.ts';
import type { Lie } from './recording-files.ts';
import type { Case, SimulationNews, SimulationOrders } from './simulation.ts';
import { addTallies, type TallyData } from './tally.ts';
import { type Edit, entryOf, makeVariant } from './variant.ts';

export interface CrewOrders {
  readonly kind: EngineKind;
  readonly states: number;
  readonly seconds?: number;
  readonly seed: number;
  readonly first?: number;
  readonly threads?: number;
  readonly limits?: Limits;
  /** Look for a shorter workload that breaks a promise as well: yes, unless this says no. */
  readonly shorten?: boolean;
  readonly cases?: readonly Case[];
  /** What makes it a mutant. */
  readonly edits?: readonly Edit[];
  readonly lies?: readonly Lie[];
  readonly progress?: (tally: TallyData, seconds: number) => void;
}

export interface Outcome {
  readonly tally: TallyData;
  readonly findings: readonly Finding[];
  readonly seconds: number;
}

/** Many workloads, and not all of each: the states of one have much in common. Of small ones everything. */
export const BROAD: Limits = {
  pointEvery: 1,
  statesAPoint: 8,
  statesOfSmall: 256,
  makingEvery: 8,
  sequelEvery: 200,
  recoveryEvery: 400,
  statesAgain: 4,
  damageEvery: 40,
};

/** The full engine takes twenty times as long for a state. */
const FULL: Limits = { ...BROAD, pointEvery: 4, statesAPoint: 4, statesOfSmall: 32 };

export async function simulate(orders: CrewOrders): Promise<Outcome> {
  const { kind, states, seed, threads = availableParallelism(), edits = [], progress } = orders;
  using variant = makeVariant(kind, edits);
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const latest: TallyData[] = [];
  const runs = Array.from({ length: threads }, async (_, index) => {
    const forThread: SimulationOrders = {
      kind,
      limits: orders.limits ?? (kind === 'plain' ? BROAD : FULL),
      lies: orders.lies ?? [],
      shorten: orders.shorten ?? true,
      states: Math.ceil(states / threads),
      seconds: orders.seconds ?? Number.POSITIVE_INFINITY,
      seed,
      first: (orders.first ?? 0) + index,
      stride: threads,
      ...(orders.cases ? { cases: orders.cases } : {}),
    };
    const worker = new Worker(entryOf(variant), { workerData: forThread });
    let done: Extract<SimulationNews, { done: unknown }> | undefined;
    worker.on('message', (news: SimulationNews) => {
      if ('done' in news) done = news;
      else {
        latest[index] = news.progress;
        progress?.(addTallies(latest.filter((each) => each !== undefined)), elapsed());
      }
    });
    await once(worker, 'exit');
    if (!done) throw new Error('a thread of the simulator ended without saying what it had found');
    return done;
  });
  const results = await Promise.all(runs);
  return {
    tally: addTallies(results.map((result) => result.done)),
    findings: results.flatMap(({ finding }) => finding ?? []),
    seconds: elapsed(),
  };
}

/** A finding as text: what was done, and how to see it again. */
export function tellFinding({ seed, workload, violation, story }: Finding, kind: EngineKind): string {
  return [
    `VIOLATION of the ${kind} engine: ${violation}`,
    ...story.map((line) => `  ${line}`),
    `  again: npm run torture -- --replay '${JSON.stringify({ kind, seed, workload })}'`,
  ].join('\n');
}
