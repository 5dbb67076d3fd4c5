// Whether a game could go on from a state: whether today's code takes it, its schema and its invariants hold, and
// whoever asks has nothing against it. Before it: probe.ts with a state from the past; after it: the game type.

import { OrreryError } from '../../core/errors.ts';
import { type Migrating, type Migrations, migrate } from '../../core/game/migration.ts';
import { heed } from '../../core/game/misuse.ts';
import { checkSchema, type StateSchema } from '../../core/game/schema.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { WorkingState } from '../../core/game/state.ts';
import type { JsonObject } from '../../core/patch/patch.ts';
import type { StateAt } from '../../storage/history-reader.ts';
import type { Soundness } from './probe.ts';

/** What a game type says about its states. */
export interface Judging extends Migrating {
  // biome-ignore lint/suspicious/noExplicitAny: a state of any type
  readonly invariants?: { readonly [name: string]: (state: any) => boolean } | undefined;
  readonly schema?: StateSchema | undefined;
}

/** Whether a state is what it should be: false or a throw says that it is not. It is given what `game.state` gives. */
// biome-ignore lint/suspicious/noExplicitAny lint/suspicious/noConfusingVoidType: a state of any type; a check that only throws
export type StateCheck = (state: any) => boolean | void;

/** A state in the form in which a game takes it. */
export interface Taken {
  readonly state: WorkingState;
  readonly version: number;
}

/**
 * A state as today's code has it: of an older version, after the migrations. Where there are none it stays what it is,
 * and a program that has them can migrate it later. Throws MIGRATION_MISSING, MIGRATION_FAILED, NOT_PERSISTABLE.
 */
export function take(type: Judging | undefined, at: StateAt, seed: GameSeed | undefined): Taken {
  const { game, seq, tick, time } = at;
  const given = { version: at.version, state: at.state, tables: at.tables };
  const { version, state, tables } =
    type && isBehind(type, at.version) ? migrate(type, given, { game, seq, tick, now: time, seed }) : given;
  return { state: WorkingState.fromJson(state, tables), version };
}

/** Whether there is a way from an older version to the type's. */
function isBehind(type: Judging, version: number): type is Judging & { readonly migrations: Migrations } {
  return version < type.version && type.migrations !== undefined;
}

/** Without a type only whether the state is a state, and what `check` says. */
export function soundnessOf(type: Judging | undefined, seed: GameSeed | undefined, check?: StateCheck): Soundness {
  return (at) => {
    const { game, seq } = at;
    try {
      const { state, version } = take(type, at, seed);
      if (type && version === type.version) judge(type, state);
      if (check) ask(check, state.view());
      return undefined;
    } catch (error) {
      if (error instanceof OrreryError) return error.within({ game, seq });
      throw error;
    }
  };
}

function judge({ schema, invariants = {} }: Judging, state: WorkingState): void {
  checkSchema(schema, state.toJSON());
  const view = state.view();
  for (const [name, holds] of Object.entries(invariants)) {
    const [verdict, cause] = outcome(() => holds(view));
    if (verdict === true) continue;
    throw new OrreryError({
      code: 'INVARIANT_FAILED',
      what: `the invariant ${JSON.stringify(name)} ${cause === undefined ? 'does not hold' : 'threw'}`,
      hint: 'Recover the game to a moment at which it holds, or correct the invariant.',
      context: { invariant: name },
      cause,
    });
  }
}

function ask(check: StateCheck, view: JsonObject): void {
  const [verdict, cause] = outcome(() => check(view));
  if (cause === undefined && (verdict === undefined || verdict === true)) return;
  if (cause === undefined && verdict !== false) {
    throw new TypeError('a check answers with true, false or nothing, and at once');
  }
  throw new OrreryError({
    code: 'CHECK_FAILED',
    what: cause === undefined ? 'the check does not hold' : 'the check threw',
    hint: 'The check that was passed to `recover` says what is wrong.',
    cause,
  });
}

function outcome(ask: () => unknown): readonly [verdict: unknown, cause: unknown] {
  try {
    const verdict = ask();
    heed(verdict);
    return [verdict, undefined];
  } catch (cause) {
    return [undefined, cause ?? new Error('it threw nothing')];
  }
}
