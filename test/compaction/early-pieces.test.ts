// Pieces of a game that go ahead, while the rest of it is not made yet: those that turn out to lead nowhere are taken back.

import { afterEach, expect, it } from 'vitest';
import type { JsonObject } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import { Assembly } from '#storage/assemble.ts';
import { cutText } from '#storage/chunks.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { SnapshotBody, writeSnapshotBody } from '#storage/sqlite/image/snapshots.ts';

const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

const TABLES = ['systems'];
const WIDE = 4_000;
const changedOf = (systems: number): number => systems * 0.75;
const stateWith = (metal: number, systems = WIDE): JsonObject => ({
  treasury: 5,
  systems: Object.fromEntries(
    Array.from({ length: systems }, (_, at) => [
      `s${at}`,
      { metal: at === changedOf(systems) ? metal : at, text: 'x'.repeat(40) },
    ]),
  ),
  last: 'l',
});

/** A game with one change behind its snapshot. */
async function galaxy(systems = WIDE): Promise<{ readonly compaction: Compaction; readonly database: Database }> {
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'ticks', commandIndex: false },
    { frame: 0, chain: 0 },
  );
  const moment = { game: 'g', tick: 0, time: 1 };
  const lines = [
    encodeRecord({
      ...moment,
      seq: 0,
      command: '@create',
      type: 't',
      version: 1,
      tables: TABLES,
      patches: [{ op: 'replace', path: [], value: stateWith(0, systems) }],
    }),
    encodeRecord({
      ...moment,
      seq: 1,
      command: 'c',
      patches: [{ op: 'replace', path: ['systems', `s${changedOf(systems)}`, 'metal'], value: 77 }],
    }),
  ];
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame: 1, chain: 0 });
  while (!taking.next().done);
  compaction.flush({});
  return { compaction, database };
}

/** What goes ahead, as it came. */
class Ahead {
  readonly pieces: (Uint8Array | 'discarded')[] = [];
  readonly assembly = new Assembly();

  take(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.assembly.take(piece);
  }

  discard(): void {
    this.pieces.push('discarded');
    this.assembly.discard();
  }
}

it('[DT6] all pieces go ahead, and together they are those that an answer would have', async () => {
  const { compaction } = await galaxy();
  const ahead = new Ahead();
  const loaded = compaction.load('g', ahead);
  const whole = compaction.load('g');
  expect(loaded).toEqual({ ...whole, pieces: [] });
  expect(ahead.pieces).toEqual(whole?.pieces);
  expect(ahead.pieces.length).toBeGreaterThan(3);
  expect(loaded?.bytes).toBe(whole?.pieces.reduce((sum, { length }) => sum + length, 0));
  expect((await ahead.assembly.finish([], TABLES)).toJSON()).toEqual(stateWith(77));
});

it('[DT6] when a later piece is not certain, those before are taken back, and the game is there all the same', async () => {
  const { compaction, database } = await galaxy();
  const body = new SnapshotBody();
  for (const { table, text } of cutText(stateWith(0), TABLES)) {
    // Valid JSON that Orrery does not write.
    body.add({ table, text: String(text).replace('"s3000":', '"s3000" :') });
  }
  writeSnapshotBody(database, 'g', { seq: 0, tick: 0, time: 1, version: 1, tables: TABLES }, body, 'create');
  const ahead = new Ahead();
  const loaded = compaction.load('g', ahead);
  expect(ahead.pieces.indexOf('discarded')).toBe(ahead.pieces.length - 1);
  expect(ahead.pieces.length).toBeGreaterThan(3);
  expect(loaded).toEqual(compaction.load('g'));
  expect((await ahead.assembly.finish(loaded?.pieces ?? [], TABLES)).toJSON()).toEqual(stateWith(77));
});

it('[DT6] nothing of a small game goes ahead', async () => {
  const { compaction } = await galaxy(8);
  const ahead = new Ahead();
  const loaded = compaction.load('g', ahead);
  expect(ahead.pieces).toEqual([]);
  expect((await ahead.assembly.finish(loaded?.pieces ?? [], TABLES)).toJSON()).toEqual(stateWith(77, 8));
});

it('[DT6] what is discarded leaves nothing behind, not even what was wrong with it, however far its assembly has come', async () => {
  const piece = (text: string): Buffer => Buffer.from(text, 'utf8');
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  for (let turns = 0; turns < 4; turns += 1) {
    const assembly = new Assembly();
    assembly.take(piece('[null,{"old":1,"systems":{}}]'));
    assembly.take(piece('["systems",{"gone":{"__proto__":1}}]'));
    assembly.take(piece('["others",{"gone":{}}]'));
    for (let count = 0; count < turns; count += 1) await turn();
    assembly.discard();
    assembly.take(piece('[null,{"systems":{}}]'));
    const state = await assembly.finish([piece('["systems",{"s":{}}]')], TABLES);
    expect(state.toJSON()).toEqual({ systems: { s: {} } });
  }
  const wrong = new Assembly();
  wrong.take(piece('["others",{}]'));
  await expect(wrong.finish([], TABLES)).rejects.toMatchObject({ code: 'DAMAGED' });
});
