// A store that has other records of a game than were sent: that game fails, loudly, and the others go on.

import { describe, expect, it } from 'vitest';
import { PendingBatch } from '#engine/batch.ts';
import { Queue } from '#engine/batch-queue.ts';
import { batchOf, record } from '../contract/handmade.ts';
import { json, refusal, rejection, reloaded } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, settled, write } from './harbour.ts';

/** Records of a game get into the store past its commit queue. */
function intrude(store: Awaited<ReturnType<typeof harbour>>['store'], game: string, ...seqs: number[]) {
  return store.inner.commit(batchOf(seqs.map((seq) => record(game, seq, [{ op: 'replace', path: ['n'], value: 7 }]))));
}

describe('other records of a game are stored', () => {
  it('[O48] its receipts reject and its commands are refused with the cause; in the same batches other games go on', async () => {
    const { orrery, store, game, told } = await harbour();
    const failures: string[] = [];
    orrery.on('gameFailed', (error, id) =>
      failures.push(`${id} ${error.code} ${error.context.seq} ${error.context.shard}`),
    );
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    const third = (await orrery.open(ledger, 'i')) as Ledger;
    await add(game).durable;
    await intrude(store, 'g', 2);
    store.batches.length = 0;
    store.hold();
    const first = [add(other), add(game), add(third), add(game)];
    await store.asked('commit');
    const second = [add(game), add(other)];
    const of = (receipts: typeof first) => receipts.map(({ durable }) => outcome(durable));
    const [outcomes, later, flushed] = [of(first), of(second), outcome(orrery.flush())];
    store.release();
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['done', 'SEQ_CONFLICT', 'done', 'SEQ_CONFLICT']);
    expect(later.map(({ state }) => state)).toEqual(['SEQ_CONFLICT', 'done']);
    expect(flushed.state).toBe('SEQ_CONFLICT');
    // Whoever asks only now hears the same.
    expect((await rejection('SEQ_CONFLICT', (first[1] as (typeof first)[0]).durable)).context).toMatchObject({
      game: 'g',
      seq: 2,
    });
    expect(store.batches).toEqual([['h:1', 'i:1'], ['h:2']]);
    expect([failures, told]).toEqual([['g SEQ_CONFLICT 2 0'], []]);

    const before = json(game);
    for (const refused of [() => add(game), () => game.save(game.state), () => game.advance()]) {
      expect(refusal('SEQ_CONFLICT', refused).context).toMatchObject({ game: 'g', seq: 2 });
    }
    expect(json(game)).toBe(before);
    await add(other).durable;
    expect(orrery.health).toMatchObject({
      state: 'degraded',
      shards: [{ state: 'degraded', error: { code: 'SEQ_CONFLICT' }, queuedRecords: 0, queuedBytes: 0 }],
    });
    const again = await reloaded(store.inner, ledger, 'h');
    expect([json(again), again.seq]).toEqual([json(other), 3]);
    const error = await rejection('SEQ_CONFLICT', orrery.close());
    expect(error.context['unsaved']).toEqual([{ game: 'g', firstSeq: 2 }]);
    expect(store.calls).toContain('close');
  });

  it('[O48] so it is with a gap, and with several games of one batch', async () => {
    const { orrery, store, game } = await harbour();
    const [h, i] = [(await orrery.open(ledger, 'h')) as Ledger, (await orrery.open(ledger, 'i')) as Ledger];
    await intrude(store, 'g', 1, 2, 3);
    await intrude(store, 'i', 1);
    const outcomes = [add(game), add(h), add(i), add(game)].map(({ durable }) => outcome(durable));
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['SEQ_CONFLICT', 'done', 'SEQ_CONFLICT', 'SEQ_CONFLICT']);
    const receipt = outcome(add(h).durable);
    await settled();
    expect(receipt.state).toBe('done');
    const error = await rejection('SEQ_CONFLICT', orrery.close());
    expect(error.context['unsaved']).toEqual([
      { game: 'g', firstSeq: 1 },
      { game: 'i', firstSeq: 1 },
    ]);
  });

  it('[O48] nothing is sent of a batch that held no other game, and what waits behind it leaves', async () => {
    const { orrery, store, game } = await harbour({ durability: 'relaxed', coalescingDelayMs: 600_000 });
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    await intrude(store, 'g', 1);
    store.batches.length = 0;
    store.hold();
    const alone = outcome(add(game).durable);
    const flushed = outcome(orrery.flush());
    await store.asked('commit');
    const [more, behind] = [outcome(add(game).durable), outcome(add(other).durable)];
    store.release();
    await settled();
    expect([alone.state, more.state, behind.state, flushed.state]).toEqual([
      'SEQ_CONFLICT',
      'SEQ_CONFLICT',
      'pending',
      'SEQ_CONFLICT',
    ]);
    // Not all of what was accepted before it has become durable.
    await rejection('SEQ_CONFLICT', orrery.flush());
    expect(behind.state).toBe('done');
    await orrery.flush();
    expect(store.batches).toEqual([['h:1']]);
  });

  it('[O48] [O11] states that stand for many records are given up with their game, and those of others are sent', async () => {
    const { orrery, store, game } = await harbour({ commitQueueBytes: 10_000, overflow: 'coalesce' });
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    await intrude(store, 'g', 1);
    store.batches.length = 0;
    store.hold();
    const receipts = [write(game, 6000), write(other, 6000)].map(({ durable }) => outcome(durable));
    await store.asked('commit');
    const merged = [write(game, 50), write(other, 50), write(game, 50), write(other, 50)].map(({ durable }) =>
      outcome(durable),
    );
    const flushed = outcome(orrery.flush());
    store.release();
    await settled();
    expect(receipts.map(({ state }) => state)).toEqual(['SEQ_CONFLICT', 'done']);
    expect(merged.map(({ state }) => state)).toEqual(['SEQ_CONFLICT', 'done', 'SEQ_CONFLICT', 'done']);
    expect(flushed.state).toBe('done');
    expect(store.batches).toEqual([['h:1'], ['h:2-3']]);
    expect(orrery.health.shards[0]).toMatchObject({ queuedRecords: 0, queuedBytes: 0 });
    const again = await reloaded(store.inner, ledger, 'h');
    expect(json(again)).toBe(json(other));
  });

  it('[O48] [O23] the batch without the game is sent again as it is when the thread dies over it', async () => {
    const { orrery, store, game } = await harbour();
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    await intrude(store, 'g', 1);
    store.batches.length = 0;
    // The first refusal comes from the store; over the second attempt the thread dies, with the work done.
    store.pass('commit');
    store.die('commit', true);
    const outcomes = [add(game), add(other)].map(({ durable }) => outcome(durable));
    await expect.poll(() => outcomes.map(({ state }) => state)).toEqual(['SEQ_CONFLICT', 'done']);
    expect((await store.inner.list()).map(({ id, seq }) => [id, seq])).toEqual([
      ['g', 1],
      ['h', 1],
    ]);
    expect(store.calls.filter((call) => call === 'commit').length).toBeGreaterThanOrEqual(3);
  });

  it('[O48] [O26] a conflict that names no game of the batch fails the shard', async () => {
    const { orrery, store, game } = await harbour();
    store.fail('commit', 'SEQ_CONFLICT');
    await rejection('SEQ_CONFLICT', add(game).durable);
    expect(orrery.health.state).toBe('failed');
  });

  it('[O48] with strict durability nobody hears of a change that failed', async () => {
    const { store, game } = await harbour({ durability: 'strict' });
    const heard: number[] = [];
    game.subscribe(({ seq }) => heard.push(seq));
    await add(game).durable;
    await intrude(store, 'g', 2);
    await rejection('SEQ_CONFLICT', add(game).durable);
    await settled();
    expect(heard).toEqual([1]);
  });
});

describe('records of one game that do not follow on each other', () => {
  it('[O49] are not taken into a batch, which stays as it was', () => {
    const queue = new Queue(4096);
    const put = (game: string, seq: number, firstSeq?: number) => {
      const made = record(game, seq, [], firstSeq === undefined ? {} : { firstSeq });
      return queue.add(made, queue.encode(made));
    };
    put('g', 1);
    put('h', 1);
    for (const wrong of [() => put('g', 1), () => put('g', 3), () => put('g', 9, 1), () => put('h', 0)]) {
      expect(refusal('SEQ_CONFLICT', wrong).context).toHaveProperty('game');
    }
    put('g', 2);
    const { payload, ...told } = queue.send();
    expect(new TextDecoder().decode(payload)).toBe(
      new TextDecoder().decode(batchOf([record('g', 1, []), record('h', 1, []), record('g', 2, [])]).payload),
    );
    expect(JSON.parse(JSON.stringify(told))).toEqual({
      count: 3,
      spans: [
        { game: 'g', firstSeq: 1, lastSeq: 2 },
        { game: 'h', firstSeq: 1, lastSeq: 1 },
      ],
    });
  });

  it('[O48] a game is taken out of a batch by its whole id, whatever the others are called', () => {
    const ids = ['g', 'g"', 'gg', '', '\\', '"g":"g"', 'é\u2028', '__proto__', 'G'];
    for (const gone of ids) {
      const batch = new PendingBatch();
      const records = [...ids, ...ids].map((id, at) =>
        record(id, at < ids.length ? 1 : 2, [], { args: { g: gone, text: `{"g":${JSON.stringify(gone)},` } }),
      );
      const { payload } = batchOf(records);
      for (const { game, seq } of records) batch.add(game, seq, seq, 0);
      batch.seal(payload);
      batch.drop(
        gone,
        refusal('SEQ_CONFLICT', () => batch.add(gone, 9, 9, 0)),
      );
      const left = batchOf(records.filter(({ game }) => game !== gone));
      expect(Buffer.from(batch.content.payload).toString('utf8')).toBe(Buffer.from(left.payload).toString('utf8'));
      expect(JSON.parse(JSON.stringify(batch.content.spans))).toEqual(left.spans);
      expect([batch.count, batch.bytes]).toEqual([left.count, left.payload.length]);
    }
  });
});
