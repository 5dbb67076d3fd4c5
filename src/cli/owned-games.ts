// The games of a directory opened by its owner, for commands that write and may have no code of any game. Before them:
// fork.ts and recover.ts; after them: what orrery.ts would do for a program, without its options.

import type { OrreryError } from '../core/errors.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { Outbox } from '../engine/commit-queue.ts';
import { Residents } from '../engine/loaded-games.ts';
import { LivePast } from '../history/live-history.ts';
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
 * Opens the shards of these games and no others: what they hold is not this command's business. Fails with ALREADY_OPEN while
 * another process has the directory. Closes everything in good order.
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
    return await withStores(directory, config, needed, new Map(), (open) => withResidents(open, shards, types, work));
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

async function withResidents<T>(
  open: OpenShards,
  shards: number,
  types: readonly AnyGameType[],
  work: (parts: RecoverParts) => Promise<T>,
): Promise<T> {
  const nothing = (): void => undefined;
  // Where a shard is not open nothing stands: nobody asks for it.
  const places: Outbox[] = new Array<Outbox>(shards);
  const outboxes = Array.from(open, ([shard, store]) => {
    // A program goes on in memory and tries again; a command says what is wrong and ends.
    const degraded = (error: OrreryError): void => outbox.abandon(error);
    const outbox: Outbox = new Outbox(
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
    places[shard] = outbox;
    return outbox;
  });
  const options = { ...DEFAULTS, maxStateBytes: Number.MAX_SAFE_INTEGER, games: types };
  const residents = new Residents(places, options, { evicted: nothing, subscriberFailed: nothing });
  for (const outbox of outboxes) outbox.start();
  const openPast = (game: string): Promise<LivePast> => LivePast.open(residents.outboxOf(game), game);
  let result: T;
  try {
    result = await work({ residents, types, openPast });
  } catch (error) {
    residents.close();
    // Why the work failed is what there is to be told; nothing of it is on its way.
    await Promise.allSettled(outboxes.map((outbox) => outbox.close(CLOSE_MS)));
    throw error;
  }
  residents.close();
  for (const outbox of outboxes) await outbox.close(CLOSE_MS);
  return result;
}
