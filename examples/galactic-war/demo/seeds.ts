// The secrets of the galaxies, read from the files of a directory without Orrery: whoever has the files can compute
// everything again. Nothing that Orrery prints tells them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import initSqlJs from 'sql.js';

/** By galaxy, as hex; of those that are in the newest image of their shard. */
export async function seedsIn(directory: string): Promise<Map<string, string>> {
  const { Database } = await initSqlJs();
  const seeds = new Map<string, string>();
  for (const shard of readdirSync(directory).filter((name) => /^shard-\d+$/.test(name))) {
    const image = new Database(readFileSync(join(directory, shard, 'latest.sqlite')));
    const [found] = image.exec('SELECT game, seed FROM seeds');
    for (const [game, seed] of found?.values ?? []) seeds.set(String(game), String(seed));
    image.close();
  }
  return seeds;
}
