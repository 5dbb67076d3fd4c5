// Retention over random pasts: whatever a policy takes away, in however many turns, what is left is what was, and nothing that
// was to stay is gone. What is to stay is worked out here from seqs, ticks and times alone.

import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import { fold } from '#core/patch/apply.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';
import { type Dice, dice } from '../programs/script.ts';
import { type Past, randomPast, TIME } from './records.ts';

const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

const RECORDS = 120;

interface Shard {
  readonly compaction: Compaction;
  readonly database: Database;
}

async function shardOf(
  granularity: Granularity,
  persistence: Persistence,
  bytes?: Uint8Array,
  commandIndex = false,
): Promise<Shard> {
  const database = await Database.open(bytes);
  databases.push(database);
  const retention = checkPersistence('random', persistence);
  const options = { granularityOf: () => granularity, retentionOf: () => retention, commandIndex };
  return { database, compaction: new Compaction(database, options, { frame: 0, chain: 0 }) };
}

function take(compaction: Compaction, frame: number, lines: readonly string[]): void {
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: frame * 7 });
  while (!taking.next().done);
}

/** A checkpoint now and then, with records coming in between its turns. */
function play(compaction: Compaction, { lines }: Past, roll: Dice, most: number): void {
  let at = 0;
  let frame = 0;
  const some = (): void => {
    if (at === lines.length) return;
    const to = Math.min(lines.length, at + 1 + roll(most));
    frame += 1;
    take(compaction, frame, lines.slice(at, to));
    at = to;
  };
  while (at < lines.length) {
    some();
    if (roll(3) !== 0) continue;
    const thinning = compaction.thin();
    while (!thinning.next().done) if (roll(4) === 0) some();
    compaction.flush({});
  }
  finish(compaction);
}

/** Until nothing more goes. */
function finish(compaction: Compaction): void {
  compaction.flush({});
  for (const _ of compaction.thin());
  compaction.flush({});
}

/** Every moment that can be read folds to what was, as one and as steps. Gives their seqs. */
function readable({ compaction, database }: Shard, past: Past, why: string): Set<number> {
  const row = compaction.game('g');
  if (!row) throw new Error('the game is gone');
  const last = past.states.length - 1;
  expect([row.seq, row.tick, row.time], why).toEqual([last, past.ticks[last], TIME + last]);
  const snapshots = database.all('SELECT seq FROM snapshots ORDER BY seq').map(({ seq }) => Number(seq));
  expect(snapshots[0], why).toBe(row.firstSeq);
  expect(row.snapshotSeq, why).toBe(snapshots.at(-1));
  const moments = new Set(snapshots);
  let due = row.firstSeq + 1;
  let state: unknown = JSON.parse(past.states[row.firstSeq] as string);
  for (const { firstSeq, lastSeq, tick, time, patches } of compaction.steps('g', 0, last)) {
    state = fold(state, patches, 'owned');
    expect(JSON.stringify(state), `${why}, seq ${lastSeq}`).toBe(past.states[lastSeq]);
    expect(firstSeq, why).toBe(due);
    expect([tick, time], why).toEqual([past.ticks[lastSeq], TIME + lastSeq]);
    moments.add(lastSeq);
    due = lastSeq + 1;
  }
  expect(due, why).toBe(last + 1);
  for (const [index, seq] of [...moments].entries()) {
    if (index % 4 > 0 && seq < last) continue;
    const folded = compaction.fold('g', seq);
    expect(folded?.seq, `${why}, seq ${seq}`).toBe(seq);
    expect(JSON.stringify(folded?.state), `${why}, seq ${seq}`).toBe(past.states[seq]);
  }
  expect(proveGame({ compaction, database }, row).fault, why).toBeUndefined();
  return moments;
}

const persistence = fc.oneof(
  fc.record({
    strategy: fc.constantFrom('hybrid' as const),
    snapshotEvery: fc.record({
      records: fc.option(fc.integer({ min: 5, max: 80 })),
      ms: fc.option(fc.integer({ min: 5, max: 80 })),
    }),
    keepSnapshots: fc.option(fc.integer({ min: 1, max: 5 })),
    keepRecords: fc.option(fc.integer({ min: 1, max: 200 })),
    compactAt: fc.constantFrom(0.01, 2),
    tiers: tiers(),
  }),
  fc.record({
    strategy: fc.constantFrom('events' as const),
    keepRecords: fc.option(fc.integer({ min: 1, max: 200 })),
    tiers: tiers(),
  }),
  fc.record({
    strategy: fc.constantFrom('snapshot' as const),
    snapshotEvery: fc.record({ records: fc.integer({ min: 5, max: 80 }) }),
    keepSnapshots: fc.option(fc.integer({ min: 1, max: 5 })),
  }),
);

function tiers(): fc.Arbitrary<NonNullable<Persistence['tiers']>> {
  const ages = fc.array(fc.integer({ min: 10, max: 120 }), { minLength: 4, maxLength: 4 });
  return fc
    .tuple(fc.subarray(['step', 'tick', 10, 40] as const), ages, fc.boolean())
    .map(([kinds, spans, isForEver]) => {
      let forMs = 0;
      return kinds.map((kind, index) => {
        forMs += spans[index] as number;
        return {
          every: typeof kind === 'number' ? { ms: kind } : kind,
          forMs: isForEver && index === kinds.length - 1 ? ('ever' as const) : forMs,
        };
      });
    });
}

/**
 * Moments that a policy has to leave, each as those that will do for it: of a stretch of time that is its last end of a step, or
 * of a tick where a tier of ticks has gone over it, or something later in it. `ends` are those of a past that is kept whole.
 */
function mustStay(past: Past, policy: Persistence, ends: readonly number[]): number[][] {
  const { tiers: all = [], keepRecords, strategy } = policy;
  const last = past.states.length - 1;
  if (strategy === 'snapshot') return [[last]];
  const isEndOfTick = (seq: number): boolean => past.ticks[seq] !== past.ticks[seq + 1];
  const young = ends.filter((seq) => !keepRecords || seq >= last - keepRecords);
  if (all.length === 0) return young.map((seq) => [seq]);
  const hasTicks = all.some(({ every }) => every === 'tick');
  return young.flatMap((seq) => {
    const tier = all.find(({ forMs }) => forMs === 'ever' || last - seq < forMs);
    if (!tier) return [];
    const { every } = tier;
    if (every === 'step') return [[seq]];
    if (every === 'tick') return isEndOfTick(seq) ? [[seq]] : [];
    const stretch = Math.floor((TIME + seq) / every.ms);
    const inside = past.ticks.flatMap((_, other) => (Math.floor((TIME + other) / every.ms) === stretch ? [other] : []));
    const candidates = inside.filter((other) => ends.includes(other) && (!hasTicks || isEndOfTick(other)));
    return candidates.at(-1) === seq ? [inside.filter((other) => other >= seq)] : [];
  });
}

function gone(must: readonly number[][], kept: ReadonlySet<number>): number[][] {
  return must.filter((seqs) => !seqs.some((seq) => kept.has(seq)));
}

it(`[RT1] [RT2] whatever a policy takes away, every moment left is exact and those that it keeps are left (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      persistence,
      fc.constantFrom('commands' as const, 'ticks' as const),
      fc.nat(),
      fc.constantFrom(6, 30),
      async (policy, granularity, seed, most) => {
        const roll = dice(seed);
        const past = randomPast('g', 'random', RECORDS, roll, 12);
        const whole = await shardOf(granularity, {});
        play(whole.compaction, past, dice(seed), most);
        const before = readable(whole, past, 'kept whole');
        const shard = await shardOf(granularity, policy);
        play(shard.compaction, past, dice(seed), most);
        const kept = readable(shard, past, 'thinned as it came');
        // A step that ends where a tick goes on is there by the chance of when rows were written.
        const ends = [...before].filter((seq) => granularity === 'commands' || past.ticks[seq] !== past.ticks[seq + 1]);
        expect(gone(mustStay(past, policy, ends), kept)).toEqual([]);
        finish(shard.compaction);
        expect([...readable(shard, past, 'and once more')].filter((seq) => !kept.has(seq))).toEqual([]);
        // The same policy over what had been kept whole leaves no less.
        const late = await shardOf(granularity, policy, whole.database.export());
        finish(late.compaction);
        const left = readable(late, past, 'thinned at last');
        expect(gone(mustStay(past, policy, ends), left)).toEqual([]);
        for (const { database } of [whole, shard, late]) database.close();
        databases.length = 0;
      },
    ),
    { seed: SEED, numRuns: Number(process.env['ORRERY_RETENTION_RUNS'] ?? 25) },
  );
});
