// From the state of one version of a game type to that of the next. Before it: a stored game of an older version. After
// it: a state that was checked as any other, which the game takes as one record.

import { OrreryError } from '../errors.ts';
import { admit } from '../patch/admit.ts';
import { cloneJson } from '../patch/apply.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { isObject } from '../patch/plain.ts';
import { withAllPlaces } from '../patch/refusals.ts';
import { asynchronous, isPromise } from './misuse.ts';
import { numbersOf } from './randomness.ts';
import { lookOverState } from './refused-state.ts';
import type { GameSeed } from './seed.ts';
import { type ReadonlyTable, TableDraft } from './table.ts';
import { isTableView } from './table-view.ts';
import { givenEntities, givenKeys } from './whole-state.ts';

/** What a migration may know besides the state. */
export interface MigrationContext {
  /** The id of the game. */
  readonly game: string;
  /** The version of the state that is given. */
  readonly from: number;
  /** The version of the state that is wanted: from + 1. */
  readonly to: number;
  /** The game's tick. A migration counts none. */
  readonly tick: number;
  /** Milliseconds since 1970, the same for all migrations of one game that run together. */
  readonly now: number;
  /** A number from 0 up to but not including 1, which follows from the secret of the game, its seq and the version. */
  readonly random: () => number;
  /**
   * The top-level keys that are tables. They stay tables as long as a plain object or a table stands there: take a name
   * out to make its table a plain object, put one in (or use `table(...)`) to make a plain object a table.
   */
  readonly tables: Set<string>;
}

/**
 * Makes the state of the next version: changes the one it is given, or returns another. It is plain JSON that nobody
 * else holds, with tables as plain objects by id. It must be synchronous.
 */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a state that today's code does not know any more
// biome-ignore lint/suspicious/noConfusingVoidType: a function that changes what it is given returns nothing
export type Migration = (state: any, context: MigrationContext) => object | void;

/** Migrations by the version they start from. */
export interface Migrations {
  readonly [from: number]: Migration;
}

/** A state as plain JSON, with what JSON does not tell about it. */
export interface VersionedState {
  readonly version: number;
  /** Tables are plain objects by id. */
  readonly state: JsonObject;
  readonly tables: readonly string[];
}

/** Which game a state belongs to, and when. */
export interface MigrationPlace {
  readonly game: string;
  /** The seq that the migrated state will have. */
  readonly seq: number;
  readonly tick: number;
  readonly now: number;
  /** What random numbers follow from; undefined for a game from before there were seeds. */
  readonly seed: GameSeed | undefined;
}

/** What a game type has to offer for the way from an older version. */
export interface Migrating {
  readonly name: string;
  readonly version: number;
  readonly migrations?: Migrations;
}

/** The versions that migrations lead on from, ascending. */
function migratedVersions(migrations: Migrations | undefined): number[] {
  return Object.keys(migrations ?? {})
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * What is wrong with a set of migrations to `version`, or undefined: every version from the least on must have one, and
 * none may start from `version` or later.
 */
export function faultOfMigrations(migrations: unknown, version: number): string | undefined {
  if (typeof migrations !== 'object' || migrations === null) return 'the migrations are not an object of functions';
  for (const [key, migration] of Object.entries(migrations)) {
    const from = Number(key);
    if (!Number.isSafeInteger(from) || from < 1 || String(from) !== key) {
      return `${JSON.stringify(key)} is not a version that a migration can start from`;
    }
    if (typeof migration !== 'function') return `the migration from version ${from} is not a function`;
    if (from >= version) return `there is a migration from version ${from}, and the newest version is ${version}`;
  }
  const versions = migratedVersions(migrations as Migrations);
  for (const [index, from] of versions.entries()) {
    const next = versions[index + 1] ?? version;
    if (next !== from + 1) return `the migration from version ${from + 1} is missing`;
  }
  return undefined;
}

/** Throws MIGRATION_MISSING when the way from `from` to the type's version is not whole. */
function assertMigratable(type: Migrating, game: string, from: number): void {
  for (let version = from; version < type.version; version += 1) {
    if (type.migrations && Object.hasOwn(type.migrations, version)) continue;
    throw new OrreryError({
      code: 'MIGRATION_MISSING',
      what: `the game was saved with version ${from} of its type, and there is no migration from version ${version} to ${version + 1}`,
      hint: `Put a function under ${version} into \`migrations\` of the game type, or use the program of version ${from}.`,
      context: { game, type: type.name, from, to: type.version },
    });
  }
}

/**
 * Takes a state through all migrations up to the type's version. The given state is neither changed nor kept; what
 * comes out was admitted as any state is.
 *
 * @throws OrreryError MIGRATION_MISSING; MIGRATION_FAILED with the versions, the path and the cause when a migration
 * throws or leaves something that cannot be persisted.
 */
export function migrate(type: Migrating, given: VersionedState, place: MigrationPlace): VersionedState {
  assertMigratable(type, place.game, given.version);
  let { version, state, tables } = given;
  if (version < type.version) state = cloneJson(state) as JsonObject;
  for (; version < type.version; version += 1) {
    try {
      [state, tables] = step((type.migrations as Migrations)[version] as Migration, version, state, tables, place);
    } catch (cause) {
      throw migrationFailed(place.game, type.name, version, version + 1, cause);
    }
  }
  return { version, state, tables };
}

/** `cause` keeps its own code; its path, where it has one, is that of the state. */
export function migrationFailed(game: string, type: string, from: number, to: number, cause: unknown): OrreryError {
  const { path, paths } = cause instanceof OrreryError ? cause.context : {};
  return new OrreryError({
    code: 'MIGRATION_FAILED',
    what: `the migration from version ${from} to ${to} failed, and the game stays as it was`,
    hint: 'The cause says why. `orrery migrate --rehearse` tries migrations without writing.',
    context: {
      game,
      type,
      ...(path === undefined ? {} : { path }),
      ...(paths === undefined ? {} : { paths }),
      from,
      to,
    },
    cause,
  });
}

function step(
  migration: Migration,
  from: number,
  state: JsonObject,
  tableNames: readonly string[],
  { game, seq, tick, now, seed }: MigrationPlace,
): [state: JsonObject, tables: string[]] {
  const next = numbersOf(`${game}\n@migrate ${from}`, seq, seed);
  const tables = new Set(tableNames);
  const random = () => next() / 4294967296;
  const returned: unknown = migration(state, { game, from, to: from + 1, tick, now, random, tables });
  if (isPromise(returned)) throw asynchronous(returned);
  const left = returned === undefined ? state : returned;
  try {
    return admitState(left, tables);
  } catch (thrown) {
    throw withAllPlaces(thrown, (refusals) => lookOverState(refusals, left));
  }
}

/**
 * What a migration left, as plain JSON of its own. Entities are admitted one by one, as those of a new game are: the
 * bound on values in one go is not one on a table.
 */
function admitState(given: unknown, names: ReadonlySet<string>): [state: JsonObject, tables: string[]] {
  const plain: { [key: string]: unknown } = {};
  const entities = new Map<string, JsonObject>();
  for (const [key, value] of givenKeys(given)) {
    if (!isTable(value) && !(names.has(key) && isObject(value))) {
      plain[key] = value;
      continue;
    }
    plain[key] = null;
    const admitted: { [id: string]: Json } = {};
    for (const [id, entity] of givenEntities(key, value)) admitted[id] = admit(peeked(value, id, entity), [key, id]);
    entities.set(key, admitted);
  }
  const state = admit(plain, []) as { [key: string]: Json };
  for (const [key, table] of entities) state[key] = table;
  return [state, [...entities.keys()]];
}

function isTable(value: unknown): value is TableDraft<unknown> | ReadonlyTable<unknown> {
  return value instanceof TableDraft || isTableView(value);
}

/** Entries of a draft are open copies; the entity as it stands does as well and is not copied twice. */
function peeked(table: unknown, id: string, entity: unknown): unknown {
  return table instanceof TableDraft ? table.peek(id) : entity;
}
