// Every workload, in the order in which they run and are shown.

import type { Workload } from './workload.ts';
import { manyCallersWorkload, oneCallerWorkload } from './workloads/awaited.ts';
import { checkpointStall } from './workloads/checkpoint-stall.ts';
import { evictedGames } from './workloads/evicted-games.ts';
import { floors } from './workloads/floors.ts';
import { galacticWar } from './workloads/galactic-war.ts';
import { bytesWorkload, loopWorkload, wideLoopWorkload } from './workloads/loop.ts';
import { manyGamesWorkload } from './workloads/many-games.ts';
import { queueWorkload } from './workloads/queue.ts';
import { recovery } from './workloads/recovery.ts';
import { wholeSave } from './workloads/save.ts';
import { shards } from './workloads/shards.ts';
import { tickLatency } from './workloads/tick-latency.ts';

export const WORKLOADS: readonly Workload[] = [
  oneCallerWorkload,
  manyCallersWorkload,
  loopWorkload,
  bytesWorkload,
  wideLoopWorkload,
  manyGamesWorkload,
  wholeSave,
  recovery,
  queueWorkload,
  galacticWar,
  tickLatency,
  checkpointStall,
  evictedGames,
  shards,
  floors,
];
