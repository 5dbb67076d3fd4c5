// RFC 6902 operations, done to the draft of a command. Before it: patch-document.ts, which has read them. After it: the
// draft finishes as after any command, so what an operation does not touch is neither copied nor compared.
//
// fast-json-patch changes objects and lists. It gets one container and one checked key at a time, because it takes "",
// "01" and 4294967296 for indexes, finds what is inherited, puts a whole document into an error, and does not know
// tables.

import fastJsonPatch from 'fast-json-patch';
import { OrreryError } from '../errors.ts';
import { admit, checkKey } from '../patch/admit.ts';
import { Drafted } from '../patch/drafted.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { isProxy } from '../patch/plain.ts';
import { toPointer } from '../patch/pointer.ts';
import { StateDraft } from './draft.ts';
import { inOperation, type Location, type PatchOperation } from './patch-document.ts';
import { TableDraft, table, tableBehind } from './table.ts';

/**
 * So many values may be copied or moved in one document. Without a bound, 25 operations would make 2^25 states of one.
 */
const MAX_COPIED_VALUES = 2 ** 20;

/** Does all operations, in order. Throws at the first that cannot be done; then the draft is to be thrown away. */
export function applyOperations(draft: StateDraft, operations: readonly PatchOperation[]): void {
  const patched = new PatchedDraft(draft);
  for (let index = 0; index < operations.length; index++) {
    try {
      patched.apply(operations[index] as PatchOperation);
    } catch (thrown) {
      throw inOperation(thrown, index);
    }
  }
  patched.settle();
}

class PatchedDraft {
  readonly #draft: StateDraft;
  /** The draft; or, once an operation has put a whole state, that one: JSON that nobody else has. */
  #root: unknown;
  #copied = 0;

  constructor(draft: StateDraft) {
    this.#draft = draft;
    this.#root = draft;
  }

  apply(operation: PatchOperation): void {
    const { at } = operation;
    switch (operation.op) {
      case 'test':
        if (!isSame(find(this.#root, at.tokens), operation.value)) throw notAsTested(at);
        return;
      case 'add':
        this.#put(at, operation.value, false);
        return;
      case 'replace':
        this.#replace(at, operation.value);
        return;
      case 'remove':
        this.#remove(at);
        return;
      case 'copy':
        this.#copy(operation.from, at);
        return;
      case 'move':
        this.#move(operation.from, at);
    }
  }

  /** Hands a whole new state to the draft, as `save` does. */
  settle(): void {
    if (this.#root !== this.#draft) this.#draft.assign(this.#root);
  }

  #found(at: Location): unknown {
    const found = find(this.#root, at.tokens);
    if (found === undefined) throw nothingAt(at);
    return found;
  }

  #replace(at: Location, value: Json): void {
    this.#found(at);
    if (at.tokens.length === 0) this.#root = value;
    else this.#change('replace', at, value);
  }

  #remove(at: Location): void {
    this.#found(at);
    this.#change('remove', at, undefined);
  }

  #move(from: Location, to: Location): void {
    const found = this.#found(from);
    const isAbove = from.tokens.every((token, index) => token === to.tokens[index]);
    if (isAbove && from.tokens.length === to.tokens.length) return;
    if (isAbove) throw intoItself(from, to);
    const value = this.#copyOf(found, to);
    this.#remove(from);
    this.#put(to, value, found instanceof TableDraft);
  }

  #copy(from: Location, to: Location): void {
    const found = this.#found(from);
    this.#put(to, this.#copyOf(found, to), found instanceof TableDraft);
  }

  #put(at: Location, value: Json, isTable: boolean): void {
    if (at.tokens.length === 0) this.#root = value;
    else this.#change('add', at, value, isTable);
  }

  #copyOf(found: unknown, to: Location): Json {
    const plain = plainOf(found);
    this.#copied += sizeOf(plain, MAX_COPIED_VALUES);
    if (this.#copied > MAX_COPIED_VALUES) throw tooMuchCopied(to);
    return admit(plain, to.tokens);
  }

  /** The container that the last token of a location names a place in, opened to be changed. */
  #container(at: Location): unknown {
    let container = this.#root;
    for (let depth = 0; depth + 1 < at.tokens.length; depth++) {
      container = opened(container, at.tokens[depth] as string);
      if (container === undefined) throw nothingAt(at);
    }
    return container;
  }

  #change(op: 'add' | 'replace' | 'remove', at: Location, value: Json | undefined, isTable = false): void {
    const key = at.tokens.at(-1) as string;
    const container = this.#container(at);
    if (container instanceof TableDraft) {
      if (op === 'remove') container.delete(key);
      else container.set(key, value);
      return;
    }
    if (typeof container !== 'object' || container === null) throw nothingAt(at);
    if (isList(container)) {
      const length = container.length;
      if (op === 'add' && key !== '-' && !(indexOf(key) <= length)) throw nothingAt(at);
    } else if (op === 'add') {
      checkKey(key, at.tokens.slice(0, -1));
    }
    if (container === this.#draft && this.#changeTable(key, value, isTable)) return;
    const target: object = container === this.#draft ? this.#draft.proxy : container;
    const operation = { op, path: toPointer([key]), value } as fastJsonPatch.Operation;
    fastJsonPatch.applyOperation(target, operation, false, true, true);
  }

  /**
   * A top-level key that was a table stays one as long as it gets an object: only entities that differ are changed. One
   * that gets a whole table, from another key, becomes one.
   */
  #changeTable(key: string, value: Json | undefined, isTable: boolean): boolean {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const entities = value as JsonObject;
    const there = this.#draft.holds(key) ? nodeOf(this.#draft.read(key)) : undefined;
    if (there instanceof TableDraft) {
      for (const id of there.ids()) if (!Object.hasOwn(entities, id)) there.delete(id);
      for (const [id, entity] of Object.entries(entities)) there.set(id, entity);
      return true;
    }
    if (!isTable && !this.#draft.beganAsTable(key)) return false;
    this.#draft.write(key, table(entities));
    return true;
  }
}

/** What stands behind what a draft gives: a table, or for reading the content of an object or a list. */
function nodeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !isProxy(value)) return value;
  return tableBehind(value) ?? Drafted.of(value)?.content ?? value;
}

/** What stands at a location, without opening it; undefined where nothing does. */
function find(root: unknown, tokens: readonly string[]): unknown {
  let node = root;
  for (let depth = 0; depth < tokens.length && node !== undefined; depth++) node = child(node, tokens[depth] as string);
  return node;
}

function child(node: unknown, token: string): unknown {
  if (node instanceof TableDraft) return node.peek(token);
  if (node instanceof StateDraft) return node.holds(token) ? nodeOf(node.read(token)) : undefined;
  return nodeOf(elementOf(node, token));
}

/** The same to be changed: an entity is copied, an object of the state is drafted. */
function opened(container: unknown, token: string): unknown {
  if (container instanceof TableDraft) return container.get(token);
  if (!(container instanceof StateDraft)) return elementOf(container, token);
  if (!container.holds(token)) return undefined;
  const value = container.read(token);
  return tableBehind(value) ?? value;
}

function elementOf(container: unknown, token: string): unknown {
  if (typeof container !== 'object' || container === null) return undefined;
  if (isList(container)) return container[indexOf(token)];
  return Object.hasOwn(container, token) ? (container as JsonObject)[token] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** As RFC 6901 writes an index: digits without leading zeros. NaN for everything else. */
function indexOf(token: string): number {
  return /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : Number.NaN;
}

/**
 * Equality as RFC 6902 has it: the order of keys does not matter. fast-json-patch trips over a key "hasOwnProperty".
 */
function isSame(node: unknown, value: Json): boolean {
  if (typeof node !== 'object' || node === null || typeof value !== 'object' || value === null) return node === value;
  if (isList(node)) {
    return isList(value) && node.length === value.length && value.every((one, at) => isSame(nodeOf(node[at]), one));
  }
  if (isList(value)) return false;
  const keys = Object.keys(value);
  return (
    keys.length === keysOf(node).length && keys.every((key) => isSame(child(node, key), (value as JsonObject)[key]!))
  );
}

function keysOf(node: object): readonly string[] {
  if (node instanceof TableDraft) return node.ids();
  return node instanceof StateDraft ? node.keys() : Object.keys(node);
}

function plainOf(node: unknown): unknown {
  if (node instanceof TableDraft) return node.toJSON();
  if (!(node instanceof StateDraft)) return node;
  return Object.fromEntries(node.keys().map((key) => [key, plainOf(child(node, key))]));
}

/** How many values there are. Looks at few more than `most`. */
function sizeOf(value: unknown, most: number): number {
  const node = nodeOf(value);
  let size = 1;
  if (typeof node !== 'object' || node === null) return size;
  for (const inside of Object.values(node)) {
    if (size > most) break;
    size += sizeOf(inside, most - size);
  }
  return size;
}

function nothingAt({ pointer }: Location): OrreryError {
  return new OrreryError({
    code: 'POINTER_NOT_FOUND',
    what: 'an operation of a JSON patch finds no such place',
    hint: 'The patch was refused and nothing changed. Make it from the state as it is now: `game.state`.',
    context: { path: pointer },
  });
}

function notAsTested({ pointer }: Location): OrreryError {
  return new OrreryError({
    code: 'PATCH_TEST_FAILED',
    what: 'a test of a JSON patch failed: another value stands there, or none',
    hint: 'The patch was refused and nothing changed. Read `game.state`, and make the patch from what is there now.',
    context: { path: pointer },
  });
}

function intoItself(from: Location, to: Location): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `an operation of a JSON patch moves ${JSON.stringify(from.pointer)} into itself`,
    hint: 'The patch was refused and nothing changed. Use `copy`, or move to a place outside.',
    context: { path: to.pointer },
  });
}

function tooMuchCopied({ pointer }: Location): OrreryError {
  return new OrreryError({
    code: 'RECORD_TOO_LARGE',
    what: `a JSON patch copies or moves more than ${MAX_COPIED_VALUES} values`,
    hint: 'The patch was refused and nothing changed. Do it in several patches, or in a command.',
    context: { path: pointer },
  });
}
