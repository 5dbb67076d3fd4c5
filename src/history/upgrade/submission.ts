// A whole state from a writer who began from an older one, perhaps with an older program. Before it: orrery.submit.
// After it: Game.save, once it is clear that nobody else's change is lost by it, or the game type's `resolve` has said
// what becomes of it.

import { OrreryError } from '../../core/errors.ts';
import type { GameActor } from '../../core/game/actor.ts';
import type { Conflict } from '../../core/game/conflict.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { migrate, type VersionedState } from '../../core/game/migration.ts';
import { unknownType } from '../../core/game/mismatch.ts';
import { asynchronous, isPromise, refused } from '../../core/game/misuse.ts';
import type { Receipt } from '../../core/game/recording.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { WorkingState } from '../../core/game/state.ts';
import { isTableView } from '../../core/game/table-view.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import { TABLE } from '../../core/patch/drafted.ts';
import { freezeDeep } from '../../core/patch/freeze.ts';
import type { Json, JsonObject } from '../../core/patch/patch.ts';
import { toPointer } from '../../core/patch/pointer.ts';

import type { LoadedGames } from '../../engine/loaded-games.ts';
import type { HistoryReader, SnapshotEntry } from '../../storage/history-reader.ts';
import { patchesBetween } from '../difference.ts';

/** A state with what it was made from. */
export interface Submission {
  /** The whole state; tables as tables or as plain objects by id. */
  readonly state: object;
  /** The seq of the state that the writer began from. */
  readonly baseSeq: number;
  /** The version of the game type that the state is of. Default: the newest. An older one is migrated first. */
  readonly version?: number;
  readonly player?: string;
}

const OPTIONS: OptionsOf<Submission> = {
  ...({ state: 'checked', baseSeq: 'checked', version: 'checked', player: 'checked' } as const),
};

/** What a submitted state was given. */
export interface SubmissionReceipt extends Receipt {
  /** False when nobody else had changed anything; true when the game type's `resolve` made the state. */
  readonly resolved: boolean;
}

/** More paths than this are not named in an error. */
const NAMED_PATHS = 20;

/** What a submission is done with. */
export interface SubmitParts {
  readonly types: readonly AnyGameType[];
  readonly loadedGames: LoadedGames;
  openPast(game: string): Promise<HistoryReader>;
}

/** For Orrery.submit. */
export async function submitTo(parts: SubmitParts, id: string, submission: Submission): Promise<SubmissionReceipt> {
  if (typeof submission !== 'object' || submission === null) throw invalid(id, 'there is none');
  assertOptions('submit', submission, OPTIONS, { game: id });
  const past = await parts.openPast(id);
  try {
    const type = parts.types.find(({ name }) => name === past.row.type);
    if (!type) throw unknownType(id, past.row.type);
    const { loadedGames } = parts;
    await loadedGames.open(type, id, undefined);
    // What was accepted may be what the writer began from.
    await loadedGames.commitQueueOf(id).flush();
    // The game may be played meanwhile, but it neither leaves memory nor is replaced.
    return await loadedGames.exclusively(id, async () => {
      const game = await loadedGames.loaded(type, id, undefined);
      return submit(game, await prepare(game, past, submission));
    });
  } finally {
    await past.close();
  }
}

/** The state that the writer began from, and what it made of that, both of the newest version. */
interface PreparedSubmission {
  readonly base: JsonObject;
  readonly ours: JsonObject;
  readonly submission: Submission;
}

/**
 * Looks up what the writer began from. Takes time; the game may go on meanwhile.
 *
 * @throws OrreryError GAME_VERSION (the state is of a newer version), INVALID_OPTION, NOT_PERSISTABLE,
 * MIGRATION_MISSING, MIGRATION_FAILED, MOMENT_NOT_KEPT (what the writer began from cannot be read any more).
 */
async function prepare(game: GameActor, past: HistoryReader, submission: Submission): Promise<PreparedSubmission> {
  const { type } = game;
  const { state, baseSeq, version = type.version } = submission;
  check(game, type.version, submission);
  const newest = { version: type.version, state: game.toJSON(), tables: game.tableNames };
  const base = baseSeq === game.seq ? newest : await past.stateAt({ seq: baseSeq });
  if (base.version > version) {
    throw invalid(
      game.id,
      `it is said to be of version ${version}, and the state it was made from is of ${base.version}`,
    );
  }
  const upgrades =
    base.version === type.version
      ? []
      : (await past.snapshots()).filter(({ reason, seq }) => reason === 'migrate' && seq > baseSeq);
  const takeUp = (given: VersionedState, to: number) => takeUpTo(game, type, given, to, upgrades, past.seed);
  // A writer of plain JSON cannot name its tables: they are those of the state it began from.
  const { tables } = takeUp(base, version);
  const given = WorkingState.fromJson(tablesAsPlain(state), tables);
  const mine = takeUp({ version, state: given.toJSON(), tables: given.tableNames }, type.version);
  return { base: takeUp(base, type.version).state, ours: mine.state, submission };
}

/**
 * At once: between looking at the game and changing it nothing else may happen. Throws CONFLICT, and what save throws.
 */
function submit(game: GameActor, { base, ours, submission }: PreparedSubmission): SubmissionReceipt {
  const { baseSeq, player, version = game.type.version } = submission;
  const save = (state: object, resolved: boolean): SubmissionReceipt => {
    const { seq, tick, durable } = game.save(state, player === undefined ? undefined : { player });
    return { seq, tick, durable, resolved };
  };
  const theirs = game.toJSON();
  const isOtherVersion = version !== game.type.version;
  const ourPaths = pathsOf(base, ours, game.tableNames);
  const theirPaths = pathsOf(base, theirs, game.tableNames);
  if (ourPaths.length === 0) return save(theirs, false);
  if (theirPaths.length === 0 && !isOtherVersion) return save(submission.state, false);

  for (const state of [base, ours, theirs]) freezeDeep(state);
  const place = { game: game.id, baseSeq, seq: game.seq, version, player };
  const conflict: Conflict = { ...place, base, ours, theirs, ourPaths, theirPaths };
  const state = resolved(game, conflict);
  // What the resolver itself did to the game is in no path that it was told of.
  if (game.seq !== conflict.seq) throw conflicting({ ...conflict, seq: game.seq }, game.type.version);
  return save(state, true);
}

function resolved(game: GameActor, conflict: Conflict): object {
  const resolve = game.type.resolve;
  if (!resolve) throw conflicting(conflict, game.type.version);
  let state: unknown;
  try {
    state = resolve(conflict);
    if (isPromise(state)) throw asynchronous(state);
  } catch (error) {
    const { game: id, seq, baseSeq } = conflict;
    throw error instanceof OrreryError
      ? error.within({ game: id, seq, baseSeq })
      : refused({ game: id, command: 'resolve' }, error);
  }
  return state as object;
}

/**
 * As the game itself was migrated, where it was: with the same time and the same random numbers, so that what a
 * migration draws is not taken for a change that somebody made.
 */
function takeUpTo(
  game: GameActor,
  type: AnyGameType,
  given: VersionedState,
  to: number,
  upgrades: readonly SnapshotEntry[],
  seed: GameSeed | undefined,
): VersionedState {
  let state = given;
  while (state.version < to) {
    const { version } = state;
    const upgrade = upgrades.find((each) => each.version > version);
    const place = upgrade
      ? { game: game.id, seq: upgrade.seq, tick: upgrade.tick, now: upgrade.time, seed }
      : { game: game.id, seq: game.seq + 1, tick: game.tick, now: game.sink.now(), seed };
    state = migrate({ ...type, version: Math.min(upgrade?.version ?? to, to) }, state, place);
  }
  return state;
}

function check(game: GameActor, newest: number, { baseSeq, version = newest }: Submission): void {
  if (!Number.isSafeInteger(version) || version < 1) throw invalid(game.id, `version ${String(version)} is none`);
  if (version > newest) {
    throw new OrreryError({
      code: 'GAME_VERSION',
      what: `the submitted state is of version ${version}, and this program has version ${newest}`,
      hint: 'Submit it to a program that knows that version: a state is never taken back to an older one.',
      context: { game: game.id, stored: version, asked: newest },
    });
  }
  if (!Number.isSafeInteger(baseSeq) || baseSeq < 0) throw invalid(game.id, `baseSeq ${String(baseSeq)} is no seq`);
  if (baseSeq <= game.seq) return;
  throw invalid(game.id, `baseSeq ${baseSeq} has not happened, the newest seq is ${game.seq}`);
}

function tablesAsPlain(state: unknown): JsonObject {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return state as never;
  // A key `__proto__` among them must still be there to be refused.
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => [key, isTable(value) ? value.toJSON() : value]),
  ) as JsonObject;
}

function isTable(value: unknown): value is { toJSON(): unknown } {
  return isTableView(value) || (typeof value === 'object' && value !== null && TABLE in value);
}

function pathsOf(base: JsonObject, next: JsonObject, tableNames: readonly string[]): string[] {
  const tables = tableNames.filter((table) => isTableOf(base[table]) && isTableOf(next[table]));
  return [...new Set(patchesBetween(base, next, tables).map(({ path }) => toPointer(path)))];
}

function isTableOf(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function conflicting({ game, baseSeq, seq, version, ourPaths, theirPaths }: Conflict, newest: number): OrreryError {
  const versions = version === newest ? '' : ` (made by version ${version}, the game has ${newest})`;
  return new OrreryError({
    code: 'CONFLICT',
    what: `the state was made from seq ${baseSeq}${versions}, and the game has moved on to seq ${seq}`,
    hint: 'Make it again from the newest state, or give the game type a `resolve`: mergeByPath(), ours or theirs.',
    context: {
      game,
      baseSeq,
      seq,
      version,
      ours: ourPaths.slice(0, NAMED_PATHS),
      theirs: theirPaths.slice(0, NAMED_PATHS),
    },
  });
}

function invalid(game: string, what: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `a state cannot be submitted: ${what}`,
    hint: 'Pass the seq and the version that the state was made from.',
    context: { game },
  });
}
