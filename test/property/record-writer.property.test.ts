// The bytes of records against JSON.stringify of the same fields in the documented order, over any records.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, Patch } from '#core/patch/patch.ts';
import type { Record } from '#core/patch/record.ts';
import { OWN_MEMORY, RecordWriter } from '#core/patch/record-writer.ts';
import { SHARED_MEMORY } from '#engine/shared-memory.ts';
import { json } from './states.ts';

const text = fc.oneof(
  fc.constantFrom('', 'mine', '@tick', '"', '\\', '\u0000', '\u001f', '\u007f', 'é', '😀', '\u2028', 'x'.repeat(48)),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 40, maxLength: 60 }),
  fc.string({ unit: 'grapheme', minLength: 30, maxLength: 400 }),
);
const count = fc.oneof(
  fc.nat(300),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 1_700_000_000_000, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const value = json as fc.Arbitrary<Json>;
const number = fc.oneof(
  fc.constantFrom(-1, -(2 ** 31), -(2 ** 31) - 1, 0.1, 1e21, 1e-7, -9.5, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
);
const path = fc.array(fc.oneof(text, fc.nat()), { maxLength: 4 });
const patch: fc.Arbitrary<Patch> = fc.oneof(
  fc.record({ op: fc.constant('remove' as const), path }),
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value: fc.oneof(value, number) }),
);
const record = fc.record(
  {
    game: text,
    seq: count,
    firstSeq: count,
    tick: count,
    time: count,
    command: text,
    args: fc.oneof(value, number),
    player: text,
    nonce: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    patches: fc.array(patch, { maxLength: 5 }),
    type: text,
    version: count,
    tables: fc.array(text, { maxLength: 3 }),
    seed: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
  },
  { requiredKeys: ['game', 'seq', 'tick', 'time', 'command', 'patches'], noNullPrototype: true },
) as fc.Arbitrary<Record>;

function line(record: Record) {
  const { game, seq, firstSeq, tick, time, command, args, player, nonce, patches, type, version, tables, seed } =
    record;
  const d = patches.map((each) =>
    each.op === 'remove' ? ['-', each.path] : [each.op === 'add' ? '+' : '=', each.path, each.value],
  );
  // JSON.stringify leaves out what is undefined and keeps the order in which keys were written down here.
  const fields = { g: game, s: seq, f: firstSeq, k: tick, t: time, c: command, a: args, p: player, n: nonce };
  return `${JSON.stringify({ ...fields, y: type, v: version, b: tables, r: seed, d })}\n`;
}

describe.each([
  ['shared memory', SHARED_MEMORY],
  ['memory of its own', OWN_MEMORY],
])('in %s', (_kind, memory) => {
  it('[P50] any record is written as the bytes that JSON.stringify gives for its fields in their order', () => {
    const writer = new RecordWriter(memory);
    fc.assert(
      fc.property(record, (each) => {
        const bytes = writer.write(each);
        writer.keep();
        const taken = Buffer.from(writer.take());
        assert.equal(taken.toString('utf8'), line(each));
        assert.equal(bytes, taken.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('[P50] so is a text of any length, wherever its pairs, its lone halves and what is escaped lie', () => {
    const writer = new RecordWriter(memory);
    const around = fc.constantFrom('😀', '\ud83d', '\ude00', '\ud83d\ud83d', '"', '\n', 'é', 'x');
    fc.assert(
      fc.property(around, around, fc.integer({ min: -3, max: 3 }), fc.nat(2), (one, other, shift, cuts) => {
        const value = `${'a'.repeat(64 * 1024 * (cuts + 1) - 1 + shift)}${one}${other}${'b'.repeat(100)}`;
        const each = { game: 'g', seq: 1, tick: 1, time: 1, command: 'c', args: value, patches: [] };
        assert.equal(writer.write(each), Buffer.byteLength(line(each)));
        writer.keep();
        assert.equal(Buffer.from(writer.take()).toString('utf8'), line(each));
      }),
      { numRuns: 300 },
    );
  });

  it('[P51] a batch is the records that were kept, in order, and nothing of those that were not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(record, fc.boolean()), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (all, batches) => {
          const writer = new RecordWriter(memory);
          for (let batch = 0; batch < batches; batch += 1) {
            let expected = '';
            for (const [each, kept] of all) {
              writer.write(each);
              if (!kept) continue;
              writer.keep();
              expected += line(each);
            }
            assert.equal(Buffer.from(writer.take()).toString('utf8'), expected);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('[P51] a record that is larger than any buffer so far is whole, and so is the small one after it', () => {
    const writer = new RecordWriter(memory);
    const large = {
      game: 'g',
      seq: 1,
      tick: 1,
      time: 1,
      command: 'c',
      args: ['é'.repeat(5_000_000), 'x'],
      patches: [],
    };
    const small = { game: 'g', seq: 2, tick: 1, time: 1, command: 'c', patches: [] };
    for (const each of [large, small]) {
      writer.write(each);
      writer.keep();
    }
    const taken = Buffer.from(writer.take());
    expect(taken.length).toBeGreaterThan(10_000_000);
    expect(taken.equals(Buffer.from(line(large) + line(small)))).toBe(true);
    writer.write(small);
    writer.keep();
    expect(Buffer.from(writer.take()).toString()).toBe(line(small));
  });
});
