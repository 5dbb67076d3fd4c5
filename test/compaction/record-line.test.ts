// Lines taken apart as bytes, held against decodeRecord: whatever is taken apart is what was parsed, and lines of commands
// are taken apart.

import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import type { Json, Patch } from '#core/patch/patch.ts';
import { decodePatches, decodeRecord, encodeRecord, type Record } from '#core/patch/record.ts';
import { ByteText } from '#storage/sqlite/compaction/byte-text.ts';
import { RecordLine } from '#storage/sqlite/compaction/record-line.ts';
import { decodeCommands } from '#storage/sqlite/image/batches.ts';

const json = fc
  .jsonValue({ maxDepth: 3 })
  .filter(
    (value) => !/e[+-]?\d{3}|"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)),
  ) as fc.Arbitrary<Json>;
const segment = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.nat(1000));
const patch: fc.Arbitrary<Patch> = fc
  .tuple(fc.constantFrom('add', 'replace', 'remove'), fc.array(segment, { maxLength: 4 }), json)
  .map(([op, path, value]) => (op === 'remove' ? { op, path } : ({ op, path, value } as Patch)));
const record: fc.Arbitrary<Record> = fc.record(
  {
    game: fc.stringMatching(/^[a-z0-9 é仙_.-]{1,12}$/u),
    seq: fc.integer({ min: 1001, max: 2 ** 40 }),
    firstSeq: fc.integer({ min: 1, max: 1000 }),
    tick: fc.nat(),
    time: fc.integer({ min: 0, max: 2e12 }),
    command: fc.constantFrom('mine', 'construire', '@update', '@tick', '采矿', 'c'),
    args: json,
    player: fc.string({ unit: 'grapheme', maxLength: 8 }),
    nonce: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    patches: fc.array(patch, { maxLength: 5 }),
  },
  { requiredKeys: ['game', 'seq', 'tick', 'time', 'command', 'patches'] },
);

/** What a line is taken apart into, or undefined. */
function expandedHistory(line: RecordLine, text: Buffer): Record | undefined {
  const bytes = Buffer.concat([Buffer.from('{"a"'), text, Buffer.from('\n{"g"')]);
  if (!line.scan(bytes, 4, 4 + text.length)) return undefined;
  const out = new ByteText();
  line.writeCommand(out);
  const [command] = decodeCommands(`[${out.view().toString('utf8')}]`);
  const { seq, tick, time, name, args, player, nonce } = command as NonNullable<typeof command>;
  expect([seq, tick, time]).toEqual([line.seq, line.tick, line.time]);
  const { from, to, count } = line.patches;
  const patches = decodePatches(JSON.parse(bytes.toString('utf8', from, to)));
  expect(patches.length).toBe(count);
  return {
    game: line.game,
    seq,
    ...(line.firstSeq === seq ? {} : { firstSeq: line.firstSeq }),
    tick,
    time,
    command: name,
    ...(args === undefined ? {} : { args }),
    ...(player === undefined ? {} : { player }),
    ...(nonce === undefined ? {} : { nonce }),
    patches,
  };
}

const line = new RecordLine();

test.prop([record], { numRuns: 2000 })(
  '[DT2] the line of a command is taken apart into what decodeRecord parses',
  (given) => {
    const text = encodeRecord(given);
    expect(expandedHistory(line, Buffer.from(text, 'utf8'))).toEqual(decodeRecord(text));
  },
);

const spoiling = fc.array(
  fc.tuple(fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), fc.constantFrom('set', 'insert', 'delete')),
  {
    minLength: 1,
    maxLength: 3,
  },
);

test.prop([record, spoiling], { numRuns: 20_000 })(
  '[DT2] whatever happened to a line: what is taken apart is what decodeRecord parses',
  (given, spoils) => {
    const bytes = [...Buffer.from(encodeRecord(given), 'utf8')];
    for (const [place, byte, how] of spoils) {
      const at = place % bytes.length;
      if (how === 'delete') bytes.splice(at, 1);
      else bytes.splice(at, how === 'set' ? 1 : 0, byte);
    }
    const text = Buffer.from(bytes);
    const taken = expandedHistory(line, text);
    if (!taken) return;
    const { firstSeq, ...parsed } = decodeRecord(text.toString('utf8'));
    expect(taken).toEqual(firstSeq === undefined || firstSeq === parsed.seq ? parsed : { ...parsed, firstSeq });
  },
);

it('[DT2] a record that makes a game, or tells of tables, is left to decodeRecord', () => {
  const base: Record = { game: 'g', seq: 0, tick: 0, time: 1, command: 'c', patches: [] };
  const lines = [
    encodeRecord({ ...base, command: '@create', type: 't', version: 1, tables: [] }),
    encodeRecord({ ...base, command: '@create' }),
    encodeRecord({ ...base, tables: ['systems'] }),
    encodeRecord({ ...base, game: 'a"b' }),
    '{"g":"","s":1,"k":1,"t":1,"c":"c","d":[]}',
    '{"g":"g","s":1,"k":1,"t":1,"c":"\\u0040create","d":[]}',
    '{"g":"g","s":1,"f":2,"k":1,"t":1,"c":"c","d":[]}',
    '{"g":"g","s":1,"k":1,"t":-0,"c":"c","d":[]}',
    '{"g":"g","s":1,"k":1,"t":1,"c":"c","d":[["=",["a"]]]}',
    '{"g":"g","s":1,"k":1,"t":1,"c":"c","d":[["-",["a"],1]]}',
    '{"g":"g","s":1,"k":1,"t":1,"c":"c","d":[]} ',
  ];
  for (const text of lines) expect(expandedHistory(line, Buffer.from(text)), text).toBeUndefined();
});
