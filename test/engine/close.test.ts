import { describe, expect, it, vi } from 'vitest';
import { openOrrery } from '#index.ts';
import { json, refusal, rejection, reloaded, silent } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime } from './harbour.ts';
import { StagedStore } from './staged-store.ts';

describe('close', () => {
  it('[O30] [O52] makes everything durable, then closes the store; games and the orrery are closed', async () => {
    const { orrery, store, game } = await harbour();
    const receipts = [add(game), add(game)];
    const text = json(game);
    await orrery.close();
    await Promise.all(receipts.map(({ durable }) => durable));
    expect(store.calls).toEqual(['commit', 'close']);
    expect(game.loaded).toBe(false);
    for (const use of [
      () => add(game),
      () => game.advance(),
      () => game.state,
      () => game.copy(),
      () => game.toJSON(),
    ]) {
      const error = refusal('CLOSED', use);
      expect(error.context).toEqual({ game: 'g' });
      expect(error.hint).toContain('`await using` at the top of a module');
    }
    await rejection('CLOSED', orrery.open(ledger, 'g'));
    await rejection('CLOSED', orrery.list());
    await rejection('CLOSED', orrery.checkpoint());
    await orrery.flush();
    expect(orrery.health.state).toBe('closed');
    expect(json(await reloaded(store.inner, ledger, 'g'))).toBe(text);
  });

  it('[O30] twice is once, and `await using` closes', async () => {
    const { orrery, store } = await harbour();
    expect(orrery.close()).toBe(orrery.close());
    await orrery.close();
    expect(store.calls).toEqual(['close']);
    const other = new StagedStore();
    {
      await using used = await openOrrery({ directory: './n', games: [ledger], logger: silent, store: () => other });
      add((await used.open(ledger, 'g')) as Ledger);
    }
    expect(other.calls.at(-1)).toBe('close');
    expect(other.batches).toEqual([['g:0'], ['g:1']]);
  });

  it.each(['compact', 'checkpoint'] as const)(
    '[O30] leaves no timer behind, even when `%s` fails meanwhile',
    async (call) => {
      const { orrery, store, game } = await harbour();
      stopTime();
      store.left = {
        compactionLagBytes: call === 'compact' ? 1e9 : 0,
        journalBytes: 0,
        checkpointDue: call === 'checkpoint',
        checkpointOverdue: false,
      };
      store.hold(call);
      store.fail(call, 'IO_FAILED');
      await add(game).durable;
      await store.asked(call);
      const closing = orrery.close();
      await settled();
      store.release();
      await closing;
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('[O31] saves what was accepted when it is called; what comes later is saved or its receipt rejects', async () => {
    const { orrery, store, game } = await harbour();
    store.hold();
    const last = add(game);
    await store.asked('commit');
    const closing = orrery.close();
    const meanwhile = [add(game), game.advance()];
    expect(game.seq).toBe(3);
    store.hold('close');
    store.release();
    await store.asked('close');
    const late = add(game);
    expect([late.seq, game.state.n]).toEqual([4, 3]);
    await rejection('CLOSED', late.durable);
    store.release();
    await closing;
    await last.durable;
    const fates = await Promise.allSettled(meanwhile.map(({ durable }) => durable));
    const saved = 1 + fates.filter(({ status }) => status === 'fulfilled').length;
    expect((await reloaded(store.inner, ledger, 'g')).seq).toBe(saved);
    refusal('CLOSED', () => add(game));
  });

  it('[O31] what is asked while it gives a store up has a receipt that says why', async () => {
    const { orrery, store, game } = await harbour();
    store.breakDown('DISK_FULL');
    const receipts: Promise<unknown>[] = [rejection('CLOSE_TIMEOUT', add(game).durable)];
    const closing = orrery.close({ timeoutMs: 30 });
    const timer = setInterval(() => {
      if (game.loaded) receipts.push(rejection('CLOSE_TIMEOUT', add(game).durable));
    });
    await rejection('CLOSE_TIMEOUT', closing);
    clearInterval(timer);
    expect(receipts.length).toBeGreaterThan(1);
    await Promise.all(receipts);
  });

  it('[O51] refusals that nobody may handle come when everything is closed', async () => {
    const { orrery, store } = await harbour();
    const past = await orrery.history('g');
    store.hold('close');
    const closing = orrery.close();
    const refusals = [
      orrery.open(ledger, 'new'),
      orrery.load(ledger, 'g'),
      orrery.list(),
      orrery.checkpoint(),
      orrery.stats(),
      orrery.metrics(),
      past.entries().next(),
      past.at(0),
      past.quarantine(),
      past.fork({ at: 0, as: 'h' }),
      past.recover({ mode: 'latest' }),
      orrery.submit('g', { state: {}, baseSeq: 0 }),
    ].map(outcome);
    await store.asked('close');
    await settled();
    expect(refusals.map(({ state }) => state)).toEqual(refusals.map(() => 'pending'));
    store.release();
    await closing;
    await vi.waitFor(() => expect(refusals.map(({ state }) => state)).not.toContain('pending'));
    expect(refusals.map(({ state }) => state)).toEqual(refusals.map(() => 'CLOSED'));
  });

  describe('while a game is taken in', () => {
    const proven = { id: 'came', description: {} as never, bytes: new Uint8Array() };

    it('[O58] it resolves when the store has done it, whatever has been closed meanwhile', async () => {
      const { orrery, store } = await harbour();
      store.hold('import');
      const coming = orrery.unpack(proven);
      await store.asked('import');
      const closing = orrery.close();
      await settled();
      store.release();
      expect(await coming).toMatchObject({ id: 'came' });
      await closing;
    });

    it('[O58] when the thread dies over it, that is told: it may have been done', async () => {
      for (const done of [true, false]) {
        const { orrery, store } = await harbour();
        store.hold('import');
        store.die('import', done);
        const coming = outcome(orrery.unpack(proven));
        await store.asked('import');
        const closing = orrery.close();
        await settled();
        store.release();
        await closing;
        await settled();
        expect(coming.state).toBe('OWNER_DIED');
      }
    });

    it('[O58] so it is when it waits to be asked again', async () => {
      const { orrery, store } = await harbour();
      store.die('import', true);
      store.hold('open');
      const coming = outcome(orrery.unpack(proven));
      await store.asked('open');
      store.fail('open', 'IO_FAILED', 9);
      const closing = outcome(orrery.close({ timeoutMs: 1 }));
      store.release();
      await settled();
      await vi.waitFor(() => expect(closing.state).not.toBe('pending'));
      await vi.waitFor(() => expect(coming.state).toBe('OWNER_DIED'));
    });

    it('[O58] CLOSED when the store was never asked', async () => {
      const { orrery, store } = await harbour();
      store.hold('list');
      const listing = orrery.list();
      await store.asked('list');
      const coming = outcome(orrery.unpack(proven));
      const closing = orrery.close();
      await settled();
      store.release();
      await Promise.all([listing, closing]);
      await settled();
      expect(coming.state).toBe('CLOSED');
      expect(store.calls).not.toContain('import');
    });
  });

  it('[O31] a game that is being created when close is called is created, or its open rejects; never neither', async () => {
    for (const moment of ['load', 'commit'] as const) {
      const { orrery, store } = await harbour();
      store.hold(moment);
      const opening = outcome(orrery.open(ledger, 'new'));
      await store.asked(moment);
      const closing = orrery.close();
      store.release();
      await closing;
      await settled();
      expect(opening.state).toBe(moment === 'load' ? 'CLOSED' : 'done');
      expect((await store.inner.list()).map(({ id }) => id)).toEqual(moment === 'load' ? ['g'] : ['g', 'new']);
      expect([...orrery.loaded()]).toEqual([]);
    }
  });

  it('[O31] a game that is being read in when close is called is let go again', async () => {
    class InPieces extends StagedStore {
      override async load(game: string) {
        const stored = await super.load(game);
        const piece = new TextEncoder().encode('["units",{}]');
        return stored && { ...stored, pieces: [...stored.pieces, ...Array<Uint8Array>(200).fill(piece)] };
      }
    }
    const store = new InPieces();
    const first = await openOrrery({ directory: './n', games: [ledger], logger: silent, store: () => store });
    await first.open(ledger, 'g');
    await first.close();
    const orrery = await openOrrery({ directory: './n', games: [ledger], logger: silent, store: () => store });
    const opening = orrery.load(ledger, 'g');
    await store.asked('load');
    await settled();
    await orrery.close();
    expect([...orrery.loaded()]).toEqual([]);
    expect((await opening).loaded).toBe(false);
  });

  it('[O32] a store that never answers a commit: CLOSE_TIMEOUT in time, with every game and its first seq that is not durable', async () => {
    const { orrery, store, game, told } = await harbour();
    const other = (await orrery.open(ledger, 'h')) as Ledger;
    await add(game).durable;
    store.hold();
    const inFlight = add(game);
    await store.asked('commit');
    const outcomes = [add(other), add(game), add(other)].map(({ durable }) => outcome(durable));
    const error = await rejection('CLOSE_TIMEOUT', orrery.close({ timeoutMs: 30 }));
    expect(error.context['unsaved']).toEqual([
      { game: 'g', firstSeq: 2 },
      { game: 'h', firstSeq: 1 },
    ]);
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(Array<string>(3).fill('CLOSE_TIMEOUT'));
    expect(store.calls.at(-1)).toBe('destroy');
    expect(orrery.health.state).toBe('failed');
    await rejection('CLOSE_TIMEOUT', orrery.close());
    // The answer that comes too late makes nothing undone that was told.
    store.release();
    await settled();
    await rejection('CLOSE_TIMEOUT', inFlight.durable);
    expect(told).toEqual(['failed CLOSE_TIMEOUT']);
    expect(orrery.health).toMatchObject({ state: 'failed' });
  });

  it.each(['load', 'list', 'checkpoint', 'compact', 'close'] as const)(
    '[O32] a store that never answers `%s`: CLOSE_TIMEOUT, and whoever waits is told',
    async (call) => {
      const { orrery, store, game } = await harbour();
      store.hold(call);
      const waiting = [];
      if (call === 'load') waiting.push(outcome(orrery.open(ledger, 'new')));
      if (call === 'list') waiting.push(outcome(orrery.list()));
      if (call === 'checkpoint') waiting.push(outcome(orrery.checkpoint()));
      if (call === 'compact') {
        store.left = { compactionLagBytes: 1e9, journalBytes: 0, checkpointDue: false, checkpointOverdue: false };
        await add(game).durable;
      }
      if (call !== 'close') await store.asked(call);
      const error = await rejection('CLOSE_TIMEOUT', orrery.close({ timeoutMs: 30 }));
      expect(error.context['unsaved']).toBeUndefined();
      await settled();
      expect(waiting.map(({ state }) => state)).toEqual(
        waiting.map(() => (call === 'checkpoint' ? 'CLOSED' : 'CLOSE_TIMEOUT')),
      );
      expect(store.calls.at(-1)).toBe('destroy');
    },
  );

  it('[O33] tries at once, however long the next attempt was away', async () => {
    const { orrery, store, game } = await harbour();
    stopTime();
    store.breakDown('IO_FAILED');
    const receipt = add(game);
    await pass(20_000);
    store.heal();
    // From here on no time passes at all.
    await orrery.close();
    await receipt.durable;
    expect(store.batches).toEqual([['g:1']]);
  });

  it('[O33] with a disk that does not come back: CLOSE_TIMEOUT, whose cause is what the disk said', async () => {
    const { orrery, store, game } = await harbour();
    store.breakDown('DISK_FULL');
    const receipt = outcome(add(game).durable);
    const error = await rejection('CLOSE_TIMEOUT', orrery.close({ timeoutMs: 60 }));
    expect(error.message).toContain('a staged DISK_FULL');
    expect(error.context['unsaved']).toEqual([{ game: 'g', firstSeq: 1 }]);
    await settled();
    expect(receipt.state).toBe('CLOSE_TIMEOUT');
  });

  it('[O34] a store whose thread has died over a question is opened again and closed in order', async () => {
    const { orrery, store } = await harbour();
    store.die('list', false);
    const listed = outcome(orrery.list());
    await store.asked('list');
    await settled();
    await orrery.close();
    expect(store.calls.filter((call) => call !== 'list')).toEqual(['open', 'close']);
    expect(['done', 'CLOSED']).toContain(listed.state);
  });

  it('[O34] a thread that dies while a commit is awaited by close: sent again, then closed', async () => {
    const { orrery, store, game } = await harbour();
    store.die('commit', true);
    const receipt = add(game);
    await orrery.close();
    await receipt.durable;
    expect(store.calls).toEqual(['commit', 'open', 'commit', 'close']);
    expect(store.batches).toEqual([['g:1']]);
  });

  it('[O35] what the store says when it is closed is what close says; then it is given up', async () => {
    const { orrery, store } = await harbour();
    store.fail('close', 'IO_FAILED');
    await rejection('IO_FAILED', orrery.close());
    expect(store.calls).toEqual(['close', 'destroy']);
  });

  it('[O36] an open that fails closes everything again', async () => {
    const stores = [new StagedStore(), new StagedStore()];
    stores[1]!.fail('open', 'ALREADY_OPEN');
    const opening = openOrrery({
      directory: './n',
      games: [ledger],
      shards: 2,
      logger: silent,
      store: (shard) => stores[shard]!,
    });
    await rejection('ALREADY_OPEN', opening);
    expect(stores.map(({ calls }) => calls.at(-1))).toEqual(['destroy', 'destroy']);
  });
});
