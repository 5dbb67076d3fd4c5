// Which game a line of the journal belongs to when it is no record: it is kept under that name. Before it: a line that
// decodeLine refused; after it: compaction/held-games.ts, recovery/readable-shard.ts and memory/memory-store.ts.
// docs/FORMAT.md has the rule.

import { isUtf8 } from 'node:buffer';
import { parseJson } from '../core/patch/bounded-json.ts';
import { countAt, endOfCount, endOfString } from '../core/patch/json-text.ts';
import { isWellFormed } from '../core/patch/plain.ts';
import { isText } from './utf8.ts';

export interface LineName {
  readonly game: string;
  /** When the line says it where a record has it. */
  readonly seq: number | undefined;
}

/** Far beyond any id, and nothing to make a string of. */
const LONGEST_NAME = 2 ** 16;

const BEGINNING = Buffer.from('{"g":', 'latin1');
const SEQ = Buffer.from(',"s":', 'latin1');

/** Undefined when it names no game: then nobody can tell whose it is. */
export function nameOfLine(line: Uint8Array): LineName | undefined {
  return nameAtBeginning(line) ?? nameInJson(line);
}

/** What comes behind may be anything, also no JSON: a writer begins with the game. */
function nameAtBeginning(line: Uint8Array): LineName | undefined {
  const from = BEGINNING.length;
  if (!startsWith(line, 0, BEGINNING)) return undefined;
  const end = endOfString(line, from);
  const text = end < 0 ? undefined : line.subarray(from, end);
  if (text === undefined || text.length > LONGEST_NAME || !isUtf8(text)) return undefined;
  const game = gameOf(JSON.parse(Buffer.from(text).toString('utf8')));
  if (game === undefined) return undefined;
  const digits = end + SEQ.length;
  const seqEnd = startsWith(line, end, SEQ) ? endOfCount(line, digits) : -1;
  return { game, seq: seqEnd < 0 ? undefined : countAt(line, digits, seqEnd) };
}

function nameInJson(line: Uint8Array): LineName | undefined {
  if (!isText(line)) return undefined;
  let raw: unknown;
  try {
    raw = parseJson(Buffer.from(line).toString('utf8'));
  } catch {
    return undefined;
  }
  const { g, s } = (raw ?? {}) as { readonly g?: unknown; readonly s?: unknown };
  const game = gameOf(g);
  if (game === undefined) return undefined;
  return { game, seq: Number.isSafeInteger(s) && (s as number) >= 0 ? (s as number) : undefined };
}

function gameOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && isWellFormed(value) ? value : undefined;
}

function startsWith(bytes: Uint8Array, at: number, due: Uint8Array): boolean {
  return due.every((byte, index) => bytes[at + index] === byte);
}
