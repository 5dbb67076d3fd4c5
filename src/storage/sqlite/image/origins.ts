// Under which ids a game was played before it came out of a pack, perhaps renamed: ctx.random is seeded with the id of the time,
// and the program was another one. Who runs old commands again needs to know.

import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Database } from './database.ts';

/** Up to this seq a game had this id. */
export interface Origin {
  readonly id: string;
  readonly upToSeq: number;
}

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

/** The id that a game had when it made the record of a seq. */
export function idAt(origins: readonly Origin[], game: string, seq: number): string {
  return origins.find(({ upToSeq }) => seq <= upToSeq)?.id ?? game;
}

/** Records up to this seq were made elsewhere; -1 when none was. */
export function importedSeq(origins: readonly Origin[]): number {
  return origins.at(-1)?.upToSeq ?? -1;
}

export function isOrigin(entry: unknown): entry is Origin {
  const { id, upToSeq } = (entry ?? {}) as { id?: unknown; upToSeq?: unknown };
  return typeof id === 'string' && Number.isSafeInteger(upToSeq);
}
