// A row of the past that cannot be read: the game keeps what it has, and everybody else is thinned as ever.

import { expect, it, onTestFinished } from 'vitest';
import { checkPersistence } from '#core/game/persistence.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { dice } from '../programs/script.ts';
import { randomPast } from './records.ts';

const GAMES = ['a', 'b', 'c'];

async function opened(bytes?: Uint8Array): Promise<{ readonly compaction: Compaction; readonly database: Database }> {
  const database = await Database.open(bytes);
  onTestFinished(() => database.close());
  const retention = checkPersistence('random', { tiers: [{ every: 'tick', forMs: 'ever' }] });
  const options = { granularityOf: () => 'commands' as const, retentionOf: () => retention, commandIndex: false };
  return { database, compaction: new Compaction(database, options, { frame: 0, chain: 0 }) };
}

function take(compaction: Compaction, frame: number, lines: readonly string[]): void {
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: frame * 7 });
  while (!taking.next().done);
  compaction.flush({});
}

it.each([
  ['is no JSON', "UPDATE patch_batches SET codec = 0, body = x'5b5b5b' WHERE game = 'b'"],
  ['is no list of steps', "UPDATE patch_batches SET codec = 0, body = CAST('[[1]]' AS BLOB) WHERE game = 'b'"],
  ['cannot be inflated', "UPDATE patch_batches SET codec = 1, body = x'0011' WHERE game = 'b'"],
])('[RT13] a row that %s holds up neither the checkpoint nor another game', async (_what, harm) => {
  const pasts = GAMES.map((game, index) => randomPast(game, 'random', 40, dice(7 + index), 4));
  const whole = await opened();
  for (const [index, { lines }] of pasts.entries()) take(whole.compaction, 1 + index, lines.slice(0, 30));
  whole.database.run(harm, []);
  const kept = whole.database.all("SELECT * FROM patch_batches WHERE game = 'b'");
  const steps = (database: Database, game: string): number =>
    [...new Compaction(database, READ, END).steps(game, 0, 99)].length;

  for (const _ of whole.compaction.thin());
  expect(whole.compaction.unthinned).toEqual(['b']);
  expect(whole.database.all("SELECT * FROM patch_batches WHERE game = 'b'")).toEqual(kept);
  for (const [index, game] of [...GAMES.entries()].filter(([, id]) => id !== 'b')) {
    expect(steps(whole.database, game)).toBe(new Set(pasts[index]?.ticks.slice(1, 30)).size);
  }
  // And so it goes on, without trying again what cannot be.
  for (const [index, { lines }] of pasts.entries()) take(whole.compaction, 11 + index, lines.slice(30));
  for (const _ of whole.compaction.thin());
  expect(whole.compaction.unthinned).toEqual(['b']);
  expect(steps(whole.database, 'c')).toBe(new Set(pasts[2]?.ticks.slice(1)).size);
});

it('[RT13] a note of how far retention has come that is none is made anew', async () => {
  const past = randomPast('a', 'random', 40, dice(3), 4);
  const { compaction, database } = await opened();
  take(compaction, 1, past.lines);
  database.run("UPDATE games SET thinned = '[\"'", []);
  for (const _ of compaction.thin());
  expect([...compaction.steps('a', 0, 99)].length).toBe(new Set(past.ticks.slice(1)).size);
});

const READ = { granularityOf: () => 'commands' as const, commandIndex: false };
const END = { frame: 0, chain: 0 };
