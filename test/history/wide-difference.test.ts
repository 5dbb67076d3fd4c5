// A difference of wide states, asked for where a game loop runs: it gives way again and again, and is right all the same.

import { expect, it } from 'vitest';
import type { JsonObject } from '#core/patch/patch.ts';
import { diffOf } from '#history/difference.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type { HistoryReader, Moment } from '#storage/history-reader.ts';

const ENTITIES = 20_000;

function stateAfter(seq: number): JsonObject {
  const systems = Array.from({ length: ENTITIES }, (_, index) => [`s${index}`, { metal: index % 2 === 0 ? seq : 7 }]);
  return { systems: Object.fromEntries(systems) as JsonObject, turn: seq };
}

/** Two moments of a table, seq 0 and 1, between which every other entity has changed. */
const past = {
  row: { id: 'wide', firstSeq: 0, seq: 1 } as GameInfo,
  stateAt: ({ seq = 0 }: Moment) =>
    Promise.resolve({ seq, tick: seq, time: seq, game: 'wide', tables: ['systems'], state: stateAfter(seq) }),
} as unknown as HistoryReader;

it.each([
  ['of everything', ''],
  ['of a table alone', '/systems'],
])('[PA25] %s: other work has its turns meanwhile', async (_what, path) => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const { operations, changes } = await diffOf(past, { seq: 0 }, { seq: 1 }, { path });
  isOver = true;
  // Twice through the entities, and once through the changes.
  expect(turns).toBeGreaterThan((2 * ENTITIES + ENTITIES / 2) / 1024 - 4);
  const inTable = operations.filter((operation) => operation.path.startsWith('/systems/'));
  expect(inTable).toHaveLength(ENTITIES / 2);
  expect(inTable[1]).toEqual({ op: 'replace', path: '/systems/s2/metal', value: 1 });
  expect(changes.find(({ pointer }) => pointer === '/systems/s2/metal')).toMatchObject({ before: 0, after: 1 });
});
