// The fields of a record that most records do not have, read back from a line that nobody of ours wrote.

import { expect, it } from 'vitest';
import { assertCounts, decodeRecord } from '#core/patch/record.ts';

const LINE = { g: 'alpha', s: 4, k: 2, t: 1_700_000_000_000, c: 'build', d: [] };

it.each([
  [{ f: 5 }, 'begins after its end'],
  [{ f: -1 }, 'begins after its end'],
  [{ f: '4' }, 'begins after its end'],
  [{ p: 7 }, 'a player is not a string'],
  [{ p: null }, 'a player is not a string'],
  [{ y: {} }, 'a game type is not a string'],
  [{ v: 1.5 }, 'a version is not a number'],
  [{ v: '1' }, 'a version is not a number'],
  [{ b: [1] }, 'table names are not strings'],
  [{ b: ['\ud800'] }, 'table names are not strings'],
  [{ p: '\ud800' }, 'a player is not a string'],
  [{ y: '\ud800' }, 'a game type is not a string'],
  [{ d: [['-', ['__proto__']]] }, 'the path of a patch is none'],
  [{ d: [['-', ['\ud800']]] }, 'the path of a patch is none'],
  [{ n: 0 }, 'a nonce is none'],
  [{ n: 2 ** 32 }, 'a nonce is none'],
  [{ n: 1.5 }, 'a nonce is none'],
  [{ n: '1' }, 'a nonce is none'],
  [{ r: 'f'.repeat(31) }, 'the seed of a game is none'],
  [{ r: 'F'.repeat(32) }, 'the seed of a game is none'],
  [{ r: 7 }, 'the seed of a game is none'],
])('[J43] a record with %j is refused, with its game and seq', (fields, why) => {
  const context = 'd' in fields ? {} : { game: 'alpha', seq: 4 };
  const refused = { code: 'PATCH_INVALID', context, what: expect.stringContaining(why) };
  expect(() => decodeRecord(JSON.stringify({ ...LINE, ...fields }))).toThrow(expect.objectContaining(refused));
});

it('[J43] what they may be comes back', () => {
  const line = JSON.stringify({
    ...LINE,
    f: 3,
    p: 'ada',
    y: 'galaxy',
    v: 2,
    b: ['systems'],
    n: 2 ** 32 - 1,
    r: '0a'.repeat(16),
  });
  expect(decodeRecord(line)).toMatchObject({
    firstSeq: 3,
    player: 'ada',
    type: 'galaxy',
    version: 2,
    tables: ['systems'],
    nonce: 2 ** 32 - 1,
    seed: '0a'.repeat(16),
  });
});

it('[J43] a record whose numbers cannot be counted on is not written', () => {
  const record = { seq: 1, tick: 0, time: -5 };
  expect(() => assertCounts(record)).not.toThrow();
  for (const odd of [{ seq: 2 ** 53 }, { tick: 2 ** 53 }, { tick: -1 }, { time: 0.5 }, { time: Number.NaN }])
    expect(() => assertCounts({ ...record, ...odd })).toThrow(expect.objectContaining({ code: 'NOT_PERSISTABLE' }));
});
