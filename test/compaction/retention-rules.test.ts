// What each rule of retention does, one by one, on a past that is written by hand: a counter whose state follows from the seq.

import { afterEach, expect, it } from 'vitest';
import type { OrreryError } from '#core/errors.ts';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';

const START = 1_700_000_000_000;
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

class Shard {
  readonly compaction: Compaction;
  readonly database: Database;
  #frame = 0;

  constructor(
    database: Database,
    persistence: Persistence | undefined,
    granularity: Granularity | undefined,
    commandIndex: boolean,
  ) {
    this.database = database;
    const retention = persistence && checkPersistence('counter', persistence);
    const options = { granularityOf: () => granularity, retentionOf: () => retention, commandIndex };
    this.compaction = new Compaction(database, options, { frame: 0, chain: 0 });
    this.compaction.policies.record(['counter']);
  }

  static async open(
    persistence?: Persistence,
    {
      granularity = 'commands',
      index = false,
      bytes,
    }: { granularity?: Granularity | 'recorded'; index?: boolean; bytes?: Uint8Array } = {},
  ): Promise<Shard> {
    const database = await Database.open(bytes);
    databases.push(database);
    return new Shard(database, persistence, granularity === 'recorded' ? undefined : granularity, index);
  }

  write(...records: Partial<Record>[]): void {
    this.#frame += 1;
    const lines = records.map((record) => encodeRecord({ ...recordAt(record.seq as number), ...record }));
    const taking = this.compaction.take(Buffer.from(`${lines.join('\n')}\n`), { frame: this.#frame, chain: 0 });
    while (!taking.next().done);
  }

  /** Records from..to, a row for every `each` of them, with what `record` says of each. */
  play(from: number, to: number, each: number, record: (seq: number) => Partial<Record> = () => ({})): void {
    for (let seq = from; seq <= to; seq += each) {
      const end = Math.min(to, seq + each - 1);
      this.write(...Array.from({ length: end - seq + 1 }, (_, at) => ({ seq: seq + at, ...record(seq + at) })));
      this.compaction.flush({});
    }
  }

  /** A record of the time of the one before, so that this time counts. */
  confirm(seq: number): void {
    this.play(seq, seq, 1, () => ({ time: START + seq - 1 }));
  }

  thin(): void {
    for (const _ of this.compaction.thin());
    this.compaction.flush({});
    const row = this.compaction.game('g');
    expect(row && proveGame(this, row).fault).toBeUndefined();
  }

  get ends(): number[] {
    return [...this.compaction.steps('g', 0, 1e9)].map(({ lastSeq }) => lastSeq);
  }

  get snapshots(): string[] {
    return this.database
      .all('SELECT seq, reason FROM snapshots ORDER BY seq')
      .map(({ seq, reason }) => `${String(seq)} ${String(reason)}`);
  }

  get commands(): number[] {
    return [...this.compaction.commands('g', 0, 1e9)].map(({ seq }) => seq);
  }

  get rows(): number {
    return Number(this.database.one('SELECT count(*) AS n FROM patch_batches')?.['n']);
  }
}

/** A tick every ten records, a millisecond a record. */
function recordAt(seq: number): Record {
  const common = { game: 'g', seq, tick: Math.floor(seq / 10), time: START + seq };
  if (seq > 0)
    return { ...common, command: 'add', args: { to: seq }, patches: [{ op: 'replace', path: ['n'], value: seq }] };
  const patches = [{ op: 'replace' as const, path: [], value: { n: 0 } }];
  return { ...common, command: '@create', type: 'counter', version: 1, tables: [], patches };
}

const range = (from: number, to: number, by = 1): number[] =>
  Array.from({ length: Math.max(0, Math.floor((to - from) / by) + 1) }, (_, at) => from + at * by);

it('[RT2] old ticks become one step each with all of their commands, older stretches one step without them', async () => {
  const shard = await Shard.open({
    tiers: [
      { every: 'step', forMs: 100 },
      { every: 'tick', forMs: 500 },
      { every: { ms: 100 }, forMs: 'ever' },
    ],
  });
  shard.write({ seq: 0 });
  shard.play(1, 1_000, 20);
  shard.confirm(1_001);
  expect(shard.ends).toEqual(range(1, 1_001));
  shard.thin();
  const stretches = range(99, 499, 100);
  const ticks = range(509, 899, 10);
  expect(shard.ends).toEqual([...stretches, 500, ...ticks, 900, ...range(901, 1_001)]);
  expect(shard.commands).toEqual(range(501, 1_001));
  expect(shard.compaction.game('g')).toMatchObject({ firstSeq: 0, records: 1_001, seq: 1_001 });
  expect(shard.snapshots).toEqual(['0 create']);
  // What lies inside a step is refused, with what is left around it.
  const past = shard.compaction.past('g');
  expect(() => past?.find({ seq: 150 }, false)).toThrow(
    expect.objectContaining({
      code: 'MOMENT_NOT_KEPT',
      context: expect.objectContaining({ seq: 150, before: 99, after: 199 }) as unknown,
    }) as OrreryError,
  );
  expect(past?.find({ seq: 150 }, true)).toBe(99);
  expect(past?.stateAt({ seq: 199 }, false)).toMatchObject({ state: { n: 199 }, tick: 19, time: START + 199 });
  expect(past?.stateAt({ tick: 60 }, false)).toMatchObject({ state: { n: 609 } });
  // Nothing is left to do, and nothing is done.
  const before = shard.database.all('SELECT * FROM patch_batches');
  shard.thin();
  expect(shard.database.all('SELECT * FROM patch_batches')).toEqual(before);
  // Rows go together: a row for every twenty records would be fifty.
  expect(shard.rows).toBeLessThan(15);
});

it('[RT2] the last tier with an end cuts what is older, in eighths of its age, to a snapshot at the new beginning', async () => {
  const shard = await Shard.open({ tiers: [{ every: 'step', forMs: 400 }] });
  shard.write({ seq: 0 });
  shard.play(1, 440, 10);
  shard.thin();
  expect(shard.compaction.game('g')?.firstSeq).toBe(0);
  shard.play(441, 1_000, 10);
  shard.thin();
  expect(shard.compaction.game('g')).toMatchObject({ firstSeq: 590, records: 1_000, snapshotSeq: 590 });
  expect(shard.snapshots).toEqual(['590 tier']);
  expect(shard.ends).toEqual(range(591, 1_000));
  expect(() => shard.compaction.past('g')?.find({ seq: 589 }, true)).toThrow(/begins later/);
  expect(shard.compaction.past('g')?.stateAt({ seq: 590 }, false)).toMatchObject({ state: { n: 590 } });
});

it('[RT5] a number of records: at least so many stay, at most a quarter and a row more', async () => {
  for (const strategy of ['events', 'hybrid'] as const) {
    const shard = await Shard.open({ strategy, keepRecords: 100 }, { index: true });
    shard.write({ seq: 0 });
    for (let from = 1; from <= 1_000; from += 10) {
      shard.play(from, from + 9, 10);
      shard.thin();
      const { seq, firstSeq } = shard.compaction.game('g') as { seq: number; firstSeq: number };
      expect(seq - firstSeq).toBeGreaterThanOrEqual(Math.min(seq, 100));
      expect(seq - firstSeq).toBeLessThanOrEqual(135);
      expect(shard.commands).toEqual(range(firstSeq + 1, seq));
    }
    const indexed = shard.database.one('SELECT min(seq) AS first, count(*) AS n FROM commands');
    const { firstSeq } = shard.compaction.game('g') as { firstSeq: number };
    expect(indexed).toEqual({ first: firstSeq + 1, n: 1_000 - firstSeq });
    expect(shard.snapshots).toEqual([`${firstSeq} tier`]);
  }
});

it('[RT6] snapshots by number of records and by time, at the end of a step', async () => {
  const byRecords = await Shard.open({ snapshotEvery: { records: 25 } });
  byRecords.write({ seq: 0 });
  byRecords.play(1, 110, 110);
  expect(byRecords.snapshots).toEqual(['0 create', ...range(25, 100, 25).map((seq) => `${seq} records`)]);
  const byTime = await Shard.open({ snapshotEvery: { ms: 30 } });
  byTime.write({ seq: 0 });
  byTime.play(1, 110, 110);
  expect(byTime.snapshots).toEqual(['0 create', ...range(30, 90, 30).map((seq) => `${seq} time`)]);
  // A tick that is merged is not cut in two for it.
  const byTicks = await Shard.open({ snapshotEvery: { records: 25 } }, { granularity: 'ticks' });
  byTicks.write({ seq: 0 });
  byTicks.play(1, 110, 110);
  expect(byTicks.snapshots).toEqual(['0 create', '29 records', '59 records', '89 records']);
  expect(byTicks.ends).toEqual([...range(9, 109, 10), 110]);
});

it('[RT6] the threshold of compaction says how soon a snapshot is due, and events have none', async () => {
  const text = (seq: number): Partial<Record> => ({
    patches: [{ op: 'replace', path: ['n'], value: `${seq}`.repeat(2_000) }],
  });
  const counts: number[] = [];
  for (const persistence of [{ compactAt: 0.1 }, { compactAt: 50 }, { strategy: 'events' as const }]) {
    const shard = await Shard.open(persistence);
    shard.write({ seq: 0 });
    shard.play(1, 300, 10, text);
    counts.push(shard.snapshots.filter((snapshot) => snapshot.endsWith('size')).length);
  }
  expect(counts[0]).toBeGreaterThan(counts[1] as number);
  expect(counts[1]).toBeGreaterThan(0);
  expect(counts[2]).toBe(0);
});

it('[RT6] of snapshots the newest are kept, and the one that the oldest step needs', async () => {
  const shard = await Shard.open({ snapshotEvery: { records: 20 }, keepSnapshots: 2 });
  shard.write({ seq: 0 });
  shard.play(1, 200, 20);
  shard.thin();
  expect(shard.snapshots).toEqual(['0 create', '180 records', '200 records']);
  expect(shard.ends).toEqual(range(1, 200));
});

it('[RT7] snapshots alone: between them nothing is left, and whoever goes through the steps meets their states', async () => {
  const shard = await Shard.open(
    { strategy: 'snapshot', snapshotEvery: { records: 20 }, keepSnapshots: 3 },
    { index: true },
  );
  shard.write({ seq: 0 });
  shard.play(1, 115, 5);
  shard.thin();
  expect(shard.snapshots).toEqual(['60 records', '80 records', '100 records']);
  expect(shard.compaction.game('g')?.firstSeq).toBe(60);
  expect(shard.commands).toEqual(range(101, 115));
  expect(shard.database.one('SELECT min(seq) AS first FROM commands')).toEqual({ first: 101 });
  const steps = [...shard.compaction.steps('g', 0, 1e9)];
  expect(steps.slice(0, 2)).toEqual([
    { firstSeq: 61, lastSeq: 80, tick: 8, time: START + 80, patches: [{ op: 'replace', path: [], value: { n: 80 } }] },
    {
      firstSeq: 81,
      lastSeq: 100,
      tick: 10,
      time: START + 100,
      patches: [{ op: 'replace', path: [], value: { n: 100 } }],
    },
  ]);
  expect(steps.slice(2).map(({ lastSeq }) => lastSeq)).toEqual(range(101, 115));
  const past = shard.compaction.past('g');
  for (const seq of [60, 80, 100, ...range(101, 115)]) expect(past?.find({ seq }, false)).toBe(seq);
  for (const seq of range(61, 79)) expect(past?.find({ seq }, true)).toBe(60);
  expect(() => past?.find({ seq: 70 }, false)).toThrow(
    expect.objectContaining({ context: expect.objectContaining({ before: 60, after: 80 }) as unknown }) as OrreryError,
  );
  expect(past?.find({ tick: 8 }, false)).toBe(80);
  expect(past?.find({ time: START + 80 }, false)).toBe(80);
  expect(() => past?.find({ tick: 7 }, false)).toThrow(/is not kept/);
});

it('[RT8] a migration and a recovery are never merged with what is around them, and stay with their commands', async () => {
  const shard = await Shard.open({ tiers: [{ every: { ms: 1_000 }, forMs: 'ever' }] });
  shard.write({ seq: 0 });
  shard.play(1, 100, 10);
  const whole = (command: string, seq: number, version: number): Partial<Record> => ({
    seq,
    command,
    version,
    tables: [],
    patches: [{ op: 'replace', path: [], value: { n: seq, version } }],
  });
  shard.write(whole('@migrate', 101, 2));
  shard.play(102, 150, 10);
  shard.write(whole('@recover', 151, 2));
  shard.play(152, 200, 10);
  shard.confirm(201);
  shard.thin();
  expect(shard.ends).toEqual([100, 101, 150, 151, 201]);
  expect(shard.snapshots).toEqual(['0 create', '101 migrate', '151 recover']);
  expect([...shard.compaction.commands('g', 0, 1e9)].map(({ seq, name }) => [seq, name])).toEqual([
    [101, '@migrate'],
    [151, '@recover'],
  ]);
  const past = shard.compaction.past('g');
  expect(past?.stateAt({ seq: 100 }, false)).toMatchObject({ version: 1, state: { n: 100 } });
  expect(past?.stateAt({ seq: 150 }, false)).toMatchObject({ version: 2, state: { n: 150, version: 2 } });
});

it('[RT8] a clock that jumped costs no step whose own time is young, and stops nothing', async () => {
  const year = 365 * 86_400_000;
  const shard = await Shard.open({
    tiers: [
      { every: 'step', forMs: 100 },
      { every: { ms: 1_000 }, forMs: 'ever' },
    ],
  });
  // From 401 to 500 the clock is a year ahead.
  const time = (seq: number): Partial<Record> => ({ time: START + seq + (seq > 400 && seq <= 500 ? year : 0) });
  shard.write({ seq: 0 });
  shard.play(1, 1_000, 10, time);
  shard.confirm(1_001);
  shard.thin();
  expect(shard.ends).toEqual([400, ...range(401, 500), 900, ...range(901, 1_001)]);
});

it('[RT8] a row whose last record has a time long past costs nothing of what is young in it, neither steps nor commands', async () => {
  const time = (seq: number): Partial<Record> => (seq === 160 ? { time: START + 10 } : {});
  const play = async (tiers: NonNullable<Persistence['tiers']>): Promise<Shard> => {
    const shard = await Shard.open({ tiers });
    shard.write({ seq: 0 });
    shard.play(1, 50, 50);
    shard.play(51, 160, 110, time);
    shard.play(161, 200, 40);
    shard.confirm(201);
    shard.thin();
    return shard;
  };
  const cut = await play([{ every: 'step', forMs: 100 }]);
  expect(cut.compaction.game('g')?.firstSeq).toBe(50);
  expect(cut.ends).toEqual(range(51, 201));
  const merged = await play([
    { every: 'step', forMs: 100 },
    { every: { ms: 1_000 }, forMs: 'ever' },
  ]);
  expect(merged.ends).toEqual(range(100, 201));
  expect(merged.commands).toEqual([...range(101, 159), ...range(161, 201)]);
});

it('[RT9] what a type said stays in the image, and holds for who has no code of it', async () => {
  const first = await Shard.open({ keepRecords: 50, strategy: 'events' }, { granularity: 'ticks' });
  first.write({ seq: 0 });
  first.play(1, 40, 40);
  const row = first.database.one('SELECT name, history, retention FROM types');
  expect(row).toMatchObject({ name: 'counter', history: 'ticks' });
  expect(JSON.parse(String(row?.['retention']))).toMatchObject({ keepRecords: 50, strategy: 'events' });
  const second = await Shard.open(undefined, { granularity: 'recorded', bytes: first.database.export() });
  second.play(41, 200, 20);
  second.thin();
  expect(second.ends.filter((seq) => seq % 10 !== 9 && seq % 20 !== 0)).toEqual([]);
  const { firstSeq } = second.compaction.game('g') as { firstSeq: number };
  expect(200 - firstSeq).toBeLessThan(100);
  // Who says something else is believed, and written down.
  const third = await Shard.open({}, { granularity: 'commands', bytes: second.database.export() });
  third.play(201, 400, 20);
  third.thin();
  expect(third.compaction.game('g')?.firstSeq).toBe(firstSeq);
  expect(third.ends.filter((seq) => seq > 200)).toEqual(range(201, 400));
  expect(third.database.one('SELECT history FROM types')).toEqual({ history: 'commands' });
});

it('[RT9] what an image says of a type that is no retention counts for nothing: everything is kept', async () => {
  for (const text of ['', '[]', '{"strategy":"none"}', '{"strategy":"events","keepRecords":1}', 'null']) {
    const made = await Shard.open({ keepRecords: 5, strategy: 'events' });
    made.write({ seq: 0 });
    made.database.run('UPDATE types SET retention = ?', [text]);
    const shard = await Shard.open(undefined, { granularity: 'recorded', bytes: made.database.export() });
    shard.play(1, 100, 10);
    shard.thin();
    expect(shard.ends).toEqual(range(1, 100));
  }
});

it('[RT10] pages that nothing needs are given back once they are most of the file', async () => {
  const shard = await Shard.open({ keepRecords: 100, strategy: 'events' });
  const noise = (seq: number): Partial<Record> => ({
    patches: [
      {
        op: 'replace',
        path: ['n'],
        value: Array.from({ length: 400 }, (_, at) => Math.imul(seq * 7_919 + at, 2_654_435_761)),
      },
    ],
  });
  shard.write({ seq: 0 });
  shard.play(1, 1_000, 20, noise);
  const before = shard.database.export().length;
  expect(shard.database.shrink()).toBe(false);
  shard.thin();
  expect(shard.database.export().length).toBeGreaterThanOrEqual(before);
  expect(shard.database.shrink()).toBe(true);
  const bytes = shard.database.export();
  expect(bytes.length).toBeLessThan(before / 3);
  expect(shard.database.inspect(bytes)).toBe('ok');
  expect(shard.database.shrink()).toBe(false);
  // Statements from before go on.
  shard.play(1_001, 1_050, 10, noise);
  shard.thin();
  const again = await Shard.open(undefined, { bytes: shard.database.export() });
  expect(again.compaction.game('g')?.seq).toBe(1_050);
});
