// What a command holds of a table: a proxy that is a Table and, for everything else that can be done to an object, the object
// by id that the table stands for. Before it: table.ts, which keeps what was done. After it: the user's command.

import { refusal } from '../patch/refusal.ts';
import { isMemberName, MEMBER_NAMES } from './entity-id.ts';
import type { Table } from './table.ts';

/** What stands behind the proxy. */
export interface TableBehind extends Table<unknown> {
  readonly key: string | undefined;
}

const BEHIND = Symbol('table');

/** The table behind a proxy made here; undefined for anything else. Throws what reading a foreign proxy throws. */
export function behind(value: unknown): TableBehind | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = (value as { readonly [BEHIND]?: unknown })[BEHIND];
  // A foreign proxy may answer to any key.
  return found instanceof ById && found.proxy === value ? found.table : undefined;
}

export class ById implements ProxyHandler<TableBehind> {
  readonly table: TableBehind;
  readonly proxy: Table<unknown>;
  /** Methods that were asked for, bound: they are private to the table behind. */
  readonly #methods: { [name: PropertyKey]: unknown } = Object.create(null) as { [name: PropertyKey]: unknown };

  constructor(table: TableBehind) {
    this.table = table;
    this.proxy = new Proxy(table, this);
  }

  get(table: TableBehind, key: PropertyKey): unknown {
    if (key === 'get' || key === 'size' || isMemberName(key)) {
      if (key === 'size') return table.size;
      /* eslint-disable names/own-keys -- members of Table, in an object without a prototype */
      this.#methods[key] ??= (table[key as 'get'] as (...args: never[]) => unknown).bind(table);
      return this.#methods[key];
      /* eslint-enable names/own-keys */
    }
    if (typeof key === 'symbol') return key === BEHIND ? this : Reflect.get(table, key, table);
    return table.has(key as string) ? table.get(key as string) : Reflect.get(Object.prototype, key, this.proxy);
  }

  set(table: TableBehind, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    if (receiver !== this.proxy) return Reflect.set({}, key, value, receiver);
    table.set(this.#id(key), value);
    return true;
  }

  has(table: TableBehind, key: PropertyKey): boolean {
    if (typeof key === 'symbol') return Reflect.has(table, key);
    return table.has(key as string) || key in Object.prototype;
  }

  deleteProperty(table: TableBehind, key: PropertyKey): boolean {
    if (typeof key === 'symbol' || !table.has(key as string)) return true;
    table.delete(this.#id(key));
    return true;
  }

  /** In the order in which an object has its keys. */
  ownKeys(table: TableBehind): string[] {
    for (const member of MEMBER_NAMES) if (table.has(member)) throw this.#ambiguous(member);
    return Object.keys(Object.fromEntries(table.ids().map((id) => [id, true])));
  }

  getOwnPropertyDescriptor(table: TableBehind, key: PropertyKey): PropertyDescriptor | undefined {
    if (typeof key === 'symbol' || !table.has(key as string)) return undefined;
    return { value: table.get(this.#id(key)), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(table: TableBehind, key: PropertyKey, given: PropertyDescriptor): boolean {
    const id = this.#id(key);
    const attributes = table.has(id) ? { writable: true, enumerable: true, configurable: true, ...given } : given;
    if (given.get || given.set || !(attributes.writable && attributes.enumerable && attributes.configurable)) {
      throw this.#refusal(
        'an entity of a table is an ordinary property: it cannot be hidden, fixed or computed',
        'Use set(id, entity).',
      );
    }
    if ('value' in given || !table.has(id)) table.set(id, given.value);
    return true;
  }

  preventExtensions(): boolean {
    throw this.#refusal('a table cannot be frozen, sealed or closed to new entities', 'Leave it as it is.');
  }

  setPrototypeOf(table: TableBehind, prototype: object | null): boolean {
    if (prototype === Object.getPrototypeOf(table)) return true;
    throw this.#refusal('a table cannot be given another prototype', 'Leave it as it is.');
  }

  #id(key: PropertyKey): string {
    if (typeof key === 'symbol') {
      throw this.#refusal(`a symbol, ${String(key)}, cannot be an id in a table`, 'Use a string.');
    }
    if (isMemberName(key)) throw this.#ambiguous(key as string);
    return key as string;
  }

  #ambiguous(id: string): Error {
    return this.#refusal(
      `the id ${JSON.stringify(id)} is the name of a member of the table, and cannot be used as a property`,
      'Use get, set and delete for this id, and ids(), entries() or toJSON() for all entities.',
    );
  }

  #refusal(what: string, hint: string): Error {
    return refusal(what, hint, this.table.key === undefined ? [] : [this.table.key]);
  }
}
