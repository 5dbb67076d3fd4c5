// What recoveries gave up of a game that is salvaged, as far as the recoveries themselves are left; and which ids it had.

import { expect, it, onTestFinished } from 'vitest';
import type { GameInfo } from '#storage/game-info.ts';
import { idAt } from '#storage/origins.ts';
import type { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readOrigins, writeOrigins } from '#storage/sqlite/image/origins.ts';
import { readQuarantine, writeGame, writeQuarantine } from '#storage/sqlite/image/rows.ts';
import { writeSnapshot } from '#storage/sqlite/image/snapshots.ts';
import type { SalvagedGame } from '#storage/sqlite/salvage/salvage.ts';
import { writeSalvaged } from '#storage/sqlite/salvage/salvage-rows.ts';

const ROW = {
  ...{ id: 'a', type: 'counter', version: 1, tables: [], created: 100, seq: 9, tick: 0, time: 103, snapshotSeq: 0 },
  ...{ stateBytes: 2, patchBytes: 0, records: 9, patchesIn: 9, patchesOut: 9, firstSeq: 0 },
} as unknown as GameInfo;

async function database(): Promise<Database> {
  const made = await Database.open();
  onTestFinished(() => made.close());
  return made;
}

it.each([
  [9, [1, 5]],
  [8, [1]],
  [3, []],
] as const)('[FR18] proven up to seq %i, the quarantine holds what was given up before', async (imageSeq, kept) => {
  const [from, to] = [await database(), await database()];
  writeGame(from, ROW);
  const pieces = [{ table: undefined, text: '{}' }];
  writeSnapshot(from, 'a', { seq: 0, tick: 0, time: 100, version: 1, tables: [], pieces }, 'create');
  const range = { game: 'a', time: 100, mode: 'latest', reason: 'so' };
  // By the recoveries at seq 4 and at seq 9.
  writeQuarantine(from, { ...range, firstSeq: 1, lastSeq: 3 });
  writeQuarantine(from, { ...range, firstSeq: 5, lastSeq: 8 });
  const image = { database: from, proven: true };
  const game = {
    id: 'a',
    image,
    row: { ...ROW, seq: imageSeq },
    imageSeq,
    lines: [],
    held: [],
  } as unknown as SalvagedGame;
  writeSalvaged({ database: to, compaction: undefined as unknown as Compaction }, game);
  expect(readQuarantine(to, 'a').map(({ firstSeq }) => firstSeq)).toEqual(kept);
});

it.each([
  [9, ['old', 'old', 'middle', 'middle', 'a']],
  [6, ['old', 'old', 'middle', 'a', 'a']],
  [2, ['old', 'a', 'a', 'a', 'a']],
] as const)(
  '[FR19] proven up to seq %i, a salvaged game remembers the ids it was played under',
  async (imageSeq, ids) => {
    const [from, to] = [await database(), await database()];
    writeGame(from, ROW);
    const pieces = [{ table: undefined, text: '{}' }];
    writeSnapshot(from, 'a', { seq: 0, tick: 0, time: 100, version: 1, tables: [], pieces }, 'create');
    writeOrigins(from, 'a', [
      { id: 'old', upToSeq: 4 },
      { id: 'middle', upToSeq: 7 },
    ]);
    const image = { database: from, proven: true };
    const game = {
      id: 'a',
      image,
      row: { ...ROW, seq: imageSeq },
      imageSeq,
      lines: [],
      held: [],
    } as unknown as SalvagedGame;
    writeSalvaged({ database: to, compaction: undefined as unknown as Compaction }, game);
    expect([1, 4, 5, 7, 8].map((seq) => idAt(readOrigins(to, 'a'), 'a', seq))).toEqual(ids);
  },
);

it('[FR19] text that is no list of ids counts as none, and a damaged game is salvaged without', async () => {
  const from = await database();
  from.run('INSERT INTO meta (key, value) VALUES (?, ?)', ['origin:a', '[{"id":"old","upTo']);
  expect(readOrigins(from, 'a')).toEqual([]);
});
