// From records to rows and back, without a journal and without threads: whatever is merged, every moment that stays visible
// is the moment that was.

import { afterEach, expect, it } from 'vitest';
import { encodeRecord } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { type Dice, dice } from '../programs/script.ts';
import { type Past, randomPast, TIME } from './records.ts';

const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

async function compactFor(
  granularity: Granularity,
  commandIndex = false,
  bytes?: Uint8Array,
): Promise<{ compaction: Compaction; database: Database }> {
  const database = await Database.open(bytes);
  databases.push(database);
  return {
    database,
    compaction: new Compaction(database, { granularityOf: () => granularity, commandIndex }, { frame: 0, chain: 0 }),
  };
}

function take(compaction: Compaction, frame: number, lines: readonly string[]): void {
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: frame * 7 });
  while (!taking.next().done);
}

/** In batches of random length, with a flush now and then. Gives the seqs at which rows were closed. */
function takeAll(compaction: Compaction, past: Past, roll: Dice): number[] {
  const flushed: number[] = [];
  for (let from = 0, frame = 1; from < past.lines.length; frame += 1) {
    const to = from + 1 + roll(30);
    take(compaction, frame, past.lines.slice(from, to));
    from = to;
    if (roll(6) !== 0) continue;
    compaction.flush({});
    flushed.push(Math.min(to, past.lines.length) - 1);
  }
  return flushed;
}

function stateOf(compaction: Compaction, game: string, seq?: number): string {
  return JSON.stringify(compaction.fold(game, seq)?.state);
}

const GRANULARITIES = ['commands', 'ticks', 'batches'] as const;
for (const granularity of GRANULARITIES) {
  it(`[I1] [I2] granularity ${granularity}: every visible step folds to the state that was, with its tick and time (seed ${SEED})`, async () => {
    for (let round = 0; round < 8; round += 1) {
      const roll = dice(SEED * 1_000 + round);
      const past = randomPast('g', 'random', 150, roll, 20);
      const last = past.states.length - 1;
      const { compaction, database } = await compactFor(granularity);
      const flushed = takeAll(compaction, past, roll);
      expect(stateOf(compaction, 'g')).toBe(past.states[last]);

      const steps = [...compaction.steps('g', 0, last)];
      let due = 1;
      for (const { firstSeq, lastSeq, tick, time } of steps) {
        expect(firstSeq).toBe(due);
        expect(stateOf(compaction, 'g', lastSeq), `round ${round}, seq ${lastSeq}`).toBe(past.states[lastSeq]);
        expect([tick, time]).toEqual([past.ticks[lastSeq], TIME + lastSeq]);
        due = lastSeq + 1;
      }
      expect(due).toBe(last + 1);

      const ends = new Set(steps.map(({ lastSeq }) => lastSeq));
      const tickEnds = past.ticks.flatMap((tick, seq) => (seq > 0 && tick !== past.ticks[seq + 1] ? [seq] : []));
      if (granularity === 'commands') expect(ends.size).toBe(last);
      if (granularity === 'ticks')
        for (const seq of tickEnds) expect(ends, `the end of a tick, seq ${seq}`).toContain(seq);
      if (granularity === 'ticks') expect(ends.size).toBeLessThanOrEqual(tickEnds.length + flushed.length);
      if (granularity === 'batches') expect(ends.size).toBeLessThanOrEqual(flushed.length + 1);

      // An asked-for moment that is not visible gives the one before it.
      const hidden = Array.from({ length: last }, (_, at) => at + 1).find((seq) => !ends.has(seq));
      if (hidden !== undefined)
        expect(compaction.fold('g', hidden)?.seq).toBe(Math.max(0, ...[...ends].filter((end) => end < hidden)));

      compaction.flush({});
      const row = compaction.game('g');
      expect(row).toMatchObject({
        seq: last,
        tick: past.ticks[last],
        records: last,
        patchesIn: past.patches,
        version: 3,
        tables: ['notes'],
      });
      expect(row?.patchesOut).toBeLessThanOrEqual(past.patches);

      for (const each of database.all('SELECT first_seq, last_seq, first_tick, last_tick, time FROM patch_batches')) {
        const [first, end] = [Number(each['first_seq']), Number(each['last_seq'])];
        expect(each).toMatchObject({ first_tick: past.ticks[first], last_tick: past.ticks[end], time: TIME + end });
      }

      const again = await compactFor(granularity, false, database.export());
      expect(stateOf(again.compaction, 'g')).toBe(past.states[last]);
      expect([...again.compaction.steps('g', 0, last)].map(({ lastSeq }) => lastSeq)).toEqual([...ends]);
    }
  });
}

it('[I2] a step and a moment can be had while they are still gathering, and gathering does not change them', async () => {
  const past = randomPast('g', 'random', 40, dice(SEED), 10);
  const { compaction } = await compactFor('ticks');
  for (const [seq, line] of past.lines.entries()) {
    take(compaction, seq + 1, [line]);
    expect(stateOf(compaction, 'g')).toBe(past.states[seq]);
    expect(compaction.game('g')?.seq).toBe(seq);
    expect([...compaction.steps('g', 0, seq)].at(-1)?.lastSeq ?? 0).toBe(seq);
  }
});

for (const commandIndex of [false, true]) {
  it(`[I3] every command is in the history with its arguments; the table commands is ${commandIndex ? 'filled' : 'empty'}`, async () => {
    const roll = dice(SEED + 5);
    const past = randomPast('g', 'random', 300, roll, 10);
    const { compaction, database } = await compactFor('batches', commandIndex);
    takeAll(compaction, past, roll);
    const commands = [...compaction.commands('g', 0, 300)];
    expect(commands.map(({ seq, name, args }) => [seq, name, args])).toEqual(
      Array.from({ length: 300 }, (_, at) => [at + 1, `c${(at + 1) % 7}`, { seq: at + 1 }]),
    );
    expect(new Set(commands.map(({ player }) => player))).toEqual(new Set([undefined, 'ada']));
    compaction.flush({});
    expect([...compaction.commands('g', 0, 300)]).toEqual(commands);
    const rows = database.all('SELECT seq, tick, time, name, player, args FROM commands ORDER BY seq');
    const indexed = commands.map((command) => ({
      ...command,
      player: command.player ?? null,
      args: JSON.stringify(command.args),
    }));
    expect(rows).toEqual(
      commandIndex
        ? indexed.map(({ seq, tick, time, name, player, args }) => ({ seq, tick, time, name, player, args }))
        : [],
    );
    // A page at a time: what a page begins with is what the one before ended with.
    const paged: number[] = [];
    const stored = compaction.past('g') as NonNullable<ReturnType<typeof compaction.past>>;
    for (let fromSeq = 1; fromSeq <= 300; ) {
      const { steps, next } = stored.page({ fromSeq }, 37);
      paged.push(...steps.flatMap((step) => step.commands.map(({ seq }) => seq)));
      fromSeq = next ?? 301;
    }
    expect(paged).toEqual(commands.map(({ seq }) => seq));
  });
}

it('[I4] a snapshot is taken when patches outweigh the one before, and older moments still fold exactly', async () => {
  const roll = dice(SEED + 9);
  const past = randomPast('g', 'random', 1_500, roll, 300);
  const last = past.states.length - 1;
  const { compaction, database } = await compactFor('commands');
  takeAll(compaction, past, roll);
  compaction.flush({});
  const snapshots = database
    .all('SELECT seq, reason FROM snapshots ORDER BY seq')
    .map(({ seq, reason }) => [Number(seq), reason]);
  expect(snapshots[0]).toEqual([0, 'create']);
  expect(snapshots.slice(1).map(([, reason]) => reason)).toEqual(snapshots.slice(1).map(() => 'size'));
  expect(snapshots.length).toBeGreaterThan(3);
  // What snapshots cost stays in proportion to what they spare.
  const sizes = database.one(
    'SELECT (SELECT sum(length(body)) FROM snapshots) AS whole, (SELECT sum(length(body)) FROM patch_batches) AS steps',
  );
  expect(Number(sizes?.['whole'])).toBeLessThan(2 * Number(sizes?.['steps']));
  for (const seq of [0, 1, 2, last, ...snapshots.flatMap(([at]) => [Number(at) - 1, Number(at), Number(at) + 1])]) {
    if (seq >= 0 && seq <= last) expect(stateOf(compaction, 'g', seq), `seq ${seq}`).toBe(past.states[seq]);
  }
});

it('[I5] records that do not belong are kept as they stand, by game and seq, and change nothing', async () => {
  const past = randomPast('g', 'random', 10, dice(SEED), 5);
  const record = (seq: number, more: object = {}): string =>
    encodeRecord({ game: 'g', seq, tick: 1, time: TIME, command: 'c', patches: [], ...more });
  const wrong: [line: string, game: string, seq: number, what: RegExp][] = [
    [record(12), 'g', 12, /seq 12 where seq 11 was due/],
    [record(10), 'g', 10, /seq 10 where seq 11 was due/],
    [record(14, { firstSeq: 12 }), 'g', 14, /seq 12 where seq 11 was due/],
    [record(11, { game: 'stranger' }), 'stranger', 11, /never created/],
    [past.lines[0] as string, 'g', 0, /created a second time/],
    [record(0, { game: 'new', command: '@create' }), 'new', 0, /whole state and type/],
    ['{"g":"g"', 'g', 11, /not JSON/],
    ['{"g":"g","s":11,"k":1,"t":1,"c":"c","d":[["?",[]]]}', 'g', 11, /unknown operation/],
  ];
  for (const [line, game, seq, what] of wrong) {
    const { compaction } = await compactFor('ticks');
    take(compaction, 1, past.lines);
    const before = compaction.fold('g')?.state;
    take(compaction, 2, [line]);
    const [held, ...none] = compaction.unreadable;
    expect(none).toEqual([]);
    expect(held).toMatchObject({ game, seq, records: 1, frame: 2, what: expect.stringMatching(what) as string });
    expect(() => compaction.assertReadable(game)).toThrow(expect.objectContaining({ code: 'GAME_UNREADABLE' }));
    expect(compaction.fold('g')?.state).toEqual(before);
    expect(compaction.position.frame).toBe(2);
  }
});

it('[I5] patches that do not fit their state are refused when somebody folds them, by game and seq', async () => {
  const past = randomPast('g', 'random', 3, dice(SEED), 5);
  const { compaction } = await compactFor('commands');
  take(compaction, 1, past.lines);
  take(compaction, 2, [
    encodeRecord({
      game: 'g',
      seq: 4,
      tick: 9,
      time: TIME,
      command: 'c',
      patches: [{ op: 'remove', path: ['nowhere'] }],
    }),
  ]);
  expect(() => compaction.fold('g')).toThrow(
    expect.objectContaining({ code: 'PATCH_INVALID', context: expect.objectContaining({ game: 'g', seq: 4 }) }),
  );
  expect(stateOf(compaction, 'g', 3)).toBe(past.states[3]);
});
