// Forks and recoveries across versions of a game type: the moment keeps its version, and whoever has the migrations goes on
// with today's.

import { describe, expect, it } from 'vitest';
import { defineGame, MemoryStore, type Store } from '#index.ts';
import { changesOf, open, rejection } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { OwnerStore } from './owner-store.ts';

const first = defineGame('mine', {
  version: 1,
  initial: () => ({ ore: 0 }),
  commands: {
    dig(draft, ore: number) {
      draft.ore += ore;
    },
  },
});

const second = {
  version: 2,
  initial: () => ({ metal: 0 }),
  commands: {
    smelt(draft: { metal: number }, metal: number) {
      draft.metal += metal;
    },
  },
  invariants: { counted: (state: { metal: number }) => Number.isInteger(state.metal) },
};
const unmigrated = defineGame('mine', second);
const migrated = defineGame('mine', {
  ...second,
  migrations: { 1: ({ ore }: { ore: number }) => ({ metal: ore * 10 }) },
});

const PLACES: readonly (readonly [string, () => Store])[] = [
  ['in memory', () => new MemoryStore()],
  ['on disk', () => new OwnerStore(new MemoryFolder(), { granularities: new Map([['mine', 'commands']]) })],
];

/** Two records of version 1, then a migration (seq 3), then one of version 2. */
async function played(store: Store): Promise<void> {
  const old = await open([first], { on: store });
  const game = await old.open(first, 'a');
  game.dispatch('dig', 1);
  game.dispatch('dig', 2);
  await old.close();
  const now = await open([migrated], { on: store });
  (await now.load(migrated, 'a')).dispatch('smelt', 5);
  await now.close();
}

describe.each(PLACES)('%s', (_, make) => {
  it('[FR25] a fork of an older version keeps it, and is migrated when it is opened', async () => {
    const store = make();
    await played(store);
    const orrery = await open([migrated], { on: store });
    expect(await ask(orrery, 'a').fork({ at: { seq: 1 }, as: 'old' })).toMatchObject({
      version: 1,
      parent: { seq: 1 },
    });
    const old = await orrery.load(migrated, 'old');
    expect([old.seq, old.state]).toEqual([1, { metal: 10 }]);
    await ask(orrery, 'old').fork({ at: { seq: 0 }, as: 'older' });
    expect((await orrery.list()).find(({ id }) => id === 'older')).toMatchObject({ version: 1, parent: 'old' });
  });

  it('[FR16] a moment of an older version is migrated on the way, and the game in memory goes on with today’s code', async () => {
    const store = make();
    await played(store);
    const orrery = await open([migrated], { on: store });
    const game = await orrery.load(migrated, 'a');
    const changes = changesOf(game);
    const result = await ask(orrery, 'a').recover({ mode: { to: { seq: 2 } } });
    expect(result).toMatchObject({ written: true, from: { seq: 2, version: 1 }, seq: 5 });
    expect(changes).toMatchObject([{ command: '@recover', state: { metal: 30 } }]);
    game.dispatch('smelt', 1);
    await orrery.flush();
    expect((await orrery.list())[0]).toMatchObject({ version: 2, seq: 6 });
  });

  it('[FR16] invariants are asked of older states as today’s code would have them', async () => {
    const store = make();
    await played(store);
    const strict = defineGame('mine', {
      ...second,
      migrations: { 1: ({ ore }: { ore: number }) => ({ metal: ore * 10 }) },
      invariants: { little: (state) => state.metal < 20 },
    });
    const orrery = await open([strict], { on: store });
    expect(await ask(orrery, 'a').recover({ mode: 'before-error' })).toMatchObject({
      from: { seq: 1, version: 1 },
      firstUnsound: { seq: 2, command: 'dig' },
      reason: 'the invariant "little" does not hold, from seq 2 on',
    });
    expect((await orrery.load(strict, 'a')).state).toEqual({ metal: 10 });
  });

  it('[FR16] without migrations the state keeps its version, unless the game is in memory', async () => {
    const store = make();
    await played(store);
    const orrery = await open([unmigrated], { on: store });
    const game = await orrery.load(unmigrated, 'a');
    const refused = await rejection('MIGRATION_MISSING', ask(orrery, 'a').recover({ mode: { to: { seq: 2 } } }));
    expect(refused.context).toMatchObject({ game: 'a', from: 1, to: 2 });
    expect([game.seq, game.state]).toEqual([4, { metal: 35 }]);
    await orrery.close();
    const again = await open([unmigrated], { on: store });
    expect(await ask(again, 'a').recover({ mode: { to: { seq: 2 } } })).toMatchObject({ written: true, seq: 5 });
    expect((await again.list())[0]).toMatchObject({ version: 1, seq: 5 });
    await again.close();
    const able = await open([migrated], { on: store });
    expect((await able.load(migrated, 'a')).state).toEqual({ metal: 30 });
  });
});
