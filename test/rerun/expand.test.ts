// Merged steps taken apart by running their commands again, against a memory that never merged anything.

import { describe, expect, it } from 'vitest';
import type { AnyGame } from '#core/game/game.ts';
import { ExpandedPast } from '#history/rerun/expand.ts';
import { defineGame, type Table, table } from '#index.ts';
import type { PastStep } from '#storage/history-reader.ts';
import { RememberedPast } from './remembered-past.ts';

interface State {
  ships: Table<{ fuel: number; log: string[] }>;
  turn: number;
}

const fleet = (bonus: number, history: 'ticks' | 'commands' = 'ticks') =>
  defineGame('fleet', {
    version: 1,
    history,
    initial: (): State => ({ ships: table(), turn: 0 }),
    commands: {
      launch(draft, id: string, context) {
        draft.ships.set(id, { fuel: 100 + bonus, log: [`${context.now}`] });
      },
      burn(draft, id: string, context) {
        const ship = draft.ships.get(id)!;
        ship.fuel -= 1 + Math.floor(context.random() * 5);
        ship.log.push(`${context.player ?? '?'}`);
        if (ship.log.length > 2) ship.log.shift();
        if (ship.fuel < 80) draft.ships.delete(id);
      },
    },
    onTick(draft) {
      draft.turn += 1;
    },
  });

function voyage(game: AnyGame): void {
  for (let tick = 0; tick < 12; tick += 1) {
    game.advance();
    for (const id of ['a', 'b']) {
      if (!(game.state as { ships: Table<unknown> }).ships.has(id)) game.dispatch('launch', id);
      game.dispatch('burn', id, { player: `p${tick % 3}` });
    }
    if (tick !== 6) continue;
    game.update((draft: State) => {
      draft.turn += 100;
    });
  }
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const collect = async (steps: AsyncIterable<PastStep>): Promise<PastStep[]> => {
  const all: PastStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
};

describe('expansion', () => {
  const past = new RememberedPast(fleet(0), 'f', voyage);
  const expanded = new ExpandedPast(past, fleet(0));
  /** The tick with the anonymous recipe in it stays merged. */
  const isMerged = (tick: number): boolean => tick === 7;

  it('[RR20] gives the state after every seq, but for steps that cannot be run again', async () => {
    let merged = 0;
    for (const { seq, tick, time } of past.records) {
      const kept = await past.stateAt({ seq }).then(
        () => true,
        () => false,
      );
      if (isMerged(tick) && !kept) {
        merged += 1;
        const error = await expanded.stateAt({ seq }).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'MOMENT_NOT_KEPT', context: { seq } });
        expect((error as Error).cause).toMatchObject({ what: expect.stringContaining('cannot be run again') });
        expect(await expanded.stateAt({ seq }, { nearest: true })).toEqual(
          await past.stateAt({ seq }, { nearest: true }),
        );
      } else {
        expect(plain(await expanded.stateAt({ seq }))).toEqual(plain(past.fold(seq)));
        expect((await expanded.stateAt({ time })).seq).toBe(seq);
      }
    }
    expect(merged).toBeGreaterThan(2);
  });

  it('[RR20] gives one step for each command, forwards and backwards, whose patches are those that were recorded', async () => {
    const steps = await collect(expanded.steps());
    const single = steps.filter(({ firstSeq, lastSeq }) => firstSeq === lastSeq);
    expect(steps.filter(({ tick }) => isMerged(tick)).length).toBe(1);
    expect(single.length).toBe(past.records.length - 1 - past.records.filter(({ tick }) => isMerged(tick)).length);
    for (const step of single) {
      const { patches, command, tick, time, player } = past.records[step.lastSeq]!;
      expect(step.patches).toEqual(patches);
      expect(step).toMatchObject({ tick, time });
      expect(step.commands).toMatchObject([{ name: command, player }]);
    }
    expect(await collect(expanded.steps({ backwards: true }))).toEqual([...steps].reverse());
    const some = await collect(expanded.steps({ fromSeq: 3, toSeq: 8 }));
    expect(some.map(({ lastSeq }) => lastSeq)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it("[RR21] where today's code does something else, a step stays merged and its moments are not kept", async () => {
    const other = new ExpandedPast(past, fleet(1));
    const error = await other.stateAt({ seq: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MOMENT_NOT_KEPT', context: { seq: 2, before: 0, after: 5 } });
    expect((error as Error).cause).toMatchObject({
      what: 'the commands of seq 1 to 5 do something else today than they did',
    });
    expect((await collect(other.steps({ toSeq: 1 })))[0]).toMatchObject({ firstSeq: 1, lastSeq: 5 });
    const newer = new ExpandedPast(past, { ...fleet(0), version: 2 });
    await expect(newer.stateAt({ seq: 2 })).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
    await expect(expanded.stateAt({ seq: 10_000 })).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  });
});
