// Retention where something changes on the way: a game type that says something else of its past than it did, and records that
// come in between two turns.

import { afterEach, expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';

const START = 1_700_000_000_000;
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

async function shardOf(
  persistence: Persistence,
  bytes?: Uint8Array,
): Promise<{ compaction: Compaction; database: Database }> {
  const database = await Database.open(bytes);
  databases.push(database);
  const retention = checkPersistence('counter', persistence);
  const options = { granularityOf: () => 'commands' as const, retentionOf: () => retention, commandIndex: false };
  return { database, compaction: new Compaction(database, options, { frame: 0, chain: 0 }) };
}

/** A millisecond a record. */
function play(compaction: Compaction, from: number, to: number): void {
  const lines = Array.from({ length: to - from + 1 }, (_, at) => encodeRecord(recordAt(from + at)));
  for (const _ of compaction.take(Buffer.from(`${lines.join('\n')}\n`), { frame: from + 1, chain: 0 }));
  for (const _ of compaction.thin());
  compaction.flush({});
}

function recordAt(seq: number, time = seq, value: number | string = seq): Record {
  const common = { game: 'g', seq, tick: time, time: START + time };
  if (seq > 0) return { ...common, command: 'add', patches: [{ op: 'replace', path: ['n'], value }] };
  const patches = [{ op: 'replace' as const, path: [], value: { n: 0 } }];
  return { ...common, command: '@create', type: 'counter', version: 1, tables: [], patches };
}

function ends({ compaction, database }: { compaction: Compaction; database: Database }): number[] {
  const row = compaction.game('g');
  expect(row && proveGame({ compaction, database }, row).fault).toBeUndefined();
  return [...compaction.steps('g', 0, 1e9)].map(({ lastSeq }) => lastSeq);
}

it('[RT16] a snapshot that is all there is of a stretch stays, whatever number of snapshots is kept from now on', async () => {
  const alone = await shardOf({ strategy: 'snapshot', snapshotEvery: { records: 10 }, keepSnapshots: 5 });
  play(alone.compaction, 0, 60);
  expect(alone.compaction.game('g')?.firstSeq).toBe(20);
  expect(ends(alone)).toEqual([30, 40, 50, 60]);
  const shard = await shardOf({ snapshotEvery: { records: 10 }, keepSnapshots: 1 }, alone.database.export());
  play(shard.compaction, 61, 80);
  expect(ends(shard)).toEqual([30, 40, 50, 60, ...Array.from({ length: 20 }, (_, at) => 61 + at)]);
  const snapshots = shard.compaction.past('g')?.snapshots();
  expect(snapshots?.map(({ seq }) => seq)).toEqual([20, 30, 40, 50, 60, 80]);
});

it('[RT6] the newest snapshot stays, also when it was made between two turns, of the time that thinning began with', async () => {
  const policy: Persistence = {
    snapshotEvery: { records: 30 },
    compactAt: 1_000,
    tiers: [
      { every: 'tick', forMs: 50 },
      { every: { ms: 10 }, forMs: 'ever' },
    ],
  };
  for (let turns = 0; turns < 12; turns += 1) {
    const shard = await shardOf(policy);
    const { compaction } = shard;
    const take = (...records: Record[]): void => {
      const payload = Buffer.from(`${records.map(encodeRecord).join('\n')}\n`);
      for (const _ of compaction.take(payload, { frame: 1 + (records[0]?.seq ?? 0), chain: 0 }));
    };
    take(...Array.from({ length: 201 }, (_, seq) => recordAt(seq)));
    const thinning = compaction.thin();
    for (let turn = 0; turn < turns; turn += 1) thinning.next();
    // All at once: a snapshot, and a row behind it that makes none.
    const text = 'x'.repeat(14_000);
    take(...Array.from({ length: 39 }, (_, at) => recordAt(201 + at, 200, at > 12 ? `${at}${text}` : at)));
    for (const _ of thinning);
    compaction.flush({});
    expect(ends(shard).at(-1)).toBe(239);
    const row = compaction.game('g');
    expect(row?.snapshotSeq, `after ${turns} turns`).toBeGreaterThan(200);
    expect(compaction.past('g')?.snapshots().at(-1)?.seq, `after ${turns} turns`).toBe(row?.snapshotSeq);
  }
});
