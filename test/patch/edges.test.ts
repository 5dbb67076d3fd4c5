// Sizes at which buffers, chunks and searches change over: one below, at and above each.

import { expect, it } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import { coalesce } from '#core/patch/coalesce.ts';
import { endOfUnchecked } from '#core/patch/json-text.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { decodeRecord } from '#core/patch/record.ts';
import { RecordWriter } from '#core/patch/record-writer.ts';

it('[P50] a record that ends anywhere around the end of the buffer is whole', () => {
  for (let length = 900; length < 4_200; length += 1) {
    const writer = new RecordWriter();
    const path = ['a', 'b', 3];
    // Nothing but single bytes at the end: each of them may be the one that there is no room for.
    const args = [[[[[[[[]]]]]]], [], [[]], [[[[]]]]] as Json;
    writer.write({ game: 'g', seq: 1, tick: 1, time: 1, command: 'x'.repeat(length % 1_400), args, patches: [] });
    writer.keep();
    writer.write({
      game: 'g',
      seq: 2,
      tick: 1,
      time: 1,
      command: 'c'.repeat(length),
      args,
      patches: [{ op: 'remove', path }],
    });
    writer.keep();
    const lines = Buffer.from(writer.take()).toString('utf8').split('\n');
    expect(lines).toEqual([
      JSON.stringify({ g: 'g', s: 1, k: 1, t: 1, c: 'x'.repeat(length % 1_400), a: args, d: [] }),
      JSON.stringify({ g: 'g', s: 2, k: 1, t: 1, c: 'c'.repeat(length), a: args, d: [['-', path]] }),
      '',
    ]);
  }
});

it('[P50] a byte for which the buffer has no room any more is written after it has grown', () => {
  // Brackets and commas go in byte by byte, over the end of the first buffer and that of the next.
  const args = Array.from({ length: 4_000 }, () => []) as Json;
  for (const command of ['x', 'xx', 'xxx']) {
    const writer = new RecordWriter();
    writer.write({ game: 'g', seq: 1, tick: 1, time: 1, command, args, patches: [] });
    writer.keep();
    expect(Buffer.from(writer.take()).toString('utf8')).toBe(
      `${JSON.stringify({ g: 'g', s: 1, k: 1, t: 1, c: command, a: args, d: [] })}\n`,
    );
  }
});

it('[P51] buffers that were given back serve again, but no more than two, and none that has grown large', () => {
  const writer = new RecordWriter();
  const write = (length: number): Uint8Array => {
    writer.write({ game: 'g', seq: 1, tick: 1, time: 1, command: 'c'.repeat(length), patches: [] });
    writer.keep();
    const taken = writer.take();
    expect(Buffer.from(taken).toString('utf8')).toBe(
      `${JSON.stringify({ g: 'g', s: 1, k: 1, t: 1, c: 'c'.repeat(length), d: [] })}\n`,
    );
    return taken;
  };
  const large = write(9 * 2 ** 20);
  writer.giveBack(large);
  const first = [write(1), write(2), write(3), write(4)];
  expect(first.some(({ buffer }) => buffer === large.buffer)).toBe(false);
  for (const taken of first) writer.giveBack(taken);
  const second = [write(5), write(6), write(7), write(8), write(9)];
  const again = second.filter(({ buffer }) => first.some((taken) => taken.buffer === buffer));
  expect(again).toHaveLength(2);
  expect(new Set(second.map(({ buffer }) => buffer)).size).toBe(5);
});

it('[C8] a queue that grew by thousands and was emptied from its beginning coalesces to what is left', () => {
  const patches: Patch[] = [];
  for (let at = 0; at < 3_000; at += 1) patches.push({ op: 'add', path: ['queue', at], value: at });
  for (let gone = 0; gone < 2_500; gone += 1) patches.push({ op: 'remove', path: ['queue', 0] });
  const state = { queue: [-2, -1] };
  const merged = coalesce(patches);
  expect(fold(cloneJson(state), merged)).toEqual(fold(cloneJson(state), patches));
  expect(merged.length).toBeLessThanOrEqual(502);
});

it('[A19] something that throws behind more than there is time to look through is refused at its container', () => {
  const far: unknown[] = Array.from({ length: 100_001 }, () => 0);
  Object.defineProperty(far, 100_001, {
    enumerable: true,
    get: () => {
      throw new Error('never');
    },
  });
  const near = far.slice(0, 99);
  Object.defineProperty(near, 99, Object.getOwnPropertyDescriptor(far, 100_001) as PropertyDescriptor);
  for (const [list, path] of [
    [near, '/list/99'],
    [far, '/list'],
  ] as const) {
    expect(() => admit({ list }, [])).toThrow(expect.objectContaining({ code: 'NOT_PERSISTABLE', context: { path } }));
  }
});

it('[DT1] without looking at everything, primitives end where they end', () => {
  for (const text of ['1', '-1.5', 'true', 'null', '"a\\"b"']) {
    expect(endOfUnchecked(Buffer.from(`${text},`), 0)).toBe(text.length);
  }
  expect(endOfUnchecked(Buffer.from('nul,'), 0)).toBe(-1);
});

it('[J43] a long record full of escaped quotes and brackets is as deep as it is, not as it looks', () => {
  const player = '\\"['.repeat(400_000);
  const line = JSON.stringify({ g: 'a', s: 1, k: 0, t: 1, c: 'x', p: player, d: [] });
  expect(decodeRecord(line).player).toBe(player);
});
