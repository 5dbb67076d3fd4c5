// The first record of a wide game is taken in as text. What comes of it is what parsing it would have given, whatever it holds; and
// what is not certain is parsed.

import { afterEach, expect, it } from 'vitest';
import { type Json, type JsonObject, MAX_DEPTH } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readGame } from '#storage/sqlite/image/rows.ts';
import { readSeed } from '#storage/sqlite/image/seeds.ts';
import { readChunks, readSnapshot } from '#storage/sqlite/image/snapshots.ts';
import { openOwner } from '../fault/shard-script.ts';
import { type Dice, dice } from '../programs/script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { TIME } from './records.ts';

const SEED = Number(process.env['ORRERY_CREATE_SEED'] ?? 1);
const TEXTS = ['', 'plain', '"}],{', '\\', '\n', '😀', '\u2028', 'née', '[[', '\u0001'];
const KEYS = ['name', 'ö', 'with "quotes"', 'a/b', '7', '12', 'd', 'systems', 'x'.repeat(40)];

const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

function line(game: string, state: Json, tables: readonly string[], more: object = {}): string {
  const patches = [{ op: 'replace' as const, path: [], value: state }];
  const head = { game, seq: 0, tick: 0, time: TIME, command: '@create', type: 'galaxy', version: 2, tables };
  return encodeRecord({ ...head, seed: '0123456789abcdef0123456789abcdef', ...more, patches });
}

/** What was made of one line, and in how many steps. */
async function taken(text: string): Promise<{ steps: number; made: unknown; pieces: string }> {
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'commands', commandIndex: false },
    { frame: 0, chain: 0 },
  );
  let steps = 0;
  const taking = compaction.take(Buffer.from(`${text}\n`, 'utf8'), { frame: 1, chain: 7 });
  while (!taking.next().done) steps += 1;
  const snapshot = readSnapshot(database, 'g', 0);
  const pieces = readChunks(database, 'g', 0)?.pieces.map((piece) => `${piece.table}: ${piece.unpack().toString()}`);
  return {
    steps,
    made: { row: readGame(database, 'g'), seed: readSeed(database, 'g'), snapshot, held: compaction.unreadable },
    pieces: (pieces ?? []).join('\n'),
  };
}

/** Not as encodeRecord writes it, and the same record. */
const parsed = (text: string): ReturnType<typeof taken> => taken(text.replace('"s":0', '"s": 0'));

function randomValue(roll: Dice, depth: number): Json {
  switch (roll(depth > 3 ? 5 : 7)) {
    case 0:
      return roll(1_000_000) - 500_000 || 0;
    case 1:
      return (roll(2_000_001) - 1_000_000) / 7 + 1e-9;
    case 2:
      return [null, true, false, 1e21, 5e-32, -1.5e-7, 2 ** 53][roll(7)] as Json;
    case 3:
    case 4:
      return TEXTS[roll(TEXTS.length)] as string;
    case 5:
      return Array.from({ length: roll(4) }, () => randomValue(roll, depth + 1));
    default:
      return randomObject(roll, depth);
  }
}

function randomObject(roll: Dice, depth: number): JsonObject {
  const keys = KEYS.filter(() => roll(3) === 0);
  return Object.fromEntries(keys.map((key) => [key, randomValue(roll, depth + 1)]));
}

function randomTable(roll: Dice, size: number): JsonObject {
  const idOf = [(at: number) => `s${at}`, (at: number) => `${at * 3}`, (at: number) => `${TEXTS[at % 9]}${at}`][
    roll(3)
  ]!;
  return Object.fromEntries(Array.from({ length: size }, (_, at) => [idOf(at), randomObject(roll, 1)]));
}

it(`[I16] a wide game taken in as text is the one that parsing gives, to the last piece (seed ${SEED})`, async () => {
  for (let round = 0; round < 25; round += 1) {
    const roll = dice(SEED * 1_000 + round);
    const tables = ['systems', 'fleets', 'née "x"', '7'].filter(() => roll(2) === 0);
    const plain = { ...randomObject(roll, 1), notes: 'é'.repeat(140_000 + roll(5)) };
    const state = Object.fromEntries([
      ...Object.entries(plain).filter(([key]) => !tables.includes(key)),
      ...tables.map((name) => [name, randomTable(roll, roll(3) * 700)] as const),
    ]) as JsonObject;
    const args = roll(2) === 0 ? {} : { args: randomValue(roll, 0), player: 'ada', nonce: 5 };
    const text = line('g', state, tables, args);
    const [fast, slow] = [await taken(text), await parsed(text)];
    const where = `round ${round}`;
    expect(fast.steps, where).toBeGreaterThan(1);
    expect(slow.steps, where).toBe(0);
    expect(fast.made, where).toEqual(slow.made);
    expect(fast.pieces.length, where).toBeGreaterThan(0);
  }
});

it('[I16] pieces break between entities, and stretches without a table between characters', async () => {
  const systems = Object.fromEntries(
    Array.from({ length: 2000 }, (_, at) => [`s${at}`, { at, text: 'x'.repeat(100) }]),
  );
  const { pieces } = await taken(line('g', { systems, empty: {}, text: '仙'.repeat(50_000) }, ['systems', 'empty']));
  const lines = pieces.split('\n');
  expect(lines[0]).toBe('undefined: {"systems":{');
  expect(lines[1]).toMatch(/^systems: "s0":\{"at":0,/);
  expect(lines[2]).toMatch(/^systems: ,"s\d+":\{"at":/);
  expect(lines.filter((each) => each.startsWith('undefined')).length).toBeGreaterThan(2);
  expect(pieces).not.toContain('\ufffd');
});

const FILL = `"fill":"${'x'.repeat(140_000)}"`;
const HEAD = '{"g":"g","s":0,"k":0,"t":1,"c":"@create","y":"t","v":1,"b":["a"]';
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const UNCERTAIN: { readonly [what: string]: string } = {
  'two entities of one id': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":1,"y":2,"x":3}}]]}`,
  'two keys that are the same': `${HEAD},"d":[["=",[],{"n":1,${FILL},"a":{},"n":2}]]}`,
  'a table twice': `${HEAD},"d":[["=",[],{"a":{"x":1},${FILL},"a":{"y":1}}]]}`,
  'ids that are numbers, in another order': `${HEAD},"d":[["=",[],{${FILL},"a":{"10":1,"9":2}}]]}`,
  'an id that is a number behind one that is none': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":1,"9":2}}]]}`,
  'an id written in another way': `${HEAD},"d":[["=",[],{${FILL},"a":{"\\u0078":1,"x":2}}]]}`,
  'space between': `${HEAD},"d":[["=",[],{${FILL}, "a":{}}]]}`,
  'a number in another form': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":1e400}}]]}`,
  'minus zero': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":-0}}]]}`,
  'a forbidden key': `${HEAD},"d":[["=",[],{${FILL},"a":{"__proto__":1}}]]}`,
  'a forbidden key at the top': `${HEAD},"d":[["=",[],{${FILL},"constructor":1,"a":{}}]]}`,
  'a lone surrogate': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":"\\ud800"}}]]}`,
  'a table that is not there': `${HEAD},"d":[["=",[],{${FILL}}]]}`,
  'a table that is a list': `${HEAD},"d":[["=",[],{${FILL},"a":[]}]]}`,
  'a state that is a list': `${HEAD},"d":[["=",[],[${FILL.slice(7)}]]]}`,
  'a comma too many in a table': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":1,}}]]}`,
  'a comma too many in the state': `${HEAD},"d":[["=",[],{${FILL},"a":{},}]]}`,
  'a state that does not end': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":1}]]}`,
  'something behind the state': `${HEAD},"d":[["=",[],{${FILL},"a":{}}1]]}`,
  'a second patch': `${HEAD},"d":[["=",[],{${FILL},"a":{}}],["=",["a"],{}]]}`,
  'one level too many in a table': `${HEAD},"d":[["=",[],{${FILL},"a":{"x":${deep(MAX_DEPTH - 1)}}}]]}`,
  'no type': `${HEAD.replace('"y":"t",', '')},"d":[["=",[],{${FILL},"a":{}}]]}`,
  'no version that is a number': `${HEAD.replace('"v":1', '"v":-1')},"d":[["=",[],{${FILL},"a":{}}]]}`,
  'another command': `${HEAD.replace('@create', '@recover')},"d":[["=",[],{${FILL},"a":{}}]]}`,
};

for (const [what, text] of Object.entries(UNCERTAIN)) {
  it(`[I16] is not certain and comes to what parsing gives: ${what}`, async () => {
    const outcome = (work: Promise<{ made: unknown }>): Promise<unknown> =>
      work.then(
        ({ made }) => JSON.stringify(made).replace(/"line":"[^"]*"/g, ''),
        (error: { code: string }) => error.code,
      );
    expect(await outcome(taken(text))).toEqual(await outcome(parsed(text)));
  });
}

it('[I16] depth is counted as everywhere', async () => {
  for (let levels = MAX_DEPTH - 4; levels < MAX_DEPTH + 2; levels += 1) {
    const text = `${HEAD},"d":[["=",[],{${FILL},"a":{"x":${deep(levels)}},"p":${deep(Math.max(0, levels - 1)) || 1}}]]}`;
    const [fast, slow] = [await taken(text), await parsed(text)];
    expect(fast.made, `${levels}`).toEqual(slow.made);
  }
});

it('[I17] while a wide game is taken in, commits of others go on, and a checkpoint holds all of it or nothing', async () => {
  const folder = new MemoryFolder();
  const owner = await openOwner(folder, { granularities: new Map([['galaxy', 'commands']]), sliceMs: 0 });
  const systems = Object.fromEntries(
    Array.from({ length: 5000 }, (_, at) => [`s${at}`, { at, text: 'x'.repeat(100) }]),
  );
  const commit = (game: string, seq: number, text: string): void => {
    const payload = new Uint8Array(Buffer.from(`${text}\n`));
    owner.commit({ payload, count: 1, spans: [{ game, firstSeq: seq, lastSeq: seq }] });
  };
  commit('small', 0, line('small', { n: 0 }, []));
  commit('wide', 0, line('wide', { systems }, ['systems']));
  let between = 0;
  while (owner.compact().compactionLagBytes > 2000) {
    between += 1;
    const patches = [{ op: 'replace' as const, path: ['n'], value: between }];
    commit(
      'small',
      between,
      encodeRecord({ game: 'small', seq: between, tick: 0, time: TIME, command: 'add', patches }),
    );
    if (between === 3) owner.checkpoint();
  }
  expect(between).toBeGreaterThan(5);
  while (owner.checkpoint() === undefined);
  owner.abandon();
  const again = await openOwner(folder, {});
  const states = ['wide', 'small'].map((id) => again.load(id));
  expect(states.map((found) => found?.seq)).toEqual([0, between]);
  const loaded = Buffer.concat(states[0]?.pieces.map((piece) => Buffer.from(piece)) ?? []).toString();
  for (const id of ['s0', 's2500', 's4999']) expect(loaded).toContain(`"${id}":{`);
  again.abandon();
});
