// Any moment of a random past, by seq, tick and time, against a chronicle that kept every state.

import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { blameOf } from '#history/blame.ts';
import { replayOf } from '#history/replay.ts';
import type { HistoryReader, Moment, PastStep, StateAt } from '#storage/history-reader.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { dice } from '../programs/script.ts';
import { canonical, chronicle, compacted, type Told, VERSION } from './chronicle.ts';

const SEED = Number(process.env['ORRERY_PAST_SEED'] ?? 1);
const ROUNDS = 3;
const GRANULARITIES: readonly Granularity[] = ['commands', 'ticks', 'batches'];

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function outcome(past: HistoryReader, moment: Moment, nearest = false): Promise<StateAt | OrreryError> {
  return past.stateAt(moment, { nearest }).catch((error: unknown) => {
    if (error instanceof OrreryError) return error;
    throw error;
  });
}

interface Expected {
  readonly seq?: number;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
}

/** What has to come of a moment, told from the records and from which of them are kept. */
function expected(
  records: readonly Told[],
  kept: readonly number[],
  by: 'seq' | 'tick' | 'time',
  at: number,
): Expected {
  const last = records.at(-1) as Told;
  if (by !== 'time' && at > last[by]) return { before: last.seq, after: undefined };
  let seq = at;
  if (by !== 'seq') {
    const reached = records.filter((record) => record[by] <= at).at(-1);
    if (!reached) return { before: undefined, after: 0 };
    const next = records[records.indexOf(reached) + 1];
    // Records that were merged into the next one may have been earlier than it.
    if (next && next.firstSeq < next.seq && reached[by] < at) seq = next.firstSeq + 0.5;
    else seq = reached.seq;
  }
  if (kept.includes(seq)) return { seq };
  return { before: kept.findLast((each) => each < seq), after: kept.find((each) => each > seq) };
}

/** Every seq and tick from the first to behind the last, and one time in three around every record. */
async function checkMoments(past: HistoryReader, records: readonly Told[], round: number): Promise<void> {
  const kept = [0, ...(await all(past.steps())).map(({ lastSeq }) => lastSeq)];
  const last = records.at(-1) as Told;
  const check = async (by: 'seq' | 'tick' | 'time', at: number): Promise<void> => {
    const moment = { [by]: at } as unknown as Moment;
    const due = expected(records, kept, by, at);
    const name = `round ${round}, ${by} ${at}`;
    for (const nearest of [false, true]) {
      const found = await outcome(past, moment, nearest);
      const seq = due.seq ?? (nearest ? due.before : undefined);
      if (seq === undefined) {
        expect(found, name).toMatchObject({ code: 'MOMENT_NOT_KEPT' });
        const { before, after } = due;
        expect((found as OrreryError).context, name).toEqual({ game: 'g', [by]: at, before, after });
        continue;
      }
      const { tick, time, state: was } = records.find((each) => each.seq === seq) as Told;
      const { state, ...rest } = found as StateAt;
      const tables = ['systems'];
      expect(rest, name).toEqual({ game: 'g', type: 'kind', version: VERSION, seq, tick, time, tables });
      expect(canonical(state), name).toBe(canonical(was));
    }
  };
  for (let seq = 0; seq <= last.seq + 2; seq += 1) await check('seq', seq);
  for (let tick = 0; tick <= last.tick + 2; tick += 1) await check('tick', tick);
  const times = [...new Set(records.flatMap(({ time }) => [time - 1, time, time + 1]))];
  for (const time of times.filter((_, index) => index % 3 === round % 3)) await check('time', time);
}

for (const granularity of GRANULARITIES) {
  it(`[PA1] [PA2] [PA3] granularity ${granularity}: any moment is the state that was, or an error with its neighbours (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 7_000 + round);
      const told = chronicle(roll, 100);
      const { past, database } = await compacted(told, granularity, roll);
      // As rows are that were written before these were kept.
      if (round === 1) database.run('UPDATE patch_batches SET least_time = NULL, most_time = NULL', []);
      await checkMoments(past, told.records, round);
      await past.close();
    }
  });

  it(`[PA7] granularity ${granularity}: a stretch whose steps are gone is one step to its end, and nothing inside is kept (seed ${SEED})`, async () => {
    let gaps = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 7_500 + round);
      const told = chronicle(roll, 100);
      const { past, database } = await compacted(told, granularity, roll, true);
      const rows = database.all(
        `SELECT first_seq, last_seq FROM patch_batches
         WHERE EXISTS (SELECT 1 FROM snapshots WHERE snapshots.game = patch_batches.game AND seq = last_seq)`,
      );
      let { records } = told;
      for (const row of rows) {
        const [firstSeq, lastSeq] = [Number(row['first_seq']), Number(row['last_seq'])];
        database.run("UPDATE patch_batches SET codec = 0, body = x'5b5d', commands = x'5b5d' WHERE last_seq = ?", [
          lastSeq,
        ]);
        records = records
          .filter(({ seq }) => seq < firstSeq || seq >= lastSeq)
          .map((record) => (record.seq === lastSeq ? { ...record, firstSeq } : record));
        gaps += 1;
      }
      await checkMoments(past, records, round);
      const states = new Map(records.map(({ seq, state }) => [seq, canonical(state)]));
      for await (const { seq, state } of replayOf(past)) expect(canonical(state)).toBe(states.get(seq));
      const blamed = await all(blameOf(past, '/count'));
      for (const { seq, step, before, after, commands, merged } of blamed.slice(0, -1)) {
        const then = records.find((record) => record.seq === step.firstSeq - 1);
        expect([before, after]).toEqual([then?.state.count, records.find((record) => record.seq === seq)?.state.count]);
        if (commands.length === 0) expect(merged).toBe(true);
      }
      await past.close();
    }
    expect(gaps).toBeGreaterThan(0);
  });

  it(`[PA4] [PA5] granularity ${granularity}: steps lead without a gap from the first to the last, with their commands, either way and within bounds (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 8_000 + round);
      const told = chronicle(roll, 100);
      const { records } = told;
      const { past, compaction } = await compacted(told, granularity, roll);
      const steps = await all(past.steps());
      expect(steps[0]?.firstSeq).toBe(1);
      for (const [index, step] of steps.entries()) {
        if (index > 0) expect(step.firstSeq).toBe((steps[index - 1] as PastStep).lastSeq + 1);
      }
      expect(steps.at(-1)?.lastSeq).toBe(records.at(-1)?.seq);
      expect(steps.flatMap(({ commands }) => commands)).toEqual(
        records.slice(1).map(({ seq, tick, time, name, player, args }) => ({ seq, tick, time, name, player, args })),
      );
      for (const { commands, lastSeq, tick, time } of steps) {
        expect([commands.at(-1)?.seq, commands.at(-1)?.tick, commands.at(-1)?.time]).toEqual([lastSeq, tick, time]);
        if (granularity === 'commands') expect(commands.length).toBe(1);
        if (granularity === 'ticks') expect(new Set(commands.map((command) => command.tick)).size).toBe(1);
      }
      expect(await all(past.steps({ backwards: true }))).toEqual([...steps].reverse());

      const times = records.map(({ time }) => time).sort((one, other) => one - other);
      for (let turn = 0; turn < 12; turn += 1) {
        const seqs = [roll(120), roll(120)].sort((one, other) => one - other) as [number, number];
        const ticks = [roll(40), roll(40)].sort((one, other) => one - other) as [number, number];
        const place = roll(times.length);
        const clock = [times[place], times[place + roll(times.length - place)]] as [number, number];
        const range = {
          ...(roll(2) === 0 ? { fromSeq: seqs[0], toSeq: seqs[1] } : {}),
          ...(roll(2) === 0 ? { fromTick: ticks[0], toTick: ticks[1] } : {}),
          ...(roll(2) === 0 ? { fromTime: clock[0], toTime: clock[1] } : {}),
        };
        const wanted = steps.filter(
          ({ firstSeq, lastSeq, commands }) =>
            lastSeq >= (range.fromSeq ?? 0) &&
            firstSeq <= (range.toSeq ?? 999) &&
            commands.some(
              ({ tick, time }) =>
                tick >= (range.fromTick ?? 0) &&
                tick <= (range.toTick ?? 999) &&
                time >= (range.fromTime ?? 0) &&
                time <= (range.toTime ?? 9e15),
            ),
        );
        expect(await all(past.steps(range)), JSON.stringify(range)).toEqual(wanted);
        expect(await all(past.steps({ ...range, backwards: true }))).toEqual(wanted.reverse());
        // Page by page, as an owner gives them.
        for (const backwards of [false, true]) {
          const limit = 1 + roll(40);
          const paged: PastStep[] = [];
          let rest: object = { ...range, backwards };
          for (;;) {
            const { steps: some, next } = compaction.past('g')!.page(rest, limit);
            expect(some.length).toBeLessThanOrEqual(limit);
            paged.push(...some);
            if (next === undefined) break;
            rest = backwards ? { ...rest, toSeq: next } : { ...rest, fromSeq: next };
          }
          expect(paged).toEqual(await all(past.steps({ ...range, backwards })));
        }
      }
      await past.close();
    }
  });
}

it('[PA6] a moment that is none is refused, and so is a range that cannot be', async () => {
  const roll = dice(SEED);
  const { past } = await compacted(chronicle(roll, 5), 'commands', roll);
  const moments = [
    {},
    { seq: 1, tick: 1 },
    { seq: -1 },
    { seq: 0.5 },
    { tick: -1 },
    { tick: Number.NaN },
    { time: 0.5 },
    { time: Number.POSITIVE_INFINITY },
    { seq: '1' },
    undefined,
  ];
  for (const moment of moments) {
    await expect(past.stateAt(moment as unknown as Moment), JSON.stringify(moment)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      context: { game: 'g' },
    });
  }
  for (const range of [
    { fromSeq: -1 },
    { toSeq: 0.5 },
    { fromTick: Number.POSITIVE_INFINITY },
    { toTime: Number.NaN },
  ]) {
    await expect(all(past.steps(range)), JSON.stringify(range)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  }
  expect((await all(past.steps({ toSeq: Number.POSITIVE_INFINITY }))).length).toBe(5);
  await past.close();
});
