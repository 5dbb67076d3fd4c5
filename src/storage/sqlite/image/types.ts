// What the game types of a shard's programs said when they last opened it: whoever opens the image without their code
// goes by that. worker/owner.ts writes it, compaction reads it.

import type { Database } from './database.ts';

export interface StoredType {
  /** commands, ticks or batches. */
  readonly history: string;
  /** JSON. */
  readonly retention: string | undefined;
}

export function readType(database: Database, name: string): StoredType | undefined {
  const row = database.one('SELECT history, retention FROM types WHERE name = ? AND history IS NOT NULL', [name]);
  if (!row) return undefined;
  const retention = row['retention'];
  return { history: String(row['history']), retention: retention === null ? undefined : String(retention) };
}

export function writeType(database: Database, name: string, { history, retention }: StoredType): void {
  database.run(
    `INSERT INTO types (name, history, retention) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET history = excluded.history, retention = excluded.retention`,
    [name, history, retention ?? null],
  );
}
