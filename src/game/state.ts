// A game's state between commands: the plain part, frozen, and the tables. draft.ts changes it, game.ts shows it.

import { OrreryError } from '../errors.ts';
import { admit } from '../patch/admit.ts';
import { isForbiddenKey, type Json, type JsonObject } from '../patch/patch.ts';
import { type Finished, StateDraft, TABLE_PLACE } from './draft.ts';
import { TableDraft, type TableView, WorkingTable } from './table.ts';

/** How to take a change back: an invariant may refuse what a command did after it was taken in. */
export type Undo = () => void;

export class WorkingState {
  #plain: JsonObject;
  #tables: Map<string, WorkingTable>;
  #view: JsonObject | undefined;

  constructor(plain: JsonObject, tables: Map<string, WorkingTable>) {
    this.#plain = plain;
    this.#tables = tables;
  }

  /** From what a game type's `initial` returned: any object, with tables at top-level keys. Throws NOT_PERSISTABLE. */
  static from(initial: unknown): WorkingState {
    if (typeof initial !== 'object' || initial === null || Array.isArray(initial)) {
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: `a state must be an object, not ${initial === null ? 'null' : Array.isArray(initial) ? 'an array' : typeof initial}`,
        hint: 'Put the value under a key: { board: [...] }.',
        context: { path: '' },
      });
    }
    const tables = new Map<string, WorkingTable>();
    const plain: { [key: string]: unknown } = {};
    for (const key of Reflect.ownKeys(initial)) {
      const value: unknown = Reflect.get(initial, key);
      // admit() below refuses symbols and forbidden keys; they must reach it as they are.
      if (typeof key === 'symbol' || isForbiddenKey(key)) {
        Object.defineProperty(plain, key, { value, enumerable: true });
      } else if (value instanceof TableDraft) {
        tables.set(key, WorkingTable.from(admittedEntities(key, value)));
        plain[key] = TABLE_PLACE;
      } else {
        plain[key] = value;
      }
    }
    // The prototype is the caller's, so that an instance of a class is refused as one.
    const admitted = admit(Object.setPrototypeOf(plain, Object.getPrototypeOf(initial)), []) as JsonObject;
    return new WorkingState(admitted, tables);
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
    if (this.#tables.size === 0) {
      this.#view = this.#plain;
    } else {
      const view: { [key: string]: Json | TableView<Json> } = { ...this.#plain };
      for (const [key, table] of this.#tables) view[key] = table.view();
      this.#view = Object.freeze(view) as JsonObject;
    }
    return this.#view;
  }

  /** As plain JSON, tables as objects by id: what is persisted. Order of keys and entities is defined. */
  toJSON(): JsonObject {
    const json: { [key: string]: Json } = { ...this.#plain };
    for (const [key, table] of this.#tables) json[key] = table.view().toJSON();
    return json;
  }

  /** Takes a finished command in. The result takes it back, which is valid until the next commit. */
  commit(finished: Finished): Undo {
    const plain = this.#plain;
    const view = this.#view;
    let tables: Map<string, WorkingTable> | undefined;
    this.#plain = finished.plain;
    if (finished.patches.length > 0) this.#view = undefined;
    if (finished.tables !== undefined || finished.replaced.size > 0) {
      tables = this.#tables;
      this.#tables = this.#reshaped(finished);
    }
    for (const [key, changes] of finished.entities) {
      if (finished.replaced.has(key)) continue;
      const table = this.#tables.get(key) as WorkingTable;
      for (const [id, change] of changes) table.put(id, change.after, change.before);
    }
    return () => {
      this.#plain = plain;
      this.#view = view;
      if (tables) this.#tables = tables;
      for (const [key, changes] of finished.entities) {
        if (finished.replaced.has(key)) continue;
        const table = this.#tables.get(key) as WorkingTable;
        for (const [id, change] of changes) table.put(id, change.before, change.after);
      }
    };
  }

  #reshaped(finished: Finished): Map<string, WorkingTable> {
    const tables = new Map<string, WorkingTable>();
    for (const key of finished.tables ?? this.tableNames) {
      const kept = finished.replaced.has(key) ? undefined : this.#tables.get(key);
      tables.set(key, kept ?? WorkingTable.from(contentEntries(finished.entities.get(key))));
    }
    return tables;
  }
}

function* contentEntries(
  content: ReadonlyMap<string, { after: Json | undefined }> | undefined,
): IterableIterator<[string, Json]> {
  for (const [id, { after }] of content ?? []) if (after !== undefined) yield [id, after];
}

function* admittedEntities(key: string, draft: TableDraft<unknown>): IterableIterator<[string, Json]> {
  for (const [id, { after }] of draft.touched) if (after !== undefined) yield [id, admit(after, [key, id])];
}
