// What surrounded the program each time it opened a directory to write to it. Code that does the same may give
// something else in another version of V8, time zone or locale, so whoever runs recorded commands again is told what
// was otherwise then.
//
//   openings.jsonl      one line of JSON for each opening in other surroundings than the one before, oldest first

import { OrreryError } from '../../core/errors.ts';
import { checked, objectOf, text, whole } from '../../core/fields.ts';
import { wallClock } from '../../core/patch/wall-clock.ts';
import { type Opening, type RuntimeInfo, runtimeDifferences, thisRuntime } from '../openings.ts';
import { atomicWrite, type Files, isMissing } from './files.ts';

const FILE = 'openings.jsonl';

/** The oldest go first. */
const MOST_OPENINGS = 256;

/** A line is about 200 bytes. What is longer than all lines can be is not read to its end. */
const LONGEST_BYTES = MOST_OPENINGS * 1024;

const short = text('text of at most 100 characters', ({ length }) => length <= 100);
const openingFields = objectOf<Opening>({
  time: whole(),
  runtime: short,
  v8: short,
  icu: short,
  unicode: short,
  zones: short,
  platform: short,
  timeZone: short,
  locale: short,
});

/**
 * Notes an opening, durably; an opening in the surroundings of the last one is noted already. Nothing but what `verify`
 * tells depends on it. Throws DISK_FULL, IO_FAILED, CLOCK_INVALID.
 */
export function recordOpening(
  files: Files,
  directory: string,
  here: RuntimeInfo = thisRuntime(),
  time = wallClock(),
): void {
  const known = readOpenings(files, directory);
  const last = known.at(-1);
  if (last && runtimeDifferences(last, here).length === 0) return;
  const lines = [...known, { time, ...here }].slice(-MOST_OPENINGS).map((opening) => `${JSON.stringify(opening)}\n`);
  atomicWrite(files, `${directory}/${FILE}`, Buffer.from(lines.join(''), 'utf8'));
}

/** Oldest first. What cannot be read is passed over: games do not depend on it. */
export function readOpenings(files: Files, directory: string): readonly Opening[] {
  try {
    const bytes = files.read(`${directory}/${FILE}`, LONGEST_BYTES);
    return parseOpenings(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch (error) {
    if (error instanceof OrreryError || isMissing(error)) return [];
    throw error;
  }
}

/** Of lines as they are in the file, wherever they come from. More than there can be are none. */
export function parseOpenings(lines: string): readonly Opening[] {
  if (lines.length > LONGEST_BYTES) return [];
  return lines.split('\n').flatMap((line) => {
    try {
      const { value } = checked(openingFields, JSON.parse(line));
      return value === undefined ? [] : [value];
    } catch {
      return [];
    }
  });
}
