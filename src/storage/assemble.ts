// The way back: pieces of JSON from a store become the working state of a game, a piece at a time, with the game loop
// running in between. What is parsed is checked while it is frozen: the store has not looked into every piece.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError } from '../core/errors.ts';
import { WorkingState } from '../core/game/state.ts';
import { WorkingTableBuilder } from '../core/game/working-table.ts';
import { isForbiddenKey, type Json, type JsonObject, MAX_DEPTH } from '../core/patch/patch.ts';
import { isWellFormed } from '../core/patch/plain.ts';

export function assemble(pieces: readonly Uint8Array[], tables: readonly string[]): Promise<WorkingState> {
  return new Assembly().finish(pieces, tables);
}

/** A state in the making: begun with the first piece, long before it is known whether there is another. */
export class Assembly {
  #plain: JsonObject = {};
  readonly #builders = new Map<string, WorkingTableBuilder>();
  readonly #waiting: Uint8Array[] = [];
  #isWorking = false;
  #working: Promise<void> | undefined;
  /** Every piece but the first has a turn of the event loop for itself. */
  #hasBegun = false;
  /** Of the first piece that cannot be taken. */
  #failure: unknown;

  take(piece: Uint8Array): void {
    this.#waiting.push(piece);
    if (!this.#isWorking) this.#working = this.#work();
  }

  /** What was taken so far does not count. */
  discard(): void {
    this.#waiting.length = 0;
    this.#builders.clear();
    this.#plain = {};
    this.#failure = undefined;
  }

  /** With the last pieces. Throws DAMAGED when one of them all cannot be taken. */
  async finish(last: readonly Uint8Array[], tables: readonly string[]): Promise<WorkingState> {
    for (const piece of last) this.take(piece);
    await this.#working;
    if (this.#failure !== undefined) throw this.#failure;
    for (const name of this.#builders.keys()) {
      if (!tables.includes(name)) throw damaged('a piece belongs to no table');
    }
    const built = tables.map(
      (name) => [name, (this.#builders.get(name) ?? new WorkingTableBuilder(name)).build()] as const,
    );
    return new WorkingState(this.#plain, new Map(built));
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      if (this.#hasBegun) await nextTurn();
      this.#hasBegun = true;
      // Meanwhile all of it may have been discarded.
      const piece = this.#waiting.shift();
      if (!piece || this.#failure !== undefined) continue;
      try {
        this.#add(piece);
      } catch (error) {
        // Whoever asked for the state is told.
        this.#failure = error;
      }
    }
    this.#isWorking = false;
  }

  #add(piece: Uint8Array): void {
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('utf8');
    const [name, content] = JSON.parse(text) as [string | null, JsonObject];
    // Only an escape can bring a lone surrogate: the bytes are UTF-8, and what is not becomes U+FFFD.
    const hasEscapes = text.includes('\\u');
    if (name === null) {
      this.#plain = seal(content, hasEscapes, 0) as JsonObject;
      return;
    }
    let builder = this.#builders.get(name);
    if (!builder) {
      builder = new WorkingTableBuilder(name);
      this.#builders.set(name, builder);
    }
    for (const id of Object.keys(content)) {
      checkKey(id, hasEscapes);
      builder.add(id, seal(content[id] as Json, hasEscapes, 2));
    }
  }
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
    hint: 'Run `orrery check --explain` on the directory.',
  });
}
