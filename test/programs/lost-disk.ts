// How a test tells lost-disk-owner.ts that there is no disk: by a file of this name beside the folder of the shard.

export const GONE = 'disk-is-gone';
