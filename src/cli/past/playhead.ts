// A state that is carried along a game's past, and what each patch did to it: the old value beside the new one. Before
// it: a HistoryReader, which gives a state and the steps after it; after it: change-lines.ts prints the changes.

import { fold } from '../../core/patch/apply.ts';
import type { Json, JsonObject, Patch } from '../../core/patch/patch.ts';
import { isObject, valueAt } from '../../core/patch/plain.ts';
import { parsePointer } from '../../core/patch/pointer.ts';
import { patchesBetween } from '../../history/difference.ts';
import type { StateAt } from '../../storage/history-reader.ts';
import { orderTables } from '../../storage/table-order.ts';
import type { ListedChange } from './change-lines.ts';

/** One patch with what it replaced or removed, and what stands there now. */
export interface Change extends ListedChange {
  readonly patch: Patch;
}

export class Playhead {
  #state: { [key: string]: Json };
  readonly #tables: ReadonlySet<string>;

  /** Takes the state over: it changes in place, at the cost of the patches and not of the state. */
  constructor({ state, tables }: Pick<StateAt, 'state' | 'tables'>) {
    this.#state = state;
    this.#tables = new Set(tables);
  }

  /** Valid until the next patch. */
  get state(): JsonObject {
    return this.#state;
  }

  /**
   * The same for a look at a pointer: tables that are shown there have their entities in order. Throws INVALID_POINTER.
   */
  shownAt(pointer: string): JsonObject {
    const [key, ...below] = parsePointer(pointer);
    if (below.length > 0) return this.#state;
    orderTables(this.#state, key === undefined ? this.#tables : [...this.#tables].filter((table) => table === key));
    return this.#state;
  }

  /** The top-level keys whose children are entities. */
  get tables(): ReadonlySet<string> {
    return this.#tables;
  }

  /** Applies the patches one after the other, each when it is asked for. To be gone through to the end. */
  *play(patches: readonly Patch[]): Generator<Change, void, undefined> {
    for (const whole of patches) {
      for (const patch of this.#inDetail(whole)) {
        // What an insertion into a list stands before is moved, not replaced.
        const before = patch.op === 'add' ? undefined : valueAt(this.#state, patch.path);
        this.#state = fold(this.#state, [patch], 'copied') as { [key: string]: Json };
        const after = patch.op === 'remove' ? undefined : patch.value;
        yield { patch, op: patch.op, path: patch.path, before, after };
      }
    }
  }

  /** A record that carries a whole state, such as that of a migration, as what it changes. */
  #inDetail(patch: Patch): readonly Patch[] {
    if (patch.op === 'remove' || patch.path.length > 0 || !isObject(patch.value)) return [patch];
    const next = patch.value;
    const tables = [...this.#tables].filter((table) => isObject(this.#state[table]) && isObject(next[table]));
    return patchesBetween(this.#state, next, tables);
  }

  /** The same for who does not look at the changes. */
  skip(patches: readonly Patch[]): void {
    this.#state = fold(this.#state, patches, 'copied') as { [key: string]: Json };
  }
}
