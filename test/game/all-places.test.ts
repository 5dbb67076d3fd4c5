// A refusal of the game tells every place, whichever way the state came in.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineGame, type GameOf, MemoryStore, OrreryError, type OrreryErrorCode, type Table, table } from '#index.ts';
import { open, play, refusal } from './galaxy.ts';

interface Loose {
  at: unknown;
  home: { x: unknown; list: unknown[] };
  ships: Table<{ [key: string]: unknown }>;
}

const good = (): Loose => ({ at: 1, home: { x: 1, list: [] }, ships: table({ a: { n: 1 }, b: { n: 2 } }) });

const loose = defineGame('loose', {
  version: 1,
  initial: (state: (() => Loose) | undefined) => (state ?? good)(),
  commands: {
    spoil(draft) {
      draft.at = new Date(0);
      draft.home.x = Number.NaN;
      draft.home.list.push({ deep: undefined }, new Map());
      draft.ships.get('a')!['born'] = new Set();
      draft.ships.get('b')!['n'] = 5;
      draft.ships.set('c', { fly: () => 1 });
    },
    spoilNumbers(draft) {
      draft.at = Number.NaN;
    },
    spoilTwice(draft, given: { n: number }) {
      draft.ships = table({ x: { n: 1n }, y: given });
      draft.at = 1n;
    },
    take(_draft, _given: unknown) {},
  },
});

async function start(): Promise<{ game: GameOf<typeof loose> }> {
  const orrery = await open([loose]);
  return { game: await orrery.open(loose, 'andromeda') };
}

const rejection = async (code: OrreryErrorCode, work: Promise<unknown>): Promise<OrreryError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OrreryError);
  expect((error as OrreryError).code).toBe(code);
  return error as OrreryError;
};

const sorted = (error: OrreryError): string[] => [...(error.context.paths ?? [])].sort();

describe('all places of a refusal', () => {
  it('[A44] of what a command left in plain keys, in tables and in entities; nothing has changed', async () => {
    const { game } = await start();
    const before = JSON.stringify(game.state);
    const error = refusal('NOT_PERSISTABLE', () => game.dispatch('spoil'));
    expect(sorted(error)).toEqual([
      '/at',
      '/home/list/0/deep',
      '/home/list/1',
      '/home/x',
      '/ships/a/born',
      '/ships/c/fly',
    ]);
    expect(error.context).toMatchObject({ game: 'andromeda', command: 'spoil', path: error.context.paths?.[0] });
    for (const path of error.context.paths ?? []) expect(error.message).toContain(JSON.stringify(path));
    expect(sorted(refusal('NOT_PERSISTABLE', () => game.dispatch('spoilNumbers')))).toEqual(['/at']);
    expect(sorted(refusal('NOT_PERSISTABLE', () => game.dispatch('spoilTwice', { n: 1 })))).toEqual([
      '/at',
      '/ships/x/n',
    ]);
    expect(JSON.stringify(game.state)).toBe(before);
    expect(game.seq).toBe(0);
  });

  it('[A44] of a state to save, which is compared with the one before', async () => {
    const { game } = await start();
    const spoiled = { ...game.copy(), at: 1n, ships: { a: { n: Number.NaN }, z: { when: new Date(0) } } };
    expect(sorted(refusal('NOT_PERSISTABLE', () => game.save(spoiled)))).toEqual([
      '/at',
      '/ships/a/n',
      '/ships/z/when',
    ]);
    const sharing = { ...game.state, at: 1n, home: { ...game.state.home, x: 2n } };
    expect(sorted(refusal('NOT_PERSISTABLE', () => game.save(sharing)))).toEqual(['/at', '/home/x']);
    const table2 = { ...game.state, at: 1n, ships: table({ q: { n: 1n } }) };
    expect(sorted(refusal('NOT_PERSISTABLE', () => game.save(table2)))).toEqual(['/at', '/ships/q/n']);
  });

  it('[A44] of an initial state, tables and keys included', async () => {
    const orrery = await open([loose]);
    const state = (): Loose => ({
      ...good(),
      at: 1n,
      ships: table({ a: { f: () => 1 } }),
      ...{ extra: new Date(0), prototype: 1 },
    });
    const error = await rejection('NOT_PERSISTABLE', orrery.open(loose, 'andromeda', state));
    expect(sorted(error)).toEqual(['/at', '/extra', '/prototype', '/ships/a/f']);
    expect(await orrery.list()).toEqual([]);
  });

  it('[A44] of arguments', async () => {
    const { game } = await start();
    for (let round = 0; round < 20; round += 1) game.dispatch('take', { a: 1, b: [1], c: 'x' });
    const error = refusal('NOT_PERSISTABLE', () => game.dispatch('take', { a: 1n, b: [Number.NaN], c: new Date(0) }));
    expect(sorted(error)).toEqual(['/a', '/b/0', '/c']);
    expect(error.context).toMatchObject({ command: 'take', argument: true });
  });

  it('[A44] of what a migration left', async () => {
    const store = new MemoryStore();
    const orrery = await open([loose], { on: store });
    await orrery.open(loose, 'andromeda');
    await orrery.close();
    const next = defineGame('loose', {
      version: 2,
      initial: good,
      migrations: {
        1: (state) => {
          state.at = 1n;
          state.home.x = new Date(0);
          state.ships.a.n = Number.NaN;
        },
      },
    });
    const again = await open([next], { on: store });
    const error = await rejection('MIGRATION_FAILED', again.open(next, 'andromeda'));
    expect(sorted(error)).toEqual(['/at', '/home/x', '/ships/a/n']);
    expect((error.cause as OrreryError).message).toContain('"/home/x" (a Date)');
  });

  it('[A44] of what a schema says', async () => {
    const strict = defineGame('strict', {
      version: 1,
      initial: () => ({ a: 1, b: 'x', list: [1] }),
      schema: z.object({ a: z.int().max(5), b: z.string().max(2), list: z.array(z.int().max(30)) }),
      commands: {
        spoil(draft, count: number) {
          draft.a = 9;
          draft.b = 'long';
          draft.list = Array.from({ length: count }, () => 31);
        },
      },
    });
    const { game } = await play(strict, { validate: 'always' });
    const error = refusal('SCHEMA_FAILED', () => game.dispatch('spoil', 1));
    expect(error.context.paths).toEqual(['/a', '/b', '/list/0']);
    expect(error.message).toContain('"/list/0"');
    const many = refusal('SCHEMA_FAILED', () => game.dispatch('spoil', 30));
    expect(many.context.paths).toHaveLength(20);
    expect(many.message).toContain('and 12 more');
  });
});
