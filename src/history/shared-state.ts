// States that follow each other and share what did not change: patches copy what they change and nothing else. Before
// it: replay.ts and blame.ts, which keep states of several moments; patch/apply.ts has the checks.

import { change, descend } from '../core/patch/apply.ts';
import { freezeDeep } from '../core/patch/freeze.ts';
import type { Json, JsonObject, Patch } from '../core/patch/patch.ts';
import { shallowCopy } from '../core/patch/plain.ts';
import { inTableOrder } from '../storage/table-order.ts';

/**
 * The state after some patches; the one before stays as it is, and so do the patches' values. `copies` are the objects
 * and lists that were copied on the way, each once. Throws PATCH_INVALID.
 */
export function applied(
  state: Json,
  patches: readonly Patch[],
): { readonly state: Json; readonly copies: ReadonlySet<object> } {
  const copies = new Set<object>();
  let root: Json = state;
  for (const patch of patches) {
    const { op, path } = patch;
    const value = op === 'remove' ? undefined : patch.value;
    if (path.length === 0) {
      root = value as Json;
      continue;
    }
    root = own(root, copies) as Json;
    let container: unknown = root;
    for (let at = 0; at < path.length - 1; at += 1) {
      const child = descend(container, path, at);
      const owned = own(child, copies);
      // eslint-disable-next-line names/own-keys -- descend has checked that it is an own key or an index of the container
      if (owned !== child) (container as { [segment: string | number]: unknown })[path[at] as string] = owned;
      container = owned;
    }
    change(container, path, op, value);
  }
  return { state: root, copies };
}

function own(value: unknown, copies: Set<object>): unknown {
  if (typeof value !== 'object' || value === null || copies.has(value)) return value;
  const copy = Array.isArray(value) ? value.slice() : shallowCopy(value, Object.keys(value));
  copies.add(copy);
  return copy;
}

/**
 * Patches that wait before they are done: enough that a wide container is copied once for many steps, and few enough to
 * hold.
 */
const MOST_WAITING = 1024;

/** A state that is only made when somebody looks: until then it is an earlier one, and the patches since. */
export class SharedState {
  #before: SharedState | undefined;
  #patches: readonly Patch[];
  /** How many patches lie between the last state that was made and this one. */
  #waiting: number;
  #value: JsonObject | undefined;
  readonly #tables: readonly string[];

  private constructor(
    before: SharedState | undefined,
    patches: readonly Patch[],
    value: JsonObject | undefined,
    tables: readonly string[],
  ) {
    this.#tables = tables;
    this.#before = before;
    this.#patches = patches;
    this.#value = value;
    // A step without patches waits as well: every one that does holds memory.
    this.#waiting = before === undefined || before.#value ? patches.length + 1 : before.#waiting + patches.length + 1;
  }

  /** Nobody else may hold it: it is frozen from now on. `tables` stay in the order of their ids. */
  static of(state: JsonObject, tables: readonly string[]): SharedState {
    return new SharedState(undefined, [], freezeDeep(state), tables);
  }

  /** The state after some more patches, whose values belong to it from now on. */
  after(patches: readonly Patch[]): SharedState {
    const next = new SharedState(this, patches, undefined, this.#tables);
    if (next.#waiting > MOST_WAITING) next.value;
    return next;
  }

  /** Deeply frozen. Throws PATCH_INVALID. */
  get value(): JsonObject {
    if (this.#value) return this.#value;
    const lists: (readonly Patch[])[] = [];
    let from: SharedState = this;
    while (!from.#value) {
      lists.push(from.#patches);
      from = from.#before as SharedState;
    }
    const patches = lists.reverse().flat();
    for (const patch of patches) if (patch.op !== 'remove') freezeDeep(patch.value);
    const { state, copies } = applied(from.#value, patches);
    if (copies.has(state as JsonObject)) this.#order(state as { [key: string]: Json }, copies);
    for (const copy of copies) Object.freeze(copy);
    this.#value = state as JsonObject;
    this.#before = undefined;
    this.#patches = [];
    return this.#value;
  }

  /** A table that no patch touched is in order, and so is one that a record brought with a whole state. */
  #order(state: { [key: string]: Json }, copies: ReadonlySet<object>): void {
    for (const table of this.#tables) {
      const entities = Object.hasOwn(state, table) ? state[table] : undefined;
      if (copies.has(entities as object)) state[table] = Object.freeze(inTableOrder(entities as JsonObject));
    }
  }
}
