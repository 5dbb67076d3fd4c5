// `orrery pack` and `orrery unpack`: a game out of one directory, into a file, into another directory.

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { forged } from '../pack/packed.ts';
import { match, mine } from '../programs/mine.ts';
import {
  emptyFolder,
  fingerprint,
  HOSTILE_IDS,
  makeDirectory,
  orrery,
  removeFolders,
  shell,
  startDigger,
} from './command-line.ts';

let directory: string;
let folder: string;
let file: string;

beforeAll(async () => {
  directory = await makeDirectory();
  folder = emptyFolder();
  file = join(folder, 'ore.orrery');
  expect((await orrery('pack', directory, 'ore', '-o', file)).status).toBe(0);
});
afterAll(removeFolders);

it('[PK14] pack writes one file, says what is in it, and leaves the directory as it is', async () => {
  const before = fingerprint(directory);
  const to = join(folder, 'second.orrery');
  const { status, stdout, stderr } = await orrery('pack', directory, 'ore', '-o', to);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/game ore of type mine 3, up to seq 7, tick 1; .*\nSHA-256 of its content: [0-9a-f]{64}\n$/);
  expect(fingerprint(directory)).toEqual(before);
  const json = await orrery('pack', directory, 'final', '-o', join(folder, 'final.orrery'), '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    game: 'final',
    type: 'match',
    seq: 12,
    tick: 4,
    writer: 'orrery 0.1.0',
  });
});

it('[PK14] a file that is there stays, unless --force says otherwise', async () => {
  const taken = join(folder, 'taken.orrery');
  writeFileSync(taken, 'mine');
  const refused = await orrery('pack', directory, 'ore', '-o', taken);
  expect([refused.status, readFileSync(taken, 'utf8')]).toEqual([2, 'mine']);
  expect(refused.stderr).toContain('--force');
  expect((await orrery('pack', directory, 'ore', '-o', taken, '--force')).status).toBe(0);
  expect(readFileSync(taken, 'latin1').startsWith('SQLite format 3')).toBe(true);
  expect((await orrery('pack', directory, 'nobody', '-o', join(folder, 'x.orrery'))).status).toBe(3);
  expect((await orrery('pack', folder, 'ore', '-o', join(folder, 'x.orrery'))).status).toBe(3);
  expect((await orrery('pack', directory, 'ore')).status).toBe(2);
  expect(existsSync(join(folder, 'x.orrery'))).toBe(false);
});

it('[PK14] a game with any id can be packed and comes back under it', async () => {
  const there = join(emptyFolder(), 'data');
  const ids = HOSTILE_IDS.slice(0, 6);
  for (const [number, id] of ids.entries()) {
    const to = join(folder, `hostile-${number}.orrery`);
    expect((await orrery('pack', '-o', to, '--', directory, id)).status).toBe(0);
    expect((await orrery('unpack', to, there)).status).toBe(0);
  }
  await using open = await openOrrery({ directory: there, games: [mine] });
  expect((await open.list()).map(({ id }) => id)).toEqual([...ids].sort());
});

it('[PK14] unpack makes a directory with the game, which a program goes on with', async () => {
  const there = join(emptyFolder(), 'data');
  const { status, stdout } = await orrery('unpack', file, there);
  expect([status, stdout]).toEqual([0, `${there}: game ore, up to seq 7, tick 1\n`]);
  const renamed = await orrery('unpack', file, there, '--as', 'copy of ore', '--json');
  expect(JSON.parse(renamed.stdout)).toMatchObject({ game: 'copy of ore', from: 'ore', type: 'mine', seq: 7 });
  const again = await orrery('unpack', file, there);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain('--as');
  expect((await orrery('check', there)).status).toBe(0);
  const [log, source] = await Promise.all([
    orrery('log', there, 'ore', '--patches'),
    orrery('log', directory, 'ore', '--patches'),
  ]);
  expect(log.stdout).toBe(source.stdout);
  await using open = await openOrrery({ directory: there, games: [mine, match] });
  const ore = await open.load(mine, 'copy of ore');
  await ore.dispatch('dig', { seam: 'north', metal: 1 }).durable;
  expect(ore.state.total).toBe(13);
});

it('[PK14] a pack that is damaged, or none, is told, and no directory is made', async () => {
  const there = join(emptyFolder(), 'data');
  const broken = join(folder, 'broken.orrery');
  copyFileSync(file, broken);
  writeFileSync(broken, readFileSync(file).subarray(0, 8192));
  const damaged = await orrery('unpack', broken, there, '--json');
  expect(damaged.status).toBe(1);
  expect(JSON.parse(damaged.stderr).error).toMatchObject({ code: 'PACK_DAMAGED', context: { file: broken } });
  expect((await orrery('unpack', join(folder, 'none.orrery'), there)).status).toBe(3);
  expect((await orrery('unpack', file, there, '--as', 'a/b')).status).toBe(2);
  expect(existsSync(there)).toBe(false);
});

const deflated = (json: string): string => `X'${deflateSync(json).toString('hex')}'`;

/** In one text: JSON.parse would end the process. */
function manyLists(): readonly string[] {
  return [`UPDATE patch_batches SET commands = ${deflated(`[${'[],'.repeat(8_000_000)}[]]`)}`];
}

/** Each step adds a megabyte: none is much, and together they are more than a thread may have. */
function growingState(steps: number): readonly string[] {
  const rows = Array.from({ length: steps }, (_, index) => {
    const seq = index + 1;
    const body = deflated(`[[${seq},${seq},0,5,[["+",["big${seq}"],"${'x'.repeat(1_000_000)}"]]]]`);
    const commands = deflated(`[[${seq},0,5,"grow",null]]`);
    return `INSERT INTO patch_batches SELECT id, ${seq}, ${seq}, 0, 0, 5, 1, 1, ${body}, ${commands}, 5, 5 FROM games`;
  });
  const game = `UPDATE games SET seq = ${steps}, tick = 0, records = ${steps}, time = 5`;
  return ['DELETE FROM patch_batches', 'DELETE FROM snapshots WHERE seq > 0', ...rows, game];
}

it('[PK17] what nobody could use is told and not taken in, and neither is what takes all the memory there is', async () => {
  const there = join(emptyFolder(), 'data');
  const place = join(folder, 'forged.orrery');
  for (const sql of [`UPDATE games SET tables = '["ghosts"]'`, 'UPDATE games SET version = 99']) {
    writeFileSync(place, await forged(readFileSync(file), sql));
    for (const command of [
      ['unpack', place, there],
      ['check', place],
    ]) {
      const { status, stdout, stderr } = await orrery(...command);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain('the table games has what Orrery does not write');
    }
  }
  for (const sql of [manyLists(), growingState(200)]) {
    writeFileSync(place, await forged(readFileSync(file), ...sql));
    const { status, stdout, stderr } = await shell(
      `export NODE_OPTIONS=--max-old-space-size=64; orrery unpack ${place} ${there} --json`,
    );
    expect([status, stdout]).toEqual([5, '']);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'OUT_OF_MEMORY', context: { file: place } });
  }
  expect(existsSync(there)).toBe(false);
});

it('[PK14] a directory that is being played in can be packed from, and is not unpacked into', async () => {
  const busy = join(emptyFolder(), 'busy');
  const digger = await startDigger(busy, 'hold');
  try {
    const { status, stderr } = await orrery('unpack', file, busy, '--as', 'guest');
    expect([status, stderr.includes(String(digger.pid))]).toEqual([4, true]);
    const { games } = JSON.parse((await orrery('ls', busy, '--json')).stdout) as { games: { id: string }[] };
    const { id } = games[0] as { id: string };
    expect((await orrery('pack', busy, id, '-o', join(folder, 'busy.orrery'))).status).toBe(0);
  } finally {
    await digger.end();
  }
});

it('[PK16] check proves a pack, and says what is wrong with one that is damaged', async () => {
  const sound = await orrery('check', file);
  expect([sound.status, sound.stderr]).toEqual([0, '']);
  expect(sound.stdout).toMatch(
    /^sound: game ore of type mine 3, up to seq 7, tick 1\nSHA-256 of its content: [0-9a-f]{64}\n$/,
  );
  expect(JSON.parse((await orrery('check', file, '--json')).stdout)).toMatchObject({
    verdict: 'sound',
    game: 'ore',
    seq: 7,
  });
  const bytes = readFileSync(file);
  // In a value, not in the room that a page has left: who wrote the pack.
  const at = bytes.lastIndexOf('orrery 0.');
  bytes[at] = (bytes[at] as number) ^ 1;
  const damaged = join(folder, 'damaged.orrery');
  writeFileSync(damaged, bytes);
  const refused = await orrery('check', damaged);
  expect([refused.status, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('damaged.orrery');
  expect((await orrery('check', join(folder, 'none.orrery'))).status).toBe(3);
});
