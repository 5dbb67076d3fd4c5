// The first record of a wide game, taken apart without JSON.parse: the text of its state is what a snapshot is made of,
// and parsing, checking and writing 15 MB again kept every commit of the shard waiting. Before it: compaction.ts; after
// it: wide-creation.ts.
//
// What is refused here is not wrong, only not certain: the caller then parses the line. The bytes are valid UTF-8.

import { OrreryError } from '../../../core/errors.ts';
import {
  CLOSE_OBJECT,
  COMMA,
  endOfUniqueString,
  endOfValue,
  isForbiddenKeyAt,
  OPEN_OBJECT,
} from '../../../core/patch/json-text.ts';
import { isIndexKey, type JsonObject } from '../../../core/patch/patch.ts';
import { CREATE, decodeLine, type Record } from '../../../core/patch/record.ts';
import type { TextChunk } from '../../chunks.ts';
import { CHUNK_BYTES } from '../../chunks.ts';

const COLON = 0x3a;
const PATCHES = Buffer.from('"d":[["=",[],', 'latin1');
const END = Buffer.from(']]}', 'latin1');
const EMPTY = Buffer.from('{}', 'latin1');

/** A state and its tables are two levels above an entity. */
const [KEY_DEPTH, ENTITY_DEPTH] = [1, 2];

export interface CreateLine {
  /** Checked, but for its state: in that each table is there, and nothing else. */
  readonly record: Record;
  /** The text of the state, which has yet to be looked at. */
  readonly state: Buffer;
}

/** Undefined for any other line, and for one that is not as encodeRecord writes it. */
export function createLine(line: Buffer): CreateLine | undefined {
  const from = startOfState(line);
  const to = line.length - END.length;
  if (from < 0 || to < from || !standsAt(line, to, END)) return undefined;
  const record = decoded(Buffer.concat([line.subarray(0, from), EMPTY, END]));
  if (record?.command !== CREATE) return undefined;
  const tables = Object.fromEntries((record.tables ?? []).map((table) => [table, {}])) as JsonObject;
  return {
    record: { ...record, patches: [{ op: 'replace', path: [], value: tables }] },
    state: line.subarray(from, to),
  };
}

/**
 * The text of a state in pieces, as cutText makes them. Ends with undefined when it is not the text of an object as
 * JSON.stringify writes it, with an object for each of the tables.
 */
export function* cutStateText(state: Buffer, tables: readonly string[]): Generator<TextChunk | undefined> {
  if (state[0] !== OPEN_OBJECT) return yield undefined;
  const wanted = new Set(tables);
  const keys = new Keys(state);
  let plain = 0;
  let at = 1;
  while (state[at] !== CLOSE_OBJECT) {
    const key = keys.next(at);
    if (key === undefined) return yield undefined;
    at = keys.end + 1;
    if (!wanted.delete(key)) at = endOfValue(state, at, KEY_DEPTH);
    else if (state[at] !== OPEN_OBJECT) return yield undefined;
    else {
      yield* plainPieces(state, plain, at + 1);
      const end = yield* entityPieces(state, at + 1, key);
      if (end < 0) return yield undefined;
      plain = end;
      at = end + 1;
    }
    if (at < 0) return yield undefined;
    if (state[at] === COMMA && state[at + 1] !== CLOSE_OBJECT) at += 1;
    else if (state[at] !== CLOSE_OBJECT) return yield undefined;
  }
  if (at + 1 !== state.length || wanted.size > 0) return yield undefined;
  yield* plainPieces(state, plain, state.length);
}

/** Returns where the table ends, or -1. */
function* entityPieces(state: Buffer, from: number, table: string): Generator<TextChunk, number> {
  const ids = new Keys(state);
  let piece = from;
  let at = from;
  while (state[at] !== CLOSE_OBJECT) {
    if (ids.next(at) === undefined) return -1;
    at = endOfValue(state, ids.end + 1, ENTITY_DEPTH);
    if (at < 0 || (state[at] !== COMMA && state[at] !== CLOSE_OBJECT)) return -1;
    if (at - piece >= CHUNK_BYTES) {
      yield { table, text: state.subarray(piece, at) };
      piece = at;
    }
    if (state[at] === COMMA) {
      if (state[at + 1] === CLOSE_OBJECT) return -1;
      at += 1;
    }
  }
  if (at > piece) yield { table, text: state.subarray(piece, at) };
  return at;
}

/** What is in no table may be wide as well. A piece ends between two characters. */
function* plainPieces(state: Buffer, from: number, to: number): Generator<TextChunk> {
  for (let start = from; start < to; ) {
    let end = Math.min(to, start + CHUNK_BYTES);
    while (end < to && ((state[end] as number) & 0xc0) === 0x80) end += 1;
    yield { table: undefined, text: state.subarray(start, end) };
    start = end;
  }
}

/**
 * The keys of one object. JSON.parse takes of two that are the same the last, and puts numbers first: such keys are not
 * certain.
 */
class Keys {
  /** Behind the key that was found last: where its colon stands. */
  end = 0;
  readonly #state: Buffer;
  readonly #seen = new Set<string>();
  /** Of keys that are numbers: how many there were, and the last. */
  #numbers = 0;
  #last = -1;

  constructor(state: Buffer) {
    this.#state = state;
  }

  /** The key that stands at `at`, unless something is wrong with it. */
  next(at: number): string | undefined {
    const state = this.#state;
    const end = endOfUniqueString(state, at);
    if (end < 0 || state[end] !== COLON || isForbiddenKeyAt(state, at, end)) return undefined;
    const key = JSON.parse(state.toString('utf8', at, end)) as string;
    const before = this.#seen.size;
    if (this.#seen.add(key).size === before || !this.#isInOrder(key, before)) return undefined;
    this.end = end;
    return key;
  }

  #isInOrder(key: string, before: number): boolean {
    if (!isIndexKey(key)) return true;
    const number = Number(key);
    if (before !== this.#numbers || number < this.#last) return false;
    this.#numbers += 1;
    this.#last = number;
    return true;
  }
}

function decoded(line: Buffer): Record | undefined {
  try {
    return decodeLine(line);
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'PATCH_INVALID') return undefined;
    throw error;
  }
}

function startOfState(line: Buffer): number {
  if (line[0] !== OPEN_OBJECT) return -1;
  for (let at = 1; ; at += 1) {
    if (standsAt(line, at, PATCHES)) return at + PATCHES.length;
    const key = endOfUniqueString(line, at);
    if (key < 0 || line[key] !== COLON) return -1;
    at = endOfValue(line, key + 1);
    if (at < 0 || line[at] !== COMMA) return -1;
  }
}

function standsAt(line: Buffer, at: number, wanted: Buffer): boolean {
  return line.subarray(at, at + wanted.length).equals(wanted);
}
