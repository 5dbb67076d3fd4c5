// The games of a directory opened by its owner, for commands that write and may have no code of any game. Before them:
// fork.ts and recover.ts; after them: what orrery.ts would do for a program, without its options.

import type { OrreryError } from '../core/errors.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { CommitQueue } from '../engine/commit-queue.ts';
import { LoadedGames } from '../engine/loaded-games.ts';
import { LiveHistory } from '../history/live-history.ts';
import type { RecoverParts } from '../history/recover/recover.ts';
import { DEFAULTS } from '../options.ts';
import { shardOf } from '../storage/shard-of.ts';
import { type DirectoryConfig, readConfig, takeDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import type { SqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { withOwnedShard } from './owned-shard.ts';

/** Publishing a large image takes a while, and there is nobody to be kept waiting. */
const CLOSE_MS = 10 * 60_000;

/** A command waits for its disk, however slow that is: whoever started it can end it. */
const PATIENT_MS = 2 ** 31 - 1;

/** A shard that is open, by its number. */
type OpenShards = ReadonlyMap<number, SqliteStore>;

/**
 * Opens the shards of these games and no others: what they hold is not this command's business. Fails with ALREADY_OPEN
 * while another process has the directory. Closes everything in good order.
 */
export async function withOwnedGames<T>(
  directory: string,
  games: readonly string[],
  types: readonly AnyGameType[],
  work: (parts: RecoverParts) => Promise<T>,
): Promise<T> {
  // Taking a directory would make it; here it has to be one already.
  const config = readConfig(nodeFiles, directory);
  const { shards } = config;
  const { lock } = takeDirectory(nodeFiles, directory, undefined, shards);
  try {
    const needed = [...new Set(games.map((game) => shardOf(game, shards)))];
    return await withStores(directory, config, needed, new Map(), (open) => withLoadedGames(open, shards, types, work));
  } finally {
    lock.release();
  }
}

function withStores<T>(
  directory: string,
  config: DirectoryConfig,
  [shard, ...others]: readonly number[],
  open: OpenShards,
  work: (open: OpenShards) => Promise<T>,
): Promise<T> {
  if (shard === undefined) return work(open);
  return withOwnedShard(directory, config, shard, (store) =>
    withStores(directory, config, others, new Map([...open, [shard, store]]), work),
  );
}

async function withLoadedGames<T>(
  open: OpenShards,
  shards: number,
  types: readonly AnyGameType[],
  work: (parts: RecoverParts) => Promise<T>,
): Promise<T> {
  const nothing = (): void => undefined;
  // Where a shard is not open nothing stands: nobody asks for it.
  const places: CommitQueue[] = new Array<CommitQueue>(shards);
  const commitQueues = Array.from(open, ([shard, store]) => {
    // A program goes on in memory and tries again; a command says what is wrong and ends.
    const degraded = (error: OrreryError): void => commitQueue.abandon(error);
    const commitQueue: CommitQueue = new CommitQueue(
      store,
      { ...DEFAULTS, stalledAfterMs: PATIENT_MS },
      {
        checkpoint: nothing,
        recovered: nothing,
        failed: nothing,
        // Who wrote to the game hears of it.
        gameFailed: nothing,
        degraded,
      },
    );
    places[shard] = commitQueue;
    return commitQueue;
  });
  const options = { ...DEFAULTS, maxStateBytes: Number.MAX_SAFE_INTEGER, games: types };
  const loadedGames = new LoadedGames(places, options, { evicted: nothing, subscriberFailed: nothing });
  for (const commitQueue of commitQueues) commitQueue.start();
  const openPast = (game: string): Promise<LiveHistory> => LiveHistory.open(loadedGames.commitQueueOf(game), game);
  let result: T;
  try {
    result = await work({ loadedGames, types, openPast });
  } catch (error) {
    loadedGames.close();
    // Why the work failed is what there is to be told; nothing of it is on its way.
    await Promise.allSettled(commitQueues.map((commitQueue) => commitQueue.close(CLOSE_MS)));
    throw error;
  }
  loadedGames.close();
  for (const commitQueue of commitQueues) await commitQueue.close(CLOSE_MS);
  return result;
}
