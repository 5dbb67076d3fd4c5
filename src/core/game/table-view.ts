// A table as readers of a committed state see it: an object by id that is not built before somebody asks for all of it.
// Before it: working-table.ts, which holds the entities and takes views of them. After it: users, and `save`.

import { OrreryError } from '../errors.ts';
import { VIEW } from '../patch/drafted.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';
import { isProxy } from '../patch/plain.ts';
import { toPointer } from '../patch/pointer.ts';
import { checkText, isMemberName, MEMBER_NAMES } from './entity-id.ts';
import type { EntityMap } from './entity-map.ts';
import { INSPECT, type Inspect, type InspectOptions } from './inspection.ts';
import type { Past } from './replaced-entities.ts';
import type { ReadonlyTable } from './table.ts';

/** Ids in their defined order. Kept by whoever knows that the set of ids has not changed since. */
export function sorted(ids: Iterable<string>): readonly string[] {
  // The default order of sort() on strings is by UTF-16 code unit, which is the order this project defines.
  return Object.freeze([...ids].sort());
}

/** The sorted ids, once somebody has asked: shared by all views of one table until an id comes or goes. */
export interface Order {
  ids: readonly string[] | undefined;
}

/** The entities of a table at one moment: what has been replaced since is in `past`. */
export interface TableMoment {
  /** The top-level key of the state. */
  readonly key: string;
  readonly entities: EntityMap;
  readonly size: number;
  readonly past: Past;
  readonly order: Order;
}

type Methods = Pick<ReadonlyTable<Json>, 'ids' | 'values' | 'entries' | 'toJSON'>;

/**
 * The target of the proxy that readers get. Its own properties, the entities, are made when all are asked for: an
 * object of 10,000 entities for each command would cost far more than the command. One object with fields, and one
 * handler for all: a view is taken at each command of a type with invariants.
 */
class TableView {
  /** The top-level key of the state. */
  readonly #key: string;
  readonly #entities: EntityMap;
  readonly #size: number;
  /** What has been replaced since the view was taken. */
  readonly #past: Past;
  readonly #order: Order;
  #find: ((id: string) => Json | undefined) | undefined;
  #has: ((id: string) => boolean) | undefined;
  #methods: Methods | undefined;
  #isBuilt = false;
  #isFrozen = false;

  constructor({ key, entities, size, past, order }: TableMoment) {
    this.#key = key;
    this.#entities = entities;
    this.#size = size;
    this.#past = past;
    this.#order = order;
  }

  static isView(value: unknown): value is TableView {
    return typeof value === 'object' && value !== null && #past in value;
  }

  // A frozen view inherits from Object.prototype, so that the traps call nothing but private methods.
  static readonly TRAPS: ProxyHandler<TableView> = {
    /** The first one, because V8 looks for it at every `view.get`. */
    get(view, key, receiver) {
      if (key === 'get') {
        view.#find ??= view.#finder();
        return view.#find;
      }
      if (key === 'has') {
        view.#has ??= view.#asker();
        return view.#has;
      }
      return view.#read(key, receiver);
    },

    has(view, key) {
      if (typeof key === 'string' && view.#at(key) !== undefined) return true;
      return key === Symbol.iterator || key === VIEW || key in Object.prototype;
    },

    ownKeys(view) {
      view.#build();
      return Reflect.ownKeys(view);
    },

    getOwnPropertyDescriptor(view, key) {
      if (view.#isFrozen) return Reflect.getOwnPropertyDescriptor(view, key);
      const value = typeof key === 'string' ? view.#at(key) : undefined;
      if (value === undefined) return undefined;
      if (isMemberName(key as string)) throw view.#hidden(key as string);
      return { value, writable: false, enumerable: true, configurable: true };
    },

    getPrototypeOf() {
      return Object.prototype;
    },

    setPrototypeOf(_view, prototype) {
      return prototype === Object.prototype;
    },

    // A proxy may only say that it is frozen when its target is, with the same properties.
    isExtensible(view) {
      view.#freeze();
      return false;
    },

    preventExtensions(view) {
      view.#freeze();
      return true;
    },

    defineProperty(view, key, descriptor) {
      view.#freeze();
      return Reflect.defineProperty(view, key, descriptor);
    },

    // Sloppy code would not hear of a refusal that is no error.
    set(view, key) {
      throw view.#readOnly(key);
    },

    deleteProperty(view, key) {
      throw view.#readOnly(key);
    },
  };

  /** util.inspect sees the target of a proxy; what it finds there it calls on the proxy. */
  [INSPECT](depth: number, options: InspectOptions, inspect: Inspect): unknown {
    const view = behind(this);
    return view ? view.#inspected(depth, options, inspect) : { ...this };
  }

  /** What util.inspect prints: all entities, or the first of many. */
  #inspected(depth: number, options: InspectOptions, inspect: Inspect): unknown {
    const most = options.maxArrayLength ?? Number.POSITIVE_INFINITY;
    const ids = this.#ids();
    const some = Object.fromEntries(ids.slice(0, most).map((id) => [id, this.#at(id)]));
    if (ids.length <= most || depth < 0) return some;
    const text = inspect(some, { ...options, depth });
    return `${text.slice(0, -1).trimEnd()},\n  ... ${ids.length - most} more entities\n}`;
  }

  #read(key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'string') {
      if (key === 'size') return this.#size;
      if (isMemberName(key)) return this.#made()[key as keyof Methods];
      const entity = this.#at(key);
      if (entity !== undefined) return entity;
    } else if (key === VIEW) {
      return this;
    } else if (key === Symbol.iterator) {
      return this.#made().entries;
    }
    return Reflect.get(Object.prototype, key, receiver);
  }

  #finder(): (id: string) => Json | undefined {
    const entities = this.#entities;
    const past = this.#past;
    return (id) => {
      const entity = past.isUntouched ? entities.find(id)?.frozen : this.#at(id);
      return entity === undefined ? this.#miss(id) : entity;
    };
  }

  #asker(): (id: string) => boolean {
    const entities = this.#entities;
    const past = this.#past;
    return (id) => (past.isUntouched ? entities.find(id) : this.#at(id)) !== undefined || this.#miss(id) !== undefined;
  }

  #made(): Methods {
    this.#methods ??= {
      ids: () => this.#ids(),
      values: () => this.#values(),
      entries: () => this.#entries(),
      toJSON: () => Object.fromEntries(this.#entries()),
    };
    return this.#methods;
  }

  #at(id: string): Json | undefined {
    const replaced = this.#past.find(id);
    return replaced ? freezeDeep(replaced.entity) : this.#entities.find(id)?.frozen;
  }

  #miss(id: unknown): undefined {
    checkText(id, this.#key);
  }

  #ids(): readonly string[] {
    this.#order.ids ??= sorted(this.#idsThen());
    return this.#order.ids;
  }

  *#idsThen(): IterableIterator<string> {
    const replaced = this.#past.replaced();
    for (const id of this.#entities.keys()) if (!replaced.has(id)) yield id;
    for (const [id, entity] of replaced) if (entity !== undefined) yield id;
  }

  *#values(): IterableIterator<Json> {
    for (const id of this.#ids()) yield this.#at(id) as Json;
  }

  *#entries(): IterableIterator<[string, Json]> {
    for (const id of this.#ids()) yield [id, this.#at(id) as Json];
  }

  /** Makes the entities own properties, which stand in the order of any object. */
  #build(): void {
    if (this.#isBuilt) return;
    // Whoever goes through keys reads each of them next, and would read the member.
    for (const name of MEMBER_NAMES) if (this.#at(name) !== undefined) throw this.#hidden(name);
    for (const [id, value] of this.#entries()) {
      Object.defineProperty(this, id, { value, writable: false, enumerable: true, configurable: true });
    }
    this.#isBuilt = true;
  }

  #freeze(): void {
    if (this.#isFrozen) return;
    this.#build();
    // Of a frozen target a proxy must say the truth about what it inherits from.
    Object.setPrototypeOf(this, Object.prototype);
    Object.freeze(this);
    this.#isFrozen = true;
  }

  #hidden(id: string): OrreryError {
    return new OrreryError({
      code: 'TABLE_READ_ONLY',
      what: `the entity ${JSON.stringify(id)} is no property of its table, which has a member of that name`,
      hint: 'Read it with get(id), values(), entries() or toJSON(), or from game.copy().',
      context: { path: toPointer([this.#key, id]) },
    });
  }

  #readOnly(key: string | symbol): OrreryError {
    return new OrreryError({
      code: 'TABLE_READ_ONLY',
      what: 'a table of a committed state cannot be written to',
      hint: 'Change the table of the draft inside a command, or a game.copy() and save that.',
      context: { path: toPointer([this.#key, String(key)]) },
    });
  }
}

export function viewOf(moment: TableMoment): ReadonlyTable<Json> {
  return new Proxy(new TableView(moment), TableView.TRAPS) as unknown as ReadonlyTable<Json>;
}

/** Whether a value is a table of a committed state. Never throws. */
export function isTableView(value: unknown): value is ReadonlyTable<unknown> {
  return behind(value) !== undefined;
}

function behind(value: unknown): TableView | undefined {
  if (!isProxy(value)) return undefined;
  try {
    const view: unknown = (value as { readonly [VIEW]?: unknown })[VIEW];
    return TableView.isView(view) ? view : undefined;
  } catch {
    // It has been revoked, or it throws for reasons of its own: it is no view.
    return undefined;
  }
}
