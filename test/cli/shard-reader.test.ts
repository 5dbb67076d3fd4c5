// Reading a shard whose files come and go meanwhile, without the chance of a race: the folder is another one at each look.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { examineShard } from '#storage/sqlite/inspection/shard.ts';
import { ShardReader } from '#storage/sqlite/recovery/shard-reader.ts';
import { mine } from '../programs/mine.ts';
import { emptyFolder, removeFolders } from './command-line.ts';

/** One shard at two moments, so far apart that they have no file in common but the lease. */
let before: string;
let after: string;

beforeAll(async () => {
  const folder = emptyFolder();
  const directory = join(folder, 'data');
  before = join(folder, 'before');
  after = join(folder, 'after');
  await using orrery = await openOrrery({ directory, games: [mine], shards: 1 });
  const ore = await orrery.open(mine, 'ore', ['north']);
  for (let moment = 1; moment <= 4; moment += 1) {
    await ore.dispatch('dig', { seam: 'north', metal: moment }).durable;
    await orrery.checkpoint();
    if (moment === 1) cpSync(directory, before, { recursive: true });
  }
  cpSync(directory, after, { recursive: true });
});
afterAll(removeFolders);

/** Files at `place`, whose folder at the time of each look is up to `folderAt`; looks are the listings so far. */
function shifting(place: string, folderAt: (looks: number) => string): Files & { looks: number } {
  const files = {
    ...nodeFiles,
    looks: 0,
    list(path: string) {
      files.looks += 1;
      return nodeFiles.list(moved(path));
    },
    exists: (path: string) => nodeFiles.exists(moved(path)),
    size: (path: string) => nodeFiles.size(moved(path)),
    read: (path: string, limit?: number) => nodeFiles.read(moved(path, 1), limit),
  };
  const moved = (path: string, later = 0): string => path.replace(place, folderAt(files.looks + later));
  return files;
}

it('[K16] starts over when what was listed has gone, and reads the newer shard whole', async () => {
  // The first listing is of the old folder; by the first reading it is the new one.
  const files = shifting('/place', (looks) => (looks <= 1 ? before : after));
  const reader = await ShardReader.open(files, '/place/shard-00', 0);
  expect(reader.game('ore')?.seq).toBe(4);
  expect(reader.past('ore')?.fold(4).state).toMatchObject({ total: 10 });
  const steps = reader.past('ore')?.page({ fromSeq: 2, toSeq: 3 }, 9).steps ?? [];
  expect(steps.map(({ lastSeq, commands }) => [lastSeq, commands.map(({ seq }) => seq)])).toEqual([
    [2, [2]],
    [3, [3]],
  ]);
  reader.close();
  expect(files.looks).toBeGreaterThan(1);

  const again = shifting('/place', (looks) => (looks <= 1 ? before : after));
  const examined = await examineShard(again, '/place', 0, undefined);
  expect(examined.findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(examined.contents).toMatchObject({ games: 1, commands: 4 });
});

it('[K17] a segment that nobody needs and that its owner removes after it was listed is no finding of damage', async () => {
  const swept = 'segment-0000000001.journal';
  const files: Files = { ...nodeFiles, list: (path) => [...nodeFiles.list(path), swept].sort() };
  expect(nodeFiles.exists(join(after, 'shard-00', swept))).toBe(false);
  const { findings, contents } = await examineShard(files, after, 0, undefined);
  expect(findings.filter(({ level }) => level === 'error' || level === 'warning')).toEqual([]);
  expect(findings.map(({ file }) => file)).toContain(`shard-00/${swept}`);
  expect(contents).toMatchObject({ games: 1, commands: 4 });
});

it('[K16] reads each file once, and before it makes anything of them', async () => {
  const read: string[] = [];
  const folder = join(before, 'shard-00');
  const files: Files = {
    ...nodeFiles,
    read(path, limit) {
      read.push(path.slice(folder.length + 1).replace(/-.*/, ''));
      return nodeFiles.read(path, limit);
    },
  };
  const reader = await ShardReader.open(files, folder, 0);
  expect(read).toEqual(['record', 'MANIFEST', 'segment', 'image']);
  expect(reader.past('ore')?.fold(1).seq).toBe(1);
  expect(read).toHaveLength(4);
  reader.close();
});

it('[K16] takes damage for damage at once when nothing has changed, and in the end when everything always does', async () => {
  const broken = (files: Files & { looks: number }): Files & { looks: number } =>
    Object.assign(files, {
      read: (path: string, limit?: number) => {
        const bytes = nodeFiles.read(path.replace('/place', before), limit);
        return path.includes('MANIFEST') ? bytes.subarray(1) : bytes;
      },
    });
  const still = broken(shifting('/place', () => before));
  await expect(ShardReader.open(still, '/place/shard-00', 0)).rejects.toMatchObject({ code: 'DAMAGED' });
  expect(still.looks).toBe(2);
  const restless = broken(shifting('/place', (looks) => (looks % 2 === 0 ? before : after)));
  await expect(ShardReader.open(restless, '/place/shard-00', 0)).rejects.toMatchObject({ name: 'OrreryError' });
  expect(restless.looks).toBeGreaterThan(20);
});

it('[K16] a shard that was never finished being made holds nothing', async () => {
  const reader = await ShardReader.open(nodeFiles, emptyFolder(), 0);
  expect(reader.contents).toBeUndefined();
  expect(reader.games()).toEqual([]);
  expect(reader.past('ore')).toBeUndefined();
  reader.close();
});

it('[K16] a folder that is gone, or that of another shard, is damage and not an empty shard', async () => {
  const gone = ShardReader.open(nodeFiles, join(before, 'nowhere'), 0);
  await expect(gone).rejects.toMatchObject({ code: 'SHARD_MISSING', context: { shard: 0 } });
  const other = ShardReader.open(nodeFiles, join(before, 'shard-00'), 1);
  await expect(other).rejects.toMatchObject({
    code: 'SHARD_REPLACED',
    what: 'the folder is that of shard 0, not of shard 1',
  });
});
