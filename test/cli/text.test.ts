// What stands between data and a terminal: columns, widths, colours, sizes, and text that must not act.

import { describe, expect, it } from 'vitest';
import { Columns, shorten, widthOf } from '#cli/columns.ts';
import { type Paint, painter } from '#cli/paint.ts';
import { byteSize, compactJson, isoTime, prettyJson, printable } from '#core/printable.ts';

const plain: Paint = (_colour, text) => text;
const marked: Paint = (colour, text) => `<${colour}>${text}</>`;

describe('columns', () => {
  it('[K15] align what people see, not what strings count', () => {
    const columns = new Columns([{ title: 'GAME' }, { title: 'SEQ', right: true }, { title: 'TYPE' }], plain);
    const rows = [
      ['星雲', '7', 'a'],
      ['e\u0301te\u0301', '12345', 'bb'],
    ];
    columns.fit(rows);
    expect([columns.header(), ...rows.map((row) => columns.row(row))]).toEqual([
      'GAME    SEQ  TYPE',
      '星雲      7  a',
      'e\u0301te\u0301   12345  bb',
    ]);
    expect([widthOf('星雲'), widthOf('e\u0301te\u0301'), widthOf('🚀'), widthOf('')]).toEqual([4, 3, 2, 0]);
  });

  it('[K15] colours do not disturb the widths', () => {
    const columns = new Columns([{ title: 'A' }, { title: 'B', right: true }], marked);
    columns.fit([['xyz', '10']]);
    expect(columns.row(['x', '1'], ['cyan', 'red'])).toBe('<cyan>x</>     <red>1</>');
  });

  it('[K15] widths grow with the rows, and only the last cell is cut to the line', () => {
    const columns = new Columns([{ title: 'A' }, { title: 'B' }], plain);
    expect(columns.row(['x', 'y'])).toBe('x  y');
    columns.fit([['long', '']]);
    expect(columns.row(['x', 'abcdefgh'], [], 10)).toBe('x     abc…');
    expect(columns.row(['x', 'abcdefgh'], [], 2)).toBe('x     …');
    expect(columns.row(['x', ''])).toBe('x');
  });

  it('[K15] cutting never splits a character or leaves too much', () => {
    expect(shorten('星雲星雲', 5)).toBe('星雲…');
    expect(shorten('星雲星雲', 4)).toBe('星…');
    expect(shorten('星雲', 4)).toBe('星雲');
    expect(shorten('🚀🚀', 3)).toBe('🚀…');
    expect(shorten('abc', 1)).toBe('…');
  });
});

describe('colours', () => {
  it('[K15] are for terminals, and not for those who set NO_COLOR', () => {
    expect(painter(true, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(painter(true, { NO_COLOR: '' })('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(painter(true, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(painter(true, { TERM: 'dumb' })('red', 'x')).toBe('x');
    expect(painter(false, { FORCE_COLOR: '1' })('red', 'x')).toBe('x');
  });
});

describe('text', () => {
  it('[K5] with control characters stays the same JSON and does nothing to a terminal', () => {
    const value = { '\u001b]0;x\u0007': ['\u009b2J', '\u202e', '\u2028', 'é星🚀', 'a\nb'] };
    for (const text of [compactJson(value), prettyJson(value)]) {
      expect(JSON.parse(text)).toEqual(value);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
      expect(text).toContain('é星🚀');
    }
    expect(printable('a\nb\tc')).toBe('a\\u000ab\\u0009c');
  });

  it('[K15] sizes and times read well at their edges', () => {
    expect([0, 1023, 1024, 1024 * 1023.99, 1024 ** 2, 5 * 1024 ** 3].map(byteSize)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.0 MiB',
      '1.0 MiB',
      '5.0 GiB',
    ]);
    expect([0, 1e15, 1e17, Number.NaN].map(isoTime)).toEqual([
      '1970-01-01T00:00:00.000Z',
      '+033658-09-27T01:46:40.000Z',
      '100000000000000000',
      'NaN',
    ]);
  });
});
