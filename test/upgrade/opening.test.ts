// Games of an older version, taken up when they are opened: on a store in memory, and in a directory.

import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MemoryStore, type Migrations, openOrrery } from '#index.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { emptyFolder, fingerprint, removeFolders } from '../cli/command-line.ts';
import { changesOf, json, open, rejection, silent } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { type AnyVersion, expected, galaxyOf, migrations } from './galaxies.ts';

afterEach(removeFolders);

/** Plays a game of version 1 and says what its state was, as JSON. */
async function playFirst(
  directory: string | undefined,
  store: MemoryStore,
  ids: readonly string[] = ['andromeda'],
): Promise<string> {
  const first = galaxyOf(1);
  const orrery = await orreryOn(directory, store, [first]);
  let state = '';
  for (const id of ids) {
    const game = await orrery.open(first, id);
    game.dispatch('mine', { at: 'sol', metal: 4 });
    game.advance();
    game.dispatch('found', '71683');
    game.advance();
    game.dispatch('mine', { at: '71683', metal: 7 });
    state = json(game);
  }
  await orrery.close();
  return state;
}

const orreryOn = (directory: string | undefined, store: MemoryStore, games: readonly AnyVersion[]) =>
  directory === undefined ? open(games, { on: store }) : openOrrery({ directory, games, logger: silent });

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

describe.each(['memory', 'sqlite'])('on %s', (kind) => {
  const place = (): string | undefined => (kind === 'memory' ? undefined : `${emptyFolder()}/data`);

  it.each([2, 4])('[MG10] opening takes a game from version 1 to %i, durably, as one record', async (version) => {
    const directory = place();
    const store = new MemoryStore();
    const first = JSON.parse(await playFirst(directory, store));
    const newest = galaxyOf(version);

    const orrery = await orreryOn(directory, store, [newest]);
    expect(await orrery.list()).toMatchObject([{ id: 'andromeda', version: 1, seq: 5, tick: 2 }]);
    const game = await orrery.open(newest, 'andromeda');
    // Durable, as a store sees it, before open resolves.
    expect(await orrery.list()).toMatchObject([{ id: 'andromeda', version, seq: 6, tick: 2 }]);
    expect(json(game)).toBe(expected(first, 2, version));
    expect([game.seq, game.tick, game.type.version]).toEqual([6, 2, version]);
    const entries = await all(ask(orrery, 'andromeda').entries({ from: 6 }));
    expect(entries).toMatchObject([{ seq: 6, tick: 2, name: '@migrate', args: { from: 1, to: version } }]);
    expect((game.state as { systems: { size: number } }).systems.size).toBe(3);
    game.dispatch('mine', { at: 'vega', metal: 1 });
    const played = json(game);
    await orrery.close();

    // Once is enough.
    const again = await orreryOn(directory, store, [newest]);
    const loaded = await again.load(newest, 'andromeda');
    expect([loaded.seq, json(loaded)]).toEqual([7, played]);
    await again.close();
  });

  it('[MG13] what was before stays readable, with its version; what comes after has the new one', async () => {
    const directory = place();
    const store = new MemoryStore();
    const first = await playFirst(directory, store);
    const newest = galaxyOf(4);
    const orrery = await orreryOn(directory, store, [newest]);
    const game = await orrery.open(newest, 'andromeda');
    await game.dispatch('mine', { at: 'sol', metal: 1 }).durable;
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await ask(orrery, 'andromeda').at({ seq: 5 })).toMatchObject({ version: 1, tables: ['systems'] });
      expect((await ask(orrery, 'andromeda').at({ seq: 5 })).state).toEqual(JSON.parse(first));
      const migrated = await ask(orrery, 'andromeda').at({ seq: 6 });
      expect(migrated).toMatchObject({ version: 4, seq: 6, tables: ['systems', 'fleets', 'names'] });
      expect(JSON.stringify(migrated.state)).toBe(expected(JSON.parse(first), 2, 4));
      expect(await ask(orrery, 'andromeda').at({ seq: 7 })).toMatchObject({ version: 4 });
      expect(await ask(orrery, 'andromeda').at({ seq: 0 })).toMatchObject({ version: 1, tick: 0 });
      await orrery.checkpoint();
    }
    const record = (await all(ask(orrery, 'andromeda').entries({ from: 6, to: 6 })))[0];
    expect(record?.time).toBe((await ask(orrery, 'andromeda').at({ seq: 6 })).time);
    await orrery.close();
    if (directory === undefined) return;
    const past = await openDirectoryPast(directory, 'andromeda');
    expect(await past.stateAt({ tick: 1 })).toMatchObject({ version: 1, tick: 1 });
    await past.close();
  });

  it.each([1, 2, 3])('[MG11] when the migration from version %i fails, nothing has happened', async (failing) => {
    const directory = place();
    const store = new MemoryStore();
    const first = await playFirst(directory, store, ['andromeda', 'milky way']);
    const broken: Migrations = {
      ...migrations,
      [failing]: (state: { log: unknown[] }, context: { game: string }) => {
        if (context.game === 'milky way') return (migrations[failing] as Migrations[1])?.(state, context as never);
        state.log = [Number.POSITIVE_INFINITY];
        return undefined;
      },
    };
    const newest = galaxyOf(4, { migrations: broken });
    const orrery = await orreryOn(directory, store, [newest]);
    const before = directory === undefined ? [] : fingerprint(directory);
    const error = await rejection('MIGRATION_FAILED', orrery.open(newest, 'andromeda'));
    expect(error.context).toMatchObject({ game: 'andromeda', from: failing, to: failing + 1, path: '/log/0' });
    await orrery.flush();
    if (directory !== undefined) expect(fingerprint(directory)).toEqual(before);
    expect(await orrery.list()).toMatchObject([
      { id: 'andromeda', version: 1, seq: 5 },
      { id: 'milky way', version: 1, seq: 5 },
    ]);
    expect([...orrery.loaded()]).toEqual([]);
    // Another game is not held up, and the failed one can still be read and played by the program it was made with.
    expect((await orrery.open(newest, 'milky way')).seq).toBe(6);
    expect((await ask(orrery, 'andromeda').at({ seq: 5 })).state).toEqual(JSON.parse(first));
    await orrery.close();
    const second = galaxyOf(1);
    const old = await orreryOn(directory, store, [second]);
    const game = await old.load(second, 'andromeda');
    expect(json(game)).toBe(first);
    game.dispatch('mine', { at: 'sol', metal: 1 });
    await old.close();
  });

  it.each<[what: string, code: string, path: string, type: () => AnyVersion]>([
    [
      'does not fit the schema',
      'SCHEMA_FAILED',
      '/systems/71683/crystal',
      () =>
        galaxyOf(2, { schema: z.object({ systems: z.record(z.string(), z.object({ crystal: z.number().max(9) })) }) }),
    ],
    [
      'breaks an invariant',
      'INVARIANT_FAILED',
      '',
      () => galaxyOf(2, { invariants: { rich: (state) => state.treasury > 99 } }),
    ],
  ])('[MG11] a migrated state that %s is not taken', async (_what, code, path, type) => {
    const directory = place();
    const store = new MemoryStore();
    await playFirst(directory, store);
    const newest = type();
    const orrery = await orreryOn(directory, store, [newest]);
    const error = await rejection('MIGRATION_FAILED', orrery.open(newest, 'andromeda'));
    expect(error.context).toMatchObject({ game: 'andromeda', from: 1, to: 2 });
    if (path !== '') expect(error.context.path).toBe(path);
    expect((error.cause as { code: string }).code).toBe(code);
    expect(await orrery.list()).toMatchObject([{ version: 1, seq: 5 }]);
    expect([...orrery.loaded()]).toEqual([]);
    await orrery.close();
  });

  it('[MG12] a game that is newer than the program, or has no way to it, is refused and stays as it is', async () => {
    const directory = place();
    const store = new MemoryStore();
    await playFirst(directory, store);
    const third = galaxyOf(3);
    const orrery = await orreryOn(directory, store, [third]);
    await orrery.open(third, 'andromeda');
    await orrery.close();

    const second = galaxyOf(2);
    const older = await orreryOn(directory, store, [second]);
    const tooNew = await rejection('GAME_VERSION', older.open(second, 'andromeda'));
    expect(tooNew.context).toMatchObject({ game: 'andromeda', stored: 3, asked: 2 });
    expect(await older.list()).toMatchObject([{ version: 3, seq: 6 }]);
    await older.close();

    const fifth = galaxyOf(5, { migrations: { 4: (state: object) => state } });
    const newer = await orreryOn(directory, store, [fifth]);
    const missing = await rejection('MIGRATION_MISSING', newer.open(fifth, 'andromeda'));
    expect(missing.context).toMatchObject({ game: 'andromeda', from: 3, to: 5 });
    expect(await newer.list()).toMatchObject([{ version: 3, seq: 6 }]);
    await newer.close();
  });

  it('[MG14] migrateAll takes every game up, reports those that fail, and tells of progress', async () => {
    const directory = place();
    const store = new MemoryStore();
    const ids = ['a', 'b', 'c', 'd'];
    await playFirst(directory, store, ids);
    const newest = galaxyOf(2, {
      migrations: {
        1: (state: { log: unknown }, { game }: { game: string }) => {
          if (game === 'b') throw new Error('no');
          state.log = null;
        },
      },
    });
    const orrery = await orreryOn(directory, store, [newest]);
    await orrery.open(newest, 'c');
    const told: unknown[] = [];
    const report = await orrery.migrateAll({
      onProgress: ({ done, total, latest }) => told.push([done, total, latest?.game]),
    });
    expect(told).toEqual([
      [1, 4, 'a'],
      [2, 4, 'b'],
      [3, 4, undefined],
      [4, 4, 'd'],
    ]);
    expect(report.migrated).toEqual([
      { game: 'a', type: 'galaxy', from: 1, to: 2 },
      { game: 'd', type: 'galaxy', from: 1, to: 2 },
    ]);
    expect(report.current).toBe(1);
    expect(report.failed).toMatchObject([{ game: 'b', from: 1, to: 1, error: { code: 'MIGRATION_FAILED' } }]);
    expect((await orrery.list()).map(({ version }) => version)).toEqual([2, 1, 2, 2]);
    await rejection('GAME_NOT_FOUND', orrery.migrateAll({ games: ['a', 'nowhere'] }));
    expect(await orrery.migrateAll({ games: ['a'] })).toEqual({ migrated: [], failed: [], current: 1 });
    await orrery.close();
    await rejection('CLOSED', orrery.migrateAll());
  });
});

it('[MG10] two who open at once get one migration and one game; who held the game hears of it', async () => {
  const store = new MemoryStore();
  await playFirst(undefined, store);
  const newest = galaxyOf(2);
  const orrery = await open([newest], { on: store });
  const [one, two] = await Promise.all([orrery.open(newest, 'andromeda'), orrery.load(newest, 'andromeda')]);
  expect(one).toBe(two);
  const changes = changesOf(one);
  one.advance();
  expect(changes).toMatchObject([{ seq: 7, command: '@tick' }]);
});

it('[MG12] a game of a type that the program does not have fails in migrateAll, and no other', async () => {
  const store = new MemoryStore();
  await playFirst(undefined, store, ['a']);
  const other = { ...galaxyOf(1), name: 'other' };
  const orrery = await open([other], { on: store });
  await orrery.open(other, 'b');
  const report = await orrery.migrateAll();
  expect(report.failed).toMatchObject([{ game: 'a', from: 1, to: 1, error: { code: 'INVALID_GAME_TYPE' } }]);
  expect(report.current).toBe(1);
});
