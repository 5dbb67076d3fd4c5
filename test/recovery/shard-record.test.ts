// What stands beside the folder of a shard, and what an opening makes of it: a shard that is gone, emptied, another's or older
// than recorded is refused, by its number and with the way on; put right again it opens whole.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { OrreryError, type OrreryErrorCode } from '#core/errors.ts';
import { defineGame, openOrrery, shardOf } from '#index.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { openShard } from '#storage/sqlite/recovery/open-shard.ts';
import { readableShardOf } from '#storage/sqlite/recovery/readable-shard.ts';
import { READING, ShardReader } from '#storage/sqlite/recovery/shard-reader.ts';
import { encodeRecord, readRecord, type ShardRecord } from '#storage/sqlite/recovery/shard-record.ts';
import { orrery } from '../cli/command-line.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ count: 0 }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
    },
  },
});

const SHARDS = 2;
const GAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const IN_ONE = GAMES.filter((id) => shardOf(id, SHARDS) === 1);

let place: string;
/** Every game at 1; as it was a while ago. */
let older: string;
/** The same directory later: every game at 11. */
let newer: string;
/** Another directory, with the same games at 5. */
let other: string;
/** A copy of `older` that was played on by itself, further than `newer`: every game at 101. */
let fork: string;
let directory: string;

async function play(path: string, by: number): Promise<void> {
  await using live = await openOrrery({ directory: path, games: [counter], shards: SHARDS });
  for (const id of GAMES) (await live.open(counter, id)).dispatch('add', by);
  await live.checkpoint();
}

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'orrery-record-'));
  [older, newer, other, fork] = ['older', 'newer', 'other', 'fork'].map((name) => join(place, name)) as [
    string,
    string,
    string,
    string,
  ];
  await play(older, 1);
  for (const copy of [newer, fork]) cpSync(older, copy, { recursive: true });
  await play(newer, 10);
  await play(other, 5);
  await play(fork, 50);
  await play(fork, 50);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-record-'));
  cpSync(newer, directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function folder(of = directory, shard = 1): string {
  return join(of, `shard-0${shard}`);
}

function recordFile(of = directory, shard = 1): string {
  return `${folder(of, shard)}.record`;
}

/** Puts the shard of another directory in the place of this one's, with or without its record. */
function put(from: string, what: 'folder' | 'folder and record'): void {
  rmSync(folder(), { recursive: true });
  cpSync(folder(from), folder(), { recursive: true });
  if (what === 'folder and record') cpSync(recordFile(from), recordFile());
}

/** Of the shard's folder and its record, claims apart: an attempt leaves those behind. */
function contents(): string[] {
  const inside = existsSync(folder()) ? readdirSync(folder()).filter((name) => !name.startsWith('OWNER-')) : [];
  const files = [...inside.map((name) => join(folder(), name)), ...(existsSync(recordFile()) ? [recordFile()] : [])];
  return files.map((file) => `${file} ${crc32(readFileSync(file))}`);
}

async function counts(path = directory): Promise<{ [id: string]: number }> {
  await using live = await openOrrery({ directory: path, games: [counter] });
  const ids = (await live.list()).map(({ id }) => id);
  const counted: { [id: string]: number } = {};
  for (const id of ids) counted[id] = (await live.load(counter, id)).state.count;
  return counted;
}

function all(count: number): { [id: string]: number } {
  return Object.fromEntries(GAMES.map((id) => [id, count]));
}

/** Nobody opens it, every reading command tells of it, and nothing is changed. */
async function expectRefused(code: OrreryErrorCode, text: RegExp): Promise<OrreryError> {
  const before = contents();
  const refusal = await counts().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(OrreryError);
  const { code: found, message, hint, context } = refusal as OrreryError;
  expect(found, message).toBe(code);
  expect(message).toMatch(text);
  expect(hint).toMatch(/backup/);
  expect(context.shard).toBe(1);
  const game = IN_ONE[0] as string;
  for (const args of [
    ['ls'],
    ['check'],
    ['check', '--explain'],
    ['show', game],
    ['log', game],
    ['sql', 'select 1'],
    ['checkpoint'],
  ] as const) {
    const [command, ...rest] = args;
    const { status, stdout, stderr } = await orrery(command, directory, ...rest);
    expect(status, `${command}: ${stdout}${stderr}`).toBe(1);
    expect(`${stdout}${stderr}`, command).toMatch(text);
  }
  expect(contents()).toEqual(before);
  return refusal as OrreryError;
}

async function salvage(): Promise<{ status: number | null; stdout: string }> {
  const to = mkdtempSync(join(tmpdir(), 'orrery-record-'));
  const ended = await orrery('salvage', directory, '--to', to);
  rmSync(to, { recursive: true });
  return ended;
}

it('[V12] a record is written with each manifest, and the directory opens with it and without it', async () => {
  const record = readRecord(nodeFiles, folder()) as ShardRecord;
  const earlier = readRecord(nodeFiles, folder(older)) as ShardRecord;
  expect(record.shard).toBe(earlier.shard);
  expect(record.directory).toBe((JSON.parse(readFileSync(join(newer, 'orrery.json'), 'utf8')) as { id: string }).id);
  expect(record.generation).toBeGreaterThan(earlier.generation);
  expect(record.durableFrame).toBeGreaterThan(earlier.durableFrame);
  // As the code before left it.
  for (const shard of [0, 1]) rmSync(recordFile(directory, shard));
  expect((await orrery('check', directory)).status).toBe(0);
  expect((await orrery('check', directory, '--explain')).stdout).toMatch(/there is none yet/);
  expect(await counts()).toEqual(all(11));
  for (const shard of [0, 1]) expect(existsSync(recordFile(directory, shard))).toBe(true);
  put(older, 'folder');
  await expectRefused('SHARD_OLDER', /older than it was/);
});

it('[V12] a record that is behind, or gone while others are there, is no obstacle', async () => {
  cpSync(recordFile(older), recordFile());
  expect((await orrery('check', directory, '--explain')).stdout).toMatch(/is behind/);
  expect(await counts()).toEqual(all(11));
  expect(readRecord(nodeFiles, folder())?.generation).toBe(readRecord(nodeFiles, folder(newer))?.generation);
  rmSync(recordFile());
  expect(await counts()).toEqual(all(11));
  expect(existsSync(recordFile())).toBe(true);
});

it('[V12] a directory that is copied whole, also back over a newer one, is the directory', async () => {
  rmSync(directory, { recursive: true });
  cpSync(older, directory, { recursive: true });
  expect(await counts()).toEqual(all(1));
  expect((await orrery('check', directory)).status).toBe(0);
});

it('[V13] the folder of a shard that was emptied', async () => {
  for (const name of readdirSync(folder())) rmSync(join(folder(), name));
  await expectRefused('SHARD_MISSING', /the shard is gone/);
  expect(await salvage()).toMatchObject({ status: 1, stdout: expect.stringMatching(/shard-01\/: holds nothing/) });
  rmSync(recordFile());
  // Nobody knows of it any more; but every shard is made before any gets a game.
  await expect(counts()).rejects.toMatchObject({ code: 'SHARD_MISSING', context: { shard: 1 } });
  expect((await orrery('ls', directory)).status).toBe(1);
  rmSync(folder(), { recursive: true });
  cpSync(folder(newer), folder(), { recursive: true });
  expect(await counts()).toEqual(all(11));
});

it('[V13] an empty shard beside one that cannot be read is told of as it is', async () => {
  for (const name of readdirSync(folder())) rmSync(join(folder(), name));
  rmSync(recordFile());
  for (const name of readdirSync(folder(directory, 0))) writeFileSync(join(folder(directory, 0), name), 'nonsense');
  await expect(ShardReader.open(nodeFiles, folder(), 1)).resolves.toMatchObject({ contents: undefined });
  // But a defect is never taken for a shard that says nothing.
  const defect = new TypeError('a defect');
  const broken: Files = {
    ...nodeFiles,
    read(path, limit) {
      if (path.startsWith(folder(directory, 0))) throw defect;
      return nodeFiles.read(path, limit);
    },
  };
  await expect(ShardReader.open(broken, folder(), 1)).rejects.toBe(defect);
});

it('[V13] a shard that is being made beside others without games is made', async () => {
  const making = mkdtempSync(join(tmpdir(), 'orrery-record-'));
  const first = await openOrrery({ directory: making, games: [counter], shards: SHARDS });
  await first.close();
  // As if the process had been killed before the second shard had its manifest.
  for (const name of readdirSync(folder(making))) rmSync(join(folder(making), name));
  rmSync(recordFile(making));
  expect(await counts(making)).toEqual({});
  rmSync(making, { recursive: true });
});

it('[V13] the shard of another directory, with its record and without', async () => {
  put(other, 'folder');
  await expectRefused('SHARD_REPLACED', /that of another shard/);
  expect(await salvage()).toMatchObject({ status: 1, stdout: expect.stringMatching(/is the folder of another shard/) });
  put(other, 'folder and record');
  await expect(counts()).rejects.toMatchObject({
    code: 'SHARD_REPLACED',
    message: expect.stringContaining('another dir'),
  });
  expect((await orrery('check', directory, '--explain')).status).toBe(1);
});

it('[V13] an older copy of one shard', async () => {
  put(older, 'folder');
  const refusal = await expectRefused('SHARD_OLDER', /older than it was: it ends with frame/);
  expect(refusal.context.file).toBe(folder());
  expect(await salvage()).toMatchObject({ status: 1, stdout: expect.stringMatching(/durable once/) });
});

it('[V13] a copy of one shard that has gone on in another way, and further', async () => {
  put(fork, 'folder');
  await expectRefused('SHARD_REPLACED', /gone on in another way/);
});

it('[V13] two shards in each other place, with their records and without', async () => {
  const aside = join(directory, 'aside');
  const swap = (first: string, second: string): void => {
    renameSync(first, aside);
    renameSync(second, first);
    renameSync(aside, second);
  };
  swap(folder(directory, 0), folder(directory, 1));
  await expect(counts()).rejects.toMatchObject({
    code: 'SHARD_REPLACED',
    message: expect.stringContaining('of shard 0'),
  });
  swap(recordFile(directory, 0), recordFile(directory, 1));
  await expect(counts()).rejects.toMatchObject({
    code: 'SHARD_REPLACED',
    message: expect.stringContaining('of shard 0'),
  });
  expect((await orrery('accept', directory, '--shard', '1', '--give-up')).status).toBe(1);
  swap(folder(directory, 0), folder(directory, 1));
  swap(recordFile(directory, 0), recordFile(directory, 1));
  expect(await counts()).toEqual(all(11));
});

it('[V14] whatever stands in the place of a record is refused by name', async () => {
  const whole = readFileSync(recordFile());
  const record = readRecord(nodeFiles, folder()) as ShardRecord;
  const sealed = (line: string): string => `${line}\n${crc32(line).toString(16).padStart(8, '0')}\n`;
  const made: readonly (readonly [OrreryErrorCode, RegExp, () => void])[] = [
    ['DAMAGED', /checksum/, () => writeFileSync(recordFile(), whole.subarray(0, 20))],
    [
      'DAMAGED',
      /checksum/,
      () => writeFileSync(recordFile(), whole.toString().replace('"generation":', '"generation":1')),
    ],
    ['DAMAGED', /longer/, () => writeFileSync(recordFile(), Buffer.alloc(100_000_000))],
    ['DAMAGED', /not JSON/, () => writeFileSync(recordFile(), sealed('{'))],
    ['DAMAGED', /must say/, () => writeFileSync(recordFile(), sealed('null'))],
    ['DAMAGED', /must say/, () => writeFileSync(recordFile(), encodeRecord({ ...record, images: [] }))],
    ['FORMAT_TOO_NEW', /format 2/, () => writeFileSync(recordFile(), encodeRecord({ ...record, leastReader: 2 }))],
    ['IO_FAILED', /no file/, () => execFileSync('mkfifo', [recordFile()])],
    ['IO_FAILED', /no file/, () => mkdirSync(recordFile())],
    ['IO_FAILED', /ELOOP/, () => symlinkSync(recordFile(newer), recordFile())],
  ];
  for (const [code, text, make] of made) {
    rmSync(recordFile(), { recursive: true });
    make();
    await expect(counts(), String(text)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(text),
      context: { shard: 1, file: recordFile() },
    });
    const looked = await orrery('check', directory, '--explain');
    expect(looked.status).toBe(code === 'FORMAT_TOO_NEW' ? 5 : 1);
    if (code === 'FORMAT_TOO_NEW') await expect(readableShardOf(nodeFiles, folder())).rejects.toMatchObject({ code });
    else expect((await salvage()).stdout).toMatch(/damaged {2}shard-01\/: /);
  }
  rmSync(recordFile());
  writeFileSync(recordFile(), whole);
  expect(await counts()).toEqual(all(11));
});

it('[V15] an older copy is accepted only when told to, and what is given up is told before', async () => {
  put(older, 'folder');
  const before = contents();
  const told = await orrery('accept', directory, '--shard', '1');
  expect(told.status).toBe(1);
  expect(told.stdout).toMatch(/older than it was/);
  expect(told.stdout).toMatch(/give up {3}frames \d+ to \d+/);
  for (const id of IN_ONE) expect(told.stdout).toContain(`${id} up to seq 1`);
  expect(contents()).toEqual(before);
  const done = await orrery('accept', directory, '--shard', '1', '--give-up', '--json');
  expect(done.status).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({
    accepted: true,
    shard: 1,
    games: IN_ONE.map((id) => ({ id, seq: 1 })),
  });
  const rest = Object.fromEntries(IN_ONE.map((id) => [id, 1]));
  expect(await counts()).toEqual({ ...all(11), ...rest });
  const again = await orrery('accept', directory, '--shard', '1', '--give-up');
  expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to accept') });
  expect((await orrery('accept', directory, '--shard', '7')).status).toBe(2);
});

it('[V15] a shard that is gone, another one, and one with a damaged record are accepted likewise', async () => {
  const rest = all(11);
  for (const id of IN_ONE) delete rest[id];
  rmSync(folder(), { recursive: true });
  expect((await orrery('accept', directory, '--shard', '1')).stdout).toMatch(/found {5}nothing\ngive up {3}all of/);
  expect((await orrery('accept', directory, '--shard', '1', '--give-up')).status).toBe(0);
  expect(await counts()).toEqual(rest);
  put(other, 'folder and record');
  expect((await orrery('accept', directory, '--shard', '1', '--give-up')).stdout).toMatch(/another directory/);
  expect(await counts()).toEqual({ ...rest, ...Object.fromEntries(IN_ONE.map((id) => [id, 5])) });
  writeFileSync(recordFile(), 'nonsense');
  expect((await orrery('accept', directory, '--shard', '1')).stdout).toMatch(/nothing tells how much/);
  expect((await orrery('accept', directory, '--shard', '1', '--give-up')).status).toBe(0);
  expect((await orrery('accept', directory, '--shard', '1')).status).toBe(0);
});

it('[V16] a game that came in from outside is known of by its generation, for it has no frame', async () => {
  const record = readRecord(nodeFiles, folder()) as ShardRecord;
  const generation = record.generation + 1;
  const alone = [{ ...(record.images[0] as ShardRecord['images'][number]), generation }];
  writeFileSync(recordFile(), encodeRecord({ ...record, generation, images: alone }));
  const shard = await openShard(nodeFiles, folder(), 1, READING, { directory: record.directory }).catch(
    (error) => error,
  );
  expect(shard).toMatchObject({ code: 'SHARD_OLDER' });
});
