// The fields of a record that most records do not have, read back from a line that nobody of ours wrote.

import { expect, it } from 'vitest';
import { decodeRecord } from '../../src/patch/record.ts';

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
])('[J43] a record with %j is refused, with its game and seq', (fields, why) => {
  const refused = { code: 'PATCH_INVALID', context: { game: 'alpha', seq: 4 }, what: expect.stringContaining(why) };
  expect(() => decodeRecord(JSON.stringify({ ...LINE, ...fields }))).toThrow(expect.objectContaining(refused));
});

it('[J43] what they may be comes back', () => {
  const line = JSON.stringify({ ...LINE, f: 3, p: 'ada', y: 'galaxy', v: 2, b: ['systems'] });
  expect(decodeRecord(line)).toMatchObject({
    firstSeq: 3,
    player: 'ada',
    type: 'galaxy',
    version: 2,
    tables: ['systems'],
  });
});
