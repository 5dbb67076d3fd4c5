import { describe, expect, it } from 'vitest';
import { type OrreryErrorCode, openOrrery, shardOf } from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { json, refusal, rejection, reloaded, silent } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime } from './harbour.ts';
import { StagedStore } from './staged-store.ts';

describe('a disk that fails for a while', () => {
  it.each(['IO_FAILED', 'DISK_FULL'] as OrreryErrorCode[])(
    '[O20] %s: the batch is sent again, ever more slowly, until it is durable',
    async (code) => {
      const { store, game, told, orrery } = await harbour();
      stopTime();
      store.breakDown(code);
      const receipt = outcome(add(game).durable);
      await settled();
      expect(told).toEqual([`degraded ${code}`]);
      expect(orrery.health).toMatchObject({ state: 'degraded', shards: [{ error: { code }, queuedRecords: 1 }] });
      const attempts: number[] = [];
      for (let second = 0; second < 30; second += 1) {
        const before = store.calls.length;
        await pass(1000);
        attempts.push(store.calls.length - before);
        add(game);
      }
      // 50 ms and twice as long each time, up to 5 s, each between half and all of it.
      expect(attempts[0]).toBeGreaterThanOrEqual(4);
      expect(attempts[0]).toBeLessThanOrEqual(6);
      expect(attempts.slice(10).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(9);
      expect(attempts.slice(10).reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(3);
      expect([receipt.state, game.seq]).toEqual(['pending', 31]);
      store.heal();
      await pass(5000);
      expect(receipt.state).toBe('done');
      await orrery.flush();
      expect(told).toEqual([`degraded ${code}`, 'recovered 0']);
      expect(orrery.health).toMatchObject({ state: 'ok', shards: [{ error: undefined, queuedRecords: 0 }] });
      // What was sent once is sent again as it was; what came since is the next batch.
      expect(store.batches.map((batch) => batch.length)).toEqual([1, 30]);
      expect((await reloaded(store.inner, ledger, 'g')).seq).toBe(31);
    },
  );

  it('[O20] trouble that comes twice is told twice, each with its end', async () => {
    const { store, game, told } = await harbour();
    stopTime();
    for (const code of ['IO_FAILED', 'DISK_FULL'] as const) {
      store.fail('commit', code, 3);
      const receipt = outcome(add(game).durable);
      await pass(2000);
      expect(receipt.state).toBe('done');
    }
    expect(told).toEqual(['degraded IO_FAILED', 'recovered 0', 'degraded DISK_FULL', 'recovered 0']);
  });

  it('[O21] a listener that throws changes nothing', async () => {
    const { store, game, orrery, told } = await harbour();
    for (const event of ['degraded', 'recovered', 'checkpoint'] as const) {
      orrery.on(event, () => {
        throw new Error(`from ${event}`);
      });
    }
    store.fail('commit', 'IO_FAILED');
    await add(game).durable;
    await orrery.checkpoint();
    await add(game).durable;
    expect(told).toEqual(['degraded IO_FAILED', 'recovered 0', 'checkpoint 0']);
  });

  it('[O22] questions are answered meanwhile', async () => {
    const { store, game, orrery } = await harbour();
    store.breakDown('IO_FAILED');
    add(game);
    await settled();
    expect((await orrery.list()).map(({ seq }) => seq)).toEqual([0]);
    expect((await orrery.stats()).length).toBe(1);
    store.heal();
  });
});

describe('a thread that dies', () => {
  it.each([false, true])(
    '[O23] over a commit (stored: %o): opened again and sent again, nothing lost, nothing twice',
    async (done) => {
      const { store, game, told, orrery } = await harbour();
      store.die('commit', done);
      const receipts = [add(game), add(game)];
      await Promise.all(receipts.map(({ durable }) => durable));
      await add(game).durable;
      expect(store.calls).toEqual(['commit', 'open', 'commit', 'commit']);
      expect(store.batches.flat()).toEqual(['g:1', 'g:2', 'g:3']);
      expect(told).toEqual(['degraded OWNER_DIED', 'recovered 0']);
      expect(orrery.health.state).toBe('ok');
      const { commands } = await pastOf(store.inner, 'g');
      expect(commands.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(json(await reloaded(store.inner, ledger, 'g'))).toBe(json(game));
    },
  );

  it('[O23] over and over, now with the work done and now not: every seq is there once', async () => {
    const { store, game } = await harbour();
    stopTime();
    for (let round = 0; round < 12; round += 1) {
      store.die('commit', round % 3 === 0);
      if (round % 4 === 0) store.die('open', false);
      const receipt = outcome([add(game), add(game)].at(-1)!.durable);
      await pass(30_000);
      expect(receipt.state).toBe('done');
    }
    const { commands } = await pastOf(store.inner, 'g');
    expect(commands.map(({ seq }) => seq)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    expect(json(await reloaded(store.inner, ledger, 'g'))).toBe(json(game));
  });

  it('[O23] a thread that dies over the same batch again and again is started ever more slowly', async () => {
    const { store, game, told } = await harbour();
    stopTime();
    for (let each = 0; each < 200; each += 1) store.die('commit', false);
    const receipt = outcome(add(game).durable);
    await pass(60_000);
    const starts = store.calls.filter((call) => call === 'open').length;
    expect(starts).toBeGreaterThan(10);
    expect(starts).toBeLessThan(35);
    expect([receipt.state, told]).toEqual(['pending', ['degraded OWNER_DIED']]);
  });

  it('[O24] over a question: it is asked again, and given up after the third death', async () => {
    const { store, game, orrery, told } = await harbour();
    stopTime();
    store.die('list', false);
    const listed = orrery.list();
    await pass(1000);
    expect((await listed).map(({ id }) => id)).toEqual(['g']);
    expect(told).toEqual(['degraded OWNER_DIED', 'recovered 0']);
    for (let each = 0; each < 3; each += 1) store.die('list', false);
    const refused = rejection('OWNER_DIED', orrery.list());
    await pass(5000);
    await refused;
    expect(store.calls.filter((call) => call === 'list')).toHaveLength(5);
    const receipt = outcome(add(game).durable);
    await pass(1000);
    expect([receipt.state, orrery.health.state]).toEqual(['done', 'ok']);
  });

  it('[O24] a question that is asked while the store is being opened again waits for it', async () => {
    const { store, orrery, game } = await harbour();
    store.die('commit', true);
    store.hold('open');
    const receipt = add(game);
    await store.asked('open');
    const listed = orrery.list();
    store.release();
    expect((await listed)[0]?.seq).toBe(1);
    await receipt.durable;
  });

  it('[O24] a game that is opened while the thread dies is opened all the same', async () => {
    const { store, orrery } = await harbour();
    store.die('load', false);
    store.die('commit', true);
    const game = (await orrery.open(ledger, 'h')) as Ledger;
    await add(game).durable;
    expect(store.batches.flat()).toEqual(['h:0', 'h:1']);
  });

  it('[O25] a store that cannot be opened again for what is on disk is given up, and says why', async () => {
    const { store, game, told, orrery } = await harbour();
    store.die('commit', false);
    store.fail('open', 'DAMAGED');
    await expect(add(game).durable).rejects.toMatchObject({ code: 'DAMAGED' });
    expect(told).toEqual(['degraded OWNER_DIED', 'failed DAMAGED']);
    expect(orrery.health.state).toBe('failed');
  });
});

describe('a failure for good', () => {
  it.each(['STALE_OWNER', 'INTERNAL', 'DAMAGED'] as OrreryErrorCode[])(
    '[O26] %s: receipts reject, commands throw, questions and checkpoints reject, close rejects',
    async (code) => {
      const { store, game, told, orrery } = await harbour();
      await add(game).durable;
      store.hold();
      const first = add(game);
      await store.asked('commit');
      const [second, listed, checkpointed, flushed] = [add(game), orrery.list(), orrery.checkpoint(), orrery.flush()];
      store.fail('commit', code);
      store.release();
      for (const work of [first.durable, second.durable, listed, checkpointed, flushed]) await rejection(code, work);
      expect(told).toEqual([`failed ${code}`]);
      const before = game.state;
      expect(refusal(code, () => add(game)).context).toMatchObject({ game: 'g' });
      expect(game.state).toBe(before);
      await rejection(code, orrery.flush());
      await rejection(code, orrery.checkpoint());
      await rejection(code, orrery.open(ledger, 'h'));
      const closing = await rejection(code, orrery.close());
      expect(closing.context['unsaved']).toEqual([{ game: 'g', firstSeq: 2 }]);
      expect(store.calls.at(-1)).toBe('destroy');
      expect((await reloaded(store.inner, ledger, 'g')).seq).toBe(1);
    },
  );

  it('[O26] in one shard leaves the others alone', async () => {
    const stores = [new StagedStore(), new StagedStore()];
    const orrery = await openOrrery({
      directory: './not-used',
      games: [ledger],
      shards: 2,
      logger: silent,
      store: (shard) => stores[shard]!,
    });
    const ids = ['a', 'b', 'c', 'd', 'e'].sort((x, y) => shardOf(x, 2) - shardOf(y, 2));
    const sick = (await orrery.open(ledger, ids[0]!)) as Ledger;
    const well = (await orrery.open(ledger, ids.at(-1)!)) as Ledger;
    expect([shardOf(sick.id, 2), shardOf(well.id, 2)]).toEqual([0, 1]);
    stores[0]!.fail('commit', 'STALE_OWNER');
    await rejection('STALE_OWNER', add(sick).durable);
    await add(well).durable;
    expect(orrery.health).toMatchObject({ state: 'failed', shards: [{ state: 'failed' }, { state: 'ok' }] });
    const closing = await rejection('STALE_OWNER', orrery.close());
    expect(closing.context['unsaved']).toEqual([{ game: sick.id, firstSeq: 1 }]);
    expect([stores[0]!.calls.at(-1), stores[1]!.calls.at(-1)]).toEqual(['destroy', 'close']);
    expect((await reloaded(stores[1]!.inner, ledger, well.id)).seq).toBe(1);
  });
});
