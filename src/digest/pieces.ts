// A state cut into pieces for its way to the main thread: parsing 40 MB at once would stall a game loop for 0.3 s.

import type { Json, JsonObject } from '../patch/patch.ts';

/** About 1 ms of JSON.parse. */
const PIECE_BYTES = 128 * 1024;

/** JSON of [null, plain part with {} for tables], then [table, entities by id] any number of times. */
export function* cutState(state: JsonObject, tables: readonly string[]): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const wide = new Set(tables);
  const plain = Object.fromEntries(Object.entries(state).map(([key, value]) => [key, wide.has(key) ? {} : value]));
  yield encoder.encode(JSON.stringify([null, plain]));
  for (const table of tables) {
    const name = JSON.stringify(table);
    let text = '';
    for (const [id, entity] of Object.entries(state[table] as { [id: string]: Json })) {
      text += `${text === '' ? '' : ','}${JSON.stringify(id)}:${JSON.stringify(entity)}`;
      if (text.length < PIECE_BYTES) continue;
      yield encoder.encode(`[${name},{${text}}]`);
      text = '';
    }
    if (text !== '') yield encoder.encode(`[${name},{${text}}]`);
  }
}
