// A shard opened by its owner, for commands that write and have no code of any game: nothing that such a program leaves
// behind may be less than what the program of the games would have kept.

import { OrreryError } from '../core/errors.ts';
import { importPiscina } from '../storage/late-import.ts';
import { type DirectoryConfig, shardDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { READING, ShardReader } from '../storage/sqlite/recovery/shard-reader.ts';
import type { SqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { OwnerOptions } from '../storage/sqlite/worker/protocol.ts';
import type { RecoveryReport } from '../storage/store.ts';
import { workerFile } from '../storage/worker-file.ts';

/** Nothing else waits for the thread: the longer its slices, the fewer turns it takes. */
const SLICE_MS = 200;

/** The most that `maxImageBytes` can be: a program's own bound is kept when that program publishes. */
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/**
 * Opens a shard, does something with it and closes it in good order. The caller has the lock of the directory. `accept`
 * takes the shard as it stands, whatever was recorded of it.
 */
export async function withOwnedShard<T>(
  directory: string,
  { id }: DirectoryConfig,
  shard: number,
  work: (store: SqliteStore, recovery: RecoveryReport) => Promise<T>,
  accept = false,
): Promise<T> {
  const folder = shardDirectory(directory, shard);
  // The commands that only read have no use for threads, and start sooner without what makes them.
  const { SqliteStore } = await import('../storage/sqlite/sqlite-store.ts');
  try {
    const store = new SqliteStore(folder, shard, {
      workerUrl: workerFile('shard-owner'),
      pool: await importPiscina(),
      recording: { directory: id, accept },
      sliceMs: SLICE_MS,
      checkpointBytes: Number.MAX_SAFE_INTEGER,
      maxImageBytes: MAX_IMAGE_BYTES,
      ...(await compactedAs(folder, shard, accept)),
    });
    try {
      const result = await work(store, await store.open());
      await store.close();
      return result;
    } finally {
      await store.destroy();
    }
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ shard }) : error;
  }
}

/**
 * What the journal still holds becomes rows for good. How each game type wants that, its program has written into the
 * image; of one that has not nothing is merged, which keeps the most. The index of commands is carried on where there
 * is one.
 */
async function compactedAs(
  folder: string,
  shard: number,
  accept: boolean,
): Promise<Pick<OwnerOptions, 'granularities' | 'commandIndex'>> {
  const reader = await ShardReader.open(nodeFiles, folder, shard, READING, accept ? 'ignore' : 'compare');
  try {
    const indexed = reader.contents?.database.one('SELECT 1 FROM commands LIMIT 1') !== undefined;
    return { granularities: new Map(), commandIndex: indexed };
  } finally {
    reader.close();
  }
}
