// Real stars from a CSV file: read, checked line by line, or refused with the line that is wrong.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Star {
  /** Number in the Hipparcos catalogue. */
  readonly hip: number;
  /** Right ascension in degrees, from -180 up to but not including 180. */
  readonly ra: number;
  /** Declination in degrees, from -90 to 90. */
  readonly dec: number;
  /** Apparent magnitude: the smaller, the brighter. */
  readonly mag: number;
  /** B-V colour index: about -0.3 for blue stars, over 1.5 for red ones; null where nobody has measured it. */
  readonly bv: number | null;
  /** A name, or '' for a star that has only its number. */
  readonly name: string;
}

/** A star file that cannot be read or is not what it should be. `line` counts from 1, the header being line 1. */
export class StarFileError extends Error {
  override readonly name = 'StarFileError';
  readonly file: string;
  readonly line: number | undefined;
  readonly column: string | undefined;

  constructor(file: string, what: string, place: { line?: number; column?: string } = {}, cause?: unknown) {
    const line = place.line === undefined ? '' : `, line ${place.line}`;
    const column = place.column === undefined ? '' : `, column ${place.column}`;
    super(`${file}${line}${column}: ${what}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.line = place.line;
    this.column = place.column;
  }
}

export const STAR_COLUMNS = ['hip', 'ra_deg', 'dec_deg', 'mag', 'bv', 'name'] as const;

const HEADER = STAR_COLUMNS.join(',');
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_NAME_LENGTH = 64;

/** Where the 5,044 stars of this example are: beside the sources, also when the program runs compiled from dist/. */
export function nakedEyeStars(): string {
  const inPackage = join('examples', 'galactic-war', 'stars-naked-eye.csv');
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, inPackage))) return join(folder, inPackage);
    if (dirname(folder) === folder) {
      throw new StarFileError(
        inPackage,
        `not found in any package above ${start}; name a file of your own with --stars`,
      );
    }
  }
}

/** Reads and checks a star file: UTF-8, the header of STAR_COLUMNS, one star a line. Throws StarFileError. */
export function loadStars(file: string = nakedEyeStars()): Star[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'this is a directory'
          : `cannot be read (${code})`;
    throw new StarFileError(file, why, {}, cause);
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new StarFileError(file, `${bytes.length} bytes are more than the ${MAX_FILE_BYTES} a star file may have`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new StarFileError(file, 'this is not UTF-8 text', {}, cause);
  }
  return parseStars(text, file);
}

/** The stars in the text of a star file; `file` is what errors call it. Throws StarFileError. */
export function parseStars(text: string, file: string): Star[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== HEADER) {
    throw new StarFileError(file, `the first line must be ${HEADER}`, { line: 1 });
  }
  const stars: Star[] = [];
  const lineOf = new Map<number, number>();
  for (let index = 1; index < lines.length; index += 1) {
    const star = parseStar(lines[index]!, file, index + 1);
    const earlier = lineOf.get(star.hip);
    if (earlier !== undefined) {
      throw new StarFileError(file, `star ${star.hip} is already on line ${earlier}`, {
        line: index + 1,
        column: 'hip',
      });
    }
    lineOf.set(star.hip, index + 1);
    stars.push(star);
  }
  if (stars.length < 2) throw new StarFileError(file, 'a galaxy needs at least two stars');
  return stars;
}

function parseStar(text: string, file: string, line: number): Star {
  const fields = text.split(',');
  if (fields.length !== STAR_COLUMNS.length) {
    throw new StarFileError(file, `expected ${STAR_COLUMNS.length} fields, found ${fields.length}`, { line });
  }
  const [hip, ra, dec, mag, bv, name] = fields as [string, string, string, string, string, string];
  const number = (value: string, column: string, least: number, most: number): number => {
    if (!/^-?\d+(\.\d+)?$/.test(value)) {
      throw new StarFileError(file, `${JSON.stringify(value)} is not a decimal number`, { line, column });
    }
    // Adding 0 turns -0, which JSON does not keep, into 0.
    const parsed = Number(value) + 0;
    if (parsed >= least && parsed <= most) return parsed;
    throw new StarFileError(file, `${value} is not between ${least} and ${most}`, { line, column });
  };
  const hipparcos = number(hip, 'hip', 1, 9_999_999);
  if (!Number.isInteger(hipparcos)) {
    throw new StarFileError(file, `${hip} is not a whole number`, { line, column: 'hip' });
  }
  if (name.length > MAX_NAME_LENGTH) {
    throw new StarFileError(file, `the name is longer than ${MAX_NAME_LENGTH} characters`, { line, column: 'name' });
  }
  const ascension = number(ra, 'ra_deg', -180, 360);
  return {
    hip: hipparcos,
    ra: ascension < 180 ? ascension : ascension - 360,
    dec: number(dec, 'dec_deg', -90, 90),
    mag: number(mag, 'mag', -30, 30),
    bv: bv === '' ? null : number(bv, 'bv', -2, 10),
    name,
  };
}
