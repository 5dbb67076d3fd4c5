// Every stored game of an older version taken up at once, instead of when it is opened. Before it: orrery.migrateAll
// and `orrery migrate`. After it: the games are opened one by one, and opening migrates.

import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { tooNew, unknownType } from '../../core/game/mismatch.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { GameInfo } from '../../storage/game-info.ts';

export interface MigrateAllOptions {
  /** Only these games. Default: all. */
  readonly games?: readonly string[];
  /** After each game that was looked at. What it throws ends the work; what is migrated stays so. */
  readonly onProgress?: (progress: MigrationProgress) => void;
}

const OPTIONS: OptionsOf<MigrateAllOptions> = { games: 'checked', onProgress: 'function' };

/** What became of one game. */
export interface GameMigration {
  readonly game: string;
  readonly type: string;
  readonly from: number;
  /** The version it has now: `from` when it failed. */
  readonly to: number;
  readonly error?: OrreryError;
}

export interface MigrationProgress {
  /** Games that were looked at. */
  readonly done: number;
  readonly total: number;
  /** The last of them; undefined when there was nothing to do for it. */
  readonly latest: GameMigration | undefined;
}

export interface MigrationReport {
  readonly migrated: readonly GameMigration[];
  /** Each stays on the version it had, and nothing of it was written. */
  readonly failed: readonly GameMigration[];
  /** Games that had the newest version of their type already. */
  readonly current: number;
}

/** What is known of a directory and how its games are opened. */
export interface MigratableGames {
  readonly types: readonly AnyGameType[];
  list(): Promise<readonly GameInfo[]>;
  load(type: AnyGameType, id: string): Promise<unknown>;
}

/**
 * One game at a time, each as a whole or not at all; one that fails does not hold up the others.
 *
 * @throws OrreryError GAME_NOT_FOUND for a game in `options.games` that is not there, before anything is done; CLOSED.
 */
export async function migrateAll(all: MigratableGames, options: MigrateAllOptions = {}): Promise<MigrationReport> {
  assertOptions('migrateAll', options, OPTIONS);
  const rows = chosen(await all.list(), options.games);
  const migrated: GameMigration[] = [];
  const failed: GameMigration[] = [];
  let current = 0;
  for (const [index, row] of rows.entries()) {
    const latest = await migrateOne(all, row);
    if (!latest) current += 1;
    else if (latest.error) failed.push(latest);
    else migrated.push(latest);
    options.onProgress?.({ done: index + 1, total: rows.length, latest });
  }
  return { migrated, failed, current };
}

async function migrateOne(all: MigratableGames, row: GameInfo): Promise<GameMigration | undefined> {
  const { id, version: from } = row;
  const type = all.types.find(({ name }) => name === row.type);
  if (type?.version === from) return undefined;
  const outcome = { game: id, type: row.type, from };
  try {
    if (!type) throw unknownType(id, row.type);
    if (from > type.version) throw tooNew(id, from, type.version);
    await all.load(type, id);
    return { ...outcome, to: type.version };
  } catch (error) {
    if (!(error instanceof OrreryError) || ENDS_EVERYTHING.has(error.code)) throw error;
    return { ...outcome, to: from, error };
  }
}

/** No other game would fare better. */
const ENDS_EVERYTHING: ReadonlySet<string> = new Set(['CLOSED', 'STALE_OWNER', 'INTERNAL']);

function chosen(rows: readonly GameInfo[], games: readonly string[] | undefined): readonly GameInfo[] {
  if (!games) return rows;
  const wanted = new Set(games);
  const found = rows.filter(({ id }) => wanted.delete(id));
  const [missing] = wanted;
  if (missing === undefined) return found;
  throw new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: 'Use `list` or `orrery ls` to see what there is.',
    context: { game: missing },
  });
}
