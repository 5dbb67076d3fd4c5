// The draft of a table as an object: a Table, and for everything else that can be done to an object, the object by id
// that the table stands for. Before it: table.ts, which keeps what was done and makes the proxy. After it: the user's
// command.

import { refusal } from '../patch/refusal.ts';
import { isMemberName, MEMBER_NAMES } from './entity-id.ts';
import type { TableDraft } from './table.ts';

/** By this a proxy tells the engine which table is behind it. */
export const BEHIND: unique symbol = Symbol('table');

/** One for all tables: a handler for each would be one more object for each command, and slower to call. */
export const TABLE_TRAPS: ProxyHandler<TableDraft<unknown>> = {
  get(table, key, receiver) {
    if (key === 'get') return table.finder();
    if (key === 'size') return table.size;
    if (isMemberName(key)) return table.method(key as 'set');
    if (typeof key === 'string') {
      return table.has(key) ? table.get(key) : Reflect.get(Object.prototype, key, table.proxy);
    }
    // Whatever inherits from the proxy is no table.
    if (key === BEHIND) return receiver === table.proxy ? table : undefined;
    return Reflect.get(table, key, table);
  },

  set(table, key, value, receiver) {
    if (receiver !== table.proxy) return Reflect.set({}, key, value, receiver);
    table.set(idOf(table, key), value);
    return true;
  },

  has(table, key) {
    if (typeof key === 'symbol') return Reflect.has(table, key);
    return table.has(key) || key in Object.prototype;
  },

  deleteProperty(table, key) {
    if (typeof key === 'symbol' || !table.has(key)) return true;
    table.delete(idOf(table, key));
    return true;
  },

  /** In the order in which an object has its keys. */
  ownKeys(table) {
    for (const member of MEMBER_NAMES) if (table.has(member)) throw ambiguous(table, member);
    return Object.keys(Object.fromEntries(table.ids().map((id) => [id, true])));
  },

  getOwnPropertyDescriptor(table, key) {
    if (typeof key === 'symbol' || !table.has(key)) return undefined;
    return { value: table.get(idOf(table, key)), writable: true, enumerable: true, configurable: true };
  },

  defineProperty(table, key, given) {
    const id = idOf(table, key);
    const attributes = table.has(id) ? { writable: true, enumerable: true, configurable: true, ...given } : given;
    if (given.get || given.set || !(attributes.writable && attributes.enumerable && attributes.configurable)) {
      throw refusedOf(
        table,
        'an entity of a table is an ordinary property: it cannot be hidden, fixed or computed',
        'Use set(id, entity).',
      );
    }
    if ('value' in given || !table.has(id)) table.set(id, given.value);
    return true;
  },

  preventExtensions(table) {
    throw refusedOf(table, 'a table cannot be frozen, sealed or closed to new entities', 'Leave it as it is.');
  },

  setPrototypeOf(table, prototype) {
    if (prototype === Object.getPrototypeOf(table)) return true;
    throw refusedOf(table, 'a table cannot be given another prototype', 'Leave it as it is.');
  },
};

function idOf(table: TableDraft<unknown>, key: PropertyKey): string {
  if (typeof key === 'symbol') {
    throw refusedOf(table, `a symbol, ${String(key)}, cannot be an id in a table`, 'Use a string.');
  }
  if (isMemberName(key)) throw ambiguous(table, key as string);
  return key as string;
}

function ambiguous(table: TableDraft<unknown>, id: string): Error {
  return refusedOf(
    table,
    `the id ${JSON.stringify(id)} is the name of a member of the table, and cannot be used as a property`,
    'Use get, set and delete for this id, and ids(), entries() or toJSON() for all entities.',
  );
}

function refusedOf(table: TableDraft<unknown>, what: string, hint: string): Error {
  return refusal(what, hint, table.key === undefined ? [] : [table.key]);
}
