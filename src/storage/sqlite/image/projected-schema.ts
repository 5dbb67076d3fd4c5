// Which projected tables a database has by its own account: the definitions that its table `types` keeps. They come
// from a disk, and are checked as if somebody had just typed them. Before it: schema.ts, which knows by then that
// `types` is Orrery's table.

import { OrreryError } from '../../../core/errors.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import { canonical, checkProjections, type ProjectedTable } from '../../../core/projection/definition.ts';
import type { Database } from './database.ts';

/** Longer than any that can be declared. */
const MOST_TEXT = 2 ** 22;

/** By game type. Throws DAMAGED for what could not have been declared, or is declared twice. */
export function recordedProjections(database: Database): ReadonlyMap<string, readonly ProjectedTable[]> {
  const rows = database.all(
    'SELECT name, projections FROM types WHERE projections IS NOT NULL AND length(projections) <= ? ORDER BY name',
    [MOST_TEXT],
  );
  const recorded = new Map<string, readonly ProjectedTable[]>();
  const names = new Set<string>();
  for (const { name, projections } of rows) {
    const tables = checked(String(projections));
    for (const table of tables) {
      const lower = table.name.toLowerCase();
      if (names.has(lower)) throw damaged('two game types with the same projected table');
      names.add(lower);
    }
    recorded.set(String(name), tables);
  }
  return recorded;
}

/** `history` is what the type's table says when it is not in there yet: commands, ticks or batches. */
export function recordProjections(
  database: Database,
  type: string,
  tables: readonly ProjectedTable[],
  history: string,
): void {
  database.run(
    `INSERT INTO types (name, history, projections) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET projections = excluded.projections`,
    [type, history, tables.length === 0 ? null : JSON.stringify(canonical(tables))],
  );
}

/** Whether every one of these is there. */
export function hasTables(database: Database, tables: readonly ProjectedTable[]): boolean {
  return tables.every(
    ({ name }) => database.one("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", [name]) !== undefined,
  );
}

function checked(text: string): readonly ProjectedTable[] {
  try {
    return checkProjections(parseJson(text));
  } catch (cause) {
    if (cause instanceof OrreryError)
      throw damaged('a definition of projected tables that Orrery did not write', cause);
    throw cause;
  }
}

function damaged(what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `the image has ${what}`,
    hint: 'Orrery did not write it like this and does not use it: put the file back from a backup, or run `orrery salvage`.',
    ...(cause === undefined ? {} : { cause }),
  });
}
