// The functions that a program calls first. The code behind each is loaded when it is called, because a program that
// imports orrery for its game types, a tool or a test needs little of it. After it: orrery.ts histories.ts and what
// finds migrations.

import type { AnyGameType } from './core/game/define.ts';
import type { Migrations } from './core/game/migration.ts';
import type { OpenPackOptions } from './histories.ts';
import type { GameHistory } from './history/game/game-history.ts';
import { assertMayOpen } from './history/rerun/import-guard.ts';
import { checkOptions, type OrreryOptions } from './options.ts';
import type { Orrery } from './orrery.ts';
import { defaultLogger, importPiscina, part } from './storage/late-import.ts';

/**
 * Opens a directory, recovers what is in it, and makes it ready for games.
 *
 * @throws OrreryError INVALID_OPTION, DIRECTORY_UNUSABLE, ALREADY_OPEN (with the process that has it),
 * SHARD_COUNT_MISMATCH, SHARD_MISSING, SHARD_REPLACED, SHARD_OLDER (a shard is not what was recorded of it),
 * FORMAT_TOO_NEW, DAMAGED (acknowledged data cannot be read; nothing was changed), DISK_FULL, IO_FAILED, OPEN_TIMEOUT
 * (only with `openTimeoutMs`), GAMES_MODULE (while the module that calls this is imported for its game types), BUNDLED
 * (docs/BUNDLING.md); with `readOnly`, NOT_AN_ORRERY_DIRECTORY in place of the first two of the directory.
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
 * Imports a module and gives every game type it exports, by whatever name, in a list or alone. A path is relative to
 * `from`, a folder; a file: URL stands for itself.
 *
 * @throws OrreryError GAMES_MODULE when it cannot be found or imported, opens an orrery, or exports no game type.
 */
export async function loadGameTypes(specifier: string, from: string): Promise<readonly AnyGameType[]> {
  const code = await part(() => import('./history/rerun/games-module.ts'));
  return code.loadGameTypes(specifier, from);
}

/**
 * The migrations in a folder: `new URL('./migrations/', import.meta.url)`. The default export of `0001_name.js` (.mjs,
 * .ts) leads from version 1 to 2. Files whose names do not begin with a digit are left alone.
 *
 * @throws OrreryError INVALID_GAME_TYPE, with the file, for two migrations from one version, a gap, a name that cannot
 * be read, a module that cannot be loaded or has no function as its default export; IO_FAILED when there is no such
 * folder.
 */
export async function migrationsIn(folder: URL): Promise<Migrations> {
  const code = await part(() => import('./history/upgrade/discover.ts'));
  return code.migrationsIn(folder);
}

/**
 * The history of the one game in a pack. What a row holds is checked when it is read. Close it when you have done with
 * it.
 *
 * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, INVALID_OPTION, IO_FAILED.
 */
export async function openPack(file: string, options?: OpenPackOptions): Promise<GameHistory> {
  const code = await part(() => import('./histories.ts'));
  return code.packHistory(file, options);
}

/** The first failure in the order of the list, when all have ended: which one is told must not depend on the disk. */
async function settledInOrder<const T extends readonly unknown[]>(
  each: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(each);
  return Promise.all(each) as Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
}
