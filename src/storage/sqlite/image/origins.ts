// The ids that a game had before it came out of a pack, as a row of `meta`. storage/origins.ts says what they are for.

import { parseJson } from '../../../core/patch/bounded-json.ts';
import { isOrigin, type Origin } from '../../origins.ts';
import type { Database } from './database.ts';

const KEY = 'origin:';

/** Oldest first; empty for a game that never came out of a pack. Text that is no such list counts as none. */
export function readOrigins(database: Database, game: string): Origin[] {
  const text = originsText(database, game);
  if (text === undefined) return [];
  let raw: unknown;
  try {
    raw = parseJson(text);
  } catch {
    return [];
  }
  return Array.isArray(raw) && raw.every(isOrigin) ? raw : [];
}

/** What stands there, whatever it is. */
export function originsText(database: Database, game: string): string | undefined {
  const text = database.one('SELECT value FROM meta WHERE key = ?', [KEY + game])?.['value'];
  return typeof text === 'string' ? text : undefined;
}

export function writeOrigins(database: Database, game: string, origins: readonly Origin[]): void {
  if (origins.length === 0) return;
  database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', [KEY + game, JSON.stringify(origins)]);
}

export function removeOrigins(database: Database, game: string): void {
  database.run('DELETE FROM meta WHERE key = ?', [KEY + game]);
}
