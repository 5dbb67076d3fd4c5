// What differs between two moments of a game, as the patches that lead from one to the other. Before it: orrery.ts and
// the command line; after it: past.ts for the two states, patch/capture.ts for the patches.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Operation } from 'fast-json-patch';
import { cloneJson, fold } from '../core/patch/apply.ts';
import { capture } from '../core/patch/capture.ts';
import type { Json, JsonObject, Patch, Path } from '../core/patch/patch.ts';
import { toJsonPatch, toPointer } from '../core/patch/pointer.ts';
import type { HistoryReader, Moment, MomentOptions, StateAt } from '../storage/history-reader.ts';
import { type Place, placeOf, segmentsIn, valueAt } from './place.ts';

/**
 * So many entities are compared, and so many changes told, in one turn of the event loop: a few milliseconds' worth.
 */
const TURN_WORK = 1024;

/** A moment that a state was read at. */
export type MomentRead = Omit<StateAt, 'state'>;

/** One of the changes, with what stood at its path when the changes before it had been made. */
export interface DifferenceChange {
  readonly op: Patch['op'];
  readonly path: Patch['path'];
  /** The path as an RFC 6901 pointer. */
  readonly pointer: string;
  /** Undefined for an addition. */
  readonly before: Json | undefined;
  /** Undefined for a removal. */
  readonly after: Json | undefined;
}

export interface Difference {
  readonly from: MomentRead;
  readonly to: MomentRead;
  /**
   * Applied to the state at `from`, one after the other, they give the state at `to`. The order of a table's entities
   * is nobody's.
   */
  readonly changes: readonly DifferenceChange[];
  /** The same as RFC 6902 has it. */
  readonly operations: readonly Operation[];
}

export interface DiffOptions extends MomentOptions {
  /** Only what differs at this place, a pointer or a path, and inside it. Default: everywhere. */
  readonly path?: string | Path;
}

/** Throws MOMENT_NOT_KEPT, INVALID_OPTION, INVALID_POINTER, DAMAGED. */
export async function diffOf(
  past: HistoryReader,
  from: Moment,
  to: Moment,
  options: DiffOptions = {},
): Promise<Difference> {
  const { path = '', ...others } = options;
  const place = placeOf(path);
  const { state: base, ...fromMoment } = await past.stateAt(from, others);
  const { state: next, ...toMoment } = await past.stateAt(to, others);
  const tables = fromMoment.tables.filter((table) => toMoment.tables.includes(table));
  const patches: Patch[] = [];
  await inTurns(
    place.tokens.length === 0 ? between(base, next, tables, patches) : at(place, base, next, tables, patches),
  );
  const changes = await changesInTurns(base, patches);
  return { from: fromMoment, to: toMoment, changes, operations: toJsonPatch(patches) };
}

/** Of what stands at one place, which may not be there in one of the states. */
function* at(
  place: Place,
  base: JsonObject,
  next: JsonObject,
  tables: readonly string[],
  out: Patch[],
): Generator<undefined> {
  const before = valueAt(base, place);
  const after = valueAt(next, place);
  if (before === undefined && after === undefined) return;
  const path = segmentsIn(before === undefined ? next : base, place);
  const [table] = path;
  if (before === undefined) out.push({ op: 'add', path, value: cloneJson(after as Json) as Json });
  else if (after === undefined) out.push({ op: 'remove', path });
  else if (path.length === 1 && tables.includes(table as string)) yield* captureTable(table as string, base, next, out);
  else capture(before, after, path, out);
}

/**
 * The patches that lead from one state to another. What is a table in both is compared entity by entity: they have no
 * order.
 */
export function patchesBetween(base: JsonObject, next: JsonObject, tables: readonly string[]): Patch[] {
  const patches: Patch[] = [];
  const work = between(base, next, tables, patches);
  while (!work.next().done);
  return patches;
}

/** The same, with other work of the thread in between. */
export async function patchesInTurns(
  base: JsonObject,
  next: JsonObject,
  tables: readonly string[],
): Promise<readonly Patch[]> {
  const patches: Patch[] = [];
  await inTurns(between(base, next, tables, patches));
  return patches;
}

/** Gives way again and again: a game loop may be waiting for its turn. */
async function inTurns(work: Generator<undefined>): Promise<void> {
  while (!work.next().done) await nextTurn();
}

function* between(
  base: JsonObject,
  next: JsonObject,
  tables: readonly string[],
  patches: Patch[],
): Generator<undefined> {
  // A table that moves among the keys moves as it was; what changed in it comes afterwards.
  const same = Object.fromEntries(tables.map((table) => [table, base[table] as Json]));
  capture(base, { ...next, ...same }, [], patches);
  for (const table of tables) yield* captureTable(table, base, next, patches);
}

function* captureTable(table: string, base: JsonObject, next: JsonObject, out: Patch[]): Generator<undefined> {
  const before = base[table] as JsonObject;
  const after = next[table] as JsonObject;
  let work = 0;
  for (const id of Object.keys(before)) {
    work += 1;
    if (work % TURN_WORK === 0) yield;
    if (!Object.hasOwn(after, id)) out.push({ op: 'remove', path: [table, id] });
  }
  for (const id of Object.keys(after)) {
    work += 1;
    if (work % TURN_WORK === 0) yield;
    const entity = after[id] as Json;
    if (Object.hasOwn(before, id)) capture(before[id] as Json, entity, [table, id], out);
    else out.push({ op: 'add', path: [table, id], value: cloneJson(entity) as Json });
  }
}

/** What each patch finds and leaves. `state` is used up. */
export async function changesInTurns(state: JsonObject, patches: readonly Patch[]): Promise<DifferenceChange[]> {
  let current: unknown = state;
  const changes: DifferenceChange[] = [];
  for (const [index, patch] of patches.entries()) {
    if (index % TURN_WORK === TURN_WORK - 1) await nextTurn();
    const { op, path } = patch;
    const pointer = toPointer(path);
    const stood = op === 'add' ? undefined : valueAt(current as Json, placeOf(path));
    const before = stood === undefined ? undefined : (cloneJson(stood) as Json);
    // The last need not be done; and of a place alone it may be one for whose parents there is nothing yet.
    if (index < patches.length - 1) current = fold(current, [patch], 'copied');
    changes.push({ op, path, pointer, before, after: op === 'remove' ? undefined : patch.value });
  }
  return changes;
}
