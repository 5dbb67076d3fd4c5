// Wide state: entities by string id, at a top-level key of a state. TableDraft is what a command changes, or what
// table() makes. Before it: working-table.ts, the committed entities. After it: table-change.ts turns a finished draft
// into patches.

import { OrreryError } from '../errors.ts';
import { admit } from '../patch/admit.ts';
import { cloneJson } from '../patch/apply.ts';
import { TABLE } from '../patch/drafted.ts';
import { toPointer } from '../patch/pointer.ts';
import type { Shapes } from '../patch/shape.ts';
import { checkId, checkNewId, checkText, isMemberName } from './entity-id.ts';
import { INSPECT, type Inspect, type InspectOptions } from './inspection.ts';
import { BEHIND, TABLE_TRAPS } from './table-traps.ts';
import { isTableView, sorted } from './table-view.ts';
import { type Touched, TouchedEntities } from './touched.ts';
import type { WorkingTable } from './working-table.ts';

/**
 * What a table of a state can do. It is a class so that TypeScript knows that a spread copies none of it: `{ ...table
 * }` has the entities and nothing else. There are no objects of it.
 */
declare abstract class TableReader<T> {
  get size(): number;
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
 * Entities by id, read-only and frozen, at one moment: the object by id that the table stands for, with methods
 * besides. Keys, spread, `in`, JSON, comparing and printing see the entities alone. `get` and the iterators, which are
 * in ascending order of ids by UTF-16 code unit, cost less: they build nothing. Where a method has the name that is
 * read, it is the method.
 */
export type ReadonlyTable<T> = TableReader<T> & { readonly [id: string]: T };

/**
 * Entities by id, for state that is too wide for a plain object. Inside a command `get` hands out the entity itself to
 * be changed in place; `peek` hands out the frozen committed one and costs next to nothing: prefer it for reading.
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
  /** The entities as they stand, as a plain object by id: what JSON.stringify sees. */
  toJSON(): { readonly [id: string]: T };
}

/**
 * A table for an initial state or a top-level key of a draft: empty, from a plain object by id, or from a list and the
 * function that names each entity. Two entities with one id are an error.
 */
export function table<T>(): Table<T>;
export function table<T>(entities: { readonly [id: string]: T }): Table<T>;
export function table<T>(entities: Iterable<T>, id: (entity: T) => string): Table<T>;
export function table<T>(entities?: Iterable<T> | { readonly [id: string]: T }, id?: (entity: T) => string): Table<T> {
  const made = new TableDraft<T>();
  if (entities === undefined) return made.proxy;
  if (typeof entities !== 'object' || entities === null) throw notEntities('this is no object');
  if (id === undefined) {
    // A Map, or another table, has no keys that Object.entries would see: it would become an empty table.
    if (Symbol.iterator in entities && !isTableView(entities)) {
      throw notEntities('a list needs the function that names each entity');
    }
    for (const [key, entity] of Object.entries(entities as { readonly [id: string]: T })) made.set(key, entity);
    return made.proxy;
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
  return made.proxy;
}

function notEntities(why: string): OrreryError {
  return new OrreryError({
    code: 'NOT_PERSISTABLE',
    what: `a table cannot be made from what was passed: ${why}`,
    hint: 'Write table(), table({ id: entity }) or table(list, (entity) => entity.id).',
  });
}

/** Not a method: users can reach the class, and what looks like an object of it. */
let isTableDraft: (value: unknown) => value is TableDraft<unknown>;

/** A table inside a command, or one that table() has made and no state holds yet. Commands hold its `proxy`. */
export class TableDraft<T> implements Table<T> {
  /** The table as a command sees it: also an object by id. */
  readonly proxy: Table<T>;
  readonly #base: WorkingTable | undefined;
  /** The top-level key of the state that the table is at. One that table() has made is at none yet. */
  readonly key: string | undefined;
  readonly #touched = new TouchedEntities();
  #size: number;
  #open = true;
  /** Methods that were asked for by themselves, with this table as their `this`: theirs would be the proxy. */
  #finder: ((id: string) => T | undefined) | undefined;
  #methods: Map<keyof Table<T>, unknown> | undefined;

  constructor(base?: WorkingTable, key?: string) {
    this.#base = base;
    this.key = key;
    this.#size = base?.size ?? 0;
    this.proxy = new Proxy(this as TableDraft<unknown>, TABLE_TRAPS) as Table<T>;
  }

  static {
    isTableDraft = (value): value is TableDraft<unknown> =>
      typeof value === 'object' && value !== null && #touched in value;
  }

  static of<T>(entities: Iterable<readonly [string, T]>): TableDraft<T> {
    const made = new TableDraft<T>();
    for (const [id, entity] of entities) made.set(id, entity);
    return made;
  }

  get [TABLE](): true {
    return true;
  }

  get size(): number {
    return this.#size;
  }

  /** The ids this command has opened, set or deleted, in the order of first touch. For table-change.ts. */
  get touched(): readonly Touched[] {
    return this.#touched.list;
  }

  /** Of the entities that are committed. For table-change.ts. */
  get shapes(): Shapes | undefined {
    return this.#base?.shapes;
  }

  /** The same, for the caller to keep: the draft forgets what the command did, and is closed. For table-change.ts. */
  takeTouched(): readonly Touched[] {
    this.#open = false;
    return this.#touched.take();
  }

  /** The command is refused: all of what it did is to be looked at. For table-change.ts. */
  giveBack(touched: readonly Touched[]): void {
    for (const each of touched) this.#touched.add(each);
  }

  get attached(): boolean {
    return this.#base !== undefined;
  }

  /** After its command a draft changes nothing any more: using it then is a mistake that must be heard. */
  close(): void {
    this.#open = false;
  }

  /** `get` as the proxy gives it. Nearly all commands ask for it, so it is kept apart. For table-traps.ts. */
  finder(): (id: string) => T | undefined {
    this.#finder ??= (id) => this.get(id);
    return this.#finder;
  }

  /** Any other method as the proxy gives it. For table-traps.ts. */
  method(name: keyof Table<T>): unknown {
    this.#methods ??= new Map();
    let method = this.#methods.get(name);
    if (!method) {
      method = (this[name] as (...args: never[]) => unknown).bind(this);
      this.#methods.set(name, method);
    }
    return method;
  }

  has(id: string): boolean {
    const touched = this.#touched.get(id);
    if (touched) return touched.after !== undefined;
    if (this.#base?.find(id)) return true;
    checkText(id, this.key);
    return false;
  }

  get(id: string): T | undefined {
    const touched = this.#touched.get(id);
    if (touched) return thaw(touched) as T | undefined;
    const cell = this.#base?.find(id);
    if (!cell) {
      checkText(id, this.key);
      return undefined;
    }
    this.#checkOpen();
    const before = cell.entity;
    const after = (this.#base as WorkingTable).shapes.clone(before);
    this.#touched.add({ id, cell, before, after });
    return after as T;
  }

  peek(id: string): T | undefined {
    const touched = this.#touched.get(id);
    if (touched) return touched.after as T | undefined;
    const cell = this.#base?.find(id);
    if (!cell) checkText(id, this.key);
    return cell?.frozen as T | undefined;
  }

  set(id: string, entity: T): this {
    checkId(id, this.key);
    if (isMemberName(id) && !this.has(id)) checkNewId(id, this.key);
    this.#checkOpen();
    if (entity === undefined) {
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: `the entity for id ${JSON.stringify(id)} is undefined`,
        hint: 'Use delete(id) to take an entity out of a table.',
        context: this.key === undefined ? {} : { path: toPointer([this.key, id]) },
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
    for (const { id, after } of this.#touched.list) {
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

  /** Without it JSON.stringify would make {} of a table. */
  toJSON(): { readonly [id: string]: T } {
    return Object.fromEntries(this.ids().map((id) => [id, this.peek(id) as T]));
  }

  /** What console.log shows. It gets the proxy as `this`. */
  [INSPECT](_depth: number, options: InspectOptions, inspect: Inspect): string {
    return `Table ${inspect(this.toJSON(), options)}`;
  }

  #write(id: string, after: T | undefined): void {
    const touched = this.#touched.get(id);
    let had: boolean;
    if (touched) {
      had = touched.after !== undefined;
      touched.after = after;
    } else {
      const cell = this.#base?.find(id);
      had = cell !== undefined;
      this.#touched.add({ id, cell, before: cell?.entity, after });
    }
    this.#size += Number(after !== undefined) - Number(had);
  }

  #idsChanged(): boolean {
    for (const { before, after } of this.#touched.list) {
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

/**
 * The table that a command holds as a proxy; undefined for anything else. Throws what reading a foreign proxy throws.
 */
export function tableBehind(value: unknown): TableDraft<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = (value as { readonly [BEHIND]?: unknown })[BEHIND];
  // A foreign proxy may answer to any key.
  return isTableDraft(found) && found.proxy === value ? found : undefined;
}

/**
 * An entity that was set as it came from a state or from arguments is frozen: whoever gets it may change it all the
 * same.
 */
function thaw(touched: Touched): unknown {
  const { after } = touched;
  if (typeof after !== 'object' || after === null || !Object.isFrozen(after)) return after;
  try {
    touched.after = cloneJson(admit(after, []));
  } catch {
    // It cannot be persisted. The end of the command says so, with the path.
  }
  return touched.after;
}
