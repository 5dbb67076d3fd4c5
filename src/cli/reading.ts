// What the reading commands begin with: the directory's description, and the shard of a game, without changing anything.

import { InvalidArgumentError } from 'commander';
import { readConfig, shardDirectory, shardOf } from '../directory.ts';
import { OrreryError } from '../errors.ts';
import type { GameRow } from '../image/rows.ts';
import { nodeFiles } from '../journal/files.ts';
import { ShardReader } from '../recovery/shard-reader.ts';

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

/** Throws GAME_NOT_FOUND. A game id is never a path: whatever it is, it is only looked up. */
export async function withGame(
  directory: string,
  game: string,
  visit: (reader: ShardReader, row: GameRow) => Promise<void>,
): Promise<void> {
  const { shards } = readConfig(nodeFiles, directory);
  await withShard(directory, shardOf(game, shards), async (reader) => {
    const row = reader.game(game);
    if (row) return visit(reader, row);
    throw new OrreryError({
      code: 'GAME_NOT_FOUND',
      what: 'there is no such game',
      hint: '`orrery ls` lists the games of a directory; upper and lower case are different.',
      context: { game, directory },
    });
  });
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
    throw error instanceof OrreryError && error.code !== 'GAME_NOT_FOUND' && error.code !== 'POINTER_NOT_FOUND'
      ? error.within({ shard })
      : error;
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
