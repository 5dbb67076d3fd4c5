// Snapshots of a wide game, each made from the pieces of the one before and in slices, with everything going on in between that an
// owner does in between. What the states are is not asked of src/.

import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import type { JsonObject, Patch } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import { CHUNK_BYTES } from '#storage/chunks.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { KEEP_ALL } from '#storage/sqlite/compaction/retention.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readSnapshot, readSnapshotEntries } from '#storage/sqlite/image/snapshots.ts';
import { type Dice, dice } from '../programs/script.ts';
import { changeWide, TABLES, type Wide, wideState } from './wide-state.ts';

const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);
const EVERY = 25;
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

async function compactionOf(): Promise<{ database: Database; compaction: Compaction }> {
  const database = await Database.open();
  databases.push(database);
  const retention = { ...KEEP_ALL, snapshotEvery: { records: EVERY, ms: null } };
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'commands', retentionOf: () => retention, commandIndex: false },
    { frame: 0, chain: 0 },
  );
  return { database, compaction };
}

const ballast = (at: number, text: string): { [key: string]: never } =>
  ({ at, text, list: [], deep: { inner: { text: '' } } }) as never;

/** 600 of them, with notes of so many characters: the snapshot is cut into pieces. */
function wideSystems(length = 300): { [id: string]: { [key: string]: never } } {
  return Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`b${at}`, ballast(at, 'x'.repeat(length))]));
}

/** The line that creates a game of them. */
function created(systems: object): string {
  const value = structuredClone({ systems }) as unknown as JsonObject;
  const whole = { command: '@create', type: 't', version: 1, tables: ['systems'] };
  return encodeRecord({ game: 'g', seq: 0, tick: 0, time: 1, ...whole, patches: [{ op: 'replace', path: [], value }] });
}

/** A frame as it is taken in, a slice at a time. */
function taking(compaction: Compaction, frame: number, lines: readonly string[]): Generator<void, void> {
  return compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: 0 });
}

/** Many entities come, grow and go, so that pieces become long, short and none. */
function changeMuch(state: Wide, roll: Dice): Patch[] {
  const from = roll(700);
  const patches: Patch[] = [];
  for (let at = from; at < from + 40; at += 1) {
    const id = `b${at}`;
    const path = ['systems', id];
    const entity = state.systems[id];
    if (!entity) {
      state.systems[id] = ballast(at, 'new'.repeat(50));
      patches.push({ op: 'add', path, value: structuredClone(state.systems[id]) });
    } else if (roll(2) === 0) {
      delete state.systems[id];
      patches.push({ op: 'remove', path });
    } else {
      entity['text'] = 'y'.repeat(roll(900));
      patches.push({ op: 'replace', path: [...path, 'text'], value: entity['text'] });
    }
  }
  return patches;
}

for (let round = 0; round < 4; round += 1) {
  it(`[DT5] a snapshot made of the pieces of the last is the state that was, in slices (seed ${SEED}, ${round})`, async () => {
    const roll = dice(SEED * 1_000 + round);
    const { database, compaction } = await compactionOf();
    const state = wideState(roll);
    for (let at = 0; at < 600; at += 1) state.systems[`b${at}`] = ballast(at, 'x'.repeat(300));
    const states = new Map<number, string>();
    let seq = 0;
    const line = (patches: readonly Patch[], whole = {}): string =>
      encodeRecord({ game: 'g', seq, tick: seq, time: 1 + seq, command: 'c', patches, ...whole });
    const whole = { command: '@create', type: 't', version: 1, tables: [...TABLES] };
    let lines = [line([{ op: 'replace', path: [], value: structuredClone(state) as unknown as JsonObject }], whole)];
    states.set(0, JSON.stringify(state));
    let slices = 0;
    for (let frame = 1; frame <= 30; frame += 1) {
      const turns = taking(compaction, frame, lines);
      while (!turns.next().done) {
        slices += 1;
        const other = roll(30);
        if (other === 0) compaction.flush({});
        if (other === 1) for (const _ of compaction.settle());
        if (other === 2) for (const _ of compaction.thin());
        // In the first frame the game is still being taken in.
        if (other === 3) assert.ok(frame === 1 || compaction.load('g'));
      }
      if (roll(4) === 0) compaction.flush({});
      assert.deepStrictEqual(compaction.fold('g')?.state, state, `after ${seq}`);
      lines = Array.from({ length: 1 + roll(40) }, () => {
        seq += 1;
        const text = line(roll(30) === 0 ? changeMuch(state, roll) : changeWide(state, roll, round === 0));
        states.set(seq, JSON.stringify(state));
        return text;
      });
    }
    const entries = readSnapshotEntries(database, 'g');
    expect(entries.length).toBeGreaterThan(10);
    for (const entry of entries) {
      const { json } = readSnapshot(database, 'g', entry.seq) ?? { json: '' };
      assert.equal(json, states.get(entry.seq), `snapshot ${entry.seq}`);
    }
    // Records of a frame are too few to yield for: these are pieces.
    expect(slices).toBeGreaterThan(entries.length * 4);
    for (const row of database.all("SELECT codec, pieces, body FROM snapshots WHERE game = 'g' ORDER BY seq")) {
      expect(row['codec']).toBe(2);
      const body = row['body'] as Uint8Array;
      const pieces = JSON.parse(String(row['pieces'])) as [number, string | null][];
      let at = 0;
      const sizes = pieces.map(([bytes]) => {
        at += bytes;
        return gunzipSync(body.subarray(at - bytes, at)).length;
      });
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * CHUNK_BYTES + 1);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      expect(pieces.length, `${sizes}`).toBeLessThan(2 * Math.ceil(bytes / CHUNK_BYTES) + 8);
    }
  });
}

it('[DT5] a snapshot is what folding gives to the byte, in whatever form the values came', async () => {
  const forms = [
    '1.50',
    '1e2',
    '1.5',
    '-7',
    '-0.25',
    '12345678901234567890',
    '1E2',
    '0.1e-6',
    '"\\u0041"',
    '"a/b"',
    '"a\\/b"',
    'true',
  ];
  for (const form of forms) {
    const { database, compaction } = await compactionOf();
    const systems = wideSystems();
    const lines = [created(systems)];
    for (let seq = 1; seq <= EVERY + 1; seq += 1)
      lines.push(`{"g":"g","s":${seq},"k":${seq},"t":1,"c":"c","d":[["=",["systems","b7","text"],${form}]]}`);
    for (const _ of taking(compaction, 1, lines));
    (systems['b7'] as unknown as JsonObject) = { ...systems['b7'], text: JSON.parse(form) };
    expect(readSnapshot(database, 'g', EVERY)?.json, form).toBe(JSON.stringify({ systems }));
  }
});

it('[DT5] entities stand in the order that folding leaves them in', async () => {
  const add = (id: string): Patch => ({ op: 'add', path: ['systems', id], value: { id } });
  const remove = (id: string): Patch => ({ op: 'remove', path: ['systems', id] });
  const orders: { readonly [what: string]: readonly Patch[] } = {
    'a new one with an index for its id': [add('17')],
    'one that came, went and came again behind another': [add('n1'), add('n2'), remove('n1'), add('n1')],
    'an old one that went and came again': [remove('b7'), add('b7')],
    'two new ones': [add('n2'), add('n1')],
  };
  for (const [what, patches] of Object.entries(orders)) {
    const { database, compaction } = await compactionOf();
    const systems: { [id: string]: unknown } = wideSystems();
    const lines = [created(systems)];
    for (let seq = 1; seq <= EVERY + 1; seq += 1) {
      const patch = seq <= patches.length ? [patches[seq - 1] as Patch] : [];
      lines.push(encodeRecord({ game: 'g', seq, tick: seq, time: 1, command: 'c', patches: patch }));
    }
    for (const _ of taking(compaction, 1, lines));
    for (const { op, path } of patches) {
      const id = path[1] as string;
      if (op === 'remove') delete systems[id];
      else systems[id] = { id };
    }
    expect(readSnapshot(database, 'g', EVERY)?.json, what).toBe(JSON.stringify({ systems }));
  }
});

it('[DT5] what a state may not hold gets into no snapshot, though its line is JSON', async () => {
  for (const value of ['"\\ud800"', '{"__proto__":1}', `${'['.repeat(63)}${']'.repeat(63)}`]) {
    const { database, compaction } = await compactionOf();
    const systems = wideSystems();
    const lines = [created(systems)];
    for (let seq = 1; seq <= EVERY + 1; seq += 1)
      lines.push(`{"g":"g","s":${seq},"k":${seq},"t":1,"c":"c","d":[["=",["systems","b7","text"],${value}]]}`);
    const turns = taking(compaction, 1, lines);
    while (!turns.next().done);
    expect(() => compaction.assertReadable('g'), value).toThrow(expect.objectContaining({ code: 'GAME_UNREADABLE' }));
    expect(readSnapshotEntries(database, 'g').length).toBe(1);
  }
});

for (const way of ['settle', 'thin'] as const) {
  it(`[DT5] a row that is begun while a snapshot is taken goes by that snapshot: ${way}`, async () => {
    const database = await Database.open();
    databases.push(database);
    const retention = { ...KEEP_ALL, keepRecords: 100_000, compactAt: 0.1 };
    const compaction = new Compaction(
      database,
      { granularityOf: () => 'commands', retentionOf: () => retention, commandIndex: false },
      { frame: 0, chain: 0 },
    );
    const systems = wideSystems(3_000);
    let seq = 0;
    const change = (length: number): string => {
      seq += 1;
      const path = ['systems', `b${seq % 600}`, 'text'];
      return encodeRecord({
        game: 'g',
        seq,
        tick: seq,
        time: 1,
        command: 'c',
        patches: [{ op: 'replace', path, value: 'y'.repeat(length) }],
      });
    };
    const take = (frame: number, lines: readonly string[]): void => {
      for (const _ of taking(compaction, frame, lines));
    };
    take(1, [created(systems)]);
    // Two rows, and what is to come outweighs a tenth of the state.
    take(
      2,
      Array.from({ length: 90 }, () => change(2_000)),
    );
    const working = compaction[way]();
    expect(working.next().done).toBe(false);
    take(3, [change(10), change(20)]);
    while (!working.next().done);
    compaction.flush({});
    const newest = readSnapshotEntries(database, 'g').at(-1)?.seq as number;
    expect(newest).toBe(90);
    const row = database.one("SELECT snapshot_seq, state_bytes, patch_bytes FROM games WHERE id = 'g'");
    const json = readSnapshot(database, 'g', newest)?.json as string;
    expect(row?.['snapshot_seq']).toBe(newest);
    expect(row?.['state_bytes']).toBe(Buffer.byteLength(json));
    expect(row?.['patch_bytes']).toBeLessThan(500);
  });
}
