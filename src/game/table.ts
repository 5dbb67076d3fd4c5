// Wide state: entities by string id, at a top-level key of a state. WorkingTable is what a game holds between commands,
// TableDraft is what a command changes, TableView is what a reader sees. draft.ts turns a finished draft into patches.

import { Map as PersistentMap } from 'immutable';
import { OrreryError } from '../errors.ts';
import { cloneJson } from '../patch/apply.ts';
import { isForbiddenKey, type Json } from '../patch/patch.ts';

/** Marks tables for patch/admit.ts, which refuses one anywhere but at a top-level key. */
export const TABLE = Symbol.for('orrery.table');

/** Entities by id, read-only and frozen. Iteration is in ascending order of ids, by UTF-16 code unit. */
export interface ReadonlyTable<T> {
  readonly size: number;
  has(id: string): boolean;
  get(id: string): T | undefined;
  ids(): readonly string[];
  values(): IterableIterator<T>;
  entries(): IterableIterator<[string, T]>;
  [Symbol.iterator](): IterableIterator<[string, T]>;
  /** The table as a plain object by id: what JSON.stringify, snapshots and patch paths see. */
  toJSON(): { readonly [id: string]: T };
}

/**
 * Entities by id, for state that is too wide for a plain object. Inside a command `get` hands out the entity itself to be
 * changed in place; `peek` hands out the frozen committed one and costs next to nothing: prefer it for reading.
 */
export interface Table<T> {
  readonly size: number;
  has(id: string): boolean;
  /** The entity, to read or change in place. It is copied when it is first asked for, so keep entities small. */
  get(id: string): T | undefined;
  /** The entity as it stands, frozen when this command has not opened it. For reading. */
  peek(id: string): T | undefined;
  /** Puts an entity in place of what is there. The value is copied in when the command ends. */
  set(id: string, entity: T): this;
  /** True if there was one. */
  delete(id: string): boolean;
  /** Ascending by UTF-16 code unit, whatever the order of insertion. */
  ids(): readonly string[];
  values(): IterableIterator<T>;
  entries(): IterableIterator<[string, T]>;
  [Symbol.iterator](): IterableIterator<[string, T]>;
}

/**
 * A table for an initial state or a top-level key of a draft: empty, from a plain object by id, or from a list and the
 * function that names each entity. Two entities with one id are an error.
 */
export function table<T>(): Table<T>;
export function table<T>(entities: { readonly [id: string]: T }): Table<T>;
export function table<T>(entities: Iterable<T>, id: (entity: T) => string): Table<T>;
export function table<T>(
  entities?: Iterable<T> | { readonly [id: string]: T },
  id?: (entity: T) => string,
): Table<T> {
  const made = new TableDraft<T>(undefined);
  if (entities === undefined) return made;
  if (id === undefined) {
    for (const [key, entity] of Object.entries(entities as { readonly [id: string]: T })) made.set(key, entity);
    return made;
  }
  for (const entity of entities as Iterable<T>) {
    const key = id(entity);
    if (made.has(key)) {
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: `two entities of a table have the id ${JSON.stringify(key)}`,
        hint: 'Give every entity an id of its own.',
      });
    }
    made.set(key, entity);
  }
  return made;
}

function checkId(id: unknown): asserts id is string {
  if (typeof id === 'string' && !isForbiddenKey(id) && id.isWellFormed()) return;
  throw new OrreryError({
    code: 'NOT_PERSISTABLE',
    what: typeof id === 'string' ? `${JSON.stringify(id)} cannot be an id in a table` : `the id of an entity is a ${typeof id}`,
    hint: 'Use a well-formed string that is not __proto__, constructor or prototype; String(number) makes one of a number.',
  });
}

/** Ids in their defined order. Kept by whoever knows that the set of ids has not changed since. */
function sorted(ids: Iterable<string>): readonly string[] {
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

/** What one command did to one id: `before` is the committed entity, `after` what the command left, undefined for none. */
export interface Touched {
  readonly before: Json | undefined;
  after: unknown;
}

/** A table inside a command, or one that table() has made and no state holds yet. */
export class TableDraft<T> implements Table<T> {
  readonly #base: WorkingTable | undefined;
  readonly #touched = new Map<string, Touched>();
  #size: number;
  #open = true;

  constructor(base: WorkingTable | undefined) {
    this.#base = base;
    this.#size = base?.size ?? 0;
  }

  get [TABLE](): true {
    return true;
  }

  get size(): number {
    return this.#size;
  }

  /** The ids this command has opened, set or deleted, in the order of first touch. For draft.ts. */
  get touched(): ReadonlyMap<string, Touched> {
    return this.#touched;
  }

  get attached(): boolean {
    return this.#base !== undefined;
  }

  /** After its command a draft changes nothing any more: using it then is a mistake that must be heard. */
  close(): void {
    this.#open = false;
  }

  has(id: string): boolean {
    const touched = this.#touched.get(id);
    if (touched) return touched.after !== undefined;
    return this.#base?.get(id) !== undefined;
  }

  get(id: string): T | undefined {
    const touched = this.#touched.get(id);
    if (touched) return touched.after as T | undefined;
    const before = this.#base?.get(id);
    if (before === undefined) return undefined;
    this.#checkOpen();
    const after = cloneJson(before);
    this.#touched.set(id, { before, after });
    return after as T;
  }

  peek(id: string): T | undefined {
    const touched = this.#touched.get(id);
    return (touched ? touched.after : this.#base?.get(id)) as T | undefined;
  }

  set(id: string, entity: T): this {
    checkId(id);
    this.#checkOpen();
    if (entity === undefined) {
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: `the entity for id ${JSON.stringify(id)} is undefined`,
        hint: 'Use delete(id) to take an entity out of a table.',
      });
    }
    this.#write(id, entity);
    return this;
  }

  delete(id: string): boolean {
    this.#checkOpen();
    if (!this.has(id)) return false;
    this.#write(id, undefined);
    return true;
  }

  ids(): readonly string[] {
    if (this.#base && !this.#idsChanged()) return this.#base.ids();
    const ids = new Set(this.#base?.ids());
    for (const [id, { after }] of this.#touched) {
      if (after === undefined) ids.delete(id);
      else ids.add(id);
    }
    return sorted(ids);
  }

  *values(): IterableIterator<T> {
    for (const [, entity] of this.entries()) yield entity;
  }

  *entries(): IterableIterator<[string, T]> {
    for (const id of this.ids()) {
      const entity = this.get(id);
      if (entity !== undefined) yield [id, entity];
    }
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries();
  }

  #write(id: string, after: T | undefined): void {
    const touched = this.#touched.get(id);
    const had = touched ? touched.after !== undefined : this.#base?.get(id) !== undefined;
    if (touched) touched.after = after;
    else this.#touched.set(id, { before: this.#base?.get(id), after });
    this.#size += Number(after !== undefined) - Number(had);
  }

  #idsChanged(): boolean {
    for (const { before, after } of this.#touched.values()) {
      if ((before === undefined) !== (after === undefined)) return true;
    }
    return false;
  }

  #checkOpen(): void {
    if (this.#open) return;
    throw new OrreryError({
      code: 'TABLE_READ_ONLY',
      what: 'a table of a finished command was used again',
      hint: 'Change tables only inside a command, and read game.state outside of one.',
    });
  }
}
