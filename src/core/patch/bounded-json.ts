// JSON.parse for text from a disk. Whoever wrote it may have nested it a million deep: parsing that takes a second for
// every few megabytes, and walking it afterwards takes the stack.

import { OrreryError } from '../errors.ts';
import { MAX_DEPTH } from './patch.ts';

/**
 * A state in a patch in a list of patches in a record or a step, with room to spare: what is nested deeper is not ours.
 */
const MOST_NESTED = MAX_DEPTH + 16;

/**
 * A string holds 2^29 - 24 signs: a text of more bytes than this nobody can read, and some room is left for what stands
 * around it.
 */
export const MAX_TEXT_BYTES = 2 ** 29 - 2 ** 17;

/** Below this length nothing can take long. */
const SHORT = 2 ** 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Throws PATCH_INVALID for what is not JSON, or is nested beyond anything that Orrery writes. */
export function parseJson(text: string): unknown {
  if (text.length > SHORT && isNestedTooDeep(text)) throw invalid(`it is nested more than ${MOST_NESTED} deep`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('it cannot be parsed', cause);
  }
}

function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      for (index += 1; index < text.length && text.charCodeAt(index) !== QUOTE; index += 1) {
        if (text.charCodeAt(index) === BACKSLASH) index += 1;
      }
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MOST_NESTED) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

function invalid(why: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'PATCH_INVALID',
    what: `what should be JSON is not JSON of ours: ${why}`,
    hint: 'The journal or image holds something that Orrery did not write: run `orrery check --explain` on the directory.',
    ...(cause === undefined ? {} : { cause }),
  });
}
