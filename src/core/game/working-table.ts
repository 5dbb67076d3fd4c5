// The committed entities of a table: what a game holds between commands. Before it: state.ts, which takes finished
// commands in. After it: table-view.ts for readers, and table.ts, the draft of the next command.

import { shapeRegistry } from '../patch/capture.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { Shapes } from '../patch/shape.ts';
import { type EntityCell, EntityMap } from './entity-map.ts';
import { Past } from './replaced-entities.ts';
import type { ReadonlyTable } from './table.ts';
import { type Order, sorted, viewOf } from './table-view.ts';

/**
 * The committed entities of one table of one game. Only the newest are held whole; a view of an older moment remembers
 * what was replaced since (past.ts). So a change costs the same in a table of a hundred and of a million entities, and
 * a view that nobody keeps costs nothing.
 */
export class WorkingTable {
  readonly #key: string;
  readonly #entities: EntityMap;
  /** Of the entities: nearly all of a table have the same keys. */
  readonly shapes = new Shapes(shapeRegistry);
  /** Where what is replaced goes, once there is a view that needs it. */
  #past: Past | undefined;
  #order: Order = { ids: undefined };
  #view: ReadonlyTable<Json> | undefined;
  #markedView: ReadonlyTable<Json> | undefined;
  #markedOrder: Order | undefined;

  /** `key` is where the table stands in the state. */
  constructor(key: string, entities: EntityMap) {
    this.#key = key;
    this.#entities = entities;
  }

  /** The entities are admitted, and nobody else has them. */
  static from(key: string, entities: Iterable<readonly [string, Json]>): WorkingTable {
    const builder = new WorkingTableBuilder(key);
    for (const [id, entity] of entities) builder.add(id, entity);
    return builder.build();
  }

  get size(): number {
    return this.#entities.size;
  }

  /** Where an entity is kept, to read it or for `put`. */
  find(id: string): EntityCell | undefined {
    return this.#entities.find(id);
  }

  /** Not frozen: for comparing and copying. */
  get(id: string): Json | undefined {
    return this.#entities.find(id)?.entity;
  }

  ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#entities.keys());
    return this.#order.ids;
  }

  /** For what is persisted: not frozen either. */
  toJSON(): JsonObject {
    return Object.fromEntries(this.ids().map((id) => [id, this.get(id) as Json]));
  }

  /**
   * Nobody else has `entity`; undefined deletes. `before` is what get(id) returns now, and `cell`, if there is an
   * entity now, what find(id) returns: callers have both at hand.
   */
  put(id: string, entity: Json | undefined, before: Json | undefined, cell: EntityCell | undefined): void {
    this.#past?.keep(id, before);
    this.#view = undefined;
    if (entity === undefined) this.#entities.delete(id);
    else if (cell && before !== undefined) cell.replace(entity);
    else this.#entities.set(id, entity);
    if ((before === undefined) !== (entity === undefined)) this.#order = { ids: undefined };
  }

  /** For a change that may be taken back: remembers what readers have. */
  mark(): void {
    this.#markedView = this.#view;
    this.#markedOrder = this.#order;
  }

  /** Gives readers what they had at the mark, now that the entities are as they were then. */
  reset(): void {
    if (!this.#markedOrder) return;
    this.#view = this.#markedView;
    this.#order = this.#markedOrder;
  }

  view(): ReadonlyTable<Json> {
    if (this.#view) return this.#view;
    const past = new Past();
    this.#past?.continueIn(past);
    this.#past = past;
    this.#view = viewOf({
      key: this.#key,
      entities: this.#entities,
      size: this.#entities.size,
      past,
      order: this.#order,
    });
    return this.#view;
  }
}

/** Fills a table bit by bit. Nobody else has the entities. */
export class WorkingTableBuilder {
  readonly #key: string;
  readonly #entities = new EntityMap();

  constructor(key: string) {
    this.#key = key;
  }

  add(id: string, entity: Json): void {
    this.#entities.set(id, entity);
  }

  build(): WorkingTable {
    return new WorkingTable(this.#key, this.#entities);
  }
}
