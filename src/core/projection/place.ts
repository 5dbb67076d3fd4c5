// Where projected values are: paths with wildcards to the entities, paths of keys to their columns. Before it:
// definition.ts, which has the text; after it: projector.ts, which holds patches against them.

import { isForbiddenKey } from '../patch/patch.ts';
import { isWellFormed } from '../patch/plain.ts';

/** A key, or any key of an object, or any place of a list. */
export type FromSegment = string | { readonly any: 'key' | 'place' };

const MOST_SEGMENTS = 16;
const LONGEST_KEY = 256;

/** Throws RangeError. A single key stands for the entities below it. */
export function readFrom(raw: unknown): readonly FromSegment[] {
  const segments = split(raw).map((text): FromSegment => {
    if (text === '*') return { any: 'key' };
    if (text === '#') return { any: 'place' };
    return unescaped(text);
  });
  if (segments.length === 1 && typeof segments[0] === 'string') return [...segments, { any: 'key' }];
  return segments;
}

/** Throws RangeError. */
export function readPath(raw: unknown): readonly string[] {
  return split(raw).map(unescaped);
}

function split(raw: unknown): readonly string[] {
  if (typeof raw !== 'string') throw new RangeError('a path is text: keys with "/" between them');
  if (raw === '') return [];
  const segments = raw.split('/');
  if (segments.length > MOST_SEGMENTS) throw new RangeError(`a path has more than ${MOST_SEGMENTS} keys`);
  return segments;
}

function unescaped(text: string): string {
  if (/~(?![01])/.test(text)) throw new RangeError('"~" in a key is written "~0", and "/" is written "~1"');
  const key = text.replaceAll('~1', '/').replaceAll('~0', '~');
  if (key.length > LONGEST_KEY || isForbiddenKey(key) || !isWellFormed(key))
    throw new RangeError(`${JSON.stringify(key.slice(0, 40))} is not a key that can be projected`);
  return key;
}
