// What the compiler knows of versions. `npx tsc -p tsconfig.json` is the test: an expected error that does not come is an
// error.

import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type Conflict,
  defineGame,
  type Game,
  type JsonObject,
  type MigrationContext,
  type Migrations,
  mergeByPath,
  migrationsIn,
  type Orrery,
  type SubmissionReceipt,
  type Table,
  table,
} from '#index.ts';
import { open } from '../game/galaxy.ts';

const galaxy = defineGame('galaxy', {
  version: 3,
  initial: (metal: number) => ({ credits: 0, systems: table({ sol: { metal } }) }),
  migrations: {
    1(state, context) {
      expectTypeOf(context).toEqualTypeOf<MigrationContext>();
      state.whatever.it = 'was';
    },
    2: (state: { treasury: number }, { from, tables }) => {
      expectTypeOf(from).toEqualTypeOf<number>();
      expectTypeOf(tables).toEqualTypeOf<Set<string>>();
      return { credits: state.treasury };
    },
  },
  schema: z.object({ credits: z.number() }),
  resolve(conflict) {
    expectTypeOf(conflict).toEqualTypeOf<Conflict>();
    expectTypeOf(conflict.ours).toEqualTypeOf<JsonObject>();
    return conflict.theirs;
  },
  commands: {
    mine(draft, metal: number) {
      expectTypeOf(draft.systems).toEqualTypeOf<Table<{ metal: number }>>();
      draft.credits += metal;
    },
  },
});

/** Never runs: the compiler reads it. */
const compiled = (_only: () => unknown): void => {};

describe('types of versions', () => {
  it('[MG36] commands, state and arguments are inferred as without them', async () => {
    const orrery: Orrery = await open([galaxy]);
    const game = await orrery.open(galaxy, 'andromeda', 5);
    expectTypeOf(game).toEqualTypeOf<
      Game<{ credits: number; systems: Table<{ metal: number }> }, number, typeof galaxy.commands>
    >();
    game.dispatch('mine', 3);
    expect(game.state.credits).toBe(3);
    const submitted = orrery.submit('andromeda', { state: game.state, baseSeq: 1 });
    expectTypeOf(submitted).toEqualTypeOf<Promise<SubmissionReceipt>>();
    expect((await submitted).seq).toBe(2);
    compiled(() => {
      // @ts-expect-error no number
      game.dispatch('mine', '3');
      // @ts-expect-error the metal is missing
      void orrery.open(galaxy, 'andromeda');
      // @ts-expect-error the seq is missing
      void orrery.submit('andromeda', { state: game.state });
    });
  });

  it('[MG36] what does not fit is a compile error', () => {
    const good = { version: 2, initial: () => ({ n: 1 }), commands: {} };
    compiled(() => {
      defineGame('a', { ...good, migrations: { 1: (state) => ({ ...state }) }, resolve: mergeByPath() });
      defineGame('a', { ...good, schema: z.looseObject({ n: z.int() }) });
      // @ts-expect-error a migration gives an object
      defineGame('a', { ...good, migrations: { 1: () => 5 } });
      // @ts-expect-error a migration is a function
      defineGame('a', { ...good, migrations: { 1: {} } });
      // @ts-expect-error a schema has a safeParse
      defineGame('a', { ...good, schema: {} });
      // @ts-expect-error a resolver gives a state
      defineGame('a', { ...good, resolve: () => 1 });
      // @ts-expect-error the URL of a folder
      void migrationsIn('./migrations');
      expectTypeOf(migrationsIn(new URL('file:///'))).toEqualTypeOf<Promise<Migrations>>();
    });
  });
});
