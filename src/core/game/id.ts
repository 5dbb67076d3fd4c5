// Ids of games. They are never file names, but people type them into shells, read them in logs and paste them into SQL.

import { OrreryError } from '../errors.ts';

const MAX_ID_LENGTH = 256;

/** Letters, digits and marks of any script, space, and punctuation that means nothing to a shell's or SQL's quoting. */
const ALLOWED = /^[\p{L}\p{N}\p{M} ._:@#+~=,!()-]+$/u;

/**
 * Ids are compared code unit by code unit: "Å" composed and decomposed are two games, and so are "Mars" and "mars".
 *
 * @throws OrreryError INVALID_GAME_ID for anything but 1 to 256 letters, digits, marks, spaces and . _ : @ # + ~ = , !
 * ( ) -
 */
export function checkGameId(id: unknown): asserts id is string {
  const fault = faultOf(id);
  if (fault === undefined) return;
  throw new OrreryError({
    code: 'INVALID_GAME_ID',
    what: `a game id ${fault}`,
    hint: `Use 1 to ${MAX_ID_LENGTH} letters, digits and spaces; of other signs only . _ : @ # + ~ = , ! ( ) - are allowed.`,
    context: { game: typeof id === 'string' ? id.slice(0, 64).toWellFormed() : String(id) },
  });
}

function faultOf(id: unknown): string | undefined {
  if (typeof id !== 'string') return `is ${id === null ? 'null' : `of type ${typeof id}`}, not a string`;
  if (id.length === 0) return 'is empty';
  if (id.length > MAX_ID_LENGTH) return `has ${id.length} characters, more than ${MAX_ID_LENGTH}`;
  if (!id.isWellFormed()) return 'is not well-formed UTF-16';
  if (id === '.' || id === '..') return 'is the name of a folder';
  if (id.trim() !== id) return 'begins or ends with a space';
  const character = [...id].find((each) => !ALLOWED.test(each));
  if (character === undefined) return undefined;
  const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
  return `has the character U+${code} in it`;
}
