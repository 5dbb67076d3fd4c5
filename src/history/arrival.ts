// A state of the past that has come from an owner in pieces becomes plain JSON, a piece at a time, with the game loop
// running in between: parsing all of it at once would stall the loop. live-history.ts asks for it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json, JsonObject } from '../core/patch/patch.ts';
import { isAscending } from '../storage/table-order.ts';

/** So many entities are put in order in one turn. */
const TURN_ENTITIES = 4096;

/** `pieces` are as storage/store.ts describes them. The owner has checked what is in them. */
export async function arrived(pieces: readonly Uint8Array[], tables: readonly string[]): Promise<JsonObject> {
  let state: { [key: string]: Json } = {};
  const entities = new Map<string, { [id: string]: Json }>(tables.map((table) => [table, {}]));
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await nextTurn();
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('utf8');
    const [table, content] = JSON.parse(text) as [string | null, { [key: string]: Json }];
    if (table === null) state = content;
    else Object.assign(entities.get(table) as object, content);
  }
  for (const [table, content] of entities) state[table] = await inOrder(content);
  return state;
}

/** As table-order.ts does it, some entities in a turn of the event loop. */
async function inOrder(entities: JsonObject): Promise<JsonObject> {
  const ids = Object.keys(entities);
  if (isAscending(ids)) return entities;
  const ordered: { [id: string]: Json } = {};
  for (const [index, id] of ids.sort().entries()) {
    if (index % TURN_ENTITIES === TURN_ENTITIES - 1) await nextTurn();
    ordered[id] = entities[id] as Json;
  }
  return ordered;
}
