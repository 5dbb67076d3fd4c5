// States of the past have their entities in the order of the ids, as the tables of a live game have: a fold appends
// whatever is added. history/ and the exports of the command line put them in order with this.

import type { Json, JsonObject } from '../core/patch/patch.ts';

/** The same entities by ascending id, which is by UTF-16 code unit; the same object when they are so already. */
export function inTableOrder(entities: JsonObject): JsonObject {
  const ids = Object.keys(entities);
  return isAscending(ids) ? entities : Object.fromEntries(ids.sort().map((id) => [id, entities[id] as Json]));
}

export function isAscending(ids: readonly string[]): boolean {
  for (let index = 1; index < ids.length; index += 1) {
    if ((ids[index - 1] as string) > (ids[index] as string)) return false;
  }
  return true;
}

/** A state, which changes, with its tables in order. */
export function orderTables(state: { [key: string]: Json }, tables: Iterable<string>): void {
  for (const table of tables) {
    const entities = Object.hasOwn(state, table) ? state[table] : undefined;
    if (typeof entities === 'object' && entities !== null && !Array.isArray(entities)) {
      state[table] = inTableOrder(entities as JsonObject);
    }
  }
}
