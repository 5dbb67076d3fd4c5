// What recoveries gave up of a game that is salvaged: as far as the recoveries themselves are left.

import { expect, it, onTestFinished } from 'vitest';
import type { Digest } from '../../src/digest/digest.ts';
import { Database } from '../../src/image/database.ts';
import { type GameRow, readQuarantine, writeGame, writeQuarantine } from '../../src/image/rows.ts';
import { writeSnapshot } from '../../src/image/snapshots.ts';
import type { SalvagedGame } from '../../src/recovery/salvage.ts';
import { writeSalvaged } from '../../src/recovery/salvage-rows.ts';

const ROW = {
  ...{ id: 'a', type: 'counter', version: 1, tables: [], created: 100, seq: 9, tick: 0, time: 103, snapshotSeq: 0 },
  ...{ stateBytes: 2, patchBytes: 0, records: 9, patchesIn: 9, patchesOut: 9, firstSeq: 0 },
} as unknown as GameRow;

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
  const game = { id: 'a', image, row: { ...ROW, seq: imageSeq }, imageSeq, lines: [] } as unknown as SalvagedGame;
  writeSalvaged({ database: to, digest: undefined as unknown as Digest }, game);
  expect(readQuarantine(to, 'a').map(({ firstSeq }) => firstSeq)).toEqual(kept);
});
