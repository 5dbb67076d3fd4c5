// A state cut into pieces: for a snapshot, which keeps each by itself, and for its way to the main thread, where
// parsing 40 MB at once would stall a game loop for 0.3 s.

import type { Json, JsonObject } from '../core/patch/patch.ts';
import type { GameInfo } from './game-info.ts';

/**
 * A part of the text of a state: entities of one table, separated and begun by commas as they stand, or what is
 * between.
 */
export interface TextChunk {
  /** Undefined for what is not inside a table. */
  readonly table: string | undefined;
  /** Bytes are UTF-8. */
  readonly text: string | Uint8Array;
}

/** A game as a store hands it on. */
export interface LoadedGame {
  readonly row: GameInfo;
  /** What its random numbers follow from, as hex; undefined for a game from before there were seeds. */
  readonly seed: string | undefined;
  /** Of all pieces. */
  readonly bytes: number;
  /** Those that have not gone ahead. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** Where pieces go as they are made. */
export interface ChunkTaker {
  take(piece: Uint8Array<ArrayBuffer>): void;
  /** What was taken so far is not the game. */
  discard(): void;
}

/** To parse, check and freeze it takes about half a millisecond. */
export const CHUNK_BYTES = 64 * 1024;
const FIRST_ENTITIES = 32;

const COMMA_TEXT = Buffer.from(',', 'utf8');

/**
 * The text of a state in pieces: one after the other they are its JSON, and those of a table break between entities.
 */
export function cutText(state: JsonObject, tables: readonly string[]): Generator<TextChunk> {
  return cutAround(state, tables, (table) => entityTexts(state[table] as JsonObject));
}

/** The same where the entities of tables are text already; `plain` has {} in the place of each table. */
export function* cutAround<Text extends string | Uint8Array>(
  plain: JsonObject,
  tables: readonly string[],
  textsOf: (table: string) => Iterable<Text>,
): Generator<TextChunk> {
  let between = '{';
  let isFirst = true;
  for (const [key, value] of Object.entries(plain)) {
    between += `${isFirst ? '' : ','}${JSON.stringify(key)}:`;
    isFirst = false;
    if (!tables.includes(key) || typeof value !== 'object' || value === null) {
      between += JSON.stringify(value);
      continue;
    }
    yield { table: undefined, text: `${between}{` };
    let isFirstOfTable = true;
    for (const text of textsOf(key)) {
      yield { table: key, text: isFirstOfTable ? text : behindComma(text) };
      isFirstOfTable = false;
    }
    between = '}';
  }
  yield { table: undefined, text: `${between}}` };
}

function behindComma(text: string | Uint8Array): string | Uint8Array {
  return typeof text === 'string' ? `,${text}` : Buffer.concat([COMMA_TEXT, text]);
}

/** JSON of [null, plain part with {} for tables], then [table, entities by id] any number of times. */
export function* cutState(state: JsonObject, tables: readonly string[]): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const wide = new Set(tables);
  const plain = Object.fromEntries(Object.entries(state).map(([key, value]) => [key, wide.has(key) ? {} : value]));
  yield encoder.encode(JSON.stringify([null, plain]));
  for (const table of tables) {
    const name = JSON.stringify(table);
    for (const text of entityTexts(state[table] as JsonObject)) yield encoder.encode(`[${name},{${text}}]`);
  }
}

/** Some entities at a time, as they stand in the JSON of their table, without the braces around them. */
function* entityTexts(entities: JsonObject): Generator<string> {
  const ids = Object.keys(entities);
  let count = FIRST_ENTITIES;
  for (let start = 0; start < ids.length; ) {
    const piece: { [id: string]: Json } = {};
    const end = Math.min(ids.length, start + count);
    for (let index = start; index < end; index += 1)
      piece[ids[index] as string] = entities[ids[index] as string] as Json;
    const text = JSON.stringify(piece);
    yield text.slice(1, -1);
    count = Math.max(1, Math.floor(((end - start) * CHUNK_BYTES) / text.length));
    start = end;
  }
}
