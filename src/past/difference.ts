// What differs between two moments of a game, as the patches that lead from one to the other. Before it: orrery.ts and the
// command line; after it: past.ts for the two states, patch/capture.ts for the patches.

import type { Operation } from 'fast-json-patch';
import { cloneJson, fold } from '../patch/apply.ts';
import { capture } from '../patch/capture.ts';
import type { Json, JsonObject, Patch, Path } from '../patch/patch.ts';
import { toJsonPatch, toPointer } from '../patch/pointer.ts';
import type { Moment, MomentOptions, Past, StateAt } from './past.ts';
import { type Place, placeOf, segmentsIn, valueAt } from './place.ts';

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
  /** Applied to the state at `from`, one after the other, they give the state at `to`. The order of a table's entities is nobody's. */
  readonly changes: readonly DifferenceChange[];
  /** The same as RFC 6902 has it. */
  readonly operations: readonly Operation[];
}

export interface DiffOptions extends MomentOptions {
  /** Only what differs at this place, a pointer or a path, and inside it. Default: everywhere. */
  readonly path?: string | Path;
}

/** Throws MOMENT_NOT_KEPT, INVALID_OPTION, INVALID_POINTER, DAMAGED. */
export async function diffOf(past: Past, from: Moment, to: Moment, options: DiffOptions = {}): Promise<Difference> {
  const place = placeOf(options.path ?? '');
  const { state: base, ...fromMoment } = await past.stateAt(from, options);
  const { state: next, ...toMoment } = await past.stateAt(to, options);
  const tables = fromMoment.tables.filter((table) => toMoment.tables.includes(table));
  const patches = place.tokens.length === 0 ? patchesBetween(base, next, tables) : patchesAt(place, base, next, tables);
  return {
    from: fromMoment,
    to: toMoment,
    changes: changesOf(base, patches),
    operations: toJsonPatch(patches),
  };
}

/** Of what stands at one place, which may not be there in one of the states. */
function patchesAt(place: Place, base: JsonObject, next: JsonObject, tables: readonly string[]): Patch[] {
  const before = valueAt(base, place);
  const after = valueAt(next, place);
  if (before === undefined && after === undefined) return [];
  const path = segmentsIn(before === undefined ? next : base, place);
  if (before === undefined) return [{ op: 'add', path, value: cloneJson(after as Json) as Json }];
  if (after === undefined) return [{ op: 'remove', path }];
  const patches: Patch[] = [];
  const [table] = path;
  if (path.length === 1 && tables.includes(table as string)) captureTable(table as string, base, next, patches);
  else capture(before, after, path, patches);
  return patches;
}

/** The patches that lead from one state to another. What is a table in both is compared entity by entity: they have no order. */
export function patchesBetween(base: JsonObject, next: JsonObject, tables: readonly string[]): Patch[] {
  const patches: Patch[] = [];
  // A table that moves among the keys moves as it was; what changed in it comes afterwards.
  const same = Object.fromEntries(tables.map((table) => [table, base[table] as Json]));
  capture(base, { ...next, ...same }, [], patches);
  for (const table of tables) captureTable(table, base, next, patches);
  return patches;
}

function captureTable(table: string, base: JsonObject, next: JsonObject, out: Patch[]): void {
  const before = base[table] as JsonObject;
  const after = next[table] as JsonObject;
  for (const id of Object.keys(before)) if (!Object.hasOwn(after, id)) out.push({ op: 'remove', path: [table, id] });
  for (const id of Object.keys(after)) {
    const entity = after[id] as Json;
    if (Object.hasOwn(before, id)) capture(before[id] as Json, entity, [table, id], out);
    else out.push({ op: 'add', path: [table, id], value: cloneJson(entity) as Json });
  }
}

/** `state` is used up. */
export function changesOf(state: JsonObject, patches: readonly Patch[]): DifferenceChange[] {
  let current: unknown = state;
  return patches.map((patch, index) => {
    const { op, path } = patch;
    const pointer = toPointer(path);
    const stood = op === 'add' ? undefined : valueAt(current as Json, placeOf(path));
    const before = stood === undefined ? undefined : (cloneJson(stood) as Json);
    // The last need not be done; and of a place alone it may be one for whose parents there is nothing yet.
    if (index < patches.length - 1) current = fold(current, [patch], 'copied');
    return { op, path, pointer, before, after: op === 'remove' ? undefined : patch.value };
  });
}
