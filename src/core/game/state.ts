// A game's state between commands: the plain part and the tables. draft.ts changes it, game.ts shows it.

import { OrreryError } from '../errors.ts';
import { admit } from '../patch/admit.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { isProxy } from '../patch/plain.ts';
import { toPointer } from '../patch/pointer.ts';
import { withAllPlaces } from '../patch/refusals.ts';
import { type Finished, StateDraft, TABLE_PLACE } from './draft.ts';
import { lookOverState } from './refused-state.ts';
import { type ReadonlyTable, TableDraft } from './table.ts';
import { changesAt, type EntityChange } from './table-change.ts';
import { isTableView } from './table-view.ts';
import { givenKeys } from './whole-state.ts';
import { WorkingTable } from './working-table.ts';

export class WorkingState {
  #plain: JsonObject;
  #tables: Map<string, WorkingTable>;
  #view: JsonObject | undefined;
  /** What there was before the newest command. */
  #before:
    | {
        readonly plain: JsonObject;
        readonly view: JsonObject | undefined;
        readonly tables: Map<string, WorkingTable>;
      }
    | undefined;

  constructor(plain: JsonObject, tables: Map<string, WorkingTable>) {
    this.#plain = plain;
    this.#tables = tables;
  }

  /** From what a game type's `initial` returned: any object, with tables at top-level keys. Throws NOT_PERSISTABLE. */
  static from(initial: unknown): WorkingState {
    try {
      return WorkingState.#from(initial);
    } catch (thrown) {
      throw withAllPlaces(thrown, (refusals) => lookOverState(refusals, initial));
    }
  }

  static #from(initial: unknown): WorkingState {
    const tables = new Map<string, WorkingTable>();
    const plain: { [key: string]: unknown } = {};
    for (const [key, value] of givenKeys(initial)) {
      if (value instanceof TableDraft || isTableView(value)) {
        tables.set(key, WorkingTable.from(key, admittedEntities(key, value)));
        plain[key] = TABLE_PLACE;
      } else {
        plain[key] = value;
      }
    }
    return new WorkingState(admit(plain, []) as JsonObject, tables);
  }

  /**
   * From plain JSON of which some top-level keys are tables. Values are copied: the caller's stay its own. Throws
   * NOT_PERSISTABLE with the paths.
   */
  static fromJson(json: JsonObject, tables: readonly string[]): WorkingState {
    try {
      return WorkingState.#fromJson(json, tables);
    } catch (thrown) {
      throw withAllPlaces(thrown, (refusals) => lookOverState(refusals, json));
    }
  }

  static #fromJson(json: JsonObject, tables: readonly string[]): WorkingState {
    const working = new Map<string, WorkingTable>();
    const plain: { [key: string]: unknown } = {};
    for (const [key, value] of givenKeys(json)) {
      if (tables.includes(key)) {
        working.set(key, WorkingTable.from(key, admittedById(key, value)));
        plain[key] = TABLE_PLACE;
      } else {
        plain[key] = value;
      }
    }
    return new WorkingState(admit(plain, []) as JsonObject, working);
  }

  /** The names of the top-level keys that are tables, in the order of the state's keys. */
  get tableNames(): string[] {
    return Object.keys(this.#plain).filter((key) => this.#tables.has(key));
  }

  draft(): StateDraft {
    return new StateDraft(this.#plain, this.#tables);
  }

  /** The whole state, frozen; the same object until the next change. */
  view(): JsonObject {
    if (this.#view) return this.#view;
    freezeDeep(this.#plain);
    if (this.#tables.size === 0) {
      this.#view = this.#plain;
    } else {
      const view: { [key: string]: Json | ReadonlyTable<Json> } = { ...this.#plain };
      for (const [key, table] of this.#tables) view[key] = table.view();
      this.#view = Object.freeze(view) as JsonObject;
    }
    return this.#view;
  }

  /** As plain JSON, tables as objects by id: what is persisted. Order of keys and entities is defined. */
  toJSON(): JsonObject {
    const json: { [key: string]: Json } = { ...this.#plain };
    for (const [key, table] of this.#tables) json[key] = table.toJSON();
    return json;
  }

  /** Whether something looks like a whole new state: a plain object, no draft, with every key that this one has. */
  isReplacedBy(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || isProxy(value)) return false;
    const keys = Object.keys(this.#plain);
    return keys.length > 0 && keys.every((key) => Object.hasOwn(value, key));
  }

  /** Takes a finished command in. */
  commit(finished: Finished): void {
    this.#before = { plain: this.#plain, view: this.#view, tables: this.#tables };
    this.#plain = finished.plain;
    if (finished.patches.length > 0) this.#view = undefined;
    if (finished.tables !== undefined || finished.replaced.size > 0) this.#tables = this.#reshaped(finished);
    for (const { key, changes } of finished.entities) {
      if (finished.replaced.has(key)) continue;
      const table = this.#tables.get(key) as WorkingTable;
      table.mark();
      for (const { id, cell, before, after } of changes) if (after !== before) table.put(id, after, before, cell);
    }
  }

  /** Takes back the command that was taken in last: an invariant refused what it did. */
  undo(finished: Finished): void {
    if (!this.#before) return;
    this.#plain = this.#before.plain;
    this.#view = this.#before.view;
    this.#tables = this.#before.tables;
    for (const { key, changes } of finished.entities) {
      if (finished.replaced.has(key)) continue;
      const table = this.#tables.get(key) as WorkingTable;
      for (const { id, cell, before, after } of changes) if (after !== before) table.put(id, before, after, cell);
      table.reset();
    }
  }

  #reshaped(finished: Finished): Map<string, WorkingTable> {
    const tables = new Map<string, WorkingTable>();
    for (const key of finished.tables ?? this.tableNames) {
      const kept = finished.replaced.has(key) ? undefined : this.#tables.get(key);
      tables.set(key, kept ?? WorkingTable.from(key, contentEntries(changesAt(key, finished.entities) ?? [])));
    }
    return tables;
  }
}

function* contentEntries(content: readonly EntityChange[]): IterableIterator<[string, Json]> {
  for (const { id, after } of content) if (after !== undefined) yield [id, after];
}

function* admittedEntities(
  key: string,
  given: TableDraft<unknown> | ReadonlyTable<unknown>,
): IterableIterator<[string, Json]> {
  for (const id of given.ids()) {
    const entity = given instanceof TableDraft ? given.peek(id) : given.get(id);
    yield [id, admit(entity, [key, id])];
  }
}

function* admittedById(key: string, value: unknown): IterableIterator<[string, Json]> {
  const entities = admit(value, [key]);
  if (typeof entities !== 'object' || entities === null || Array.isArray(entities)) throw notTable(key);
  yield* Object.entries(entities as JsonObject);
}

function notTable(key: string): OrreryError {
  return new OrreryError({
    code: 'NOT_PERSISTABLE',
    what: 'what should be a table is no object of entities by id',
    hint: 'Give a plain object whose keys are the ids.',
    context: { path: toPointer([key]) },
  });
}
