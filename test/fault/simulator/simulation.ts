// The thread that simulates, in a copy of the project that variant.ts has made: workload after workload until there are enough
// states, it has taken long enough, or a promise is broken. crew.ts starts such threads and adds up what they say.

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { dice } from '../../programs/script.ts';
import { type EngineKind, engineOf } from './engine.ts';
import { Exploration, type Finding, type Limits } from './explore.ts';
import type { Lie } from './recording-files.ts';
import { shorten } from './shorten.ts';
import type { Tally, TallyData } from './tally.ts';
import { type Workload, workloadOf } from './workload.ts';

export interface SimulationOrders {
  readonly kind: EngineKind;
  readonly limits: Limits;
  readonly lies: readonly Lie[];
  /** Stops when it has come past so many states, or after so long. */
  readonly states: number;
  readonly seconds: number;
  /** The numbers of the workloads: first, first + stride, ... */
  readonly seed: number;
  readonly first: number;
  readonly stride: number;
  /** Look for a shorter workload that fails as well. */
  readonly shorten: boolean;
  /** These in place of workloads by dice. */
  readonly cases?: readonly Case[];
}

/** A workload, and the seed of what is done with it. */
export interface Case {
  readonly seed: number;
  readonly workload: Workload;
}

export type SimulationNews =
  | { readonly progress: TallyData }
  | { readonly done: TallyData; readonly finding: Finding | undefined };

const NEWS_EVERY_MS = 1000;

function caseOf(seed: number, number: number): Case {
  const ownSeed = (Math.imul(seed, 1_000_003) + Math.imul(number, 7919)) | 0;
  return { seed: ownSeed, workload: workloadOf(dice(ownSeed)) };
}

/** Salts, temporary names and uuids by dice: the same seed gives the same bytes. */
function takeChanceAway(seed: number): void {
  const roll = dice(seed);
  const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => roll(256)));
  Object.assign(crypto, {
    randomBytes,
    randomUUID: () => {
      const hex = randomBytes(16).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  });
  syncBuiltinESMExports();
}

function simulate(orders: SimulationOrders, tell: (news: SimulationNews) => void): void {
  const { kind, limits, lies, states, seconds, seed, first, stride, cases } = orders;
  const engine = engineOf(kind);
  const began = performance.now();
  let told = began;
  const enough = (tally: Tally): boolean => {
    const now = performance.now();
    if (now - told > NEWS_EVERY_MS) {
      told = now;
      tell({ progress: tally.data() });
    }
    return tally.states >= states || now - began > seconds * 1000;
  };
  const exploration = new Exploration(engine, limits, new Set(lies), enough);
  const last = cases?.length ?? Number.POSITIVE_INFINITY;
  for (let number = first; number < last && !enough(exploration.tally); number += stride) {
    const each = cases?.[number] ?? caseOf(seed, number);
    takeChanceAway(each.seed);
    exploration.explore(each.workload, each.seed);
    if (exploration.finding) break;
  }
  const { finding, tally } = exploration;
  const shortest =
    finding && orders.shorten ? shorten(finding, engine, limits, new Set(lies), takeChanceAway) : finding;
  tell({ done: tally.data(), finding: shortest });
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  simulate(workerData as SimulationOrders, (news) => port.postMessage(news));
}
