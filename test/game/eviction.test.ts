import { describe, expect, it } from 'vitest';
import { defineGame, MemoryStore } from '#index.ts';
import { add, harbour, ledger, outcome, settled } from '../engine/harbour.ts';
import { StagedStore } from '../engine/staged-store.ts';
import { galaxy, json, open, refusal, rejection, sandbox } from './galaxy.ts';

async function small(maxLoadedGames: number, store = new StagedStore()) {
  const orrery = await open([galaxy], { on: store, maxLoadedGames });
  const evicted: string[] = [];
  orrery.on('evicted', (game) => evicted.push(game));
  return { orrery, store, evicted, loaded: () => [...orrery.loaded()].map(({ id }) => id) };
}

describe('games in memory', () => {
  it('[E1] when one more is opened, the one that was used longest ago leaves, and is announced', async () => {
    const { orrery, evicted, loaded } = await small(3);
    const [a, b, c] = [await orrery.open(galaxy, 'a'), await orrery.open(galaxy, 'b'), await orrery.open(galaxy, 'c')];
    await a.dispatch('rest').durable;
    await orrery.open(galaxy, 'd');
    expect(evicted).toEqual(['b']);
    // To be opened again counts as a use, too.
    expect(await orrery.open(galaxy, 'c')).toBe(c);
    await orrery.open(galaxy, 'e');
    expect(evicted).toEqual(['b', 'a']);
    expect([a.loaded, b.loaded, c.loaded]).toEqual([false, false, true]);
    expect(loaded()).toEqual(['c', 'd', 'e']);
  });

  it('[E1] the one that is being opened never leaves, even when it is the only one that could', async () => {
    const { orrery, evicted } = await small(1);
    const a = await orrery.open(galaxy, 'a');
    a.subscribe(() => {});
    const b = await orrery.open(galaxy, 'b');
    expect([evicted, a.loaded, b.loaded]).toEqual([[], true, true]);
  });

  it('[E2] a game with something that is not durable stays', async () => {
    const store = new StagedStore();
    const orrery = await open([galaxy], {
      on: store,
      maxLoadedGames: 2,
      durability: 'relaxed',
      coalescingDelayMs: 600_000,
    });
    const evicted: string[] = [];
    orrery.on('evicted', (game) => evicted.push(game));
    const a = await orrery.open(galaxy, 'a');
    await orrery.open(galaxy, 'b');
    const receipt = a.dispatch('rest');
    const c = await orrery.open(galaxy, 'c');
    expect(evicted).toEqual(['b']);
    await receipt.durable;
    c.dispatch('rest');
    await orrery.open(galaxy, 'd');
    expect(evicted).toEqual(['b', 'a']);
  });

  it('[E3] a game that somebody subscribed to stays until they go', async () => {
    const { orrery, evicted } = await small(2);
    const a = await orrery.open(galaxy, 'a');
    const end = a.subscribe(() => {});
    await orrery.open(galaxy, 'b');
    await orrery.open(galaxy, 'c');
    expect(evicted).toEqual(['b']);
    end();
    await orrery.open(galaxy, 'd');
    expect(evicted).toEqual(['b', 'a']);
  });

  it('[E4] a game that was evicted says so when it is used, and open brings it back as the same object', async () => {
    const { orrery } = await small(1);
    const a = await orrery.open(galaxy, 'a');
    await a.dispatch('spend', 40).durable;
    a.advance();
    await orrery.flush();
    const text = json(a);
    await orrery.open(galaxy, 'b');
    for (const use of [
      () => a.state,
      () => a.dispatch('rest'),
      () => a.update(() => {}),
      () => a.save({} as never),
      () => a.advance(),
    ]) {
      expect(refusal('GAME_EVICTED', use).context).toMatchObject({ game: 'a' });
    }
    const again = await orrery.open(galaxy, 'a');
    expect(again).toBe(a);
    expect([json(a), a.seq, a.tick, a.loaded]).toEqual([text, 2, 1, true]);
    expect(a.dispatch('rest').seq).toBe(3);
    expect(await orrery.load(galaxy, 'a')).toBe(a);
  });

  it('[E4] a game that was evicted and is opened as another type is refused, and stays what it was', async () => {
    const other = sandbox(() => ({ n: 1 }));
    const orrery = await open([galaxy, other], { maxLoadedGames: 1 });
    const a = await orrery.open(galaxy, 'a');
    await orrery.open(galaxy, 'b');
    await rejection('GAME_TYPE_MISMATCH', orrery.open(other, 'a'));
    expect(await orrery.open(galaxy, 'a')).toBe(a);
    expect(a.state.treasury).toBe(100);
  });

  it('[E5] who opens one id several times at once gets one object, created once', async () => {
    const store = new StagedStore();
    const orrery = await open([galaxy], { on: store });
    const games = await Promise.all([
      orrery.open(galaxy, 'a'),
      orrery.open(galaxy, 'a'),
      orrery.load(galaxy, 'a'),
      orrery.open(galaxy, 'b'),
      orrery.open(galaxy, 'a'),
    ]);
    expect(new Set(games).size).toBe(2);
    expect(store.batches.flat().sort()).toEqual(['a:0', 'b:0']);
    expect(store.calls.filter((call) => call === 'load')).toHaveLength(2);
  });

  it('[E5] nobody gets a game before it is durable', async () => {
    const store = new StagedStore();
    const orrery = await open([galaxy], { on: store });
    store.hold();
    const got: string[] = [];
    const first = orrery.open(galaxy, 'a').then(() => got.push('first'));
    await store.asked('commit');
    const second = orrery.open(galaxy, 'a').then(() => got.push('second'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual([]);
    store.release();
    await Promise.all([first, second]);
    expect(got).toEqual(['first', 'second']);
  });

  it('[E6] an open that fails leaves nothing behind, and who waited for it tries for himself', async () => {
    let attempts = 0;
    const fragile = defineGame('fragile', {
      version: 1,
      initial: (bad: unknown) => {
        attempts += 1;
        if (bad === 'throw') throw new Error('no start');
        return { n: 1, bad } as { n: number; bad: unknown };
      },
      commands: { rest() {} },
      invariants: { sober: ({ bad }) => bad !== 'drunk' },
    });
    const store = new MemoryStore();
    const orrery = await open([fragile], { on: store });
    const thrown = await rejection('COMMAND_REFUSED', orrery.open(fragile, 'g', 'throw'));
    expect(thrown.context).toMatchObject({ game: 'g', command: 'initial' });
    expect((thrown.cause as Error).message).toBe('no start');
    const refused = await rejection('NOT_PERSISTABLE', orrery.open(fragile, 'g', { deep: [new Date()] }));
    expect(refused.context).toEqual({ game: 'g', command: 'initial', path: '/bad/deep/0', paths: ['/bad/deep/0'] });
    await rejection('INVARIANT_FAILED', orrery.open(fragile, 'g', 'drunk'));
    expect([...orrery.loaded()]).toEqual([]);
    expect(await orrery.list()).toEqual([]);
    await rejection('GAME_NOT_FOUND', orrery.load(fragile, 'g'));
    attempts = 0;
    const [first, second, third] = await Promise.allSettled([
      orrery.open(fragile, 'g', 'throw'),
      orrery.open(fragile, 'g', 'fine'),
      orrery.open(fragile, 'g', 'throw'),
    ]);
    expect([first.status, second.status, third.status]).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(attempts).toBe(2);
    expect([...orrery.loaded()].map(({ state }) => state.bad)).toEqual(['fine']);
  });

  it('[E6] a creation that can never become durable is no game', async () => {
    const store = new StagedStore();
    const orrery = await open([galaxy], { on: store });
    store.fail('commit', 'STALE_OWNER');
    await rejection('STALE_OWNER', orrery.open(galaxy, 'a'));
    expect([...orrery.loaded()]).toEqual([]);
  });

  it('[E7] a listener that throws on an eviction spoils nobody the opening', async () => {
    const { orrery } = await small(1);
    orrery.on('evicted', () => {
      throw new Error('from the listener');
    });
    await orrery.open(galaxy, 'a');
    expect((await orrery.open(galaxy, 'b')).loaded).toBe(true);
  });

  it('[E8] many games pass through few places, and each comes back as it was', async () => {
    const { orrery, store, loaded } = await small(5);
    for (let round = 0; round < 3; round += 1) {
      for (let id = 0; id < 30; id += 1) {
        const game = await orrery.open(galaxy, `g${id}`);
        expect(game.state.treasury).toBe(100 - round * id);
        if (id <= 33) await game.dispatch('spend', id).durable;
        expect(loaded().length).toBeLessThanOrEqual(6);
      }
    }
    expect(store.faults).toEqual([]);
  });
});

it('[E13] a game in memory is opened at once, whatever the disk does; one that is created is durable then', async () => {
  const { orrery, store, game } = await harbour();
  store.hold();
  const receipt = outcome(add(game).durable);
  await store.asked('commit');
  expect(await orrery.open(ledger, 'g')).toBe(game);
  expect(game.state.n).toBe(1);
  const created = outcome(orrery.open(ledger, 'new'));
  await settled();
  expect([receipt.state, created.state]).toEqual(['pending', 'pending']);
  store.release();
  await settled();
  expect([receipt.state, created.state]).toEqual(['done', 'done']);
  expect(store.batches).toEqual([['g:1'], ['new:0']]);
});
