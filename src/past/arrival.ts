// A state of the past that has come from an owner in pieces becomes plain JSON, a piece at a time, with the game loop running
// in between: parsing all of it at once would stall the loop. live-past.ts asks for it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json, JsonObject } from '../patch/patch.ts';

/** `pieces` are as store/store.ts describes them. The owner has checked what is in them. */
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
  for (const [table, content] of entities) state[table] = content;
  return state;
}
