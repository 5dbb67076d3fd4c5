// The numbers that `orrery.metrics()` gives: those of each shard from its commit queue and its store, and all of them
// together.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { GameActor } from '../core/game/actor.ts';
import type { Registry } from '../core/game/registry.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { KnownStats } from './figures.ts';
import type { CommitQueueHealth } from './health.ts';
import type { Meter } from './meter.ts';
import type { GameSink } from './sink.ts';

/** How something was distributed since the orrery was opened. Everything is 0 when there has been nothing yet. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** One shard, or all of them. Counts are since the orrery was opened. */
export interface ShardMetrics {
  /** Accepted and not yet durable: how far the disk is behind the games. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** How long the batch that was accepted first has waited, in milliseconds; 0 when nothing waits. */
  readonly oldestWaitingMs: number;
  /**
   * How old the numbers are that the owner gives, in milliseconds: 0, unless it does not answer. They are those from
   * syncMicroseconds to journalBytes, and patches; all 0 if it has never answered.
   */
  readonly ownerAgeMs: number;
  /** Durable records and their bytes. */
  readonly records: number;
  readonly bytes: number;
  readonly batches: number;
  /** Commits that failed and were tried again. */
  readonly failedCommits: number;
  readonly batchRecords: Distribution;
  readonly batchBytes: Distribution;
  /** From handing a batch to the owner to its acknowledgement. */
  readonly commitMicroseconds: Distribution;
  /** From accepting the first record of a batch to its acknowledgement. */
  readonly durableMicroseconds: Distribution;
  /** In the owner, for each frame: write, fdatasync. */
  readonly syncMicroseconds: Distribution;
  readonly journalBytesWritten: number;
  readonly imageBytesWritten: number;
  /** Of the newest image. */
  readonly imageBytes: number;
  /** Durable and not yet in the database. */
  readonly compactionLagBytes: number;
  /** Of journal since the newest image: what a crash now would leave to replay. */
  readonly journalBytes: number;
  readonly checkpointMicroseconds: Distribution;
  /** Patches that were compacted, and what merging left of them. */
  readonly patchesIn: number;
  readonly patchesOut: number;
  /** patchesOut / patchesIn: 1 when nothing could be merged, 0 when there was nothing yet. */
  readonly coalescingRatio: number;
  /** Commands refused with BACKPRESSURE. */
  readonly refused: number;
  /** Records for which a whole state was sent, at the bound of the commit queue. */
  readonly merged: number;
}

/** One game that is in memory. Counts are since the orrery first opened it. */
export interface GameMetrics {
  readonly id: string;
  readonly type: string;
  readonly shard: number;
  readonly seq: number;
  readonly tick: number;
  /** Accepted and not yet durable. */
  readonly queuedRecords: number;
  readonly records: number;
  readonly bytes: number;
  readonly patches: number;
  /** No less than the size of the state as JSON. */
  readonly stateBytes: number;
  /** Of its patches since the orrery was opened, those that were compacted, and what merging left of them. */
  readonly patchesIn: number;
  readonly patchesOut: number;
  readonly coalescingRatio: number;
}

/** How often `open` and `load` found a game in memory. */
export interface CacheMetrics {
  readonly hits: number;
  readonly misses: number;
  /** hits / (hits + misses), 0 when nobody has asked yet. */
  readonly hitRate: number;
  readonly loadedGames: number;
  readonly evictedGames: number;
}

export interface OrreryMetrics {
  readonly total: ShardMetrics;
  readonly shards: readonly ShardMetrics[];
  readonly games: readonly GameMetrics[];
  readonly cache: CacheMetrics;
}

/** What is known of one shard. */
export interface ShardSources {
  readonly meter: Meter;
  readonly health: CommitQueueHealth;
  readonly owner: KnownStats;
}

const HISTOGRAMS = [
  'batchRecords',
  'batchBytes',
  'commitMicroseconds',
  'durableMicroseconds',
  'checkpointMicroseconds',
] as const;

/** `commitQueues` and what their owners say, by shard. */
export function orreryMetrics(
  registry: Registry,
  commitQueues: readonly CommitQueue[],
  owners: readonly KnownStats[],
): OrreryMetrics {
  const shards = commitQueues.map(({ meter, health }, shard) => ({
    meter,
    health,
    owner: owners[shard] as KnownStats,
  }));
  const { hits, misses, evicted } = registry;
  const games = [...registry.loaded()];
  return {
    total: shardMetrics(shards),
    shards: shards.map((shard) => shardMetrics([shard])),
    games: gameMetrics(games, commitQueues, owners),
    cache: { hits, misses, hitRate: ratio(hits, hits + misses), loadedGames: games.length, evictedGames: evicted },
  };
}

/** Of one shard, or of several together: sums, and distributions over all that happened in any of them. */
function shardMetrics(shards: readonly ShardSources[]): ShardMetrics {
  const sum = (of: (shard: ShardSources) => number): number => shards.reduce((total, shard) => total + of(shard), 0);
  const [batchRecords, batchBytes, commitMicroseconds, durableMicroseconds, checkpointMicroseconds] = HISTOGRAMS.map(
    (name) => distribution(shards.map(({ meter }) => meter[name])),
  ) as [Distribution, Distribution, Distribution, Distribution, Distribution];
  const most = (of: (shard: ShardSources) => number): number => Math.max(0, ...shards.map(of));
  const patchesIn = sum(({ owner }) => owner.stats?.patchesIn ?? 0);
  const patchesOut = sum(({ owner }) => owner.stats?.patchesOut ?? 0);
  return {
    queuedRecords: sum(({ health }) => health.queuedRecords),
    queuedBytes: sum(({ health }) => health.queuedBytes),
    oldestWaitingMs: most(({ health }) => health.oldestWaitingMs),
    ownerAgeMs: most(({ owner }) => owner.ageMs),
    records: sum(({ meter }) => meter.records),
    bytes: sum(({ meter }) => meter.bytes),
    batches: batchRecords.count,
    failedCommits: sum(({ meter }) => meter.failedCommits),
    batchRecords,
    batchBytes,
    commitMicroseconds,
    durableMicroseconds,
    syncMicroseconds: distribution(shards.flatMap(({ owner }) => owner.stats?.syncMicroseconds ?? [])),
    journalBytesWritten: sum(({ owner }) => owner.stats?.journalBytesWritten ?? 0),
    imageBytesWritten: sum(({ owner }) => owner.stats?.imageBytesWritten ?? 0),
    imageBytes: sum(({ owner }) => owner.stats?.imageBytes ?? 0),
    compactionLagBytes: sum(({ owner }) => owner.stats?.load.compactionLagBytes ?? 0),
    journalBytes: sum(({ owner }) => owner.stats?.load.journalBytes ?? 0),
    checkpointMicroseconds,
    patchesIn,
    patchesOut,
    coalescingRatio: ratio(patchesOut, patchesIn),
    refused: sum(({ meter }) => meter.refused),
    merged: sum(({ meter }) => meter.merged),
  };
}

/** Of games in memory; `commitQueues` and what their owners say, by shard. */
function gameMetrics(
  actors: readonly GameActor[],
  commitQueues: readonly CommitQueue[],
  owners: readonly KnownStats[],
): GameMetrics[] {
  const pending = commitQueues.map((commitQueue) => commitQueue.pending());
  const compacted = owners.map(({ stats }) => new Map(stats?.games.map((game) => [game.id, game])));
  return actors.map((game) => {
    // loaded-games.ts gave each its sink.
    const sink = game.sink as GameSink;
    const shard = commitQueues.indexOf(sink.commitQueue);
    const firstQueued = pending[shard]?.get(game.id);
    const { patchesIn = 0, patchesOut = 0 } = compacted[shard]?.get(game.id) ?? {};
    return {
      id: game.id,
      type: game.type.name,
      shard,
      seq: game.seq,
      tick: game.tick,
      queuedRecords: firstQueued === undefined ? 0 : game.seq - firstQueued + 1,
      ...sink.figures,
      patchesIn,
      patchesOut,
      coalescingRatio: ratio(patchesOut, patchesIn),
    };
  });
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function distribution(histograms: readonly RecordableHistogram[]): Distribution {
  const all = createHistogram();
  for (const histogram of histograms) if (histogram.count > 0) all.add(histogram);
  if (all.count === 0) return { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  return {
    count: all.count,
    min: all.min,
    mean: all.mean,
    p50: all.percentile(50),
    p90: all.percentile(90),
    p99: all.percentile(99),
    max: all.max,
  };
}
