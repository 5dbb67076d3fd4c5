// What commands that look at a whole directory begin with: its description, and each shard, without changing anything.
// Those that are about one game begin in past/opening.ts.

import { InvalidArgumentError } from 'commander';
import { OrreryError } from '../core/errors.ts';
import { readConfig, shardDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { ShardReader } from '../storage/sqlite/recovery/shard-reader.ts';

/** Gives each shard's reader in turn. */
export async function eachShard(
  directory: string,
  visit: (reader: ShardReader, shard: number) => void | Promise<void>,
): Promise<void> {
  const { shards } = readConfig(nodeFiles, directory);
  for (let shard = 0; shard < shards; shard += 1) {
    await withShard(directory, shard, (reader) => visit(reader, shard));
  }
}

async function withShard(
  directory: string,
  shard: number,
  visit: (reader: ShardReader) => void | Promise<void>,
): Promise<void> {
  const reader = await atShard(shard, () => ShardReader.open(nodeFiles, shardDirectory(directory, shard), shard));
  try {
    await atShard(shard, async () => visit(reader));
  } finally {
    reader.close();
  }
}

async function atShard<T>(shard: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ shard }) : error;
  }
}

/** For options that are a seq or a number of things. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
  };
}
