// Where values end in bytes, held against JSON.parse: what is found must be JSON to the last byte, and what JSON.stringify
// writes must be found.

import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { endOfCount, endOfString, endOfUnchecked, endOfUniqueString, endOfValue } from '#core/patch/json-text.ts';

/** Positions are those of the characters: the texts of this file that are cut are Latin. */
function end(text: string, at = 0): number {
  return endOfValue(Buffer.from(text, 'utf8'), at);
}

test.prop([fc.jsonValue({ maxDepth: 5 })], { numRuns: 1000 })(
  '[DT1] what JSON.stringify writes ends where it ends',
  (value) => {
    const text = JSON.stringify(value);
    const bytes = Buffer.from(`${text},1`, 'utf8');
    const found = endOfValue(bytes, 0);
    // Numbers with three digits of exponent, and keys that no state may have, are left to JSON.parse.
    if (found < 0) expect(text).toMatch(/e[+-]?\d{3}|"(__proto__|constructor|prototype)":|\\u(?!00[01])/);
    else expect(found).toBe(bytes.length - 2);
  },
);

test.prop([fc.jsonValue({ maxDepth: 5 }), fc.string()], { numRuns: 1000 })(
  '[DT1] without looking at everything, the end of what is JSON is found as well',
  (value, more) => {
    const text = JSON.stringify([value, more]);
    const bytes = Buffer.from(`${text},"}]`, 'utf8');
    expect(endOfUnchecked(bytes, 0)).toBe(bytes.length - 4);
    for (const each of ['{"a":1', '["]', '{"a":"\\"}', '[[]']) expect(endOfUnchecked(Buffer.from(each), 0)).toBe(-1);
  },
);

const scraps = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    'u00',
    '\\u00e9',
    '\\"',
    '0',
    '-',
    '1',
    '.',
    'e',
    '+',
    '23',
    'true',
    'fals',
    'null',
  ],
  ...[' ', '\n', '\t', '\u0001', 'a', 'E', '-0', '0.0', '1e5', '01', '""', '{"a":1}', '[1,2]'],
);

test.prop([fc.array(scraps, { minLength: 1, maxLength: 8 })], { numRuns: 20_000 })(
  '[DT1] what is found is JSON, and no number that JSON.stringify would not write again',
  (parts) => {
    const text = parts.join('');
    const found = end(text);
    if (found < 0) return;
    const value: unknown = JSON.parse(text.slice(0, found));
    const numbers = (each: unknown): number[] =>
      typeof each === 'number'
        ? [each]
        : typeof each === 'object' && each !== null
          ? Object.values(each).flatMap(numbers)
          : [];
    for (const number of numbers(value)) {
      expect(Number.isFinite(number)).toBe(true);
      expect(Object.is(number, -0)).toBe(false);
    }
  },
);

it('[DT1] what is not plainly JSON is not found', () => {
  const wrong = [
    '',
    ' 1',
    '-',
    '-0',
    '-0.0',
    '-0.00e5',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e999',
    'tru',
    'nul',
    '{',
    '{"a"}',
  ];
  const more = ['{"a":1,}', '{a:1}', '[1,]', '[1 ,2]', '"', '"\\x"', '"\\u12g4"', '"\n"', 'undefined', '9'.repeat(26)];
  for (const text of [...wrong, ...more]) expect(end(text), text).toBe(-1);
  expect(end('['.repeat(65) + ']'.repeat(65))).toBe(-1);
  expect(end('['.repeat(64) + ']'.repeat(64))).toBe(128);
  for (const text of ['-0.5', '1e+21', '5e-7', '1.7976931348623157e+30', '-0.000001'])
    expect(end(text), text).toBe(text.length);
});

it('[DT1] strings that have one text, and counts', () => {
  const bytes = Buffer.from('"é😀","a\\n","\\u000a",0,12,01,1234567890123456,-1', 'utf8');
  const at = (text: string): number => bytes.indexOf(text);
  expect(endOfUniqueString(bytes, 0)).toBe(8);
  expect(endOfUniqueString(bytes, at('"a'))).toBe(at('"a') + 5);
  expect(endOfUniqueString(bytes, at('"\\u'))).toBe(-1);
  expect(endOfUniqueString(Buffer.from('"\\/"'), 0)).toBe(-1);
  expect(endOfString(bytes, at('"a'))).toBe(at('"a') + 5);
  expect(endOfString(bytes, 1)).toBe(-1);
  expect(endOfCount(bytes, at('0,12'))).toBe(at('0,12') + 1);
  expect(endOfCount(bytes, at('12,'))).toBe(at('12,') + 2);
  for (const wrong of ['01,', '1234567890123456', '-1']) expect(endOfCount(bytes, at(wrong)), wrong).toBe(-1);
});

it('[DT1] of escapes with digits only those of control characters are certain', () => {
  for (const text of ['"\\u0000"', '"\\u001f"', '"\\u001A"']) expect(end(text)).toBe(text.length);
  for (const text of ['"\\u005f"', '"\\u0020"', '"\\u1000"', '"\\u0100"', '"\\ud800"', '"\\u000g"', '"\\u00'])
    expect(end(text)).toBe(-1);
});

it('[DT1] keys that no state may have are not certain, and keys of their length are', () => {
  for (const key of ['__proto__', 'constructor', 'prototype']) expect(end(`{"${key}":1}`)).toBe(-1);
  for (const key of ['structure', 'prototypx', 'constructive', 'constructing'.slice(0, 11)])
    expect(end(`{"${key}":1}`)).toBe(key.length + 6);
});
