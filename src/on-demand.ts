// The functions that a program calls first. The code behind each is loaded when it is called, because a program that imports orrery for
// its game types, a tool or a test needs little of it. After it: orrery.ts and what verifies, tries, packs and finds migrations.

import type { AnyGameType } from './core/game/define.ts';
import type { Migrations } from './core/game/migration.ts';
import type { TypeVersions } from './history/rerun/games-module.ts';
import { assertMayOpen } from './history/rerun/import-guard.ts';
import type { TryOptions, TryReport } from './history/rerun/trial.ts';
import type { Verification, VerifyOptions } from './history/rerun/verify.ts';
import { checkOptions, type OrreryOptions } from './options.ts';
import type { Orrery } from './orrery.ts';
import type { HistoryReader } from './storage/history-reader.ts';
import { defaultLogger, importPiscina, part } from './storage/late-import.ts';
import type { PackPast } from './storage/sqlite/pack/pack-history.ts';

/**
 * Opens a directory, recovers what is in it, and makes it ready for games.
 *
 * @throws OrreryError INVALID_OPTION, DIRECTORY_UNUSABLE, ALREADY_OPEN (with the process that has it), SHARD_COUNT_MISMATCH,
 * SHARD_MISSING, SHARD_REPLACED, SHARD_OLDER (a shard is not what was recorded of it), FORMAT_TOO_NEW, DAMAGED (acknowledged data
 * cannot be read; nothing was changed), DISK_FULL, IO_FAILED, OPEN_TIMEOUT (only with `openTimeoutMs`), GAMES_MODULE (while the
 * module that calls this is imported for its game types), BUNDLED (docs/BUNDLING.md); with `readOnly`,
 * NOT_AN_ORRERY_DIRECTORY in place of the first two of the directory.
 */
export async function openOrrery(options: OrreryOptions): Promise<Orrery> {
  // At once: where the process stands, and what is in the options, may change while code is loaded.
  const checked = checkOptions(options);
  // And a module that does not wait for this may have been imported by then.
  if (!checked.store && !checked.readOnly) assertMayOpen(checked.directory);
  // Side by side: the packages and the code are read from the disk at the same time.
  const [code, logger] = await settledInOrder([
    part(() => import('./orrery.ts')),
    checked.logger ?? defaultLogger(),
    // openDirectory asks for it again, and need not wait.
    checked.store ? undefined : importPiscina(),
  ]);
  return checked.store ? code.openOwnStore(checked, logger) : code.openDirectory(checked, logger);
}

/**
 * Imports a module and gives every game type it exports, by whatever name, in a list or alone. A path is relative to `from`,
 * a folder; a file: URL stands for itself.
 *
 * @throws OrreryError GAMES_MODULE when it cannot be found or imported, opens an orrery, or exports no game type.
 */
export async function loadGameTypes(specifier: string, from: string): Promise<readonly AnyGameType[]> {
  const code = await part(() => import('./history/rerun/games-module.ts'));
  return code.loadGameTypes(specifier, from);
}

/**
 * Plays a game on from a moment, in memory. A state of an older version is migrated first. Commands that were not recorded
 * have the time of the moment as context.now.
 *
 * @throws OrreryError MOMENT_NOT_KEPT, MIGRATION_MISSING, MIGRATION_FAILED, INVALID_OPTION (a trial that is none), DAMAGED;
 * INVALID_OPTION also where a whole state was recorded on the way.
 */
export async function tryOut(
  past: HistoryReader,
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  options: TryOptions = {},
): Promise<TryReport> {
  const code = await part(() => import('./history/rerun/trial.ts'));
  return code.tryOut(past, types, options);
}

/**
 * Verifies one game on this thread, in slices between turns of the event loop. One step is never cut: its commands run as
 * they ran when they were recorded.
 *
 * @throws OrreryError GAMES_MODULE (no code for the game among the types), and what the past throws: DAMAGED, MOMENT_NOT_KEPT, CLOSED.
 */
export async function verify(
  past: HistoryReader,
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  options: VerifyOptions = {},
): Promise<Verification> {
  const code = await part(() => import('./history/rerun/verify.ts'));
  return code.verify(past, types, options);
}

/**
 * The migrations in a folder: `new URL('./migrations/', import.meta.url)`. The default export of `0001_name.js` (.mjs, .ts)
 * leads from version 1 to 2. Files whose names do not begin with a digit are left alone.
 *
 * @throws OrreryError INVALID_GAME_TYPE, with the file, for two migrations from one version, a gap, a name that cannot be
 * read, a module that cannot be loaded or has no function as its default export; IO_FAILED when there is no such folder.
 */
export async function migrationsIn(folder: URL): Promise<Migrations> {
  const code = await part(() => import('./history/upgrade/discover.ts'));
  return code.migrationsIn(folder);
}

/**
 * The past of the one game in a pack. What a row holds is checked when it is read.
 *
 * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, IO_FAILED.
 */
export async function openPackPast(file: string): Promise<PackPast> {
  const code = await part(() => import('./storage/sqlite/pack/pack-history.ts'));
  return code.openPackPast(file);
}

/** The first failure in the order of the list, when all have ended: which one is told must not depend on the disk. */
async function settledInOrder<const T extends readonly unknown[]>(
  each: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(each);
  return Promise.all(each) as Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
}
