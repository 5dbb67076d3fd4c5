// A game takes a whole state as a record of its own: what forks, migrations and recoveries do it with.

import { expect, it } from 'vitest';
import type { AnyGameType } from '#core/game/define.ts';
import { WorkingState } from '#core/game/state.ts';
import { CommitQueue } from '#engine/commit-queue.ts';
import { LoadedGames } from '#engine/loaded-games.ts';
import { defineGame, type GameOf, MemoryStore, table } from '#index.ts';
import { DEFAULTS } from '#options.ts';
import { changesOf, sandbox } from './galaxy.ts';

const counter = sandbox(() => ({ n: 0, units: table<{ hp: number }>() }));

/** What the engine holds of a game, which no user can reach. */
async function opened(type: AnyGameType) {
  const store = new MemoryStore();
  const nothing = (): void => {};
  const commitQueue = new CommitQueue(store, DEFAULTS, {
    checkpoint: nothing,
    degraded: nothing,
    recovered: nothing,
    failed: nothing,
    gameFailed: nothing,
  });
  commitQueue.start();
  const options = { ...DEFAULTS, games: [type] };
  const loadedGames = new LoadedGames([commitQueue], options, { evicted: nothing, subscriberFailed: nothing });
  return { store, commitQueue, actor: await loadedGames.exclusively('g', () => loadedGames.loaded(type, 'g', [])) };
}

it('[WS5] the state, seq and tick are those it was given, subscribers hear of it, and it goes on from there', async () => {
  const { store, commitQueue, actor } = await opened(counter);
  const game = actor.game as GameOf<typeof counter>;
  const changes = changesOf(game);
  game.update((draft) => {
    draft.n = 5;
  });
  const state = WorkingState.fromJson({ n: 3, units: { a: { hp: 1 } } }, ['units']);
  const receipt = actor.adopt(state, { command: '@recover', seq: 2, tick: 7, args: { mode: 'latest' } });
  expect([receipt.seq, receipt.tick, game.seq, game.tick]).toEqual([2, 7, 2, 7]);
  expect(game.state.units.get('a')).toEqual({ hp: 1 });
  expect(changes.map(({ seq, command }) => [seq, command])).toEqual([
    [1, '@update'],
    [2, '@recover'],
  ]);
  game.update((draft) => {
    const unit = draft.units.get('a');
    if (unit) unit.hp = 9;
  });
  await commitQueue.flush();
  expect(await store.load('g')).toMatchObject({ seq: 3, tick: 7, version: counter.version, tables: ['units'] });
  await commitQueue.close(1000);
});

it('[WS6] what should be a table and is none is refused with its path', () => {
  for (const units of [[], 1, null, 'x']) {
    expect(() => WorkingState.fromJson({ n: 1, units: units as never }, ['units'])).toThrow(
      expect.objectContaining({ code: 'NOT_PERSISTABLE', context: expect.objectContaining({ path: '/units' }) }),
    );
  }
});

it('[WS9] a state that an invariant refuses is not adopted, and everything is as before', async () => {
  const careful = defineGame('careful', {
    version: 1,
    initial: () => ({ n: 1 }),
    commands: {
      add(draft) {
        draft.n += 1;
      },
    },
    invariants: { positive: (state) => state.n > 0 },
  });
  const { store, commitQueue, actor } = await opened(careful);
  const { game } = actor;
  game.dispatch('add');
  const changes = changesOf(game);
  const before = game.state;
  const adopt = () => actor.adopt(WorkingState.fromJson({ n: -1 }, []), { command: '@recover', seq: 2, tick: 5 });
  expect(adopt).toThrow(expect.objectContaining({ code: 'INVARIANT_FAILED' }));
  expect([game.state, game.seq, game.tick, changes.length]).toEqual([before, 1, 0, 0]);
  game.dispatch('add');
  await commitQueue.flush();
  expect(await store.load('g')).toMatchObject({ seq: 2, tick: 0 });
  expect(game.state).toEqual({ n: 3 });
  await commitQueue.close(1000);
});
