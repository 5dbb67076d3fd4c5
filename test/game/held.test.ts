// Games that a user goes on holding when they have left memory, or while somebody else works on them.

import { describe, expect, it } from 'vitest';
import { WorkingState } from '#core/game/state.ts';
import { CommitQueue } from '#engine/commit-queue.ts';
import { LoadedGames } from '#engine/loaded-games.ts';
import { defineGame, type Orrery } from '#index.ts';
import { DEFAULTS } from '#options.ts';
import { StagedStore } from '../engine/staged-store.ts';
import { ask } from '../history/ask.ts';
import { json, open, refusal, rejection } from './galaxy.ts';

const counter = defineGame('counter', {
  version: 1,
  history: 'commands',
  initial: () => ({ n: 0 }),
  commands: {
    add(draft, by: number) {
      draft.n += by;
    },
  },
});

const newer = defineGame('counter', { ...counter, version: 2, migrations: { 1: () => undefined } });

/** A game of three commands that has left memory and is still held. */
async function held(store = new StagedStore()) {
  const orrery = await open([counter], { on: store, maxLoadedGames: 1 });
  const game = await orrery.open(counter, 'a');
  for (const by of [1, 10, 100]) game.dispatch('add', by);
  await orrery.flush();
  await orrery.open(counter, 'b');
  expect(game.loaded).toBe(false);
  return { orrery, store, game };
}

/** What is there after a restart. */
async function reopened(orrery: Orrery, store: StagedStore, id: string, type = counter) {
  await orrery.close();
  const again = await open([type], { on: store.inner });
  const game = await again.load(type, id);
  return { seq: game.seq, n: game.state.n };
}

describe('a held game that is not in memory', () => {
  it('[E9] is not lent to a recovery: it stays evicted until it is opened, and goes on behind the recovery', async () => {
    const { orrery, store, game } = await held();
    store.hold('commit');
    const recovering = ask(orrery, 'a').recover({ mode: { to: { seq: 1 } } });
    await store.asked('commit');
    // Its record is on the way and the promise is not kept yet.
    expect(game.loaded).toBe(false);
    refusal('GAME_EVICTED', () => game.dispatch('add', 1000));
    const opening = orrery.open(counter, 'a');
    store.release();
    expect(await recovering).toMatchObject({ written: true, seq: 4 });
    expect(await opening).toBe(game);
    expect([game.seq, game.state.n]).toEqual([4, 1]);
    const receipt = game.dispatch('add', 5);
    expect(receipt.seq).toBe(5);
    await receipt.durable;
    expect(store.faults).toEqual([]);
    expect(await reopened(orrery, store, 'a')).toEqual({ seq: 5, n: 6 });
  });

  it('[E9] is the one that a submission works with, once it is in memory again', async () => {
    const { orrery, store, game } = await held();
    store.hold('commit');
    const submitting = orrery.submit('a', { state: { n: 7 }, baseSeq: 3 });
    const submitted = await submitting;
    expect([game.loaded, game.seq, submitted.seq]).toEqual([true, 4, 4]);
    const receipt = game.dispatch('add', 1);
    store.release();
    await Promise.all([submitted.durable, receipt.durable]);
    expect(store.faults).toEqual([]);
    expect(await reopened(orrery, store, 'a')).toEqual({ seq: 5, n: 8 });
  });

  it('[E9] a fork, and a game that is being forked, are not seen before the fork is durable', async () => {
    const { orrery, store, game } = await held();
    store.hold('commit');
    const forking = ask(orrery, 'a').fork({ at: 2, as: 'c' });
    await store.asked('commit');
    expect([...orrery.loaded()].map(({ id }) => id)).toEqual(['b']);
    expect(game.loaded).toBe(false);
    const opening = orrery.open(counter, 'c');
    store.release();
    await forking;
    const fork = await opening;
    fork.dispatch('add', 1);
    expect(await reopened(orrery, store, 'c')).toEqual({ seq: 1, n: 12 });
  });

  it('[E9] migrateAll takes it up with its record first, whatever is dispatched meanwhile', async () => {
    const old = await held();
    await old.orrery.close();
    const store = old.store;
    const orrery = await open([newer], { on: store, maxLoadedGames: 1 });
    const migrating = orrery.migrateAll();
    const seen = new Set<number>();
    const playing = setInterval(() => {
      for (const game of orrery.loaded()) seen.add(game.dispatch('add', 1).seq);
    });
    expect(await migrating).toMatchObject({ failed: [], migrated: [{ game: 'a' }, { game: 'b' }] });
    clearInterval(playing);
    await orrery.flush();
    expect(store.faults).toEqual([]);
    const game = await orrery.load(newer, 'a');
    const live = { seq: game.seq, n: game.state.n };
    expect(await reopened(orrery, store, 'a', newer)).toEqual(live);
  });
});

it('[E10] a load waits for what of the game is still on its way, though questions go between commits', async () => {
  const store = new StagedStore();
  await store.open();
  const nothing = (): void => {};
  const commitQueue = new CommitQueue(store, DEFAULTS, {
    checkpoint: nothing,
    degraded: nothing,
    recovered: nothing,
    failed: nothing,
    gameFailed: nothing,
  });
  commitQueue.start();
  const options = { ...DEFAULTS, games: [counter] };
  const loadedGames = new LoadedGames([commitQueue], options, { evicted: nothing, subscriberFailed: nothing });
  await loadedGames.open(counter, 'other', []);
  for (let round = 0; round < 4; round += 1) {
    const id = `g${round}`;
    store.hold('commit');
    // A batch in flight, so that the next one and the question come due at the same time.
    (await loadedGames.open(counter, 'other', undefined)).dispatch('add', 1, undefined);
    await store.asked('commit');
    const { actor } = loadedGames.detached(counter, id);
    actor.adopt(WorkingState.fromJson({ n: 40 + round }, []), { command: '@create', seq: 0, tick: 0 });
    actor.evict();
    // Some questions of others, so that it is this one's turn in one round or another.
    const others = Array.from({ length: round }, () => loadedGames.list());
    const opening = loadedGames.open(counter, id, []);
    store.release();
    expect((await opening).state).toEqual({ n: 40 + round });
    await Promise.all(others);
  }
  await commitQueue.close(1000);
  expect(store.faults).toEqual([]);
});

describe('games over the bound', () => {
  it('[E11] whoever opens a game gets it in memory, however many are opened at once', async () => {
    const store = new StagedStore();
    const orrery = await open([counter], { on: store, maxLoadedGames: 1 });
    const ids = ['a', 'b', 'c', 'd'];
    const first = await Promise.all(ids.map(async (id) => (await orrery.open(counter, id)).dispatch('add', 1).seq));
    expect(first).toEqual([1, 1, 1, 1]);
    await orrery.flush();
    await orrery.open(counter, 'e');
    expect([...orrery.loaded()].map(({ id }) => id)).toEqual(['e']);
    const second = await Promise.all(ids.map(async (id) => (await orrery.open(counter, id)).dispatch('add', 1).seq));
    expect(second).toEqual([2, 2, 2, 2]);
    await orrery.flush();
    expect(store.faults).toEqual([]);
  });

  it('[E11] a game does not leave while a submission works on it, and leaves afterwards', async () => {
    const { orrery, store, game } = await held();
    store.hold('stateAt');
    // The state that the writer began from is asked for, and takes its time.
    const submitting = orrery.submit('a', { state: { n: 5 }, baseSeq: 1 });
    await store.asked('stateAt');
    const opening = orrery.open(counter, 'c');
    store.release();
    await rejection('CONFLICT', submitting);
    await opening;
    expect(game.seq).toBe(3);
    await orrery.open(counter, 'd');
    expect([...orrery.loaded()].map(({ id }) => id)).toEqual(['d']);
  });
});

it('[E12] a resolver that changes the game itself is refused, so that no change is covered up', async () => {
  let game: { dispatch(name: 'add', by: number): unknown } | undefined;
  const careless = defineGame('counter', {
    ...counter,
    resolve: ({ ours }) => {
      game?.dispatch('add', 1000);
      return ours;
    },
  });
  const orrery = await open([careless]);
  const opened = await orrery.open(careless, 'g');
  opened.dispatch('add', 1);
  opened.dispatch('add', 2);
  await orrery.flush();
  game = opened;
  await rejection('CONFLICT', orrery.submit('g', { state: { n: 50 }, baseSeq: 1 }));
  expect([opened.seq, json(opened)]).toEqual([3, '{"n":1003}']);
});
