// Which of several shards a game belongs to, by a hash of its id.

import { createHash } from 'node:crypto';

/** Which shard a game belongs to: the same for ever, for a given number of shards. */
export function shardOf(game: string, shards: number): number {
  if (shards === 1) return 0;
  return createHash('sha256').update(game, 'utf8').digest().readUInt32LE(0) % shards;
}
