// `orrery checkpoint`: the one command that writes.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { match, mine } from '../programs/mine.ts';
import { binary, emptyFolder, orrery, playAndDie, removeFolders } from './command-line.ts';

let directory: string;

beforeAll(async () => {
  directory = join(emptyFolder(), 'data');
  await playAndDie(directory);
});
afterAll(removeFolders);

interface Published {
  readonly shard: number;
  readonly generation: number;
  readonly imageBytes: number;
  readonly durationMs: number;
  readonly replayedRecords: number;
}

it('[K8] recovers what a killed process left, publishes an image of each shard, and needs no game types', async () => {
  const before = await orrery('log', directory, 'alpha', '--patches', '--json');
  const ended = await binary('checkpoint', directory, '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  const { shards } = JSON.parse(ended.stdout) as { shards: Published[] };
  expect(shards.map(({ shard }) => shard)).toEqual([0, 1]);
  // Four games of 44 commands and one creation each, all of them only in the journal.
  expect(shards.reduce((sum, { replayedRecords }) => sum + replayedRecords, 0)).toBe(4 * 45);
  for (const { shard, generation, imageBytes } of shards) {
    const names = readdirSync(join(directory, `shard-0${shard}`));
    expect(names).toContain(`MANIFEST-${String(generation).padStart(10, '0')}`);
    expect(imageBytes).toBeGreaterThan(0);
  }
  const found = JSON.parse((await orrery('check', directory, '--explain', '--json')).stdout) as {
    verdict: string;
    holder: unknown;
    shards: { recovery: unknown }[];
  };
  expect(found).toMatchObject({ verdict: 'sound', holder: null });
  for (const { recovery } of found.shards) expect(recovery).toMatchObject({ replayedFrames: 0, cutBytes: 0 });
  // Nothing of the past was merged on the way.
  expect((await orrery('log', directory, 'alpha', '--patches', '--json')).stdout).toBe(before.stdout);
});

it('[K8] publishes again when there is nothing to recover, and leaves a directory that opens as ever', async () => {
  const ended = await orrery('checkpoint', directory);
  expect(ended.status).toBe(0);
  const [header, ...rows] = ended.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
  expect(header).toEqual(['SHARD', 'GENERATION', 'IMAGE', 'MS', 'REPLAYED']);
  expect(rows.map(([shard, , , , replayed]) => `${shard} ${replayed}`)).toEqual(['0 0', '1 0']);
  await using open = await openOrrery({ directory, games: [mine, match] });
  const alpha = await open.load(mine, 'alpha');
  expect(alpha.seq).toBe(44);
  expect(alpha.state.total).toBe((39 * 40) / 2);
});
