import { describe, expect, it } from 'vitest';
import { pastOf } from '../contract/pages.ts';
import { changesOf, json, refusal, rejection, reloaded } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime, write } from './harbour.ts';

const bound = 10_000;

describe("at the bound, overflow 'reject'", () => {
  it('[O10] commands throw BACKPRESSURE before they run, until there is room; nothing that was accepted is lost', async () => {
    const { store, game, orrery } = await harbour({ commitQueueBytes: bound });
    store.hold();
    const receipts: Promise<void>[] = [];
    let accepted = 0;
    for (; accepted < 100; accepted += 1) {
      try {
        receipts.push(write(game, 1000).durable);
      } catch {
        break;
      }
    }
    expect(accepted).toBe(10);
    const before = game.state;
    let ran = false;
    for (const refused of [
      () =>
        game.update(() => {
          ran = true;
        }),
      () => game.save(game.state),
      () => game.advance(),
    ]) {
      expect(refusal('BACKPRESSURE', refused).context).toMatchObject({ game: 'g' });
    }
    expect([ran, game.state === before, game.seq, game.tick]).toEqual([false, true, 10, 0]);
    expect(orrery.health.shards[0]).toMatchObject({ queuedRecords: 10, state: 'ok' });
    store.release();
    await Promise.all(receipts);
    expect(orrery.health.shards[0]).toMatchObject({ queuedRecords: 0, queuedBytes: 0 });
    await add(game).durable;
    const again = await reloaded(store.inner, ledger, 'g');
    expect([json(again), again.seq]).toEqual([json(game), 11]);
  });

  it('[O10] a game cannot be created at the bound, and can be when there is room', async () => {
    const { store, game, orrery } = await harbour({ commitQueueBytes: bound });
    store.breakDown('IO_FAILED');
    write(game, 20_000);
    const error = await rejection('BACKPRESSURE', orrery.open(ledger, 'new'));
    expect(error.context).toMatchObject({ game: 'new' });
    expect([...orrery.loaded()].map(({ id }) => id)).toEqual(['g']);
    store.heal();
    await orrery.flush();
    expect((await orrery.open(ledger, 'new')).state.n).toBe(0);
    expect((await store.inner.list()).map(({ id, type }) => [id, type])).toEqual([
      ['g', 'ledger'],
      ['new', 'ledger'],
    ]);
  });

  it('[O10] the error says why nothing leaves', async () => {
    const { store, game } = await harbour({ commitQueueBytes: bound });
    store.breakDown('DISK_FULL');
    write(game, 20_000);
    await settled();
    expect(refusal('BACKPRESSURE', () => add(game)).cause).toMatchObject({ code: 'DISK_FULL' });
    store.heal();
  });
});

describe("at the bound, overflow 'coalesce'", () => {
  it('[O11] commands go on; the newest state of each game is sent whole, for all seqs since', async () => {
    const { store, game, orrery } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce' });
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    store.batches.length = 0;
    store.hold();
    write(game, bound);
    await store.asked('commit');
    const receipts = [add(game), add(other), add(game), game.advance(), add(other), add(game)];
    const outcomes = receipts.map(({ durable }) => outcome(durable));
    await settled();
    expect(outcomes.every(({ state }) => state === 'pending')).toBe(true);
    expect(store.batches).toEqual([]);
    store.release();
    await Promise.all(receipts.map(({ durable }) => durable));
    expect(store.batches).toEqual([['g:1'], ['g:2-5'], ['h:1-2']]);
    const { commands } = await pastOf(store.inner, 'g');
    expect(commands.map(({ seq, tick, name }) => [seq, tick, name])).toEqual([
      [1, 0, '@update'],
      [5, 1, '@merged'],
    ]);
    // Then commands are records again.
    await add(game).durable;
    expect(store.batches.at(-1)).toEqual(['g:6']);
    for (const live of [game, other]) {
      const again = await reloaded(store.inner, ledger, live.id);
      expect([json(again), again.seq, again.tick]).toEqual([json(live), live.seq, live.tick]);
    }
  });

  it('[O11] a state that is sent whole is the newest at that moment, tables included', async () => {
    const { store, game } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce' });
    store.hold();
    write(game, bound);
    await store.asked('commit');
    for (let id = 0; id < 50; id += 1) game.update((draft) => void draft.units.set(`u${id}`, { hp: id }));
    const receipt = game.update((draft) => void draft.units.delete('u7'));
    store.release();
    await receipt.durable;
    const again = await reloaded(store.inner, ledger, 'g');
    expect(again.state.units.size).toBe(49);
    expect(json(again)).toBe(json(game));
    again.update(({ units }) => void units.set('u8', { hp: units.peek('u8')!.hp + 1 }));
    expect(again.state.units.get('u8')).toEqual({ hp: 9 });
  });

  it('[O11] more than once, while the disk fails, with several games: nothing is lost', async () => {
    const { store, game, orrery, told } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce' });
    const games = [game, (await orrery.open(ledger, 'h')) as Ledger, (await orrery.open(ledger, 'i')) as Ledger];
    stopTime();
    const receipts: { readonly state: string }[] = [];
    for (let round = 0; round < 4; round += 1) {
      store.breakDown(round % 2 === 0 ? 'DISK_FULL' : 'IO_FAILED');
      for (let each = 0; each < 60; each += 1) receipts.push(outcome(write(games[each % 3]!, 500).durable));
      await pass(200);
      store.heal();
      for (let each = 0; each < 6; each += 1) receipts.push(outcome(add(games[each % 3]!).durable));
      await pass(6000);
      expect(receipts.every(({ state }) => state === 'done')).toBe(true);
    }
    expect(told).toEqual(
      Array.from({ length: 4 }, (_, round) => [
        `degraded ${round % 2 === 0 ? 'DISK_FULL' : 'IO_FAILED'}`,
        'recovered 0',
      ]).flat(),
    );
    for (const live of games) {
      const again = await reloaded(store.inner, ledger, live.id);
      expect([json(again), again.seq]).toEqual([json(live), live.seq]);
      expect(live.seq).toBe(88);
    }
  });

  it('[O11] a game that is created at the bound is created, and then counts like the others', async () => {
    const { store, game, orrery } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce' });
    store.hold();
    write(game, bound);
    await store.asked('commit');
    const late = add(game);
    const opening = orrery.open(ledger, 'new');
    store.release();
    const made = (await opening) as Ledger;
    await add(made).durable;
    await late.durable;
    const again = await reloaded(store.inner, ledger, 'new');
    expect([json(again), again.seq, again.type.name]).toEqual([json(made), 1, 'ledger']);
    expect((await store.inner.list()).map(({ type, version }) => [type, version])).toEqual([
      ['ledger', 1],
      ['ledger', 1],
    ]);
  });

  it('[O11] flush covers what will be sent whole, also with relaxed durability', async () => {
    const { store, game, orrery } = await harbour({
      commitQueueBytes: bound,
      overflow: 'coalesce',
      durability: 'relaxed',
      coalescingDelayMs: 600_000,
    });
    write(game, bound);
    const receipt = outcome(add(game).durable);
    await orrery.flush();
    expect([receipt.state, store.batches]).toEqual(['done', [['g:1'], ['g:2-2']]]);
  });

  it('[O11] subscribers still hear of every change', async () => {
    const { store, game } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce', durability: 'strict' });
    const changes = changesOf(game);
    store.hold();
    write(game, bound);
    await store.asked('commit');
    const last = [add(game), add(game), add(game)].at(-1)!;
    expect(changes).toEqual([]);
    store.release();
    await last.durable;
    await settled();
    expect(changes.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it('[O11] a game with a state to be sent whole is not evicted', async () => {
    const { store, game, orrery } = await harbour({ commitQueueBytes: bound, overflow: 'coalesce', maxLoadedGames: 1 });
    store.breakDown('IO_FAILED');
    write(game, bound);
    const receipt = add(game);
    const opening = orrery.open(ledger, 'h');
    await store.asked('load');
    await settled();
    expect([...orrery.loaded()].map(({ id }) => id)).toEqual(['g', 'h']);
    store.heal();
    await opening;
    await receipt.durable;
    await orrery.open(ledger, 'i');
    expect(game.loaded).toBe(false);
    expect((await reloaded(store.inner, ledger, 'g')).seq).toBe(2);
  });
});
