// A store that does not answer: nothing fails, and nothing becomes durable. Time is moved by hand.

import { describe, expect, it } from 'vitest';
import { rejection } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime, write } from './harbour.ts';

describe('what waits for a store', () => {
  it('[O50] has its age told from acceptance on, and degrades the shard once above the bound, until it is durable', async () => {
    stopTime();
    const { orrery, store, game, told } = await harbour({ stalledAfterMs: 400 });
    store.hold();
    const waiting = (): number | undefined => orrery.health.shards[0]?.oldestWaitingMs;
    expect(waiting()).toBe(0);
    const first = outcome(add(game).durable);
    await pass(200);
    expect(waiting()).toBe(200);
    const second = outcome(add(game).durable);
    await pass(100);
    expect([waiting(), orrery.health.state, told]).toEqual([300, 'ok', []]);
    await pass(300);
    expect([waiting(), told]).toEqual([600, ['degraded STALLED']]);
    expect(orrery.health).toMatchObject({ state: 'degraded', shards: [{ error: { code: 'STALLED' } }] });
    await pass(10_000);
    expect(told).toEqual(['degraded STALLED']);
    store.release();
    await pass(0);
    await settled();
    expect([first.state, second.state, waiting()]).toEqual(['done', 'done', 0]);
    expect([orrery.health.state, told]).toEqual(['ok', ['degraded STALLED', 'recovered 0']]);
  });

  it('[O50] the shard is degraded until nothing has waited for that long any more', async () => {
    stopTime();
    const { orrery, store, game, told } = await harbour({ stalledAfterMs: 400 });
    store.hold();
    add(game);
    await pass(100);
    const behind = outcome(add(game).durable);
    await pass(1000);
    // The first becomes durable, and the one behind it has waited too long as well.
    store.release();
    store.hold();
    await settled();
    expect([behind.state, orrery.health.shards[0]?.oldestWaitingMs, told]).toEqual([
      'pending',
      1000,
      ['degraded STALLED'],
    ]);
    store.release();
    await settled();
    expect([behind.state, told]).toEqual(['done', ['degraded STALLED', 'recovered 0']]);
  });

  it.each(['load', 'list', 'checkpoint', 'compact'] as const)(
    '[O50] a `%s` that is not answered degrades as well: nothing becomes durable meanwhile',
    async (call) => {
      stopTime();
      const { orrery, store, game, told } = await harbour({ stalledAfterMs: 400 });
      await add(game).durable;
      store.hold(call);
      const work: Promise<unknown>[] = [];
      if (call === 'load') work.push(orrery.open(ledger, 'new'));
      if (call === 'list') work.push(orrery.list());
      if (call === 'checkpoint') work.push(orrery.checkpoint());
      if (call === 'compact') {
        store.left = { ...store.left, compactionLagBytes: 2 ** 20 };
        work.push(add(game).durable);
      }
      await pass(300);
      expect(told).toEqual([]);
      await pass(300);
      expect(told).toEqual(['degraded STALLED']);
      store.release();
      await pass(50);
      await Promise.all(work);
      expect(told.filter((each) => !each.startsWith('checkpoint'))).toEqual(['degraded STALLED', 'recovered 0']);
    },
  );

  it('[O50] with relaxed durability a batch may wait for coalescingDelayMs besides', async () => {
    stopTime();
    const { game, told } = await harbour({ durability: 'relaxed', coalescingDelayMs: 5000, stalledAfterMs: 400 });
    const receipt = outcome(add(game).durable);
    await pass(4900);
    expect(receipt.state).toBe('pending');
    await pass(200);
    expect([receipt.state, told]).toEqual(['done', []]);
  });

  it('[O50] [O11] states that stand for many records wait as well', async () => {
    stopTime();
    const { orrery, store, game } = await harbour({
      stalledAfterMs: 400,
      commitQueueBytes: 10_000,
      overflow: 'coalesce',
    });
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    store.hold();
    write(game, 12_000);
    await pass(100);
    const merged = [outcome(write(game, 10).durable), outcome(add(other).durable)];
    await pass(100);
    store.release();
    store.hold();
    await settled();
    // The batch before them is durable; these have waited for 100 ms.
    expect(orrery.health.shards[0]).toMatchObject({ oldestWaitingMs: 100, state: 'ok' });
    await pass(1000);
    expect(orrery.health.shards[0]).toMatchObject({ oldestWaitingMs: 1100, state: 'degraded' });
    store.release();
    await settled();
    expect(merged.map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('[O50] [O20] a disk that fails meanwhile is one trouble with it, told once', async () => {
    stopTime();
    const { store, game, told, orrery } = await harbour({ stalledAfterMs: 400 });
    store.breakDown('IO_FAILED');
    add(game);
    await pass(3000);
    expect(told).toEqual(['degraded IO_FAILED']);
    expect(orrery.health.shards[0]?.error?.code).toBe('IO_FAILED');
    store.heal();
    await pass(10_000);
    expect([told, orrery.health.state]).toEqual([['degraded IO_FAILED', 'recovered 0'], 'ok']);
  });
});

describe('metrics of a store that does not answer', () => {
  it('[ME6] are the last that are known, with their age, within a second; and new ones when it answers', async () => {
    stopTime();
    const { orrery, store, game } = await harbour({ stalledAfterMs: 10_000 });
    await add(game).durable;
    const before = await orrery.metrics();
    expect([before.total.ownerAgeMs, before.total.patchesIn]).toEqual([0, 1]);
    store.hold('commit', 'stats');
    add(game);
    const asked = orrery.metrics();
    const askedToo = orrery.metrics();
    await pass(1100);
    for (const { total, games } of [await asked, await askedToo]) {
      expect(total).toMatchObject({ queuedRecords: 1, records: 2, patchesIn: 1 });
      expect(games[0]).toMatchObject({ patchesIn: 1, queuedRecords: 1 });
      expect(total.ownerAgeMs).toBeGreaterThanOrEqual(1000);
    }
    // Known not to answer: nobody waits at all. Nor is it asked more than once, however often somebody wants to know.
    await pass(20_000);
    expect(orrery.health.state).toBe('degraded');
    for (let each = 0; each < 10; each += 1) await orrery.metrics();
    store.release();
    await settled();
    expect(store.calls.filter((call) => call === 'stats').length).toBeLessThanOrEqual(3);
    const after = await orrery.metrics();
    expect([after.total.ownerAgeMs, after.total.patchesIn, after.total.records]).toEqual([0, 2, 3]);
  });

  it('[ME6] of one that has never answered its numbers are 0', async () => {
    stopTime();
    const { orrery, store, game } = await harbour();
    store.hold('commit', 'stats');
    add(game);
    const asked = orrery.metrics();
    await pass(1100);
    const { total } = await asked;
    expect(total).toMatchObject({ records: 1, patchesIn: 0, journalBytesWritten: 0, queuedRecords: 1 });
    expect(total.ownerAgeMs).toBeGreaterThanOrEqual(1000);
    store.release();
  });

  it('[ME6] of a shard that has failed the rest is told; of an orrery that is closed nothing', async () => {
    const { orrery, store, game } = await harbour();
    await add(game).durable;
    await orrery.metrics();
    store.fail('commit', 'STALE_OWNER');
    await rejection('STALE_OWNER', add(game).durable);
    expect((await orrery.metrics()).total).toMatchObject({ records: 2, patchesIn: 1 });
    const healthy = await harbour();
    await healthy.orrery.close();
    await rejection('CLOSED', healthy.orrery.metrics());
  });
});
