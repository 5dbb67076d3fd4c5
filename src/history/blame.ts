// Who changed what stands at a place: the changes of its value, newest first. Before it: orrery.ts and the command
// line; after it: past.ts. Patches say where something may have changed, the values before and after say whether it
// has.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { assertOptions, type OptionsOf } from '../core/option-check.ts';
import { cloneJson, fold } from '../core/patch/apply.ts';
import type { Json, JsonObject, Patch, Path } from '../core/patch/patch.ts';
import { CREATE } from '../core/patch/record.ts';
import type { HistoryReader, PastStep } from '../storage/history-reader.ts';
import type { CommandEntry } from '../storage/steps.ts';
import { inTableOrder, orderTables } from '../storage/table-order.ts';
import { type Place, placeOf, touches, valueAt } from './place.ts';
import { type HistoryRange, seqsIn } from './range.ts';
import { applied } from './shared-state.ts';

/** Without `from`, and from seq 0 on, the creation of the game counts as a change. */
export interface BlameOptions extends HistoryRange {}

const OPTIONS: OptionsOf<BlameOptions> = { from: 'checked', to: 'checked' };

/** A change of what stands at a place. */
export interface BlameEntry {
  /** Of the step's last command. */
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  /**
   * The command that did it, its player and its arguments; undefined where `merged` says that nobody knows which it
   * was.
   */
  readonly command: string | undefined;
  readonly player: string | undefined;
  readonly args: Json | undefined;
  readonly op: Patch['op'];
  /** What stood there; undefined where nothing did. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** Whether several commands were merged into this step: each of `commands` may have done it. */
  readonly merged: boolean;
  /** Oldest first; empty where retention has merged so many that they are not kept. */
  readonly commands: readonly CommandEntry[];
  readonly step: { readonly firstSeq: number; readonly lastSeq: number };
}

/**
 * Steps that are looked at together: their values are found by folding from the state before the oldest of them. The
 * first are few, because mostly the newest change is what somebody wants to know.
 */
const FIRST_STEPS = 32;
const MOST_STEPS = 512;
const PATCHES_A_STEP = 16;

/** So many patches are done in one turn of the event loop. */
const TURN_PATCHES = 1024;

/** A value of no more values than this is copied rather than shared. */
const SMALL_VALUES = 256;

/**
 * Changes of the value at a JSON pointer or path, newest first; the creation of the game last, if something stood there
 * from the beginning. Objects whose keys changed places count as unchanged. Throws INVALID_POINTER, INVALID_OPTION,
 * DAMAGED.
 */
export async function* blameOf(
  past: HistoryReader,
  path: string | Path,
  options: BlameOptions = {},
): AsyncGenerator<BlameEntry, void, undefined> {
  const { id } = past.row;
  assertOptions('blame', options, OPTIONS, { game: id });
  const place = placeOf(path);
  const { fromSeq = 0, toSeq } = await seqsIn(past, options);
  let window: PastStep[] = [];
  let patches = 0;
  let most = FIRST_STEPS;
  let isTouched = false;
  const range = {
    backwards: true,
    fromSeq: Math.max(fromSeq, past.row.firstSeq + 1),
    toSeq: toSeq ?? Number.POSITIVE_INFINITY,
  };
  for await (const step of past.steps(range)) {
    if (step.lastSeq > range.toSeq || step.firstSeq < range.fromSeq) continue;
    window.push(step);
    patches += step.patches.length;
    isTouched ||= step.patches.some((patch) => touches(patch, place));
    if (window.length < most && patches < most * PATCHES_A_STEP) continue;
    if (isTouched) yield* changesIn(past, window.reverse(), place);
    window = [];
    patches = 0;
    most = Math.min(2 * most, MOST_STEPS);
    isTouched = false;
  }
  if (isTouched) yield* changesIn(past, window.reverse(), place);
  if (fromSeq === 0) yield* creation(past, place);
}

/** Oldest first come the steps, newest first go the changes. */
async function* changesIn(past: HistoryReader, steps: readonly PastStep[], place: Place): AsyncGenerator<BlameEntry> {
  const first = steps[0] as PastStep;
  const { state: begun, tables } = await past.stateAt({ seq: first.firstSeq - 1 });
  let state: Json = begun;
  const stood = valueAt(state, place);
  let isShared = !isSmall(stood);
  let before = isShared ? stood : copyOf(stood);
  const changes: BlameEntry[] = [];
  let work = 0;
  for (const step of steps) {
    // In a running process a game loop waits for its turn.
    if (work >= TURN_PATCHES) await nextTurn();
    work = (work % TURN_PATCHES) + 1 + step.patches.length;
    // Large values are not copied: then what is kept of one step shares its parts with the next, and nothing is changed
    // in place.
    state = isShared ? applied(state, step.patches).state : (fold(state, step.patches, 'owned') as Json);
    if (!step.patches.some((patch) => touches(patch, place))) continue;
    const stands = valueAt(state, place);
    isShared ||= !isSmall(stands);
    const after = isShared ? stands : copyOf(stands);
    if (!isDeepStrictEqual(before, after)) {
      changes.push(entryOf(step, inOrder(before, place, tables), inOrder(after, place, tables)));
    }
    before = after;
  }
  yield* changes.reverse();
}

/** Of a place that is a table, or the whole state, the entities in the order of a live game. */
function inOrder(value: Json | undefined, { tokens }: Place, tables: readonly string[]): Json | undefined {
  const [key, ...below] = tokens;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || below.length > 0) return value;
  if (key !== undefined) return tables.includes(key) ? inTableOrder(value as JsonObject) : value;
  const state = { ...(value as JsonObject) };
  orderTables(state, tables);
  return state;
}

function entryOf(step: PastStep, before: Json | undefined, after: Json | undefined): BlameEntry {
  const { firstSeq, lastSeq, tick, time, commands } = step;
  const only = commands.length === 1 && firstSeq === lastSeq ? commands[0] : undefined;
  return {
    seq: lastSeq,
    tick,
    time,
    command: only?.name,
    player: only?.player,
    args: only?.args,
    op: before === undefined ? 'add' : after === undefined ? 'remove' : 'replace',
    before,
    after,
    merged: only === undefined,
    commands,
    step: { firstSeq, lastSeq },
  };
}

/** What has stood there since the game was made was put there by whoever made it. Of an older past nobody knows. */
async function* creation(past: HistoryReader, place: Place): AsyncGenerator<BlameEntry> {
  if (past.row.firstSeq > 0) return;
  const { state, seq, tick, time } = await past.stateAt({ seq: 0 });
  const after = valueAt(state, place);
  if (after === undefined) return;
  const command: CommandEntry = { seq, tick, time, name: CREATE, player: undefined, args: undefined };
  yield entryOf({ firstSeq: seq, lastSeq: seq, tick, time, commands: [command], patches: [] }, undefined, after);
}

function copyOf(value: Json | undefined): Json | undefined {
  return value === undefined ? undefined : (cloneJson(value) as Json);
}

/** Whether copying a value costs next to nothing. */
function isSmall(value: Json | undefined, left = { values: SMALL_VALUES }): boolean {
  left.values -= 1;
  if (typeof value !== 'object' || value === null) return left.values >= 0;
  for (const child of Object.values(value) as Json[]) {
    if (left.values < 0 || !isSmall(child, left)) return false;
  }
  return left.values >= 0;
}
