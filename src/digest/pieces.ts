// A state cut into pieces for its way to the main thread: parsing 40 MB at once would stall a game loop for 0.3 s.

import type { Json, JsonObject } from '../patch/patch.ts';

/** About 1 ms of JSON.parse, when an entity is as large as the ones before it. */
const PIECE_BYTES = 128 * 1024;
const FIRST_ENTITIES = 64;

/** JSON of [null, plain part with {} for tables], then [table, entities by id] any number of times. */
export function* cutState(state: JsonObject, tables: readonly string[]): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const wide = new Set(tables);
  const plain = Object.fromEntries(Object.entries(state).map(([key, value]) => [key, wide.has(key) ? {} : value]));
  yield encoder.encode(JSON.stringify([null, plain]));
  for (const table of tables) {
    const entities = state[table] as { readonly [id: string]: Json };
    const ids = Object.keys(entities);
    let count = FIRST_ENTITIES;
    for (let start = 0; start < ids.length; ) {
      const piece: { [id: string]: Json } = {};
      const end = Math.min(ids.length, start + count);
      for (let index = start; index < end; index += 1)
        piece[ids[index] as string] = entities[ids[index] as string] as Json;
      const text = JSON.stringify([table, piece]);
      yield encoder.encode(text);
      count = Math.max(1, Math.floor(((end - start) * PIECE_BYTES) / text.length));
      start = end;
    }
  }
}
