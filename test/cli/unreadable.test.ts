// A directory of twenty games, one of which has a record that cannot be read: what programs and commands make of it.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineGame, type Orrery, OrreryError, openOrrery } from '#index.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { openOwner } from '../fault/shard-script.ts';
import { silent } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { readJournal, readRecord } from '../journal/reader.ts';
import { copyOf, emptyFolder, fingerprint, orrery, removeFolders } from './command-line.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0 }),
  commands: {
    add(draft, by: number) {
      draft.n += by;
    },
  },
});
const GAMES = Array.from({ length: 20 }, (_, index) => `g${String(index).padStart(2, '0')}`);
const BAD = 'g07';
/** The record of this seq has a time that is NaN, and so are all later ones: a clock that went wrong. */
const FIRST_BAD = 51;
const LAST = 100;

let directory: string;
beforeAll(async () => {
  directory = join(emptyFolder(), 'data');
  {
    await using made = await open(directory);
    for (const id of GAMES) await made.open(counter, id);
  }
  const owner = await openOwner(nodeFiles, {
    directory: join(directory, 'shard-00'),
    granularities: new Map([['counter', 'commands']]),
  });
  for (let seq = 1; seq <= LAST; seq += 1) {
    const lines = GAMES.map((game) => {
      const time = game === BAD && seq >= FIRST_BAD ? 'NaN' : 1_700_000_000_000 + seq;
      return `{"g":"${game}","s":${seq},"k":0,"t":${time},"c":"add","a":1,"d":[["=",["n"],${seq}]]}\n`;
    });
    owner.commit({
      payload: new Uint8Array(Buffer.from(lines.join(''))),
      count: lines.length,
      spans: GAMES.map((game) => ({ game, firstSeq: seq, lastSeq: seq })),
    });
  }
  owner.abandon();
});
afterAll(removeFolders);

function open(at: string): Promise<Orrery> {
  return openOrrery({ directory: at, games: [counter], shards: 1, logger: silent });
}

/** Records of a game in the journal, readable or not, by a reader that shares no code with the engine. */
function countOf(at: string, game: string): number {
  const folder = join(at, 'shard-00');
  const names = readdirSync(folder).filter((name) => name.startsWith('segment-'));
  const segments = new Map(names.map((name) => [Number(name.slice(8, 18)), nodeFiles.read(join(folder, name))]));
  const [bytes] = segments.values();
  const uuid = Buffer.from(bytes as Uint8Array)
    .toString('hex', 16, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const { frames, verdict } = readJournal(segments, uuid, { frame: 0, chain: 0 }, 0);
  expect(['clean', 'sealed']).toContain(verdict);
  const lines = frames.flatMap(({ payload }) => Buffer.from(payload).toString('latin1').split('\n').slice(0, -1));
  return lines.filter((line) => readRecord(Buffer.from(line, 'latin1')).game === game).length;
}

it('[UR8] a program opens it, plays the other games, forks what can be read, closes and opens it again', async () => {
  const at = copyOf(directory);
  for (let opening = 0; opening < 2; opening += 1) {
    await using opened = await open(at);
    expect(opened.recovery[0]?.unreadable).toMatchObject([
      { game: BAD, seq: FIRST_BAD, lastSeq: LAST, records: LAST - FIRST_BAD + 1 },
    ]);
    await expect(opened.open(counter, BAD)).rejects.toMatchObject({
      code: 'GAME_UNREADABLE',
      context: { game: BAD, seq: FIRST_BAD },
    });
    for (const id of GAMES.filter((each) => each !== BAD)) {
      const game = await opened.load(counter, id);
      expect(game.state.n).toBe(LAST + opening);
      await game.dispatch('add', 1).durable;
    }
    await opened.checkpoint();
    const marked = (await opened.list()).filter(({ unreadable }) => unreadable);
    expect(marked).toMatchObject([{ id: BAD, seq: FIRST_BAD - 1 }]);
    await expect(ask(opened, BAD).recover({ mode: 'lastSnapshot', reason: 'x' } as never)).rejects.toBeInstanceOf(
      OrreryError,
    );
    await expect(opened.pack(BAD, join(emptyFolder(), 'bad.orrery'))).rejects.toMatchObject({
      code: 'GAME_UNREADABLE',
    });
    expect((await ask(opened, BAD).at({ seq: FIRST_BAD - 1 })).state).toEqual({ n: FIRST_BAD - 1 });
    const fork = await ask(opened, BAD).fork({ at: { seq: FIRST_BAD - 1 }, as: `rescued${opening}` });
    expect((await opened.load(counter, fork.id)).state.n).toBe(FIRST_BAD - 1);
    await expect(ask(opened, GAMES[0] as string).fork({ at: { seq: 1 }, as: BAD })).rejects.toMatchObject({
      code: 'GAME_EXISTS',
    });
  }
});

it('[UR8] check names the game, its seq and its frame, ls marks it, pack refuses it', async () => {
  const before = fingerprint(directory);
  const checked = await orrery('check', directory);
  expect(checked.status).toBe(1);
  expect(checked.stdout).toMatch(
    /game "g07" +the record of seq 51, of frame \d+, cannot be read \(.*\): it and the 49 behind/,
  );
  const explained = await orrery('check', directory, '--explain');
  expect(explained.stdout).toMatch(/cannot be read[\s\S]*orrery salvage/);
  const listed = await orrery('ls', directory);
  expect(listed.stdout).toMatch(/g07 +counter +1 +50!/);
  expect(listed.stdout).toMatch(/g08 +counter +1 +100 /);
  const json = JSON.parse((await orrery('ls', directory, '--json')).stdout) as { games: { unreadable?: object }[] };
  expect(json.games.filter(({ unreadable }) => unreadable)).toHaveLength(1);
  const packed = await orrery('pack', directory, BAD, '-o', join(emptyFolder(), 'g07.orrery'));
  expect(`${packed.status} ${packed.stderr}`).toMatch(/^[12] .*cannot be read/s);
  for (const command of [['show'], ['show', '--at', '50'], ['log'], ['replay']]) {
    const [name, ...rest] = command as [string, ...string[]];
    const told = await orrery(name, directory, BAD, ...rest);
    expect(`${told.status}`, name).toBe('0');
    expect(told.stderr, name).toMatch(/the record of seq 51 cannot be read/);
  }
  expect((await orrery('blame', directory, BAD, '/n')).stderr).toMatch(/the record of seq 51 cannot be read/);
  expect((await orrery('diff', directory, BAD, '--from', '1', '--to', '50')).stderr).toMatch(
    /the record of seq 51 cannot be read/,
  );
  expect((await orrery('show', directory, 'g08')).stderr).toBe('');
  expect(fingerprint(directory)).toEqual(before);
});

it('[UR8] salvage takes every record over that a reader of its own counts, says which cannot be read, and ends with 1', async () => {
  const whole = copyOf(directory);
  {
    await using _closed = await open(whole);
  }
  for (const from of [directory, whole]) {
    const to = join(emptyFolder(), 'rescued');
    const ended = await orrery('salvage', from, '--to', to, '--json');
    expect(ended.status).toBe(1);
    const report = JSON.parse(ended.stdout) as {
      verdict: string;
      lost: unknown[];
      games: { id: string; seq: number; whole: string; unreadable: object | null; lost: object | null }[];
    };
    expect(report).toMatchObject({ verdict: 'unreadable', lost: [] });
    for (const { id, seq, whole: how, unreadable, lost } of report.games) {
      expect([seq, how, lost]).toEqual(id === BAD ? [FIRST_BAD - 1, 'held', null] : [LAST, 'yes', null]);
      const records = LAST - FIRST_BAD + 1;
      expect(unreadable).toEqual(id === BAD ? { from: FIRST_BAD, to: LAST, records } : null);
      // With the record that created it.
      expect(countOf(directory, id)).toBe(LAST + 1);
    }
    await using rescued = await open(to);
    expect(rescued.recovery[0]?.unreadable).toMatchObject([{ game: BAD, seq: FIRST_BAD, lastSeq: LAST, records: 50 }]);
    expect((await rescued.load(counter, 'g00')).state.n).toBe(LAST);
    const told = await orrery('salvage', from, '--to', join(emptyFolder(), 'again'));
    expect(told.stdout).toMatch(/nothing is lost, but some records cannot be read/);
    expect(told.stdout).toMatch(/50 records that cannot be read, as they stand/);
  }
});
