import { describe, expect, it } from 'vitest';
import { json, reloaded } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime, write } from './harbour.ts';

describe('group commit', () => {
  it('[O1] one commit at a time; what is dispatched while it is in flight leaves together', async () => {
    const { orrery, store, game } = await harbour();
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    store.batches.length = 0;
    store.calls.length = 0;
    store.hold();
    const first = add(game);
    await store.asked('commit');
    const receipts = [add(game), add(other), add(game), add(other)];
    await settled();
    expect(store.calls).toEqual(['commit']);
    const states = [first, ...receipts].map(({ durable }) => outcome(durable));
    store.release();
    await Promise.all(receipts.map(({ durable }) => durable));
    expect(states.map(({ state }) => state)).toEqual(Array<string>(5).fill('done'));
    expect(store.batches).toEqual([['g:1'], ['g:2', 'h:1', 'g:3', 'h:2']]);
  });

  it('[O1] everything that is dispatched in one turn is one commit', async () => {
    const { store, game } = await harbour();
    await settled();
    for (let each = 0; each < 50; each += 1) {
      add(game);
      await Promise.resolve();
    }
    await add(game).durable;
    expect(store.batches.map((batch) => batch.length)).toEqual([51]);
  });

  it('[O1] whoever is woken by one answer dispatches into one next batch', async () => {
    const { store, game } = await harbour();
    const again = async (_each: unknown, index: number): Promise<void> => {
      for (let round = 0; round < 5; round += 1) {
        await add(game).durable;
        // Not everybody is equally quick.
        for (let hop = 0; hop < index; hop += 1) await Promise.resolve();
      }
    };
    await Promise.all(Array.from({ length: 20 }, again));
    expect(store.batches.map((batch) => batch.length)).toEqual([20, 20, 20, 20, 20]);
  });

  it('[O2] a receipt that nobody asked in time tells all the same, and equal receipts share one promise', async () => {
    const { orrery, store, game } = await harbour();
    const [one, two] = [add(game), add(game)];
    await orrery.flush();
    await one.durable;
    expect(one.durable).toBe(two.durable);
    store.fail('commit', 'STALE_OWNER');
    const [lost, alsoLost] = [add(game), add(game)];
    await settled();
    await expect(lost.durable).rejects.toMatchObject({ code: 'STALE_OWNER' });
    await expect(alsoLost.durable).rejects.toMatchObject({ code: 'STALE_OWNER' });
  });

  it('[O3] a batch does not outgrow 4 MiB by more than a record', async () => {
    const { orrery, store, game } = await harbour();
    for (let each = 0; each < 10; each += 1) write(game, 1024 * 1024);
    await orrery.flush();
    expect(store.batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
    expect(json(await reloaded(store.inner, ledger, 'g'))).toBe(json(game));
  });

  it('[O4] flush resolves when what was accepted before it is durable, and at once when all is', async () => {
    const { orrery, store, game } = await harbour();
    await orrery.flush();
    expect(store.calls).toEqual([]);
    store.hold();
    add(game);
    const flushed = outcome(orrery.flush());
    await store.asked('commit');
    add(game);
    expect(flushed.state).toBe('pending');
    store.release();
    store.hold();
    await store.asked('commit');
    await settled();
    expect(flushed.state).toBe('done');
    expect(store.batches).toEqual([['g:1']]);
  });
});

describe("durability 'relaxed'", () => {
  it('[O5] a batch waits coalescingDelayMs for company, from its first record on', async () => {
    const { store, game } = await harbour({ durability: 'relaxed', coalescingDelayMs: 1000 });
    stopTime();
    const receipt = outcome(add(game).durable);
    await pass(600);
    add(game);
    await pass(390);
    expect([store.batches, receipt.state]).toEqual([[], 'pending']);
    await pass(20);
    expect([store.batches, receipt.state]).toEqual([[['g:1', 'g:2']], 'done']);
    add(game);
    await pass(990);
    expect(store.batches.length).toBe(1);
    await pass(20);
    expect(store.batches).toEqual([['g:1', 'g:2'], ['g:3']]);
  });

  it('[O5] flush does not wait, and does not hurry what comes after it', async () => {
    const { orrery, store, game } = await harbour({ durability: 'relaxed', coalescingDelayMs: 1000 });
    stopTime();
    add(game);
    await pass(900);
    await orrery.flush();
    expect(store.batches).toEqual([['g:1']]);
    add(game);
    await pass(900);
    expect(store.batches.length).toBe(1);
    await pass(110);
    expect(store.batches.length).toBe(2);
  });

  it('[O5] what is dispatched during a commit waits its own time', async () => {
    const { store, game } = await harbour({ durability: 'relaxed', coalescingDelayMs: 1000 });
    stopTime();
    add(game);
    store.hold();
    await pass(1010);
    add(game);
    store.release();
    await pass(900);
    expect(store.batches).toEqual([['g:1']]);
    await pass(110);
    expect(store.batches).toEqual([['g:1'], ['g:2']]);
  });

  it('[O5] a batch that is full does not wait', async () => {
    const { store, game } = await harbour({ durability: 'relaxed', coalescingDelayMs: 600_000 });
    stopTime();
    const receipt = write(game, 4 * 1024 * 1024);
    await settled();
    expect(store.batches).toEqual([['g:1']]);
    await receipt.durable;
  });

  it('[O5] a game is opened without that wait, and closing does not wait either', async () => {
    const { orrery, store } = await harbour({ durability: 'relaxed', coalescingDelayMs: 600_000 });
    stopTime();
    const game = (await orrery.open(ledger, 'new')) as Ledger;
    const receipt = add(game);
    await orrery.close();
    await receipt.durable;
    expect(store.batches.flat()).toEqual(['new:0', 'new:1']);
  });
});
