// Migrations as functions from JSON to JSON, without a store.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { migrate, type VersionedState } from '#core/game/migration.ts';
import type { JsonObject } from '#core/patch/patch.ts';
import { defineGame, type Migrations, table } from '#index.ts';
import { refusal } from '../game/galaxy.ts';
import { type Loose, type Mutation, mutate, mutations, stateOf } from '../property/states.ts';

const place = { game: 'andromeda', seq: 7, tick: 3, now: 1_700_000_000_000, seed: undefined };

function chain(migrations: Migrations, given: Partial<VersionedState> & { state: JsonObject }, version?: number) {
  const newest = version ?? Math.max(0, ...Object.keys(migrations).map(Number)) + 1;
  return migrate({ name: 'galaxy', version: newest, migrations }, { version: 1, tables: [], ...given }, place);
}

describe('a chain of migrations', () => {
  it('[MG1] is the composition of its functions, with the order of keys, for changes in place and for new objects', () => {
    const steps = fc.array(fc.record({ changes: mutations, returns: fc.boolean() }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stateOf, steps, (state, each) => {
        const functions = each.map(({ changes, returns }) => (given: object) => {
          const next = returns ? structuredClone(given) : given;
          for (const change of changes as Mutation[]) mutate(next as Loose, change);
          return returns ? next : undefined;
        });
        const before = JSON.stringify(state);
        let expected: object = structuredClone(state);
        for (const apply of functions) expected = apply(expected) ?? expected;

        const migrations = Object.fromEntries(functions.map((apply, index) => [index + 1, apply]));
        const result = chain(migrations, { state: state as JsonObject });
        expect(JSON.stringify(result.state)).toBe(JSON.stringify(expected));
        expect(result).toMatchObject({ version: each.length + 1, tables: [] });
        expect(JSON.stringify(state)).toBe(before);
      }),
      { seed: 51, numRuns: 300 },
    );
  });

  it('[MG1] begins at the version of the state, and does nothing to one of the newest version', () => {
    const migrations: Migrations = {
      1: () => {
        throw new Error('too early');
      },
      2: (state) => ({ ...state, two: true }),
      3: (state) => ({ ...state, three: true }),
    };
    expect(chain(migrations, { version: 2, state: { a: 1 } }).state).toEqual({ a: 1, two: true, three: true });
    const state = { a: 1 };
    expect(chain(migrations, { version: 4, state }).state).toBe(state);
  });

  it('[MG2] each is given a state of its own, with tables as plain objects, and what it keeps of it changes nothing', () => {
    const seen: JsonObject[] = [];
    const state = { systems: { sol: { metal: 1 } }, log: ['a'] };
    Object.freeze(state.log);
    const keep = (given: { log: string[]; systems: { sol: { metal: number } } }) => {
      expect(Object.getPrototypeOf(given.systems)).toBe(Object.prototype);
      given.log.push('b');
      given.systems.sol.metal += 1;
      seen.push(given as unknown as JsonObject);
    };
    const result = chain({ 1: keep, 2: keep }, { state, tables: ['systems'] });
    for (const given of seen) (given['log'] as unknown as string[]).push('afterwards');
    expect(result).toEqual({
      version: 3,
      state: { systems: { sol: { metal: 3 } }, log: ['a', 'b', 'b'] },
      tables: ['systems'],
    });
    expect(state).toEqual({ systems: { sol: { metal: 1 } }, log: ['a'] });
    expect(seen[0]).not.toBe(seen[1]);
  });

  it('[MG3] tables stay tables, table() and context.tables make others, a value that is no object ends one', () => {
    const result = chain(
      {
        1(state, { tables }) {
          expect([...tables]).toEqual(['systems', 'ships', 'gone', 'count']);
          state.stars = table(state.systems);
          delete state.systems;
          state.names = { a: { name: 'a' } };
          tables.add('names');
          tables.delete('ships');
          delete state.gone;
          state.count = Object.keys(state.count).length;
        },
      },
      {
        state: { systems: { sol: { metal: 1 } }, ships: { x: {} }, gone: {}, count: { a: {}, b: {} } },
        tables: ['systems', 'ships', 'gone', 'count'],
      },
    );
    expect(result.tables).toEqual(['stars', 'names']);
    expect(result.state).toEqual({
      stars: { sol: { metal: 1 } },
      names: { a: { name: 'a' } },
      ships: { x: {} },
      count: 2,
    });
  });

  it('[MG4] the context says which game, versions, tick and time; its numbers are the same every time', () => {
    const draw = (): unknown => {
      const contexts: object[] = [];
      const note = (_state: object, { tables: _tables, random, ...context }: { tables: unknown; random(): number }) => {
        contexts.push({ ...context, drawn: [random(), random()] });
      };
      chain({ 1: note, 2: note }, { state: { a: 1 } });
      return contexts;
    };
    const [first, second] = draw() as [{ drawn: number[] }, { drawn: number[] }];
    expect(first).toMatchObject({ game: 'andromeda', from: 1, to: 2, tick: 3, now: place.now });
    expect(second).toMatchObject({ from: 2, to: 3 });
    expect(first.drawn).not.toEqual(second.drawn);
    expect(draw()).toEqual([first, second]);
    for (const number of first.drawn) expect(number >= 0 && number < 1).toBe(true);
  });

  it.each<[what: string, migration: Migrations[1], path: string | undefined, cause: string]>([
    [
      'throws',
      () => {
        throw new Error('no star 7');
      },
      undefined,
      'no star 7',
    ],
    [
      'leaves undefined',
      (state) => {
        state.systems.sol.metal = undefined;
      },
      '/systems/sol/metal',
      'undefined',
    ],
    [
      'leaves NaN in a plain part',
      (state) => {
        state.log = [1, { a: Number.NaN }];
      },
      '/log/1/a',
      'NaN',
    ],
    ['leaves a Date', (state) => ({ ...state, at: new Date(0) }), '/at', 'Date'],
    ['leaves a table deep inside', (state) => ({ ...state, in: { it: table() } }), '/in/it', 'table'],
    ['returns no object', () => [] as object, '', 'an array'],
    ['returns a promise', async (state) => state, undefined, 'promise'],
  ])('[MG5] one that %s is MIGRATION_FAILED, with versions, path and cause', (_what, migration, path, cause) => {
    const state = { systems: { sol: { metal: 1 } }, log: [] };
    const run = () => chain({ 1: () => undefined, 2: migration, 3: (given) => given }, { state, tables: ['systems'] });
    const error = refusal('MIGRATION_FAILED', run);
    expect(error.context).toMatchObject({ game: 'andromeda', type: 'galaxy', from: 2, to: 3 });
    expect(error.context.path).toBe(path);
    expect(String((error.cause as Error).message)).toContain(cause);
    expect(state).toEqual({ systems: { sol: { metal: 1 } }, log: [] });
  });

  it('[MG6] a way that is not whole is MIGRATION_MISSING, before any function is called', () => {
    const run = () =>
      chain(
        {
          3: () => {
            throw new Error('called');
          },
        },
        { version: 2, state: {} },
        4,
      );
    expect(refusal('MIGRATION_MISSING', run).context).toEqual({ game: 'andromeda', type: 'galaxy', from: 2, to: 4 });
    refusal('MIGRATION_MISSING', () =>
      migrate({ name: 'g', version: 2 }, { version: 1, state: {}, tables: [] }, place),
    );
  });

  const good = { initial: () => ({ n: 1 }), commands: {} };
  const step = (state: object) => state;
  it.each<[what: string, version: number, migrations: unknown]>([
    ['a gap', 4, { 1: step, 3: step }],
    ['a gap at the end', 4, { 1: step, 2: step }],
    ['a migration from the newest version', 2, { 1: step, 2: step }],
    ['a migration from version 0', 2, { 0: step, 1: step }],
    ['a key that is no version', 2, { '01': step }],
    ['no function', 2, { 1: 'step' }],
    ['no object', 2, null],
  ])('[MG6] defineGame refuses %s', (_what, version, migrations) => {
    const define = () => defineGame('galaxy', { ...good, version, migrations: migrations as Migrations });
    expect(refusal('INVALID_GAME_TYPE', define).context).toMatchObject({ type: 'galaxy' });
  });

  it('[MG6] migrations may begin at any version, and are copied into the type', () => {
    const migrations: { [from: number]: typeof step } = { 2: step, 3: step };
    const type = defineGame('galaxy', { ...good, version: 4, migrations });
    delete migrations[3];
    expect(Object.keys(type.migrations ?? {})).toEqual(['2', '3']);
    expect(Object.isFrozen(type.migrations)).toBe(true);
  });
});
