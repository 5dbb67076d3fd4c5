// Recovery of a game whose ticks are merged: with the code at hand the very record is found after which a rule of today does
// not hold, and where the code does something else today nobody is accused who may have had nothing to do with it.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnyGameType } from '#core/game/define.ts';
import { defineGame, type Orrery, openOrrery } from '#index.ts';
import { ask } from '../history/ask.ts';

interface State {
  gold: number;
  notes: string[];
}

const bankOf = (rule: 'none' | 'noDebt', pay: (draft: State, amount: number) => void = spend): AnyGameType =>
  defineGame('bank', {
    version: 1,
    initial: (): State => ({ gold: 10, notes: [] }),
    commands: {
      pay,
      note(draft: State, text: string) {
        draft.notes.push(text);
      },
    },
    onTick(draft) {
      draft.gold += 1;
    },
    ...(rule === 'none' ? {} : { invariants: { noDebt: ({ gold }: { gold: number }) => gold >= 0 } }),
  });

function spend(draft: State, amount: number): void {
  draft.gold -= amount;
}

/** Seqs 1 to 3 are tick 1; 4 to 7 tick 2, in which the thief pays with seq 5; 8 is tick 3. */
async function play(orrery: Orrery): Promise<void> {
  const game = await orrery.open(loose, 'b');
  game.advance();
  game.dispatch('pay', 3, { player: 'ada' });
  game.dispatch('note', 'quiet');
  game.advance();
  game.dispatch('pay', 100, { player: 'thief' });
  game.dispatch('note', 'who was that', { player: 'ada' });
  game.dispatch('note', 'not me', { player: 'bob' });
  game.advance();
  await orrery.flush();
}

const loose = bankOf('none');
const strict = bankOf('noDebt');
/** The mistake is corrected: what the thief was paid is refused today. */
const corrected = bankOf('noDebt', (draft, amount) => {
  if (amount > draft.gold) throw new Error('not enough');
  draft.gold -= amount;
});

const folder = mkdtempSync(join(tmpdir(), 'orrery-merged-'));
const recorded = join(folder, 'recorded');

beforeAll(async () => {
  await using orrery = await openOrrery({ directory: recorded, games: [loose] });
  await play(orrery);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copyFor(name: string): string {
  const directory = join(folder, name);
  cpSync(recorded, directory, { recursive: true });
  return directory;
}

it('[FR4] [FR35] where today the commands do what was recorded, the record is found inside its step', async () => {
  await using orrery = await openOrrery({ directory: copyFor('exact'), games: [strict] });
  expect(await ask(orrery, 'b').recover({ mode: 'before-error' })).toMatchObject({
    from: { seq: 4, tick: 2 },
    firstUnsound: { seq: 5, tick: 2, command: 'pay', player: 'thief' },
    givenUp: { firstSeq: 5, lastSeq: 8, count: 4 },
    reason: 'the invariant "noDebt" does not hold, from seq 5 on',
    seq: 9,
  });
  const game = await orrery.load(strict, 'b');
  expect([game.seq, game.tick, game.toJSON()]).toEqual([9, 2, { gold: 9, notes: ['quiet'] }]);
  expect(await ask(orrery, 'b').quarantine()).toMatchObject([{ firstSeq: 5, lastSeq: 8 }]);
  game.advance();
  // A moment inside a step can be asked for as well, and what was given up is still there.
  expect(await ask(orrery, 'b').recover({ mode: { to: { seq: 2 } } })).toMatchObject({ from: { seq: 2 }, seq: 11 });
  expect(game.toJSON()).toEqual({ gold: 8, notes: [] });
  expect((await ask(orrery, 'b').at(8)).state).toMatchObject({ notes: ['quiet', 'who was that', 'not me'] });
  // The next search goes by what is left of the step that was cut.
  const again = await ask(orrery, 'b').recover({ mode: 'before-error', check: ({ gold }: State) => gold > 8 });
  expect(again).toMatchObject({ from: { seq: 1 }, firstUnsound: { seq: 2, command: 'pay', player: 'ada' } });
});

it('[FR4] [FR35] where they do something else, it is the step, and all of its commands are told', async () => {
  await using orrery = await openOrrery({ directory: copyFor('changed'), games: [corrected] });
  const { firstUnsound, ...found } = await ask(orrery, 'b').recover({ mode: 'before-error' });
  expect(found).toMatchObject({ from: { seq: 3, tick: 1 }, givenUp: { firstSeq: 4, lastSeq: 7 + 1 } });
  expect(firstUnsound).toMatchObject({ seq: 7, firstSeq: 4, tick: 2 });
  expect(firstUnsound).not.toHaveProperty('command');
  expect(firstUnsound?.commands?.map(({ name, player }) => [name, player])).toEqual([
    ['@tick', undefined],
    ['pay', 'thief'],
    ['note', 'ada'],
    ['note', 'bob'],
  ]);
});
