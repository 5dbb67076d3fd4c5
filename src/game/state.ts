// A game's state between commands: the plain part and the tables. draft.ts changes it, game.ts shows it.

import { admit } from '../patch/admit.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { isProxy } from '../patch/plain.ts';
import { type Finished, StateDraft, TABLE_PLACE } from './draft.ts';
import { givenKeys } from './given.ts';
import { TableDraft } from './table.ts';
import { TableView, WorkingTable } from './working-table.ts';

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
    const tables = new Map<string, WorkingTable>();
    const plain: { [key: string]: unknown } = {};
    for (const [key, value] of givenKeys(initial)) {
      if (value instanceof TableDraft || value instanceof TableView) {
        tables.set(key, WorkingTable.from(admittedEntities(key, value)));
        plain[key] = TABLE_PLACE;
      } else {
        plain[key] = value;
      }
    }
    return new WorkingState(admit(plain, []) as JsonObject, tables);
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
      const view: { [key: string]: Json | TableView<Json> } = { ...this.#plain };
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
    const marks: (() => void)[] = [];
    for (const [key, changes] of finished.entities) {
      if (finished.replaced.has(key)) continue;
      const table = this.#tables.get(key) as WorkingTable;
      marks.push(table.mark());
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
      for (const reset of marks) reset();
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

function* admittedEntities(
  key: string,
  given: TableDraft<unknown> | TableView<unknown>,
): IterableIterator<[string, Json]> {
  for (const id of given.ids()) {
    const entity = given instanceof TableDraft ? given.peek(id) : given.get(id);
    yield [id, admit(entity, [key, id])];
  }
}
