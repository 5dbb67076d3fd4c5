// The memory that the two ends of the line to an owner share: what is put in comes out, and what is too large is not put in.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { CommitSlot } from '#storage/sqlite/worker/commit-slot.ts';
import type { Batch } from '#storage/store.ts';
import { mine } from '../programs/mine.ts';

const batch: fc.Arbitrary<Batch> = fc.record({
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 16_100, max: 16_500 }).map((length) => new Uint8Array(length).fill(length)),
  ),
  count: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  spans: fc.array(
    fc.record({
      game: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      firstSeq: fc.maxSafeNat(),
      lastSeq: fc.maxSafeNat(),
    }),
    { minLength: 1, maxLength: 20 },
  ),
});

it('[SL1] what one end puts in the other takes, whole, or it is refused because it is too large', () => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 4 }), (batches) => {
      const here = new CommitSlot();
      const there = new CommitSlot(here.memory);
      for (const given of batches) {
        if (!here.put(given)) {
          expect(given.payload.length + JSON.stringify(given.spans).length * 3).toBeGreaterThan(16_384);
          refused += 1;
          continue;
        }
        taken += 1;
        const { payload, count, spans } = there.take();
        expect([...payload]).toEqual([...given.payload]);
        expect({ count, spans }).toEqual({ count: given.count, spans: given.spans });
        // It is the memory itself: whoever keeps it must copy it, and a Buffer would not with slice().
        expect(Buffer.isBuffer(payload)).toBe(false);
      }
    }),
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(0);
});

it('[SL1] what is owed comes back exactly', () => {
  const here = new CommitSlot();
  const there = new CommitSlot(here.memory);
  fc.assert(
    fc.property(
      fc.record({
        compactionLagBytes: fc.maxSafeNat(),
        compactingBytes: fc.maxSafeNat(),
        journalBytes: fc.maxSafeNat(),
        checkpointDue: fc.boolean(),
        checkpointOverdue: fc.boolean(),
      }),
      (load) => {
        there.answer(load);
        expect(here.load).toEqual(load);
      },
    ),
  );
});

it('[SL2] an owner is told without a message only while it looks, and hears of it once', () => {
  const here = new CommitSlot();
  const there = new CommitSlot(here.memory);
  expect(here.tell()).toBe(false);
  there.look();
  expect(there.asked).toBe(false);
  expect(here.tell()).toBe(true);
  expect(here.tell()).toBe(false);
  expect(there.asked).toBe(true);
  expect(there.leave()).toBe(true);
  expect(there.leave()).toBe(false);
  there.look();
  expect(there.leave()).toBe(false);
  expect(here.tell()).toBe(false);
});

it('[SL2] commands awaited one after the other all become durable, whoever sleeps meanwhile', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-slot-'));
  try {
    const options = { directory, games: [mine], shards: 2 };
    const turns = [0, 1, 2].map((each) => `mine ${each}`);
    {
      await using orrery = await openOrrery(options);
      const games = [];
      for (const id of turns) games.push(await orrery.open(mine, id, ['north']));
      for (let round = 1; round <= 200; round += 1) {
        for (const game of games) await game.dispatch('dig', { seam: 'north', metal: round }).durable;
        // Long enough for an owner to stop looking, now and then.
        if (round % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        // Too large for the slot: it goes as a message, in its turn.
        if (round % 50 === 0) {
          await games[0]?.dispatch('tell', 'x'.repeat(20_000 + round)).durable;
        }
      }
    }
    await using orrery = await openOrrery(options);
    for (const id of turns) {
      const { state } = await orrery.load(mine, id);
      expect(state.total).toBe((200 * 201) / 2);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
