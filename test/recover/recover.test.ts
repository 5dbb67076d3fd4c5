// Recovery through the library, where nothing is damaged: games that went wrong, loaded and not, and what subscribers,
// histories and neighbours see of it.

import { describe, expect, it } from 'vitest';
import { defineGame, type GameInfo, MemoryStore, type Orrery, type Store } from '#index.ts';
import { changesOf, galaxy, json, open, rejection } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { OwnerStore } from './owner-store.ts';

const PLACES: readonly (readonly [string, () => Store])[] = [
  ['in memory', () => new MemoryStore()],
  ['on disk', () => new OwnerStore(new MemoryFolder(), { granularities: new Map([['galaxy', 'commands']]) })],
];

/** Ten records: a build and a tick, five times. */
async function played(store: Store, id = 'a', orreryOf = () => open([galaxy], { on: store })): Promise<Orrery> {
  const orrery = await orreryOf();
  await play(orrery, id);
  return orrery;
}

async function play(orrery: Orrery, id: string): Promise<void> {
  const game = await orrery.open(galaxy, id);
  for (let turn = 1; turn <= 5; turn += 1) {
    game.dispatch('build', { at: 'sol', metal: turn });
    game.advance();
  }
  await orrery.flush();
}

async function rowOf(orrery: Orrery, id: string): Promise<GameInfo> {
  return (await orrery.list()).find((row) => row.id === id) as GameInfo;
}

describe.each(PLACES)('%s', (_, make) => {
  it('[FR1] nothing is wrong: nothing is written', async () => {
    const orrery = await played(make());
    const before = await orrery.list();
    for (const mode of ['latest', 'before-error', { to: { seq: 10 } }] as const) {
      expect(await ask(orrery, 'a').recover({ mode, check: () => true })).toEqual({
        game: 'a',
        used: mode,
        tried: [],
        written: false,
        from: { seq: 10, tick: 5, time: before[0]?.time, version: 1 },
        seq: 10,
        givenUp: undefined,
        firstUnsound: undefined,
        reason: undefined,
      });
    }
    expect(await orrery.list()).toEqual(before);
    expect(await ask(orrery, 'a').quarantine()).toEqual([]);
  });

  it('[FR3] [FR6] a loaded game goes on from an earlier moment: the same object, and subscribers hear of it', async () => {
    const orrery = await played(make());
    const game = await orrery.load(galaxy, 'a');
    const changes = changesOf(game);
    const result = await ask(orrery, 'a').recover({ mode: { to: { seq: 4 } }, reason: 'a wrong turn' });
    expect(result).toMatchObject({
      used: { to: { seq: 4 } },
      written: true,
      from: { seq: 4, tick: 2, version: 1 },
      seq: 11,
      givenUp: { firstSeq: 5, lastSeq: 10, count: 6 },
      reason: 'a wrong turn',
    });
    expect(await orrery.load(galaxy, 'a')).toBe(game);
    expect([game.seq, game.tick, game.state.treasury]).toEqual([11, 2, 97]);
    expect(changes).toMatchObject([{ seq: 11, tick: 2, command: '@recover', state: { treasury: 97 } }]);
    expect(changes[0]?.args).toEqual({ mode: 'seq:4', from: 4, reason: 'a wrong turn', givenUp: [5, 10] });
    game.advance();
    expect([game.seq, game.tick]).toEqual([12, 3]);
    await orrery.flush();
    expect(await rowOf(orrery, 'a')).toMatchObject({ seq: 12, tick: 3 });
  });

  it('[FR7] what is given up stays in the history, and the quarantine says why', async () => {
    const orrery = await played(make());
    await ask(orrery, 'a').recover({ mode: { to: { tick: 1 } }, reason: 'first' });
    await ask(orrery, 'a').recover({ mode: { to: { seq: 1 } }, reason: 'second' });
    const names: string[] = [];
    for await (const { name } of ask(orrery, 'a').entries()) names.push(name);
    expect(names).toEqual([...Array.from({ length: 5 }, () => ['build', '@tick']).flat(), '@recover', '@recover']);
    const time = expect.any(Number);
    expect(await ask(orrery, 'a').quarantine()).toEqual([
      { firstSeq: 4, lastSeq: 10, time, mode: 'tick:1', reason: 'first' },
      { firstSeq: 2, lastSeq: 11, time, mode: 'seq:1', reason: 'second' },
    ]);
    // Even that can be gone back to.
    await ask(orrery, 'a').recover({ mode: { to: { seq: 9 } } });
    expect((await orrery.load(galaxy, 'a')).state).toMatchObject({ treasury: 85, ticks: 4 });
  });

  it('[FR8] a game that is not in memory is recovered as well, no other is touched, and a restart finds it so', async () => {
    const store = make();
    const orrery = await played(store);
    await play(orrery, 'neighbour');
    await orrery.close();
    const again = await open([galaxy], { on: store });
    const before = await rowOf(again, 'neighbour');
    expect(await ask(again, 'a').recover({ mode: { to: { seq: 2 } } })).toMatchObject({
      written: true,
      seq: 11,
      reason: 'asked for',
    });
    expect([...again.loaded()]).toEqual([]);
    const game = await again.load(galaxy, 'a');
    expect([game.seq, game.tick, game.state.treasury]).toEqual([11, 1, 99]);
    expect(await rowOf(again, 'neighbour')).toEqual(before);
    const recovered = json(game);
    await again.close();
    const last = await open([galaxy], { on: store });
    expect(json(await last.load(galaxy, 'a'))).toBe(recovered);
  });

  it('[FR4] before-error: to the last moment that the check has nothing against', async () => {
    const orrery = await played(make());
    const result = await ask(orrery, 'a').recover({
      mode: 'latest',
      fallback: ['before-error'],
      check: ({ log }: { log: readonly string[] }) => log.length < 4,
    });
    expect(result).toMatchObject({
      used: 'before-error',
      tried: [{ mode: 'latest', error: { code: 'CHECK_FAILED' } }],
      from: { seq: 6, tick: 3 },
      firstUnsound: { seq: 7, tick: 3, command: 'build' },
      givenUp: { firstSeq: 7, lastSeq: 10, count: 4 },
      reason: 'the check does not hold, from seq 7 on',
    });
  });

  it('[FR4] before-error: invariants and schema of today are what a state is held against', async () => {
    const store = make();
    const orrery = await played(store);
    await orrery.close();
    const stricter = { ...galaxy, invariants: { rich: (state: { treasury: number }) => state.treasury >= 94 } };
    const byInvariant = await open([defineGame('galaxy', stricter as never)], { on: store });
    expect(await ask(byInvariant, 'a').recover({ mode: 'before-error' })).toMatchObject({
      from: { seq: 6 },
      firstUnsound: { seq: 7, command: 'build' },
      reason: 'the invariant "rich" does not hold, from seq 7 on',
    });
    await byInvariant.close();
    const schema = {
      safeParse: (state: { log: string[] }) =>
        state.log.length < 2
          ? { success: true }
          : { success: false, error: { issues: [{ path: ['log'], message: 'long' }] } },
    };
    const bySchema = await open([defineGame('galaxy', { ...galaxy, schema } as never)], { on: store });
    // What the first recovery gave up is not looked at again.
    expect(await ask(bySchema, 'a').recover({ mode: 'before-error' })).toMatchObject({
      from: { seq: 2 },
      firstUnsound: { seq: 3, command: 'build' },
      givenUp: { firstSeq: 3, lastSeq: 11, count: 9 },
    });
  });

  it('[FR9] what is on its way becomes durable first; what comes meanwhile is given up, and said so', async () => {
    const orrery = await played(make());
    const game = await orrery.load(galaxy, 'a');
    game.dispatch('spend', 1);
    const recovering = ask(orrery, 'a').recover({ mode: { to: { seq: 10 } } });
    game.dispatch('spend', 2);
    const result = await recovering;
    expect(result.givenUp).toEqual({ firstSeq: 11, lastSeq: result.seq - 1, count: result.seq - 11 });
    expect(result.seq).toBeGreaterThanOrEqual(12);
    expect([game.seq, game.state.treasury]).toEqual([result.seq, 85]);
    await orrery.flush();
    expect(await rowOf(orrery, 'a')).toMatchObject({ seq: result.seq });
  });

  it('[FR9] a player who dispatches again whenever something is durable', async () => {
    const store = make();
    const orrery = await played(store);
    const game = await orrery.load(galaxy, 'a');
    let isOver = false;
    const player = (async () => {
      for (let each = 1; !isOver; each += 1) {
        await game.dispatch('rest').durable;
        // A store in memory answers without ever leaving the turn: nobody else would get one.
        if (each % 10 === 0) await new Promise(setImmediate);
      }
    })();
    const { seq } = await ask(orrery, 'a').recover({ mode: { to: { seq: 3 } } });
    isOver = true;
    await player;
    const [state, newest] = [json(game), game.seq];
    expect(newest).toBeGreaterThanOrEqual(seq);
    await orrery.close();
    const again = await open([galaxy], { on: store });
    const reloaded = await again.load(galaxy, 'a');
    expect([json(reloaded), reloaded.seq, reloaded.state.treasury]).toEqual([state, newest, 97]);
  });

  it('[FR9] a game that does not rest, over the bound of the commit queue, where states are sent whole', async () => {
    const store = make();
    const orrery = await played(store, 'a', () =>
      open([galaxy], { on: store, commitQueueBytes: 2000, overflow: 'coalesce' }),
    );
    const game = await orrery.load(galaxy, 'a');
    let isOver = false;
    const recovering = ask(orrery, 'a')
      .recover({ mode: { to: { seq: 3 } } })
      .finally(() => {
        isOver = true;
      });
    let dispatched = 0;
    while (!isOver) {
      for (let each = 0; each < 40; each += 1) {
        dispatched += 1;
        game.dispatch('found', { id: `f${dispatched}`, ships: each });
      }
      await new Promise(setImmediate);
    }
    const { seq, givenUp } = await recovering;
    expect(givenUp).toEqual({ firstSeq: 4, lastSeq: seq - 1, count: seq - 4 });
    expect(seq).toBeGreaterThan(11);
    await orrery.flush();
    const [state, newest] = [json(game), game.seq];
    expect(game.state.treasury).toBe(97);
    await orrery.close();
    const again = await open([galaxy], { on: store });
    const reloaded = await again.load(galaxy, 'a');
    expect([json(reloaded), reloaded.seq]).toEqual([state, newest]);
    expect(await ask(again, 'a').quarantine()).toMatchObject([{ firstSeq: 4, lastSeq: seq - 1 }]);
  });

  it('[FR13] wrong options, unknown games and moments that are not kept: typed errors, and nothing has changed', async () => {
    const orrery = await played(make());
    const before = await orrery.list();
    await rejection('GAME_NOT_FOUND', ask(orrery, 'nobody').recover({ mode: 'latest' }));
    await rejection('GAME_NOT_FOUND', ask(orrery, 'nobody').quarantine());
    await rejection('INVALID_GAME_ID', ask(orrery, '').recover({ mode: 'latest' }));
    await rejection('INVALID_GAME_ID', ask(orrery, 'a/b').quarantine());
    await rejection('MOMENT_NOT_KEPT', ask(orrery, 'a').recover({ mode: { to: { seq: 11 } } }));
    await rejection('MOMENT_NOT_KEPT', ask(orrery, 'a').recover({ mode: { to: { time: 5 } } }));
    for (const wrong of [
      undefined,
      {},
      { mode: 'newest' },
      { mode: { to: {} } },
      { mode: { to: { seq: 1, tick: 2 } } },
      { mode: { to: { seq: 1.5 } } },
      { mode: 'latest', fallback: 'snapshot' },
      { mode: 'latest', fallback: ['point'] },
      { mode: 'latest', reason: 5 },
      { mode: 'latest', reason: '\ud800' },
      { mode: 'latest', check: true },
    ]) {
      await rejection('INVALID_OPTION', ask(orrery, 'a').recover(wrong as never));
    }
    const failed = await rejection(
      'RECOVERY_FAILED',
      ask(orrery, 'a').recover({ mode: 'latest', fallback: ['before-error'], check: () => false }),
    );
    expect(failed.context['tried']).toMatchObject([{ mode: 'latest' }, { mode: 'before-error' }]);
    await expect(ask(orrery, 'a').recover({ mode: 'latest', check: () => 5 as never })).rejects.toThrow(TypeError);
    expect(await orrery.list()).toEqual(before);
  });

  it('[FR14] without the code of its type a game is recovered as well', async () => {
    const store = make();
    await (await played(store)).close();
    const other = await open([defineGame('other', { version: 1, initial: () => ({}), commands: {} })], { on: store });
    expect(await ask(other, 'a').recover({ mode: { to: { seq: 3 } } })).toMatchObject({
      written: true,
      from: { version: 1 },
    });
    await other.close();
    const again = await open([galaxy], { on: store });
    expect((await again.load(galaxy, 'a')).state.treasury).toBe(97);
  });
});
