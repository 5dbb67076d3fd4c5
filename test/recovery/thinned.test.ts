// Shards that retention has thinned, after a crash and under damage: recovery from the image before leads to the same game with a
// past that adds up, and salvage takes such games for whole ones.

import { expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import { imageName } from '#storage/sqlite/image/image.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';
import { openShard } from '#storage/sqlite/recovery/open-shard.ts';
import { readableShardOf } from '#storage/sqlite/recovery/readable-shard.ts';
import { gamesOf, salvageGame } from '#storage/sqlite/salvage/salvage.ts';
import { writeSalvaged } from '#storage/sqlite/salvage/salvage-rows.ts';
import { commit, openOwner, SHARD, stateAt, toldNothing } from '../fault/shard-script.ts';
import { MemoryFolder } from './memory-folder.ts';

const policies: { readonly [name: string]: Persistence } = {
  'tiers for ever': {
    tiers: [
      { every: 'step', forMs: 20 },
      { every: 'tick', forMs: 60 },
      { every: { ms: 25 }, forMs: 'ever' },
    ],
  },
  'tiers with an end': { tiers: [{ every: 'tick', forMs: 80 }] },
  'a number of records': { strategy: 'events', keepRecords: 40 },
  'snapshots alone': { strategy: 'snapshot', snapshotEvery: { records: 30 }, keepSnapshots: 3 },
};
/** Records of each game; it begins with seq 0. */
const GAMES = { a: 211, b: 64, c: 7 } as const;

/** Commits with checkpoints in between, and a crash with some behind the newest. */
async function thinnedShard(persistence: Persistence): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  const retentions = new Map([['counter', checkPersistence('counter', persistence)]]);
  const owner = await openOwner(folder, { retentions, granularities: new Map([['counter', 'commands']]) });
  const told = toldNothing();
  const left: { [game: string]: number } = { ...GAMES };
  for (let round = 0; Object.keys(left).length > 0; round += 1) {
    const now: { [game: string]: number } = {};
    for (const [game, count] of Object.entries(left)) {
      now[game] = Math.min(count, 1 + ((round * 7 + game.charCodeAt(0)) % 13));
      left[game] = count - now[game];
      if (left[game] === 0) delete left[game];
    }
    commit(owner, now, told);
    if (round % 3 === 2) while (owner.checkpoint() === undefined);
  }
  owner.abandon();
  return folder;
}

/** The games of a shard as an owner without the code finds them: what they are, and how much of their past is left. */
async function found(folder: MemoryFolder): Promise<Map<string, number>> {
  const shard = await openShard(folder, SHARD, 0, { granularityOf: () => undefined, commandIndex: false });
  const steps = new Map<string, number>();
  try {
    for (const row of shard.compaction.games()) {
      const due = GAMES[row.id as keyof typeof GAMES] - 1;
      expect([row.id, row.seq, row.records]).toEqual([row.id, due, due]);
      expect(proveGame(shard, row).fault, row.id).toBeUndefined();
      let count = 0;
      for (const { lastSeq } of shard.compaction.steps(row.id, row.firstSeq, row.seq)) {
        expect(shard.compaction.fold(row.id, lastSeq)).toMatchObject({ seq: lastSeq, state: stateAt(lastSeq) });
        count += 1;
      }
      steps.set(row.id, count);
    }
    expect([...steps.keys()]).toEqual(Object.keys(GAMES));
    return steps;
  } finally {
    shard.journal?.close();
    shard.database.close();
  }
}

for (const [name, persistence] of Object.entries(policies)) {
  it(`[RT11] ${name}: the newest image and the one before with its longer journal lead to the same games`, async () => {
    const folder = await thinnedShard(persistence);
    const steps = await found(folder.copy());
    expect(steps.get('a')).toBeLessThan(GAMES.a - 50);
    const newest = folder.paths('image-').at(-1) as string;
    const bytes = Buffer.from(folder.bytesOf(newest));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    expect(newest.endsWith(imageName(Number(/\d+/.exec(newest.split('image-')[1] as string)?.[0])))).toBe(true);
    await found(folder.with(newest, bytes));
    // And the owner that goes on from there thins again, and leaves a shard that is as good.
    const again = folder.with(newest, bytes);
    const retentions = new Map([['counter', checkPersistence('counter', persistence)]]);
    const owner = await openOwner(again, { retentions, granularities: new Map([['counter', 'commands']]) });
    expect(owner.recovery.usedPreviousImage).toBe(true);
    owner.close();
    const settled = await found(again);
    expect(settled.get('a')).toBeLessThanOrEqual(steps.get('a') as number);
  });

  it(`[RT11] ${name}: salvage recovers every game whole, with the manifests and without`, async () => {
    const folder = await thinnedShard(persistence);
    const bare = folder.copy();
    for (const path of bare.paths('MANIFEST-')) bare.files.delete(path);
    for (const files of [folder, bare]) {
      const remains = await readableShardOf(files, SHARD);
      const shard = await openShard(new MemoryFolder(), SHARD, 0, {
        granularityOf: () => 'commands',
        commandIndex: false,
      });
      try {
        expect(gamesOf([remains]).sort()).toEqual(Object.keys(GAMES));
        for (const id of gamesOf([remains])) {
          const game = salvageGame(id, [remains]);
          const due = GAMES[id as keyof typeof GAMES] - 1;
          expect(game).toMatchObject({ seq: due, knownSeq: due, fault: undefined });
          writeSalvaged(shard, game);
          const row = shard.compaction.game(id);
          expect(row && proveGame(shard, row).fault).toBeUndefined();
          expect(shard.compaction.fold(id)?.state).toEqual(stateAt(due));
        }
      } finally {
        for (const { database } of remains.images) database.close();
        shard.journal?.close();
        shard.database.close();
      }
    }
  });
}
