// History, blame, difference and replay of a random past, each against what the chronicle says by the plainest means.

import fastJsonPatch from 'fast-json-patch';
import { expect, it } from 'vitest';
import type { Json, Patch } from '#core/patch/patch.ts';
import { resolvePointer, toPointer } from '#core/patch/pointer.ts';
import { type BlameEntry, blameOf } from '#history/blame.ts';
import { diffOf } from '#history/difference.ts';
import { type HistoryEntry, type HistoryQuery, historyOf } from '#history/entries.ts';
import { type ReplayStep, replayOf } from '#history/replay.ts';
import type { HistoryReader, MomentLike, PastStep } from '#storage/history-reader.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { dice } from '../programs/script.ts';
import { canonical, chronicle, compacted, type State } from './chronicle.ts';

const SEED = Number(process.env['ORRERY_PAST_SEED'] ?? 1);
const ROUNDS = 3;
const GRANULARITIES: readonly Granularity[] = ['commands', 'ticks', 'batches'];
const PLACES = [
  '',
  '/count',
  '/list',
  '/list/0',
  '/list/1/n',
  '/list/0/tags/1',
  '/notes',
  '/notes/k0',
  '/notes/k1/deep/0',
  '/systems/s0',
  '/systems/s0/metal',
  '/systems/7/metal',
  '/systems/s~01/log',
  '/systems/a~1b',
  '/systems/nobody/metal',
];

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** At, above or below the pointer, or an insertion or removal in front of it in a list. */
function concerns(patch: Patch, pointer: string): boolean {
  const path = toPointer(patch.path);
  if (pointer === path || pointer.startsWith(`${path}/`) || path.startsWith(`${pointer}/`)) return true;
  const index = patch.path.at(-1);
  if (patch.op === 'replace' || typeof index !== 'number') return false;
  const list = `${toPointer(patch.path.slice(0, -1))}/`;
  return pointer.startsWith(list) && Number.parseInt(pointer.slice(list.length), 10) > index;
}

for (const granularity of GRANULARITIES) {
  it(`[PA10] [PA11] granularity ${granularity}: the history is every command with its step, filtered as by a plain filter, either way (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 9_000 + round);
      const told = chronicle(roll, 100);
      const { records } = told;
      const { past } = await compacted(told, granularity, roll);
      const steps = await all(past.steps());
      const everything = records.slice(1).map(({ seq, tick, time, name, player, args }): HistoryEntry => {
        const { firstSeq, lastSeq, patches } = steps.find((step) => step.lastSeq >= seq) as PastStep;
        const step = { firstSeq, lastSeq };
        return { seq, tick, time, name, player, args, step, patches: lastSeq === seq ? patches : undefined };
      });
      expect(await all(historyOf(past))).toEqual(everything);
      expect(await all(historyOf(past, { backwards: true }))).toEqual([...everything].reverse());
      const times = records.map(({ time }) => time).sort((one, other) => one - other);
      for (let turn = 0; turn < 40; turn += 1) {
        const pick = (...values: unknown[]): unknown => values[roll(values.length)];
        const query = Object.fromEntries(
          Object.entries({
            from: pick(
              undefined,
              roll(100),
              { seq: roll(100) },
              { tick: roll(30) },
              { time: times[roll(times.length)] },
            ),
            to: pick(undefined, roll(120), { seq: roll(120) }, { tick: roll(40) }, { time: times[roll(times.length)] }),
            player: pick(undefined, undefined, 'ada', ['bob', 'eve'], []),
            command: pick(undefined, undefined, 'build', ['@tick', 'raze'], 'nothing'),
            path: pick(undefined, undefined, PLACES[roll(PLACES.length)], ['systems', 's0', 'metal'], ['list', 1]),
            backwards: pick(undefined, true),
          }).filter(([, value]) => value !== undefined),
        ) as HistoryQuery;
        const lies = (
          record: { readonly [unit: string]: number },
          end: MomentLike | undefined,
          holds: (value: number, bound: number) => boolean,
        ): boolean => {
          const [[unit, bound] = ['seq', 0]] = Object.entries(typeof end === 'number' ? { seq: end } : (end ?? {}));
          return end === undefined || holds(record[unit] as number, bound as number);
        };
        const isOf = (value: string | undefined, wanted: string | readonly string[] | undefined): boolean =>
          wanted === undefined || (value !== undefined && [wanted].flat().includes(value));
        const pointer = query.path === undefined || typeof query.path === 'string' ? query.path : toPointer(query.path);
        const wanted = everything.filter(
          ({ seq, tick, time, player, name, step }) =>
            lies({ seq, tick, time }, query.from, (value, bound) => value >= bound) &&
            lies({ seq, tick, time }, query.to, (value, bound) => value <= bound) &&
            isOf(player, query.player) &&
            isOf(name, query.command) &&
            (pointer === undefined ||
              steps
                .find(({ lastSeq }) => lastSeq === step.lastSeq)
                ?.patches.some((patch) => concerns(patch, pointer)) === true),
        );
        expect(await all(historyOf(past, query)), JSON.stringify(query)).toEqual(
          query.backwards ? wanted.reverse() : wanted,
        );
      }
      await past.close();
    }
  });

  it(`[PA12] [PA13] granularity ${granularity}: blame is every step after which another value stood at a place, newest first (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 10_000 + round);
      const told = chronicle(roll, 100);
      const states = new Map(told.records.map(({ seq, state }) => [seq, state]));
      const { past } = await compacted(told, granularity, roll);
      const steps = await all(past.steps());
      for (const place of PLACES) {
        const at = (seq: number): Json | undefined => resolvePointer(states.get(seq) as unknown as Json, place);
        const due: Partial<BlameEntry>[] = [];
        const first = at(0);
        if (first !== undefined)
          due.push({ seq: 0, op: 'add', before: undefined, after: first, merged: false, command: '@create' });
        for (const { firstSeq, lastSeq, tick, time, commands } of steps) {
          const before = at(firstSeq - 1);
          const after = at(lastSeq);
          if (canonical(before) === canonical(after)) continue;
          const merged = firstSeq < lastSeq;
          due.push({
            seq: lastSeq,
            tick,
            time,
            op: before === undefined ? 'add' : after === undefined ? 'remove' : 'replace',
            before,
            after,
            merged,
            commands,
            step: { firstSeq, lastSeq },
            command: merged ? undefined : commands[0]?.name,
            player: merged ? undefined : commands[0]?.player,
            args: merged ? undefined : commands[0]?.args,
          });
        }
        const found = await all(blameOf(past, place));
        expect(found, `round ${round}, ${place}`).toMatchObject(due.reverse());
        expect(found.length).toBe(due.length);
        const upToSeq = roll(100);
        expect(await all(blameOf(past, place, { to: upToSeq }))).toEqual(found.filter(({ seq }) => seq <= upToSeq));
      }
      await past.close();
    }
  });

  it(`[PA14] [PA15] granularity ${granularity}: a difference leads from one moment to the other, for fast-json-patch as well, and tells what stood there (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 11_000 + round);
      const told = chronicle(roll, 100);
      const states = new Map(told.records.map(({ seq, state }) => [seq, state]));
      const { past } = await compacted(told, granularity, roll);
      const kept = [0, ...(await all(past.steps())).map(({ lastSeq }) => lastSeq)];
      for (let turn = 0; turn < 25; turn += 1) {
        const [from, to] = [kept[roll(kept.length)] as number, kept[roll(kept.length)] as number];
        const difference = await diffOf(past, { seq: from }, { seq: to });
        expect([difference.from.seq, difference.to.seq]).toEqual([from, to]);
        const state = structuredClone(states.get(from)) as State;
        const list = difference.operations;
        for (const [index, change] of difference.changes.entries()) {
          const { op, before, after, pointer } = change;
          expect(list[index]).toEqual(op === 'remove' ? { op, path: pointer } : { op, path: pointer, value: after });
          expect(before).toEqual(op === 'add' ? undefined : fastJsonPatch.getValueByPointer(state, pointer));
          if (op === 'remove') expect(after).toBeUndefined();
          fastJsonPatch.applyOperation(state, structuredClone(list[index]) as never, true);
        }
        expect(canonical(state)).toBe(canonical(states.get(to)));
        // Also the order of keys, but for tables.
        expect(JSON.stringify({ ...state, systems: 0 })).toBe(JSON.stringify({ ...states.get(to), systems: 0 }));
        if (from === to) expect(list).toEqual([]);

        const place = PLACES[roll(PLACES.length)] as string;
        const within = await diffOf(past, { seq: from }, { seq: to }, { path: place });
        const [before, after] = [from, to].map((seq) => resolvePointer(states.get(seq) as unknown as Json, place));
        expect(within.changes.every(({ pointer }) => pointer === place || pointer.startsWith(`${place}/`))).toBe(true);
        if (before === undefined || after === undefined) {
          const only = { pointer: place, before, after, op: before === undefined ? 'add' : 'remove' };
          expect(within.changes).toMatchObject(before === after ? [] : [only]);
        } else {
          const inside = within.operations.map((each) => ({ ...each, path: `/it${each.path.slice(place.length)}` }));
          const it = { it: structuredClone(before) };
          fastJsonPatch.applyPatch(it, structuredClone(inside) as never, true);
          expect(canonical(it.it)).toBe(canonical(after));
        }
      }
      await past.close();
    }
  });

  it(`[PA16] [PA17] granularity ${granularity}: a replay is every kept moment from one to another, each state as it was, whenever it is looked at (seed ${SEED})`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const roll = dice(SEED * 12_000 + round);
      const told = chronicle(roll, 100);
      const states = new Map(told.records.map(({ seq, state }) => [seq, canonical(state)]));
      const { past } = await compacted(told, granularity, roll);
      const steps = await all(past.steps());
      const kept = [0, ...steps.map(({ lastSeq }) => lastSeq)];
      const from = roll(kept.length);
      const to = from + roll(kept.length - from);
      for (const looks of [0, 1, 3]) {
        const seen: ReplayStep[] = [];
        for await (const step of replayOf(past, {
          from: { seq: kept[from] as number },
          to: { seq: kept[to] as number },
        })) {
          if (looks > 0 && roll(looks) === 0) expect(canonical(step.state)).toBe(states.get(step.seq));
          seen.push(step);
        }
        expect(seen.map(({ seq }) => seq)).toEqual(kept.slice(from, to + 1));
        // The last first: no state depends on which was looked at before.
        for (const step of [...seen].reverse()) expect(canonical(step.state)).toBe(states.get(step.seq));
        for (const [index, { patches, commands, firstSeq }] of seen.entries()) {
          const step = steps[from + index - 1];
          expect([patches, commands]).toEqual(index === 0 ? [[], []] : [step?.patches, step?.commands]);
          if (index > 0) expect(firstSeq).toBe(step?.firstSeq);
        }
      }
      expect((await all(replayOf(past))).map(({ seq }) => seq)).toEqual(kept);
      await past.close();
    }
  });
}

it('[PA17] states of a replay are frozen, and share what a step did not touch', async () => {
  const roll = dice(SEED);
  const { past } = await compacted(chronicle(roll, 80), 'commands', roll);
  let before: ReplayStep | undefined;
  let shared = 0;
  for await (const step of replayOf(past)) {
    const state = step.state as unknown as State;
    const held: unknown[] = [state, state.systems, state.list, ...state.list, ...Object.values(state.systems)];
    expect(held.every(Object.isFrozen)).toBe(true);
    for (const key of ['list', 'notes', 'systems'] as const) {
      if (!before || step.patches.some(({ path }) => path.length === 0 || path[0] === key)) continue;
      expect(state[key]).toBe((before.state as unknown as State)[key]);
      shared += 1;
    }
    before = step;
  }
  expect(shared).toBeGreaterThan(20);
  await past.close();
});

it('[PA18] questions that cannot be asked are errors, before anything is read', async () => {
  const roll = dice(SEED);
  const { past } = await compacted(chronicle(roll, 30), 'batches', roll);
  for (const query of [{ from: -1 }, { to: { tick: 0.5 } }, { from: { time: Number.NaN } }]) {
    await expect(all(historyOf(past, query))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  }
  for (const path of ['count', '/a~2']) {
    await expect(all(historyOf(past, { path }))).rejects.toMatchObject({ code: 'INVALID_POINTER' });
    await expect(all(blameOf(past, path))).rejects.toMatchObject({ code: 'INVALID_POINTER' });
    await expect(diffOf(past, { seq: 0 }, { seq: 0 }, { path })).rejects.toMatchObject({ code: 'INVALID_POINTER' });
  }
  const { seq } = past.row;
  await expect(all(blameOf(past, '', { to: -1 }))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(diffOf(past, { seq: 0 }, { seq: seq + 1 })).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  await expect(all(replayOf(past, { to: { seq: seq + 1 } }))).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  // The newest step of a game that is being played grows between one question and the next.
  const grown: PastStep = { firstSeq: seq, lastSeq: seq + 2, tick: 99, time: 99, commands: [], patches: [] };
  const growing = (from: number): HistoryReader => ({
    row: past.row,
    stateAt: (moment) => past.stateAt(moment),
    async *steps() {
      yield { ...grown, firstSeq: from };
    },
    snapshots: () => past.snapshots(),
    close: () => past.close(),
  });
  for (const range of [{ from: { seq } }, { from: { seq: 0 }, to: { seq } }]) {
    const begun = 'to' in range ? 1 : seq;
    await expect(all(replayOf(growing(begun), range))).rejects.toMatchObject({
      code: 'MOMENT_NOT_KEPT',
      context: { game: 'g', seq, before: begun - 1, after: seq + 2 },
    });
  }
  await expect(all(replayOf(growing(seq + 1), { from: { seq: 0 } }))).rejects.toMatchObject({
    code: 'MOMENT_NOT_KEPT',
    context: { before: 0 },
  });
  await expect(all(replayOf(past, { from: { seq }, to: { seq: 0 } }))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
  await past.close();
});
