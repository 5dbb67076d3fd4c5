// What stands at the pointer of --path in a state, or an error that says what is there instead. show, at and replay ask
// here.

import { OrreryError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/patch/patch.ts';
import { parsePointer, resolvePointer, toPointer } from '../../core/patch/pointer.ts';
import { printable } from '../../core/printable.ts';

/** Keys that a remedy lists. */
const KEYS_SHOWN = 8;

/** Throws POINTER_NOT_FOUND, INVALID_POINTER. */
export function pointedValue(game: string, seq: number, path: string, state: JsonObject): Json {
  const value = resolvePointer(state, path);
  if (value === undefined) throw nothingThere(game, seq, path, state);
  return value;
}

function nothingThere(game: string, seq: number, path: string, state: JsonObject): OrreryError {
  const tokens = parsePointer(path);
  let depth = tokens.length;
  let deepest: Json | undefined;
  while (deepest === undefined) {
    depth -= 1;
    deepest = resolvePointer(state, toPointer(tokens.slice(0, depth)));
  }
  const place = depth === 0 ? 'The state' : printable(toPointer(tokens.slice(0, depth)));
  return new OrreryError({
    code: 'POINTER_NOT_FOUND',
    what: 'nothing stands at this path of the state',
    hint: `${place} is ${outline(deepest)}.`,
    context: { game, seq, path },
  });
}

function outline(value: Json): string {
  if (typeof value !== 'object' || value === null)
    return `the ${value === null ? 'value' : typeof value} ${JSON.stringify(value).slice(0, 80)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => toPointer([key]).slice(1));
  const rest = keys.length - shown.length;
  return `an object with ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
