// The committed entities of a table: WorkingTable is what a game holds between commands, TableView is what a reader sees.
// Before it: state.ts, which takes finished commands in. After it: table.ts, the draft of the next command.

import { shapeRegistry } from '../patch/capture.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { Shapes } from '../patch/shape.ts';
import { EntityMap } from './entity-map.ts';
import { Past } from './past.ts';
import type { ReadonlyTable } from './table.ts';

/** Marks tables for patch/admit.ts, which refuses one anywhere but at a top-level key. */
export const TABLE = Symbol.for('orrery.table');

/** Ids in their defined order. Kept by whoever knows that the set of ids has not changed since. */
export function sorted(ids: Iterable<string>): readonly string[] {
  // The default order of sort() on strings is by UTF-16 code unit, which is the order this project defines.
  return Object.freeze([...ids].sort());
}

/** The sorted ids, once somebody has asked: shared by all views of one table until an id comes or goes. */
interface Order {
  ids: readonly string[] | undefined;
}

/**
 * The committed entities of one table of one game. Only the newest are held whole; a view of an older moment remembers
 * what was replaced since (past.ts). So a change costs the same in a table of a hundred and of a million entities, and a
 * view that nobody keeps costs nothing.
 */
export class WorkingTable {
  readonly #entities: EntityMap;
  /** Of the entities: nearly all of a table have the same keys. */
  readonly shapes = new Shapes(shapeRegistry);
  /** Where what is replaced goes, once there is a view that needs it. */
  #past: Past | undefined;
  #order: Order = { ids: undefined };
  #view: TableView<Json> | undefined;
  #marked: { readonly view: TableView<Json> | undefined; readonly order: Order } | undefined;

  constructor(entities: EntityMap) {
    this.#entities = entities;
  }

  /** The entities are admitted, and nobody else has them. */
  static from(entities: Iterable<readonly [string, Json]>): WorkingTable {
    const builder = new WorkingTableBuilder();
    for (const [id, entity] of entities) builder.add(id, entity);
    return builder.build();
  }

  get size(): number {
    return this.#entities.size;
  }

  /** Not frozen: for comparing and copying. What goes to a user goes through freezeDeep. */
  get(id: string): Json | undefined {
    return this.#entities.get(id);
  }

  ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#entities.keys());
    return this.#order.ids;
  }

  /** For what is persisted: not frozen either. */
  toJSON(): JsonObject {
    return Object.fromEntries(this.ids().map((id) => [id, this.#entities.get(id) as Json]));
  }

  /** Nobody else has `entity`; undefined deletes. `before` is what get(id) returns now: callers have it at hand. */
  put(id: string, entity: Json | undefined, before: Json | undefined): void {
    this.#past?.keep(id, before);
    this.#view = undefined;
    if (entity === undefined) this.#entities.delete(id);
    else this.#entities.set(id, entity);
    if ((before === undefined) !== (entity === undefined)) this.#order = { ids: undefined };
  }

  /** For a change that may be taken back: remembers what readers have. */
  mark(): void {
    this.#marked = { view: this.#view, order: this.#order };
  }

  /** Gives readers what they had at the mark, now that the entities are as they were then. */
  reset(): void {
    if (!this.#marked) return;
    this.#view = this.#marked.view;
    this.#order = this.#marked.order;
  }

  view(): TableView<Json> {
    if (this.#view) return this.#view;
    const past = new Past();
    this.#past?.continueIn(past);
    this.#past = past;
    this.#view = new TableView(this.#entities, this.#entities.size, past, this.#order);
    return this.#view;
  }
}

/** Fills a table bit by bit. Nobody else has the entities. */
export class WorkingTableBuilder {
  readonly #entities = new EntityMap();

  add(id: string, entity: Json): void {
    this.#entities.set(id, entity);
  }

  build(): WorkingTable {
    return new WorkingTable(this.#entities);
  }
}

/** What readers of a committed state see. Immutable; older views stay valid for ever. */
export class TableView<T> implements ReadonlyTable<T> {
  readonly #entities: EntityMap;
  readonly #size: number;
  readonly #past: Past;
  readonly #order: Order;

  constructor(entities: EntityMap, size: number, past: Past, order: Order) {
    this.#entities = entities;
    this.#size = size;
    this.#past = past;
    this.#order = order;
    Object.freeze(this);
  }

  get [TABLE](): true {
    return true;
  }

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#at(id) !== undefined;
  }

  get(id: string): T | undefined {
    return freezeDeep(this.#at(id)) as T | undefined;
  }

  ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#idsThen());
    return this.#order.ids;
  }

  *values(): IterableIterator<T> {
    for (const id of this.ids()) yield this.get(id) as T;
  }

  *entries(): IterableIterator<[string, T]> {
    for (const id of this.ids()) yield [id, this.get(id) as T];
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries();
  }

  toJSON(): { readonly [id: string]: T } {
    return Object.fromEntries(this.entries());
  }

  #at(id: string): Json | undefined {
    const replaced = this.#past.find(id);
    return replaced ? replaced.entity : this.#entities.get(id);
  }

  *#idsThen(): IterableIterator<string> {
    const replaced = this.#past.replaced();
    for (const id of this.#entities.keys()) if (!replaced.has(id)) yield id;
    for (const [id, entity] of replaced) if (entity !== undefined) yield id;
  }
}
