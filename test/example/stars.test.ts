import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadStars, nakedEyeStars, parseStars, StarFileError } from '../../examples/galactic-war/stars.ts';

const HEADER = 'hip,ra_deg,dec_deg,mag,bv,name';

function errorOf(action: () => unknown): StarFileError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(StarFileError);
    return error as StarFileError;
  }
  throw new Error('it was accepted');
}

describe('the stars of the example', () => {
  const stars = loadStars();

  it('[G4] there are 5,044 of them, each with a number of its own', () => {
    expect(stars).toHaveLength(5044);
    expect(new Set(stars.map((star) => star.hip)).size).toBe(5044);
  });

  it('[G4] Sirius is the brightest, and its line is read as it stands', () => {
    const brightest = stars.reduce((one, other) => (other.mag < one.mag ? other : one));
    expect(brightest).toEqual({ hip: 32349, ra: 101.2872, dec: -16.7161, mag: -1.44, bv: 0.009, name: 'Sirius' });
  });

  it('[G4] two stars have no measured colour, and 3,128 no name', () => {
    expect(stars.filter((star) => star.bv === null).map((star) => star.hip)).toEqual([26220, 32609]);
    expect(stars.filter((star) => star.name === '')).toHaveLength(3128);
  });

  it('[G6] a compiled program finds the same file', () => {
    const compiled = pathToFileURL(join(import.meta.dirname, '../../dist/examples/galactic-war/stars.js')).href;
    const program = `const { loadStars, nakedEyeStars } = await import(${JSON.stringify(compiled)});
      console.log(JSON.stringify([nakedEyeStars(), loadStars().length]));`;
    const folder = mkdtempSync(join(tmpdir(), 'orrery-stars-'));
    try {
      const out = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });
      expect(JSON.parse(out.toString())).toEqual([nakedEyeStars(), 5044]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a star file of somebody else', () => {
  const good = ['88,0.2691,-48.8099,5.71,0.911,τ Phe', '107,359.5,-50.3374,5.53,,'];

  it('[G5] is read with either line end, and right ascension from 180 on is turned to the west', () => {
    const expected = [
      { hip: 88, ra: 0.2691, dec: -48.8099, mag: 5.71, bv: 0.911, name: 'τ Phe' },
      { hip: 107, ra: -0.5, dec: -50.3374, mag: 5.53, bv: null, name: '' },
    ];
    expect(parseStars([HEADER, ...good].join('\n'), 'a.csv')).toEqual(expected);
    expect(parseStars([HEADER, ...good, ''].join('\r\n'), 'a.csv')).toEqual(expected);
  });

  it.each([
    ['1.5,0,0,1,1,', 'hip', /1\.5 is not a whole number/],
    ['0,0,0,1,1,', 'hip', /0 is not between 1 and/],
    ['x,0,0,1,1,', 'hip', /"x" is not a decimal number/],
    ['88,0,0,1,1,', 'hip', /star 88 is already on line 2/],
    ['9,361,0,1,1,', 'ra_deg', /361 is not between -180 and 360/],
    ['9,1e1,0,1,1,', 'ra_deg', /"1e1" is not a decimal number/],
    ['9,0,-90.1,1,1,', 'dec_deg', /-90.1 is not between -90 and 90/],
    ['9,0,0,,1,', 'mag', /"" is not a decimal number/],
    ['9,0,0,NaN,1,', 'mag', /"NaN" is not a decimal number/],
    ['9,0,0,1,99,', 'bv', /99 is not between/],
    [`9,0,0,1,1,${'x'.repeat(65)}`, 'name', /longer than 64/],
    ['9,0,0,1,1', undefined, /expected 6 fields, found 5/],
    ['9,0,0,1,1,a,b', undefined, /expected 6 fields, found 7/],
    ['', undefined, /expected 6 fields, found 1/],
  ])('[G5] the line %j is refused with its place', (line, column, message) => {
    const error = errorOf(() => parseStars([HEADER, ...good, line, '5,1,1,1,1,'].join('\n'), 'my.csv'));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ file: 'my.csv', line: 4, column });
    expect(error.message.startsWith(`my.csv, line 4${column === undefined ? '' : `, column ${column}`}: `)).toBe(true);
  });

  it('[G5] a file with another header, or with fewer than two stars, is refused', () => {
    expect(errorOf(() => parseStars('hip,ra\n1,2', 'my.csv'))).toMatchObject({ line: 1 });
    expect(errorOf(() => parseStars('', 'my.csv'))).toMatchObject({ line: 1 });
    expect(errorOf(() => parseStars(`${HEADER}\n${good[0]}`, 'my.csv')).message).toMatch(/at least two stars/);
  });

  it('[G5] a file that is not there, a directory and a file that is not text are told apart', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-stars-'));
    try {
      expect(errorOf(() => loadStars(join(folder, 'none.csv'))).message).toMatch(/there is no such file/);
      expect(errorOf(() => loadStars(folder)).message).toMatch(/this is a directory/);
      const binary = join(folder, 'binary.csv');
      writeFileSync(binary, Buffer.from([0x68, 0xff, 0xfe, 0x00]));
      expect(errorOf(() => loadStars(binary)).message).toMatch(/not UTF-8/);
      const marked = join(folder, 'marked.csv');
      writeFileSync(marked, `\uFEFF${[HEADER, ...good].join('\n')}`);
      expect(loadStars(marked)).toHaveLength(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
