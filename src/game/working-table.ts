// The committed entities of a table: WorkingTable is what a game holds between commands, TableView is what a reader sees.
// Before it: state.ts, which takes finished commands in. After it: table.ts, the draft of the next command.

import { Map as PersistentMap } from 'immutable';
import type { Json } from '../patch/patch.ts';
import type { ReadonlyTable } from './table.ts';

/** Marks tables for patch/admit.ts, which refuses one anywhere but at a top-level key. */
export const TABLE = Symbol.for('orrery.table');

/** Ids in their defined order. Kept by whoever knows that the set of ids has not changed since. */
export function sorted(ids: Iterable<string>): readonly string[] {
  // The default order of sort() on strings is by UTF-16 code unit, which is the order this project defines.
  return Object.freeze([...ids].sort());
}

type Entities = PersistentMap<string, Json>;

/** The sorted ids, once somebody has asked: shared by all views of one table until an id comes or goes. */
interface Order {
  ids: readonly string[] | undefined;
}

/**
 * The committed entities of one table of one game. Changes gather in a plain Map and reach the persistent one together
 * when somebody asks for a view: 500 changes of a tick cost a third of 500 changes one by one.
 */
export class WorkingTable {
  #entities: Entities;
  readonly #pending = new Map<string, Json | undefined>();
  #size: number;
  #order: Order = { ids: undefined };
  #view: TableView<Json> | undefined;

  constructor(entities: Entities) {
    this.#entities = entities;
    this.#size = entities.size;
  }

  /** The entities are admitted and frozen. */
  static from(entities: Iterable<readonly [string, Json]>): WorkingTable {
    const builder = new WorkingTableBuilder();
    for (const [id, entity] of entities) builder.add(id, entity);
    return builder.build();
  }

  get size(): number {
    return this.#size;
  }

  get(id: string): Json | undefined {
    if (this.#pending.size > 0) {
      const pending = this.#pending.get(id);
      if (pending !== undefined || this.#pending.has(id)) return pending;
    }
    return this.#entities.get(id);
  }

  ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#currentIds());
    return this.#order.ids;
  }

  /** `entity` is frozen; undefined deletes. `before` is what get(id) returns now: callers have it at hand. */
  put(id: string, entity: Json | undefined, before: Json | undefined): void {
    this.#pending.set(id, entity);
    this.#view = undefined;
    if (before === undefined && entity !== undefined) this.#size += 1;
    else if (before !== undefined && entity === undefined) this.#size -= 1;
    else return;
    this.#order = { ids: undefined };
  }

  /** For a change that may be taken back: the result gives readers the view they had, once the entities are as before. */
  mark(): () => void {
    const view = this.#view;
    const order = this.#order;
    return () => {
      this.#view = view;
      this.#order = order;
    };
  }

  view(): TableView<Json> {
    if (this.#view) return this.#view;
    if (this.#pending.size > 0) {
      this.#entities = this.#entities.withMutations((map) => {
        for (const [id, entity] of this.#pending) {
          if (entity === undefined) map.delete(id);
          else map.set(id, entity);
        }
      });
      this.#pending.clear();
    }
    this.#view = new TableView(this.#entities, this.#order);
    return this.#view;
  }

  *#currentIds(): IterableIterator<string> {
    for (const id of this.#entities.keys()) if (!this.#pending.has(id)) yield id;
    for (const [id, entity] of this.#pending) if (entity !== undefined) yield id;
  }
}

/** Fills a table bit by bit. */
export class WorkingTableBuilder {
  readonly #entities = PersistentMap<string, Json>().asMutable();

  add(id: string, entity: Json): void {
    this.#entities.set(id, entity);
  }

  build(): WorkingTable {
    return new WorkingTable(this.#entities.asImmutable());
  }
}

/** What readers of a committed state see. Immutable; older views stay valid for ever. */
export class TableView<T> implements ReadonlyTable<T> {
  readonly #entities: PersistentMap<string, T>;
  readonly #order: Order;

  constructor(entities: PersistentMap<string, T>, order: Order) {
    this.#entities = entities;
    this.#order = order;
    Object.freeze(this);
  }

  get [TABLE](): true {
    return true;
  }

  get size(): number {
    return this.#entities.size;
  }

  has(id: string): boolean {
    return this.#entities.has(id);
  }

  get(id: string): T | undefined {
    return this.#entities.get(id);
  }

  ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#entities.keys());
    return this.#order.ids;
  }

  *values(): IterableIterator<T> {
    for (const id of this.ids()) yield this.#entities.get(id) as T;
  }

  *entries(): IterableIterator<[string, T]> {
    for (const id of this.ids()) yield [id, this.#entities.get(id) as T];
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries();
  }

  toJSON(): { readonly [id: string]: T } {
    return Object.fromEntries(this.entries());
  }
}
