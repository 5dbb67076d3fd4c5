// A game played on from a moment with other code or other commands.

import { describe, expect, it } from 'vitest';
import type { AnyGame } from '#core/game/game.ts';
import { tryOut } from '#history/rerun/trial.ts';
import { defineGame, type Table, table } from '#index.ts';
import type { HistoryReader, PastStep } from '#storage/history-reader.ts';
import { versions } from './played.ts';
import { RememberedPast } from './remembered-past.ts';

interface State {
  farms: Table<{ grain: number }>;
  gold: number;
}

const land = (price: number) =>
  defineGame('land', {
    version: 1,
    initial: (): State => ({ farms: table(), gold: 10 }),
    commands: {
      sow(draft, id: string) {
        if (draft.gold < price) throw new Error('too poor');
        draft.gold -= price;
        draft.farms.set(id, { grain: 0 });
      },
    },
    onTick(draft, context) {
      for (const id of draft.farms.ids()) draft.farms.get(id)!.grain += 1 + Math.floor(context.random() * 3);
      draft.gold += draft.farms.size;
    },
  });

function seasons(game: AnyGame): void {
  for (let tick = 0; tick < 20; tick += 1) {
    game.advance();
    if (tick % 5 === 0) game.dispatch('sow', `f${tick}`, { player: 'ada' });
  }
}

describe('trying', () => {
  const past = new RememberedPast(land(2), 'l', seasons);
  const { seq: newest } = past.row;

  it('[RR30] the same code with the recorded commands gives what happened', async () => {
    const records: number[] = [];
    const report = await tryOut(past, versions(land(2)), { at: { seq: 0 }, onRecord: ({ seq }) => records.push(seq) });
    expect(report).toMatchObject({ accepted: newest, refused: [], skipped: 0, changes: [], comparedWith: 'outcome' });
    expect(JSON.parse(JSON.stringify(report.state))).toEqual(JSON.parse(JSON.stringify(past.game.state)));
    expect(records).toEqual(past.records.slice(1).map(({ seq }) => seq));
  });

  it('[RR30] other code gives the difference, by entity, and what it refuses; the game goes on without that', async () => {
    const report = await tryOut(past, versions(land(11)), { at: { seq: 0 } });
    expect(report.refused).toMatchObject([
      {
        seq: 2,
        tick: 1,
        command: 'sow',
        args: 'f0',
        player: 'ada',
        error: { code: 'COMMAND_REFUSED', cause: 'too poor' },
      },
      { seq: 8 },
      { seq: 14 },
      { seq: 20 },
    ]);
    expect(report.changes.map(({ op, pointer }) => `${op} ${pointer}`)).toEqual([
      'replace /gold',
      'remove /farms/f0',
      'remove /farms/f5',
      'remove /farms/f10',
      'remove /farms/f15',
    ]);
    expect(report.state).toEqual({ farms: {}, gold: 10 });
    expect(report).toMatchObject({ accepted: 20, seq: newest, tick: 20 });
  });

  it('[RR32] where retention merges what lies around the moments after their states were read, it is told; no difference is', async () => {
    const kept: PastStep[] = [];
    for await (const step of past.steps()) kept.push(step);
    /** Four steps are one, without their commands; and that from the `lost` step on is not there. */
    const thinned = (lost?: number): HistoryReader => ({
      row: past.row,
      seed: past.seed,
      stateAt: (moment, options) => past.stateAt(moment, options),
      snapshots: () => past.snapshots(),
      close: async () => undefined,
      async *steps({ fromSeq = 1, toSeq = newest } = {}) {
        for (let from = 0; from < kept.length; from += 4) {
          const some = kept.slice(from, from + 4);
          const [{ firstSeq }, { lastSeq, tick, time }] = [some[0] as PastStep, some.at(-1) as PastStep];
          if (lastSeq < fromSeq || firstSeq > toSeq || from === lost) continue;
          yield { firstSeq, lastSeq, tick, time, commands: [], patches: some.flatMap(({ patches }) => patches) };
        }
      },
    });
    const end = (step: number): number => (kept[step] as PastStep).lastSeq;
    const between = (of: HistoryReader, first: number, last: number) =>
      tryOut(of, versions(land(2)), { at: end(first), to: end(last) });
    expect(await between(thinned(), 3, 11)).toMatchObject({ skipped: end(11) - end(3), changes: [] });
    for (const trying of [
      between(thinned(), 4, 11),
      between(thinned(), 3, 10),
      between(thinned(8), 3, 15),
      between(thinned(12), 3, 15),
    ])
      await expect(trying).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  });

  it('[RR31] other commands are compared with where they began, from any kept moment', async () => {
    const before = (await past.stateAt({ tick: 4 })).state as unknown as { gold: number };
    const report = await tryOut(past, versions(land(2)), {
      at: { tick: 4 },
      commands: [
        { command: 'sow', args: 'new', player: 'bo' },
        { command: 'sow', args: 'none', player: 'bo' },
        { command: 'reap' },
        { advance: 3 },
      ],
    });
    expect(report).toMatchObject({ from: { tick: 4 }, tick: 7, comparedWith: 'beginning', accepted: 5 });
    expect(report.refused).toMatchObject([{ command: 'reap', error: { code: 'UNKNOWN_COMMAND' } }]);
    const gold = report.changes.find(({ pointer }) => pointer === '/gold');
    expect(gold).toMatchObject({ before: before.gold, after: before.gold - 4 + 3 * 3 });
    const again = await tryOut(past, versions(land(2)), { at: { tick: 4 }, commands: [{ command: 'sow', args: 'x' }] });
    expect(again.changes.map(({ pointer }) => pointer)).toEqual(['/gold', '/farms/x']);
  });

  it('[RR31] what is no command, and moments that are not kept, are typed errors', async () => {
    const types = versions(land(2));
    await expect(tryOut(past, types, { commands: [{ advance: -1 }] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(tryOut(past, types, { commands: [{ command: '@tick' }] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(tryOut(past, types, { at: { seq: 10_000 } })).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  });
});

it('[RR30] commands from before a game was renamed are tried under the id it had then', async () => {
  const past = new RememberedPast(land(2), 'old', seasons);
  const renamed = new RememberedPast(land(2), 'old', seasons);
  Object.defineProperty(renamed, 'idAt', { value: (seq: number) => (seq <= 10 ? 'old' : 'new') });
  expect((await tryOut(past, land(2), { at: { seq: 0 } })).changes).toEqual([]);
  const { changes, accepted } = await tryOut(renamed, land(2), { at: { seq: 0 } });
  // Everything after seq 10 was recorded under the old id here: the chance of the new one gives other harvests.
  expect(changes.every(({ pointer }) => pointer.endsWith('/grain'))).toBe(true);
  expect(changes.length).toBeGreaterThan(0);
  expect(accepted).toBe(past.row.seq);
  expect((await tryOut(renamed, land(2), { at: { seq: 0 }, to: 10 })).changes).toEqual([]);
});
