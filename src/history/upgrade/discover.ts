// Migrations in files of their own, 0001_first-change.js and so on: found, put in order and loaded. Before it: the
// folder of a program. After it: `migrations` of its game type.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OrreryError } from '../../core/errors.ts';
import { faultOfMigrations, type Migration, type Migrations } from '../../core/game/migration.ts';

/** A number, an underscore or a hyphen, and a name; declarations of types and source maps lie beside compiled files. */
const MIGRATION_FILE = /^(\d+)[_-][^/]+\.(?:js|mjs|ts)$/;
const MODULE = /\.(?:js|mjs|cjs|ts|mts|cts)$/;
const DECLARATION = /\.d\.[mc]?ts$/;

/**
 * The migrations in a folder: `new URL('./migrations/', import.meta.url)`. The default export of `0001_name.js` (.mjs,
 * .ts) leads from version 1 to 2. Files whose names do not begin with a digit are left alone.
 *
 * @throws OrreryError INVALID_GAME_TYPE, with the file, for two migrations from one version, a gap, a name that cannot
 * be read, a module that cannot be loaded or has no function as its default export; IO_FAILED when there is no such
 * folder.
 */
export async function migrationsIn(folder: URL): Promise<Migrations> {
  const path = fileURLToPath(folder);
  const files = new Map<number, string>();
  for (const name of namesIn(path)) {
    if (!/^\d/.test(name) || !MODULE.test(name) || DECLARATION.test(name)) continue;
    const from = Number(MIGRATION_FILE.exec(name)?.[1]);
    if (!Number.isSafeInteger(from) || from < 1) {
      throw invalid('the name of a migration cannot be read', `${path}/${name}`, 'Name it 0001_what-changes.js.');
    }
    const other = files.get(from);
    if (other !== undefined) {
      const what = `there are two migrations from version ${from}: ${other} and ${name}`;
      throw invalid(what, `${path}/${name}`, 'Give one of them another number, or remove what was compiled twice.');
    }
    files.set(from, name);
  }
  const versions = [...files.keys()].sort((a, b) => a - b);
  const migrations: { [from: number]: Migration } = {};
  for (const from of versions) migrations[from] = await load(folder, files.get(from) as string);
  const fault = faultOfMigrations(migrations, (versions.at(-1) ?? 0) + 1);
  if (fault !== undefined) throw invalid(fault, path, 'Number the files without a gap.');
  return Object.freeze(migrations);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (cause) {
    throw new OrreryError({
      code: 'IO_FAILED',
      what: 'the folder of the migrations cannot be read',
      hint: "Pass the URL of a folder: new URL('./migrations/', import.meta.url).",
      context: { directory: path },
      cause,
    });
  }
}

async function load(folder: URL, name: string): Promise<Migration> {
  const base = folder.href.endsWith('/') ? folder.href : `${folder.href}/`;
  const url = new URL(encodeURIComponent(name), base);
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(url.href)) as { readonly default?: unknown };
  } catch (cause) {
    throw invalid('a migration cannot be loaded', fileURLToPath(url), 'The cause says why.', cause);
  }
  if (typeof loaded.default === 'function') return loaded.default as Migration;
  throw invalid(
    'a migration has no function as its default export',
    fileURLToPath(url),
    'Write export default (state, context) => { ... }.',
  );
}

function invalid(what: string, file: string, hint: string, cause?: unknown): OrreryError {
  const parts = { code: 'INVALID_GAME_TYPE', what, hint, context: { file } } as const;
  return new OrreryError(cause === undefined ? parts : { ...parts, cause });
}
