// The way back: pieces of JSON from a store become the working state of a game, a piece at a time, with the game loop
// running in between. What is parsed is checked while it is frozen: the store has not looked into every piece.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError } from '../errors.ts';
import { isForbiddenKey, type Json, type JsonObject, MAX_DEPTH } from '../patch/patch.ts';
import { isWellFormed } from '../patch/plain.ts';
import { WorkingState } from './state.ts';
import { WorkingTableBuilder } from './working-table.ts';

export async function assemble(pieces: readonly Uint8Array[], tables: readonly string[]): Promise<WorkingState> {
  let plain: JsonObject = {};
  const builders = new Map(tables.map((name) => [name, new WorkingTableBuilder()]));
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await nextTurn();
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('utf8');
    const [name, content] = JSON.parse(text) as [string | null, JsonObject];
    // Only an escape can bring a lone surrogate: the bytes are UTF-8, and what is not becomes U+FFFD.
    const hasEscapes = text.includes('\\u');
    if (name === null) {
      plain = seal(content, hasEscapes, 0) as JsonObject;
      continue;
    }
    const builder = builders.get(name);
    if (!builder) throw damaged('a piece belongs to no table');
    for (const id of Object.keys(content)) {
      checkKey(id, hasEscapes);
      builder.add(id, seal(content[id] as Json, hasEscapes, 2));
    }
  }
  return new WorkingState(plain, new Map([...builders].map(([name, builder]) => [name, builder.build()])));
}

/** Freezes a value that was parsed, and checks on the way what JSON.parse lets pass and a state may not hold. */
function seal(value: Json, hasEscapes: boolean, depth: number): Json {
  if (typeof value !== 'object' || value === null) {
    checkLeaf(value, hasEscapes);
    return value;
  }
  if (depth >= MAX_DEPTH) throw damaged(`it nests deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const child = value[index] as Json;
      if (typeof child === 'object') seal(child, hasEscapes, depth + 1);
      else checkLeaf(child, hasEscapes);
    }
    return Object.freeze(value);
  }
  // Faster than Object.values, and an object that was parsed has no enumerable keys but its own.
  for (const key in value) {
    checkKey(key, hasEscapes);
    const child = (value as JsonObject)[key] as Json;
    if (typeof child === 'object') seal(child, hasEscapes, depth + 1);
    else checkLeaf(child, hasEscapes);
  }
  return Object.freeze(value);
}

function checkKey(key: string, hasEscapes: boolean): void {
  if (isForbiddenKey(key) || (hasEscapes && !isWellFormed(key))) throw damaged('it has a forbidden key');
}

function checkLeaf(value: Json, hasEscapes: boolean): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0)) throw damaged('it has a number that JSON does not keep');
  } else if (hasEscapes && typeof value === 'string' && !isWellFormed(value)) {
    throw damaged('it has a string with a lone surrogate');
  }
}

function damaged(what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `a stored state cannot be taken: ${what}`,
    hint: 'Run `orrery doctor` on the directory.',
  });
}
