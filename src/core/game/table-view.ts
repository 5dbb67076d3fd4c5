// A table as readers of a committed state see it: an object by id that is not built before somebody asks for all of it.
// Before it: working-table.ts, which holds the entities and takes views of them. After it: users, and `save`.

import { OrreryError } from '../errors.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';
import { isProxy } from '../patch/plain.ts';
import { toPointer } from '../patch/pointer.ts';
import { checkText, isMemberName, MEMBER_NAMES } from './entity-id.ts';
import type { EntityMap } from './entity-map.ts';
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

/** By this a view tells the engine what is behind it. Nobody who goes through keys meets it. */
const VIEW: unique symbol = Symbol('table view');

type Methods = Pick<ReadonlyTable<Json>, 'ids' | 'values' | 'entries' | 'toJSON'>;

/**
 * What is behind the proxy that readers get. Own properties of its target are made when all are asked for: an object of
 * 10,000 entities for each command would cost far more than the command.
 */
class TableView implements ProxyHandler<object> {
  readonly #moment: TableMoment;
  #methods: Methods | undefined;
  #isBuilt = false;
  #isFrozen = false;
  /** The first property, and one of the object itself, because V8 looks for it at every `view.get`. */
  readonly get: (target: object, key: string | symbol, receiver: unknown) => unknown;

  constructor(moment: TableMoment) {
    this.#moment = moment;
    // Closures, because the `this` of a method would be the proxy, and made late, because most views are never read.
    let find: ((id: string) => Json | undefined) | undefined;
    let has: ((id: string) => boolean) | undefined;
    this.get = (_target, key, receiver) => {
      if (key === 'get') {
        find ??= this.#finder();
        return find;
      }
      if (key === 'has') {
        has ??= this.#asker();
        return has;
      }
      return this.#read(key, receiver);
    };
  }

  static isView(value: unknown): value is TableView {
    return typeof value === 'object' && value !== null && #moment in value;
  }

  has(_target: object, key: string | symbol): boolean {
    if (typeof key === 'string' && this.#at(key) !== undefined) return true;
    return key === Symbol.iterator || key in Object.prototype;
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#build(target);
    return Reflect.ownKeys(target);
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (this.#isFrozen) return Reflect.getOwnPropertyDescriptor(target, key);
    const value = typeof key === 'string' ? this.#at(key) : undefined;
    if (value === undefined) return undefined;
    if (isMemberName(key as string)) throw this.#hidden(key as string);
    return { value, writable: false, enumerable: true, configurable: true };
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  setPrototypeOf(_target: object, prototype: object | null): boolean {
    return prototype === Object.prototype;
  }

  // A proxy may only say that it is frozen when its target is, with the same properties.
  isExtensible(target: object): boolean {
    this.#freeze(target);
    return false;
  }

  preventExtensions(target: object): boolean {
    this.#freeze(target);
    return true;
  }

  defineProperty(target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    this.#freeze(target);
    return Reflect.defineProperty(target, key, descriptor);
  }

  // Sloppy code would not hear of a refusal that is no error.
  set(_target: object, key: string | symbol): never {
    throw this.#readOnly(key);
  }

  deleteProperty(_target: object, key: string | symbol): never {
    throw this.#readOnly(key);
  }

  /** What util.inspect prints: all entities, or the first of many. */
  inspected(depth: number, options: InspectOptions, inspect: Inspect): unknown {
    const most = options.maxArrayLength ?? Number.POSITIVE_INFINITY;
    const ids = this.#ids();
    const some = Object.fromEntries(ids.slice(0, most).map((id) => [id, this.#at(id)]));
    if (ids.length <= most || depth < 0) return some;
    const text = inspect(some, { ...options, depth });
    return `${text.slice(0, -1).trimEnd()},\n  ... ${ids.length - most} more entities\n}`;
  }

  #read(key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'string') {
      if (key === 'size') return this.#moment.size;
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
    const { entities, past } = this.#moment;
    return (id) => {
      const entity = past.isUntouched ? entities.find(id)?.frozen : this.#at(id);
      return entity === undefined ? this.#miss(id) : entity;
    };
  }

  #asker(): (id: string) => boolean {
    const { entities, past } = this.#moment;
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
    const { past, entities } = this.#moment;
    const replaced = past.find(id);
    return replaced ? freezeDeep(replaced.entity) : entities.find(id)?.frozen;
  }

  #miss(id: unknown): undefined {
    checkText(id, this.#moment.key);
  }

  #ids(): readonly string[] {
    const { order } = this.#moment;
    order.ids ??= sorted(this.#idsThen());
    return order.ids;
  }

  *#idsThen(): IterableIterator<string> {
    const { past, entities } = this.#moment;
    const replaced = past.replaced();
    for (const id of entities.keys()) if (!replaced.has(id)) yield id;
    for (const [id, entity] of replaced) if (entity !== undefined) yield id;
  }

  *#values(): IterableIterator<Json> {
    for (const id of this.#ids()) yield this.#at(id) as Json;
  }

  *#entries(): IterableIterator<[string, Json]> {
    for (const id of this.#ids()) yield [id, this.#at(id) as Json];
  }

  /** Makes the entities own properties of the target, which has them in the order of any object. */
  #build(target: object): void {
    if (this.#isBuilt) return;
    // Whoever goes through keys reads each of them next, and would read the member.
    for (const name of MEMBER_NAMES) if (this.#at(name) !== undefined) throw this.#hidden(name);
    for (const [id, value] of this.#entries()) {
      Object.defineProperty(target, id, { value, writable: false, enumerable: true, configurable: true });
    }
    this.#isBuilt = true;
  }

  #freeze(target: object): void {
    if (this.#isFrozen) return;
    this.#build(target);
    // Of a frozen target a proxy must say the truth about what it inherits from.
    Object.setPrototypeOf(target, Object.prototype);
    Object.freeze(target);
    this.#isFrozen = true;
  }

  #hidden(id: string): OrreryError {
    return new OrreryError({
      code: 'TABLE_READ_ONLY',
      what: `the entity ${JSON.stringify(id)} is no property of its table, which has a member of that name`,
      hint: 'Read it with get(id), values(), entries() or toJSON(), or from game.copy().',
      context: { path: toPointer([this.#moment.key, id]) },
    });
  }

  #readOnly(key: string | symbol): OrreryError {
    return new OrreryError({
      code: 'TABLE_READ_ONLY',
      what: 'a table of a committed state cannot be written to',
      hint: 'Change the table of the draft inside a command, or a game.copy() and save that.',
      context: { path: toPointer([this.#moment.key, String(key)]) },
    });
  }
}

/** What util.inspect passes, as far as it is used here. */
interface InspectOptions {
  readonly maxArrayLength?: number | null;
}
type Inspect = (value: unknown, options: unknown) => string;

/** Becomes an object by id when somebody asks for all of it. */
class Target {
  /** util.inspect sees the target of a proxy; what it finds there it calls on the proxy. */
  [Symbol.for('nodejs.util.inspect.custom')](depth: number, options: InspectOptions, inspect: Inspect): unknown {
    return behind(this)?.inspected(depth, options, inspect) ?? { ...this };
  }
}

export function viewOf(moment: TableMoment): ReadonlyTable<Json> {
  return new Proxy<object>(new Target(), new TableView(moment)) as ReadonlyTable<Json>;
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
