// Forks, through the library: on stores in memory and on the real owner.

import { describe, expect, it } from 'vitest';
import { type GameInfo, MemoryStore, type Orrery, type Store } from '#index.ts';
import { galaxy, json, open, rejection } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { OwnerStore } from './owner-store.ts';

const PLACES: readonly (readonly [string, () => Store])[] = [
  ['in memory', () => new MemoryStore()],
  ['on disk', () => new OwnerStore(new MemoryFolder(), { granularities: new Map([['galaxy', 'commands']]) })],
];

/** Three shards, so that parent and fork need not share one. */
async function galaxies(make: () => Store): Promise<Orrery> {
  const orrery = await open([galaxy], { shards: 3, store: () => make() });
  const parent = await orrery.open(galaxy, 'parent');
  for (let turn = 1; turn <= 5; turn += 1) {
    parent.dispatch('build', { at: 'sol', metal: turn });
    parent.advance();
  }
  return orrery;
}

async function rowOf(orrery: Orrery, id: string): Promise<GameInfo | undefined> {
  return (await orrery.list()).find((row) => row.id === id);
}

describe.each(PLACES)('%s', (_, make) => {
  it('[FR20] a fork begins with the state of its moment, at its tick, and says whose it is', async () => {
    const orrery = await galaxies(make);
    // Tick 2 ends with the command before tick 3.
    for (const [as, at, seq, metal, treasury] of [
      ['by seq', { seq: 4 }, 4, 4, 97],
      ['by tick', { tick: 2 }, 5, 7, 94],
    ] as const) {
      const fork = await ask(orrery, 'parent').fork({ at, as });
      expect(fork).toEqual({ id: as, type: 'galaxy', version: 1, parent: { game: 'parent', seq }, seq: 0, tick: 2 });
      expect(await rowOf(orrery, as)).toMatchObject({ parent: 'parent', parentSeq: seq, seq: 0, tick: 2, version: 1 });
      const game = await orrery.load(galaxy, as);
      expect(game.state).toMatchObject({ treasury, ticks: 2 });
      expect(game.state.systems.get('sol')?.metal).toBe(metal);
      expect([game.seq, game.tick]).toEqual([0, 2]);
      game.advance();
      expect([game.seq, game.tick, game.state.ticks]).toEqual([1, 3, 3]);
    }
    expect(await rowOf(orrery, 'parent')).toMatchObject({ parent: undefined, parentSeq: undefined });
  });

  it('[FR21] neither sees what the other does afterwards', async () => {
    const orrery = await galaxies(make);
    const parent = await orrery.load(galaxy, 'parent');
    await ask(orrery, 'parent').fork({ at: { seq: 10 }, as: 'fork' });
    const fork = await orrery.load(galaxy, 'fork');
    expect(json(fork)).toBe(json(parent));
    const before = json(parent);
    fork.dispatch('spend', 7);
    fork.dispatch('build', { at: 'vega', metal: 1 });
    expect(json(parent)).toBe(before);
    const forked = json(fork);
    parent.dispatch('build', { at: 'vega', metal: 9 });
    expect(json(fork)).toBe(forked);
    expect((await rowOf(orrery, 'fork'))?.seq).toBeLessThanOrEqual(2);
  });

  it('[FR22] what was accepted and is not durable yet can be forked; a fork can be forked', async () => {
    const orrery = await galaxies(make);
    const parent = await orrery.load(galaxy, 'parent');
    const { seq } = parent.dispatch('spend', 1);
    await ask(orrery, 'parent').fork({ at: { seq }, as: 'one' });
    await ask(orrery, 'one').fork({ at: { seq: 0 }, as: 'two' });
    expect(json(await orrery.load(galaxy, 'two'))).toBe(json(parent));
    expect(await rowOf(orrery, 'two')).toMatchObject({ parent: 'one', parentSeq: 0, tick: 5 });
  });

  it('[FR23] an existing id, an unknown game and a moment that is not kept: typed errors, and nothing has changed', async () => {
    const orrery = await galaxies(make);
    await orrery.open(galaxy, 'other');
    await orrery.flush();
    const before = await orrery.list();
    const at = { seq: 3 };
    await rejection('GAME_EXISTS', ask(orrery, 'parent').fork({ at, as: 'other' }));
    await rejection('GAME_EXISTS', ask(orrery, 'parent').fork({ at, as: 'parent' }));
    await rejection('GAME_NOT_FOUND', ask(orrery, 'nobody').fork({ at, as: 'new' }));
    await rejection('MOMENT_NOT_KEPT', ask(orrery, 'parent').fork({ at: { seq: 11 }, as: 'new' }));
    await rejection('MOMENT_NOT_KEPT', ask(orrery, 'parent').fork({ at: { tick: 6 }, as: 'new' }));
    await rejection('MOMENT_NOT_KEPT', ask(orrery, 'parent').fork({ at: { time: 0 }, as: 'new' }));
    await rejection('INVALID_OPTION', ask(orrery, 'parent').fork({ at: {} as never, as: 'new' }));
    await rejection('INVALID_OPTION', ask(orrery, 'parent').fork(undefined as never));
    await rejection('INVALID_GAME_ID', ask(orrery, 'parent').fork({ at, as: '..' }));
    await rejection('INVALID_GAME_ID', ask(orrery, '').fork({ at, as: 'new' }));
    expect(await orrery.list()).toEqual(before);
    // The id is free.
    await ask(orrery, 'parent').fork({ at, as: 'new' });
  });

  it('[FR24] racing with others for an id, one wins and the others are told', async () => {
    const orrery = await galaxies(make);
    const at = { seq: 6 };
    const parent = await orrery.history('parent');
    const forks = await Promise.allSettled(Array.from({ length: 5 }, () => parent.fork({ at, as: 'wanted' })));
    expect(forks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const fork of forks) {
      if (fork.status === 'rejected')
        expect(fork.reason).toMatchObject({ code: 'GAME_EXISTS', context: { game: 'wanted' } });
    }
    // Whoever opens it while it is being made gets the fork; whoever creates it first keeps it.
    const fork = parent.fork({ at, as: 'first' });
    const opened = await orrery.open(galaxy, 'first');
    await fork;
    expect(opened.state.ticks).toBe(3);
    const created = orrery.open(galaxy, 'second');
    await rejection('GAME_EXISTS', parent.fork({ at, as: 'second' }));
    expect((await created).state.ticks).toBe(0);
  });
});
