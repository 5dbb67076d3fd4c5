// Retention under a clock that jumps for single records, forwards and backwards: what the true times would keep is kept. The rule
// is worked out here from true times alone.

import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';

const START = 1_700_000_000_000;
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);

const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

interface Shard {
  readonly compaction: Compaction;
  readonly database: Database;
}

async function shardOf(persistence: Persistence, bytes?: Uint8Array, frame = 0): Promise<Shard> {
  const database = await Database.open(bytes);
  databases.push(database);
  const retention = checkPersistence('counter', persistence);
  const options = { granularityOf: () => 'commands' as const, retentionOf: () => retention, commandIndex: false };
  return { database, compaction: new Compaction(database, options, { frame, chain: 0 }) };
}

function recordAt(seq: number, time: number): Record {
  if (seq > 0)
    return { game: 'g', seq, tick: 0, time, command: 'add', patches: [{ op: 'replace', path: ['n'], value: seq }] };
  const patches = [{ op: 'replace' as const, path: [], value: { n: 0 } }];
  return { game: 'g', seq, tick: 0, time, command: '@create', type: 'counter', version: 1, tables: [], patches };
}

function take({ compaction }: Shard, frame: number, times: readonly number[], from: number, to: number): void {
  const lines = times.slice(from, to).map((time, at) => encodeRecord(recordAt(from + at, time)));
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: 0 });
  while (!taking.next().done);
}

/** What an owner does for a checkpoint. */
function thin({ compaction, database }: Shard): void {
  for (const _ of compaction.thin());
  compaction.flush({});
  const row = compaction.game('g');
  expect(row && proveGame({ compaction, database }, row).fault).toBeUndefined();
}

function endsOf({ compaction }: Shard): Set<number> {
  const first = compaction.game('g')?.firstSeq as number;
  return new Set([first, ...[...compaction.steps('g', 0, 1e9)].map(({ lastSeq }) => lastSeq)]);
}

it.each([
  ['a year ahead', YEAR],
  ['a year back', -YEAR],
])(
  '[RT17] one record %s, then the clock is right again: no step of the last hour goes, whenever it is thinned',
  async (_, jump) => {
    const shard = await shardOf({ tiers: [{ every: 'step', forMs: HOUR }] });
    const times = Array.from({ length: 1_001 }, (_, seq) => START + seq * 1_000 + (seq === 500 ? jump : 0));
    // The one that jumped is the newest once, and the last but one once.
    const ends = [1, 250, 500, 501, 502, 503, 750, 1_001];
    for (const [frame, to] of ends.entries()) {
      take(shard, frame + 1, times, ends[frame - 1] ?? 0, to);
      thin(shard);
      expect(endsOf(shard).size).toBe(to);
    }
  },
);

it('[RT17] a game that comes back after a year loses what is old with its second record', async () => {
  const shard = await shardOf({ tiers: [{ every: 'step', forMs: HOUR }] });
  const times = Array.from({ length: 103 }, (_, seq) => START + seq + (seq > 100 ? YEAR : 0));
  take(shard, 1, times, 0, 101);
  thin(shard);
  take(shard, 2, times, 101, 102);
  thin(shard);
  expect(endsOf(shard).size).toBe(102);
  take(shard, 3, times, 102, 103);
  thin(shard);
  expect([...endsOf(shard)]).toEqual([100, 101, 102]);
});

const policies: readonly Persistence[] = [
  { tiers: [{ every: 'step', forMs: 40 }] },
  {
    tiers: [
      { every: 'step', forMs: 30 },
      { every: { ms: 10 }, forMs: 'ever' },
    ],
  },
  {
    tiers: [
      { every: 'step', forMs: 20 },
      { every: { ms: 5 }, forMs: 60 },
      { every: { ms: 20 }, forMs: 100 },
    ],
  },
  { tiers: [{ every: { ms: 10 }, forMs: 'ever' }] },
];

/**
 * Seqs that have to be left, each as those that will do for it. A record that jumped itself may look like anything: one that comes to lie
 * in the stretch of the record before it is the end of that stretch.
 */
function mustStay(
  trueTimes: readonly number[],
  times: readonly number[],
  jumped: ReadonlyMap<number, number>,
  { tiers = [] }: Persistence,
): number[][] {
  const now = trueTimes.at(-1) as number;
  const straight = [...trueTimes.keys()].filter((seq) => !jumped.has(seq));
  return straight.flatMap((seq) => {
    const tier = tiers.find(({ forMs }) => forMs === 'ever' || now - (trueTimes[seq] as number) < forMs);
    if (!tier) return [];
    const { every } = tier;
    if (typeof every !== 'object') return [[seq]];
    const stretchOf = (time: number | undefined): number => Math.floor((time as number) / every.ms);
    const stretch = (other: number): number => stretchOf(trueTimes[other]);
    const inside = [...trueTimes.keys()].filter((other) => stretch(other) === stretch(seq));
    const last = inside.findLast((other) => !jumped.has(other));
    const strayed = jumped.has(seq + 1) && stretchOf(times[seq + 1]) === stretch(seq) ? [seq + 1] : [];
    return last === seq ? [[...inside.filter((other) => other >= seq), ...strayed]] : [];
  });
}

const jumps = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 119 }), fc.constantFrom(YEAR, -YEAR, 35, -35, 150, -150, 7, -7)),
  { maxLength: 12 },
);

it(`[RT17] whatever single records jump, and whenever it is thinned, what true time keeps is kept (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...policies),
      jumps,
      fc.array(fc.nat(3), { minLength: 120, maxLength: 120 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 5, maxLength: 40 }),
      fc.nat(4),
      async (policy, chosen, steps, batches, every) => {
        let now = START;
        const trueTimes = steps.map((step) => {
          now += step;
          return now;
        });
        const jumped = new Map<number, number>();
        // Single records: none beside another.
        for (const [seq, by] of chosen) if (!jumped.has(seq - 1) && !jumped.has(seq + 1)) jumped.set(seq, by);
        const times = trueTimes.map((time, seq) => time + (jumped.get(seq) ?? 0));
        let shard = await shardOf(policy);
        for (let at = 0, batch = 0; at < times.length; batch += 1) {
          const to = Math.min(times.length, at + (batches[batch % batches.length] as number));
          take(shard, batch + 1, times, at, to);
          at = to;
          if (batch % (every + 1) !== 0) continue;
          thin(shard);
          const kept = endsOf(shard);
          const must = mustStay(trueTimes.slice(0, at), times, jumped, policy);
          expect(must.filter((seqs) => !seqs.some((seq) => kept.has(seq)))).toEqual([]);
          // The same rows lead to the same: what a crash throws away comes out again.
          const again = await shardOf(policy, shard.database.export(), batch + 1);
          thin(again);
          expect([...endsOf(again)].every((seq) => kept.has(seq))).toBe(true);
          shard.database.close();
          shard = again;
        }
      },
    ),
    { seed: SEED, numRuns: Number(process.env['ORRERY_RETENTION_RUNS'] ?? 20) },
  );
});
