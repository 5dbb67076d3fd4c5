// A directory whose games keep only a part of their past, under the commands that know no code: what they check, read and
// write is whole, and they keep what the game types keep.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineGame, type GameType, openOrrery, type Persistence } from '#index.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { emptyFolder, orrery, removeFolders } from './command-line.ts';

const SEQ = 400;
type Counter = GameType<{ n: number; list: number[] }, void, { add(draft: { n: number; list: number[] }): void }>;

function counter(name: string, persistence: Persistence): Counter {
  return defineGame(name, {
    version: 1,
    history: 'commands',
    persistence,
    initial: () => ({ n: 0, list: [0] }),
    commands: {
      add(draft: { n: number; list: number[] }) {
        draft.n += 1;
        draft.list[draft.n % 5] = draft.n;
      },
    },
  });
}

const types = [
  counter('events', { strategy: 'events', keepRecords: 100 }),
  counter('snapshots', { strategy: 'snapshot', snapshotEvery: { records: 50 }, keepSnapshots: 3 }),
  counter('tiers', { tiers: [{ every: { ms: 86_400_000 }, forMs: 'ever' }] }),
  counter('everything', {}),
] as const;

let directory: string;
beforeAll(async () => {
  directory = join(emptyFolder(), 'data');
  const engine = await openOrrery({ directory, games: [...types] });
  const games = await Promise.all(types.map((type) => engine.open(type, type.name)));
  for (let round = 0; round < SEQ / 50; round += 1) {
    for (const game of games) for (let count = 0; count < 50; count += 1) game.dispatch('add');
    await engine.checkpoint();
  }
  await engine.close();
});
afterAll(removeFolders);

/** The newest image: steps and snapshots of each game. */
async function kept(folder: string): Promise<{ [game: string]: string }> {
  const shard = join(folder, 'shard-00');
  const newest = readdirSync(shard)
    .filter((name) => name.startsWith('image-'))
    .sort()
    .at(-1) as string;
  const database = await Database.open(readFileSync(join(shard, newest)));
  const rows = database.all(
    `SELECT id, first_seq, (SELECT count(*) FROM snapshots WHERE game = id) AS snapshots,
       (SELECT sum(count) FROM patch_batches WHERE game = id) AS commands FROM games`,
  );
  database.close();
  return Object.fromEntries(
    rows.map((row) => [String(row['id']), [row['first_seq'], row['snapshots'], row['commands']].join(' ')]),
  );
}

it('[RT12] check finds nothing wrong with games that keep a part of their past', async () => {
  expect(await kept(directory)).toEqual({
    events: '300 1 100',
    everything: '0 1 400',
    snapshots: '300 3 0',
    tiers: '0 1 0',
  });
  const { status, stdout } = await orrery('check', directory);
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('0 errors, 0 warnings');
});

it('[RT12] show and log give what is left, and the newest state of each game is whole', async () => {
  const list = Array.from({ length: 5 }, (_, at) => (at === 0 ? 400 : 395 + at));
  for (const { name } of types) {
    const shown = await orrery('show', directory, name, '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ seq: SEQ, value: { n: SEQ, list } });
  }
  const log = await orrery('log', directory, 'events', '--json');
  expect(log.stdout.trimEnd().split('\n').length).toBe(100);
});

it('[RT12] a checkpoint by a program without the code keeps what the game types keep, and salvage recovers it', async () => {
  const before = await kept(directory);
  expect((await orrery('checkpoint', directory)).status).toBe(0);
  expect(await kept(directory)).toEqual(before);
  const target = join(emptyFolder(), 'salvaged');
  const salvaged = await orrery('salvage', directory, '--to', target);
  expect(salvaged.status, salvaged.stdout + salvaged.stderr).toBe(0);
  expect((await orrery('check', target)).status).toBe(0);
  const engine = await openOrrery({ directory: target, games: [...types] });
  for (const type of types) {
    const game = await engine.load(type, type.name);
    expect(game.state.n).toBe(SEQ);
    game.dispatch('add');
  }
  await engine.close();
  expect((await orrery('check', target)).status).toBe(0);
});
