// The secrets of games, from which their random numbers follow, as rows of an image. compaction/ writes them with the
// game; loading a game and running its commands again need them. Nothing that lists games reads this table.

import type { Database } from './database.ts';

/** As hex. Undefined for a game from before there were seeds. */
export function readSeed(database: Database, game: string): string | undefined {
  const seed = database.one('SELECT seed FROM seeds WHERE game = ?', [game])?.['seed'];
  return typeof seed === 'string' ? seed : undefined;
}

export function writeSeed(database: Database, game: string, seed: string | undefined): void {
  if (seed === undefined) return;
  database.run('INSERT OR REPLACE INTO seeds (game, seed) VALUES (?, ?)', [game, seed]);
}
