// The numbers to tune by, against what the test itself has sent.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defineGame, MemoryStore, type Orrery, type OrreryMetrics, openOrrery, shardOf } from '#index.ts';
import { silent } from '../game/galaxy.ts';
import { add, harbour } from './harbour.ts';

const counter = defineGame('counter', {
  history: 'ticks',
  version: 1,
  initial: () => ({ n: 0, m: 0 }),
  commands: {
    add(draft: { n: number; m: number }, by: number) {
      draft.n += by;
      draft.m -= by;
    },
  },
});

async function withOrrery(
  options: Omit<Parameters<typeof openOrrery>[0], 'directory' | 'games'>,
  use: (orrery: Orrery) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-metrics-'));
  try {
    const orrery = await openOrrery({ directory, games: [counter], logger: silent, ...options });
    await use(orrery);
    await orrery.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function sumOf(metrics: OrreryMetrics, name: 'records' | 'bytes' | 'batches' | 'patchesIn' | 'journalBytesWritten') {
  return metrics.shards.reduce((sum, shard) => sum + shard[name], 0);
}

it('[ME1] counts what became durable, by shard, by game and in total', async () => {
  await withOrrery({ shards: 2 }, async (orrery) => {
    const games = await Promise.all(['a', 'b', 'c'].map((id) => orrery.open(counter, id)));
    for (const [index, game] of games.entries()) {
      for (let each = 0; each < 10 * (index + 1); each += 1) game.dispatch('add', 1);
    }
    await orrery.flush();
    await orrery.checkpoint();
    const metrics = await orrery.metrics();

    expect(metrics.shards.length).toBe(2);
    expect(metrics.total.records).toBe(60 + 3);
    expect(metrics.total.queuedRecords).toBe(0);
    for (const name of ['records', 'bytes', 'batches', 'patchesIn', 'journalBytesWritten'] as const) {
      expect(metrics.total[name], name).toBe(sumOf(metrics, name));
    }
    // Every command has two patches, all of one tick: two are left for each game.
    expect(metrics.total.patchesIn).toBe(120);
    expect(metrics.total.patchesOut).toBe(6);
    expect(metrics.total.coalescingRatio).toBeCloseTo(6 / 120);
    expect(
      metrics.games.map(({ id, shard, seq, records, patches, patchesIn, patchesOut }) => {
        return { id, shard, seq, records, patches, patchesIn, patchesOut };
      }),
    ).toEqual(
      ['a', 'b', 'c'].map((id, index) => {
        const commands = 10 * (index + 1);
        const patches = 2 * commands;
        // The record that creates a game counts, with its one patch.
        return {
          id,
          shard: shardOf(id, 2),
          seq: commands,
          records: commands + 1,
          patches: patches + 1,
          patchesIn: patches,
          patchesOut: 2,
        };
      }),
    );
    for (const shard of metrics.shards) {
      expect(shard.batchRecords.count).toBe(shard.batches);
      expect(shard.batchRecords.mean * shard.batches).toBeCloseTo(shard.records, 6);
      expect(shard.syncMicroseconds.count).toBe(shard.batches);
      expect(shard.checkpointMicroseconds.count).toBe(1);
      expect(shard.compactionLagBytes).toBe(0);
    }
  });
});

it('[ME2] a distribution is in order, and a wait for the disk is no shorter than its parts', async () => {
  await withOrrery({}, async (orrery) => {
    const game = await orrery.open(counter, 'a');
    for (let each = 0; each < 50; each += 1) await game.dispatch('add', 1).durable;
    const { total } = await orrery.metrics();
    for (const name of [
      'batchRecords',
      'batchBytes',
      'commitMicroseconds',
      'durableMicroseconds',
      'syncMicroseconds',
    ] as const) {
      const { count, min, mean, p50, p90, p99, max } = total[name];
      expect(count, name).toBe(51);
      expect([min, p50, p90, p99, max]).toEqual([min, p50, p90, p99, max].sort((a, b) => a - b));
      expect(mean).toBeGreaterThanOrEqual(min);
      expect(mean).toBeLessThanOrEqual(max);
    }
    expect(total.syncMicroseconds.mean).toBeLessThanOrEqual(total.commitMicroseconds.mean);
    expect(total.commitMicroseconds.mean).toBeLessThanOrEqual(total.durableMicroseconds.mean);
  });
});

it('[ME3] what waits is counted, by game too, and what was refused', async () => {
  await withOrrery({ store: () => new MemoryStore(), commitQueueBytes: 1000 }, async (orrery) => {
    const game = await orrery.open(counter, 'a');
    const other = await orrery.open(counter, 'b');
    other.dispatch('add', 1);
    let accepted = 0;
    let refused = 0;
    for (let each = 0; each < 100; each += 1) {
      try {
        game.dispatch('add', 1);
        accepted += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'BACKPRESSURE' });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
    const health = orrery.health.shards[0]!;
    expect(health.queuedRecords).toBe(accepted + 1);
    await orrery.flush();
    const metrics = await orrery.metrics();
    expect(metrics.total.refused).toBe(refused);
    expect(metrics.games.map(({ queuedRecords }) => queuedRecords)).toEqual([0, 0]);
    expect(metrics.total.records).toBe(accepted + 1 + 2);
  });
});

it('[ME4] hits and misses of games in memory, and evictions', async () => {
  await withOrrery({ store: () => new MemoryStore(), maxLoadedGames: 2 }, async (orrery) => {
    expect((await orrery.metrics()).cache).toEqual({ hits: 0, misses: 0, hitRate: 0, loadedGames: 0, evictedGames: 0 });
    for (const id of ['a', 'b', 'a', 'b', 'a']) await orrery.open(counter, id);
    expect((await orrery.metrics()).cache).toEqual({
      hits: 3,
      misses: 2,
      hitRate: 0.6,
      loadedGames: 2,
      evictedGames: 0,
    });
    await orrery.open(counter, 'c');
    await orrery.open(counter, 'b');
    const { cache } = await orrery.metrics();
    expect(cache.evictedGames).toBeGreaterThan(0);
    expect(cache.hits + cache.misses).toBe(7);
    expect(cache.loadedGames).toBe(2);
  });
});

it('[ME3] what waits is counted while it waits, by game and in total', async () => {
  const options = { store: () => new MemoryStore(), durability: 'relaxed', coalescingDelayMs: 60_000 } as const;
  await withOrrery(options, async (orrery) => {
    const [a, b] = await Promise.all([orrery.open(counter, 'a'), orrery.open(counter, 'b')]);
    for (let each = 0; each < 5; each += 1) a.dispatch('add', 1);
    for (let each = 0; each < 2; each += 1) b.dispatch('add', 1);
    const { total, games } = await orrery.metrics();
    expect(games.map(({ id, queuedRecords }) => [id, queuedRecords])).toEqual([
      ['a', 5],
      ['b', 2],
    ]);
    expect(total.queuedRecords).toBe(7);
    expect(total.queuedBytes).toBeGreaterThan(7 * 40);
  });
});

it('[ME5] commits that failed are counted', async () => {
  const { orrery, store, game } = await harbour();
  store.fail('commit', 'IO_FAILED');
  await add(game).durable;
  expect((await orrery.metrics()).total.failedCommits).toBe(1);
});

it('[ME5] records given up for whole states are counted', async () => {
  await withOrrery({ store: () => new MemoryStore(), commitQueueBytes: 500, overflow: 'coalesce' }, async (orrery) => {
    const game = await orrery.open(counter, 'a');
    for (let each = 0; each < 50; each += 1) game.dispatch('add', 1);
    await orrery.flush();
    const { total } = await orrery.metrics();
    expect(total.merged).toBeGreaterThan(0);
    // One record for those that were merged, one that created the game.
    expect(total.records).toBe(50 - total.merged + 2);
    expect(game.state.n).toBe(50);
  });
});
