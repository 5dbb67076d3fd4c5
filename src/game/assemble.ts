// The way back: pieces of JSON from a store become the working state of a game, a piece at a time, with the game loop
// running in between. Patches were validated when the store folded them; here values are only frozen.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json, JsonObject } from '../patch/patch.ts';
import { WorkingState } from './state.ts';
import { WorkingTableBuilder } from './working-table.ts';

export async function assemble(pieces: readonly Uint8Array[], tables: readonly string[]): Promise<WorkingState> {
  let plain: JsonObject = {};
  const builders = new Map(tables.map((name) => [name, new WorkingTableBuilder()]));
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await nextTurn();
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('utf8');
    const [name, content] = JSON.parse(text) as [string | null, JsonObject];
    if (name === null) {
      plain = freezeDeep(content) as JsonObject;
      continue;
    }
    const builder = builders.get(name) as WorkingTableBuilder;
    for (const id of Object.keys(content)) builder.add(id, freezeDeep(content[id] as Json));
  }
  return new WorkingState(plain, new Map([...builders].map(([name, builder]) => [name, builder.build()])));
}

function freezeDeep(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const child of Object.values(value)) if (typeof child === 'object') freezeDeep(child as Json);
  return Object.freeze(value);
}
