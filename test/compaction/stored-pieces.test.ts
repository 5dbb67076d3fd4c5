// A snapshot in pieces and what happened since, on the way to the main thread: what is assembled there is the state that was.

import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import type { JsonObject, Patch } from '#core/patch/patch.ts';
import { encodePatches, encodeRecord } from '#core/patch/record.ts';
import { assemble } from '#storage/assemble.ts';
import { cutText, type TextChunk } from '#storage/chunks.ts';
import type { GameInfo } from '#storage/game-info.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { takeStored } from '#storage/sqlite/compaction/stored-chunks.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { type PackedSnapshot, readSnapshot } from '#storage/sqlite/image/snapshots.ts';
import { dice } from '../programs/script.ts';
import { changeWide, TABLES, type Wide, wideState } from './wide-state.ts';

const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);
const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

const ROW = { id: 'g', seq: 0, tables: [...TABLES] } as unknown as GameInfo;

/** Entity by entity, so that there are many pieces. */
function snapshotOf(state: Wide): PackedSnapshot {
  const pieces: TextChunk[] = [];
  for (const { table, text } of cutText(state as unknown as JsonObject, TABLES)) {
    if (table === undefined) pieces.push({ table, text });
    else
      for (const [at, [id, value]] of Object.entries(JSON.parse(`{${text}}`) as JsonObject).entries())
        pieces.push({ table, text: `${at > 0 ? ',' : ''}${JSON.stringify(id)}:${JSON.stringify(value)}` });
  }
  expect(pieces.map(({ text }) => text).join('')).toBe(JSON.stringify(state));
  return {
    seq: 0,
    tick: 0,
    time: 0,
    version: 1,
    tables: [...TABLES],
    pieces: pieces.map(({ table, text }) => ({ table, unpack: () => Buffer.from(text as string, 'utf8') })),
  };
}

/** A table is read in ascending order of its ids. */
function inOrder(state: Wide): string {
  const sorted = (table: object): object =>
    Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ ...state, systems: sorted(state.systems), fleets: sorted(state.fleets) });
}

function stepsOf(steps: readonly (readonly Patch[])[], firstSeq = 1): Buffer {
  const texts = steps.map((patches, at) => {
    const seq = firstSeq + at;
    return `[${seq},${seq},${seq},1700000000000,${encodePatches(patches)}]`;
  });
  return Buffer.from(`[${texts.join(',')}]`, 'utf8');
}

function storedPieces(...given: [PackedSnapshot, GameInfo, Iterable<Buffer>]): Uint8Array[] | undefined {
  const pieces: Uint8Array[] = [];
  return takeStored(...given, (piece) => pieces.push(piece)) ? pieces : undefined;
}

for (const [title, onlyValues] of [
  ['values that are replaced', true],
  ['changes of every kind', false],
] as const) {
  it(`[DT4] ${title}: the pieces are those of the state that was (seed ${SEED})`, async () => {
    let folded = 0;
    for (let round = 0; round < 300; round += 1) {
      const roll = dice(SEED * 20_000 + round);
      const state = wideState(roll);
      const snapshot = snapshotOf(state);
      const steps = Array.from({ length: roll(25) }, () => changeWide(state, roll, onlyValues));
      const half = roll(steps.length + 1);
      const texts = [stepsOf(steps.slice(0, half)), stepsOf(steps.slice(half), half + 1)];
      const pieces = storedPieces(snapshot, ROW, texts);
      if (!pieces) {
        folded += 1;
        continue;
      }
      const assembled = await assemble(pieces, TABLES);
      expect(JSON.stringify(assembled.toJSON()), `round ${round}`).toBe(inOrder(state));
    }
    // None of them replaces a table or the whole state.
    expect(folded).toBe(0);
  });
}

it('[DT4] what does more than change entities is left to be folded', () => {
  const state = wideState(dice(1));
  const wrong: Patch[] = [
    { op: 'replace', path: [], value: {} },
    { op: 'replace', path: ['systems'], value: {} },
    { op: 'remove', path: ['fleets'] },
  ];
  for (const patch of wrong) expect(storedPieces(snapshotOf(state), ROW, [stepsOf([[patch]])])).toBeUndefined();
  const others = { ...ROW, tables: ['systems'] };
  expect(storedPieces(snapshotOf(state), others, [])).toBeUndefined();
});

it('[DT4] [I5] patches that do not fit an entity are refused, by game and seq', () => {
  const state = { ...wideState(dice(1)), systems: { s1: { metal: 1, list: [], deep: { inner: {} } } } } as Wide;
  const wrong: Patch[] = [
    { op: 'replace', path: ['systems', 's1', 'nowhere'], value: 1 },
    { op: 'replace', path: ['systems', 's1', 'list', 0], value: 1 },
    { op: 'replace', path: ['systems', 's1', 'metal', 'deeper'], value: 1 },
    { op: 'add', path: ['systems', 's1'], value: 1 },
    { op: 'remove', path: ['systems', 's77'] },
  ];
  for (const patch of wrong) {
    expect(() => storedPieces(snapshotOf(state), ROW, [stepsOf([[patch]])])).toThrow(
      expect.objectContaining({ code: 'PATCH_INVALID', context: expect.objectContaining({ game: 'g', seq: 0 }) }),
    );
  }
  const gap = Buffer.from('[[2,2,0,1,[]]]');
  expect(() => storedPieces(snapshotOf(state), ROW, [gap])).toThrow(/from seq 0 to seq 2/);
});

it('[DT4] what JSON.parse lets pass and a state may not hold is refused while it is assembled', async () => {
  const wrong = [
    '{"s":{"a":-0}}',
    '{"s":[1e999]}',
    '{"s":"\\ud800"}',
    '{"s":{"__proto__":1}}',
    '{"constructor":1}',
    '{"s":{"\\ud800":1}}',
  ];
  for (const entities of [...wrong, `{"s":${'['.repeat(63)}${']'.repeat(63)}}`]) {
    const pieces = ['[null,{"systems":{}}]', `["systems",${entities}]`].map((text) => Buffer.from(text));
    await expect(assemble(pieces, ['systems']), entities).rejects.toMatchObject({ code: 'DAMAGED' });
  }
  const fits = [`[null,{"systems":{}}]`, `["systems",{"s":${'['.repeat(62)}${']'.repeat(62)}}]`].map((text) =>
    Buffer.from(text),
  );
  await expect(assemble(fits, ['systems'])).resolves.toBeDefined();
});

it('[DT4] [I6] a wide game is loaded as it is folded, and its snapshot is one stream of gzip', async () => {
  const roll = dice(SEED);
  const systems = Object.fromEntries(
    Array.from({ length: 4_000 }, (_, at) => [
      `s${at}`,
      { id: `s${at}`, metal: at, text: 'é"x'.repeat(8), queue: [1, 2, 3] },
    ]),
  );
  const state = { treasury: 5, systems, last: 'l' };
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'ticks', commandIndex: false },
    { frame: 0, chain: 0 },
  );
  const take = (frame: number, lines: readonly string[]): void => {
    const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame, chain: 0 });
    while (!taking.next().done);
  };
  const created = {
    game: 'g',
    seq: 0,
    tick: 0,
    time: 1,
    command: '@create',
    type: 't',
    version: 1,
    tables: ['systems'],
  };
  take(1, [encodeRecord({ ...created, patches: [{ op: 'replace', path: [], value: structuredClone(state) }] })]);
  const row = database.one("SELECT body, codec, pieces FROM snapshots WHERE game = 'g'");
  expect(row?.['codec']).toBe(2);
  expect(gunzipSync(row?.['body'] as Uint8Array).toString('utf8')).toBe(JSON.stringify(state));
  expect(readSnapshot(database, 'g', 0)?.json).toBe(JSON.stringify(state));
  let seq = 0;
  for (let frame = 2; frame < 40; frame += 1) {
    const lines = Array.from({ length: 20 }, () => {
      seq += 1;
      const id = `s${roll(4_100)}`;
      const op = !Object.hasOwn(systems, id) ? 'add' : roll(9) === 0 ? 'remove' : 'replace';
      let patches: Patch[];
      if (op === 'add') {
        systems[id] = { id, metal: seq, text: '', queue: [] };
        patches = [{ op, path: ['systems', id], value: structuredClone(systems[id]) }];
      } else if (op === 'remove') {
        delete systems[id];
        patches = [{ op, path: ['systems', id] }];
      } else {
        (systems[id] as { metal: number }).metal = seq;
        patches = [{ op, path: ['systems', id, 'metal'], value: seq }];
      }
      return encodeRecord({ game: 'g', seq, tick: Math.floor(seq / 30), time: 2, command: 'c', patches });
    });
    take(frame, lines);
    if (frame % 7 === 0) compaction.flush({});
    const loaded = compaction.load('g');
    expect(loaded?.row.seq).toBe(seq);
    const assembled = await assemble(loaded?.pieces ?? [], ['systems']);
    expect(JSON.stringify(compaction.fold('g')?.state)).toBe(JSON.stringify(state));
    expect(assembled.toJSON()).toEqual(state);
    for (const piece of loaded?.pieces ?? []) expect(piece.length).toBeLessThan(80_000);
  }
});
