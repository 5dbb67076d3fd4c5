// What a user writes: a game type. Everything a game can do is inferred from it; nothing here knows of storage.

import { OrreryError } from '../errors.ts';
import { canonical, checkProjections, type Projections } from '../projection/definition.ts';
import type { Resolver } from './conflict.ts';
import type { CommandContext } from './context.ts';
import { faultOfMigrations, type Migrations } from './migration.ts';
import type { PersistableState } from './persistable.ts';
import { type CheckedPersistence, checkPersistence, type Persistence } from './persistence.ts';
import type { StateSchema } from './schema.ts';
import type { ReadonlyTable, Table } from './table.ts';

type Primitive = null | undefined | boolean | number | string | bigint | symbol;

/** A state as readers see it: read-only all the way down, tables as ReadonlyTable, which are objects by id too. */
export type Immutable<T> = T extends Primitive
  ? T
  : T extends Table<infer E>
    ? ReadonlyTable<Immutable<E>>
    : T extends (...args: never[]) => unknown
      ? T
      : T extends readonly unknown[]
        ? { readonly [K in keyof T]: Immutable<T[K]> }
        : { readonly [K in keyof T]: Immutable<T[K]> };

/** What `game.copy()` gives: mutable all the way down, tables as plain objects by id. */
export type StateCopy<T> = T extends Primitive
  ? T
  : T extends Table<infer E>
    ? { [id: string]: StateCopy<E> }
    : T extends (...args: never[]) => unknown
      ? T
      : { -readonly [K in keyof T]: StateCopy<T[K]> };

/** A state that may be saved whole: read-only or not, and tables as tables or as plain objects by id. */
export type Savable<S> = {
  readonly [K in keyof S]:
    | S[K]
    | Immutable<S[K]>
    | (S[K] extends Table<infer E> ? { readonly [id: string]: E | Immutable<E> } : never);
};

/** A command changes the draft, or throws to refuse; a refused command leaves no trace. It must be synchronous. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where a command's own argument type is not known yet
export type Command<S> = (draft: S, args: any, context: CommandContext) => void;
export type Commands<S> = { readonly [name: string]: Command<S> };

/** The commands of a type that has none: its games are changed by `update`, `save` and `advance`. */
export type NoCommands = Readonly<Record<never, never>>;

/**
 * The argument of a command: what its second parameter says, undefined included if it is optional; void when it has
 * none.
 */
export type CommandArgs<C> = C extends (...all: infer P) => unknown
  ? P extends readonly [unknown?]
    ? // biome-ignore lint/suspicious/noConfusingVoidType: what a command says that takes no argument
      void
    : P[1]
  : never;

/**
 * Which steps of the past stay visible: every command, the state after each tick, or the state after each compaction of
 * the journal. Names, arguments and players of commands are always kept; this decides how far their patches are merged.
 */
export type History = 'commands' | 'ticks' | 'batches';

/** `A` is what `initial` takes: void for nothing. */
export interface GameDefinition<S extends object, A, C extends Commands<S> = NoCommands> {
  /** A whole number, at least 1, raised when the shape of the state changes. */
  readonly version: number;
  /**
   * The state of a new game: from what was given to `open`, and a context as commands have it, with seq and tick 0 and
   * no player. The same argument and context have to give the same state. It must be synchronous.
   */
  readonly initial: (args: A, context: CommandContext) => S;
  /** Default: none. `update`, `save` and `advance` need no command. */
  readonly commands?: C;
  /** What a tick does. `game.advance()` counts the tick and runs it. */
  readonly onTick?: (draft: S, context: CommandContext) => void;
  /** Checked after every command; one that is not true refuses the command. They should cost little. */
  readonly invariants?: { readonly [name: string]: (state: Immutable<S>) => boolean };
  /** Default: 'ticks' for a type with onTick, 'commands' for one without. */
  readonly history?: History;
  /** How much of the past is kept, and how. Default: all of it, as steps with snapshots in between. */
  readonly persistence?: Persistence;
  /** SQL tables in the image that are fed from the state, by name: see ProjectionDefinition. */
  readonly projections?: Projections;
  /**
   * From the state of a version to that of the next, by the version it starts from: `{ 1: (state) => { ... } }`. A
   * stored game of an older version is taken through them when it is opened. From the least on there must be one for
   * every version.
   */
  readonly migrations?: Migrations;
  /**
   * A zod schema of the state as plain JSON, tables as objects by id, that only says yes or no: see StateSchema. Looked
   * at when a game is created, loaded and migrated, and after every command as the option `validate` says.
   */
  readonly schema?: StateSchema;
  /** What becomes of a state that `submit` brings when the game has moved on since. Without it that is a CONFLICT. */
  readonly resolve?: Resolver;
}

/** A checked game definition with its name. */
export interface GameType<S extends object, A, C extends Commands<S>> extends GameDefinition<S, A, C> {
  readonly name: string;
  readonly commands: C;
  readonly history: History;
  /** Undefined for who has no code of the type: then what the directory says holds. */
  readonly persistence?: CheckedPersistence;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of game types of any shape
export type AnyGameType = GameType<any, any, any>;

/** What a definition may have. A type made from another one has its name. */
const DEFINITION: { readonly [K in keyof Required<AnyGameType>]: true } = {
  ...({
    name: true,
    version: true,
    initial: true,
    commands: true,
    onTick: true,
    invariants: true,
    history: true,
  } as const),
  ...({ persistence: true, projections: true, migrations: true, schema: true, resolve: true } as const),
};

/**
 * T, where nothing is inferred for it. NoInfer does the same, and would stand in the type that an editor shows of each
 * draft.
 */
type Settled<T> = [T][T extends unknown ? 0 : never];

/**
 * Defines a type of game.
 *
 * @throws OrreryError INVALID_GAME_TYPE when the name, the version or a command's name cannot be used, or for a key
 * that there is not.
 */
export function defineGame<S extends object, A = void, C extends Commands<S> = NoCommands>(
  name: string,
  definition: GameDefinition<S, A, C> & { readonly commands?: Commands<Settled<S>> } & PersistableState<NoInfer<S>>,
): GameType<S, A, C> {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid(name, 'a game type needs a definition', 'Write defineGame(name, { version, initial, commands }).');
  }
  for (const key of Object.keys(definition)) {
    if (Object.hasOwn(DEFINITION, key)) continue;
    const hint = `A definition has: ${Object.keys(DEFINITION).join(', ')}.`;
    throw invalid(name, `a game type has no ${JSON.stringify(key)}`, hint);
  }
  if (typeof name !== 'string' || name.length === 0 || name.length > 256 || !name.isWellFormed()) {
    throw invalid(name, 'a game type needs a name of 1 to 256 characters', 'Name it after what it is: "galaxy".');
  }
  const {
    version,
    initial,
    commands = {} as C,
    onTick,
    invariants,
    history = onTick ? 'ticks' : 'commands',
    persistence,
  } = definition;
  const { projections } = definition;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw invalid(name, `version ${String(version)} is not a whole number from 1`, 'Start with version: 1.');
  }
  if (typeof initial !== 'function') {
    throw invalid(name, '`initial` is not a function', 'Write initial: () => ({ ... }).');
  }
  if (onTick !== undefined && typeof onTick !== 'function') {
    throw invalid(name, '`onTick` is not a function', 'Write onTick(draft, context) { ... } or leave it out.');
  }
  if (!['commands', 'ticks', 'batches'].includes(history)) {
    throw invalid(name, `history ${JSON.stringify(history)} is unknown`, "Use 'commands', 'ticks' or 'batches'.");
  }
  const { migrations, schema, resolve } = definition;
  if (schema !== undefined && typeof schema?.safeParse !== 'function') {
    throw invalid(name, '`schema` has no safeParse', 'Give it a zod schema: z.object({ ... }).');
  }
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw invalid(name, '`resolve` is not a function', 'Write resolve: (conflict) => ({ ... }) or take mergeByPath().');
  }
  const fault = migrations === undefined ? undefined : faultOfMigrations(migrations, version);
  if (fault !== undefined) {
    const hint = 'Write migrations: { 1: from version 1 to 2, 2: from 2 to 3 }, without a gap up to `version`.';
    throw invalid(name, fault, hint);
  }
  checkFunctions(name, 'command', commands);
  checkFunctions(name, 'invariant', invariants ?? {});
  return Object.freeze({
    ...(definition as GameDefinition<S, A, C>),
    ...(migrations === undefined ? {} : { migrations: Object.freeze({ ...migrations }) }),
    commands: Object.freeze({ ...commands }),
    name,
    history,
    persistence: checkPersistence(name, persistence),
    ...(projections === undefined ? {} : { projections: checkedProjections(name, projections) }),
  });
}

/** With everything filled in. */
function checkedProjections(type: string, projections: unknown): Projections {
  try {
    return canonical(checkProjections(projections));
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ type }) : error;
  }
}

function checkFunctions(type: string, kind: string, functions: { readonly [name: string]: unknown }): void {
  if (typeof functions !== 'object' || functions === null) {
    throw invalid(type, `the ${kind}s are not an object of functions`, `Write ${kind}s: { ... }.`);
  }
  for (const [key, value] of Object.entries(functions)) {
    if (typeof value !== 'function') {
      throw invalid(type, `the ${kind} ${JSON.stringify(key)} is not a function`, 'Give it a function or take it out.');
    }
    if (key === '' || key.startsWith('@') || !key.isWellFormed()) {
      throw invalid(
        type,
        `${JSON.stringify(key)} cannot be the name of a ${kind}`,
        'Use a name that is not empty and does not start with "@", which marks the names that belong to Orrery.',
      );
    }
  }
}

function invalid(type: unknown, what: string, hint: string): OrreryError {
  return new OrreryError({ code: 'INVALID_GAME_TYPE', what, hint, context: { type: String(type) } });
}
