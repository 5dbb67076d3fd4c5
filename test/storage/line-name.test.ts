// Whose a line is that is no record: by its beginning, or as JSON.

import { expect, it } from 'vitest';
import { linesOf } from '#core/patch/lines.ts';
import { decodeLine } from '#core/patch/record.ts';
import { nameOfLine } from '#storage/line-name.ts';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

it('[UR1] a line that begins as a record does is of that game, whatever comes behind', () => {
  expect(nameOfLine(bytes('{"g":"a","s":12,"k":NaN'))).toEqual({ game: 'a', seq: 12 });
  expect(nameOfLine(bytes('{"g":"é\\n","s":-1'))).toEqual({ game: 'é\n', seq: undefined });
  expect(nameOfLine(bytes('{"g":"a"'))).toEqual({ game: 'a', seq: undefined });
  expect(nameOfLine(bytes('{"g":"a","k":1}'))).toEqual({ game: 'a', seq: undefined });
  expect(nameOfLine(bytes('{"g":"a","s":3', [0xff, 0xff]))).toEqual({ game: 'a', seq: 3 });
  // What it says at its beginning counts, also where it says another thing later.
  expect(nameOfLine(bytes('{"g":"a","s":1,"g":"b"}'))).toEqual({ game: 'a', seq: 1 });
});

it('[UR1] any other line is of the game that it names as JSON', () => {
  expect(nameOfLine(bytes('{"s":3,"g":"a"}'))).toEqual({ game: 'a', seq: 3 });
  expect(nameOfLine(bytes('{"s":0.5,"g":"a"}'))).toEqual({ game: 'a', seq: undefined });
  expect(nameOfLine(bytes('{ "g":"a","s":-2}'))).toEqual({ game: 'a', seq: undefined });
  expect(nameOfLine(bytes('{"g":"\\u00e9","s":1}'))).toEqual({ game: 'é', seq: 1 });
});

it.each(['', 'null', '[]', '"a"', '{"g":""}', '{"g":7}', '{"g":"a', '{"g":"\\ud800"}', '{"s":1,"g":"a"', 'x'])(
  '[UR4] nobody can tell whose %j is',
  (line) => expect(nameOfLine(bytes(line))).toBeUndefined(),
);

it('[UR4] nor a line whose name is no UTF-8, or that is none and does not begin as a record does', () => {
  expect(nameOfLine(bytes('{"g":"', [0xff], '","s":1}'))).toBeUndefined();
  expect(nameOfLine(bytes('{"s":1,"g":"a","x":"', [0xff], '"}'))).toBeUndefined();
});

it('[UR10] nor one that no string could hold; and nothing reads it', () => {
  // Pages that nobody has written take no memory.
  const huge = Buffer.alloc(2 ** 29);
  expect(() => decodeLine(huge)).toThrow(expect.objectContaining({ code: 'PATCH_INVALID' }));
  expect(nameOfLine(huge)).toBeUndefined();
  expect(nameOfLine(bytes(`{"g":"${'a'.repeat(2 ** 16)}","s":1`))).toBeUndefined();
  huge.write('{"g":"a","s":7,');
  expect(nameOfLine(huge)).toEqual({ game: 'a', seq: 7 });
});

it('[UR1] a record that is not UTF-8 is none, and the last line of a payload need not end', () => {
  expect(() => decodeLine(bytes('{"g":"', [0xff], '"}'))).toThrow(/not UTF-8/);
  expect(linesOf(bytes('a\n\nb')).map((line) => Buffer.from(line).toString())).toEqual(['a', '', 'b']);
  expect(linesOf(bytes('a\n')).map((line) => Buffer.from(line).toString())).toEqual(['a']);
  expect(linesOf(bytes(''))).toEqual([]);
});
