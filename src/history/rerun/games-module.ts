// Game types out of a module: commands of the command line that run code are told where it is, because functions cannot
// be read from a directory. Before it: the path somebody gave; after it: the types whose commands are run again.

import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { importedWithoutOpening } from './import-guard.ts';

/**
 * Imports a module and gives every game type it exports, by whatever name, in a list or alone. A path is relative to
 * `from`, a folder; a file: URL stands for itself.
 *
 * @throws OrreryError GAMES_MODULE when it cannot be found or imported, opens an orrery, or exports no game type.
 */
export async function loadGameTypes(specifier: string, from: string): Promise<readonly AnyGameType[]> {
  const url = urlOf(specifier, from);
  let module: { readonly [name: string]: unknown };
  try {
    module = await importedWithoutOpening(specifier, () => import(url) as Promise<typeof module>);
  } catch (cause) {
    throw cause instanceof OrreryError && cause.code === 'GAMES_MODULE' ? cause : notImported(specifier, url, cause);
  }
  const types = new Set<AnyGameType>();
  for (const exported of Object.values(module)) {
    for (const each of Array.isArray(exported) ? (exported as unknown[]) : [exported])
      if (isGameType(each)) types.add(each);
  }
  if (types.size > 0) return [...types];
  throw new OrreryError({
    code: 'GAMES_MODULE',
    what: `the module exports no game type: it exports ${Object.keys(module).join(', ') || 'nothing'}`,
    hint: 'Export what defineGame returns, under any name or in a list.',
    context: { module: specifier },
  });
}

/** A module as one text that means the same in every thread, wherever that runs. */
export function urlOf(specifier: string, from: string): string {
  if (/^(?:file|data):/.test(specifier)) return specifier;
  return pathToFileURL(isAbsolute(specifier) ? specifier : resolve(from, specifier)).href;
}

/** The types of one name by their version. */
export type TypeVersions = ReadonlyMap<number, AnyGameType>;

/**
 * The types for a game, which may be there in several versions.
 *
 * @throws OrreryError GAMES_MODULE when there is none of that name, or only older ones than the game was last played
 * with.
 */
export function typesFor(
  types: readonly AnyGameType[],
  { id, type, version }: { readonly id: string; readonly type: string; readonly version: number },
): TypeVersions {
  const found = new Map<number, AnyGameType>();
  for (const each of types) if (each.name === type) found.set(each.version, each);
  const newest = Math.max(...found.keys());
  if (found.size === 0) {
    const names = [...new Set(types.map(({ name }) => JSON.stringify(name)))].join(', ');
    throw new OrreryError({
      code: 'GAMES_MODULE',
      what: `the game is of type ${JSON.stringify(type)}, and there is only the code of ${names || 'none'}`,
      hint: 'Give the code that defines this type of game.',
      context: { game: id, type },
    });
  }
  if (newest >= version) return found;
  throw new OrreryError({
    code: 'GAMES_MODULE',
    what: `the game was saved with version ${version} of its type, and the code here is of version ${newest}`,
    hint: 'Use the code of the newer program.',
    context: { game: id, type, version },
  });
}

/** Types as somebody has them: one, several, or by version already. Throws GAMES_MODULE as `typesFor`. */
export function versionsOf(
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  row: { readonly id: string; readonly type: string; readonly version: number },
): TypeVersions {
  if (types instanceof Map) return types as TypeVersions;
  return typesFor(Array.isArray(types) ? (types as readonly AnyGameType[]) : [types as AnyGameType], row);
}

/** Game types that somebody passed, one or several. Throws INVALID_OPTION. */
export function gameTypesIn(games: unknown): readonly AnyGameType[] {
  const types: readonly unknown[] = Array.isArray(games) ? games : [games];
  if (types.every(isGameType)) return types;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: '`games` holds something that is no game type',
    hint: 'Pass what defineGame returns, or a list of it.',
  });
}

export function isGameType(value: unknown): value is AnyGameType {
  if (typeof value !== 'object' || value === null) return false;
  const { name, version, initial, commands, history } = value as Partial<AnyGameType>;
  return (
    typeof name === 'string' &&
    typeof version === 'number' &&
    typeof initial === 'function' &&
    typeof commands === 'object' &&
    // A definition that nobody has passed to defineGame has been checked by nobody.
    typeof history === 'string'
  );
}

function notImported(specifier: string, url: string, cause: unknown): OrreryError {
  const { code, url: missing } = (cause ?? {}) as { code?: unknown; url?: unknown };
  // What the module itself imports may be missing as well: then it is that which is not found.
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' && (missing === undefined || missing === url);
  const isTypeScript = /\.[cm]?tsx?$/.test(url) && code === 'ERR_UNKNOWN_FILE_EXTENSION';
  return new OrreryError({
    code: 'GAMES_MODULE',
    what: isMissing ? 'the module is not there or imports what is not there' : 'the module could not be loaded',
    hint: isTypeScript
      ? isMainThread
        ? 'This Node does not run TypeScript: name the compiled file, or run all of it with tsx (npx tsx).'
        : 'Threads of this Node cannot load TypeScript, also where tsx runs the program: name the compiled file, or leave ' +
          '`module` out, so that the commands run on the thread that asks.'
      : 'Name a JavaScript module that exports your game types and can be imported by itself.',
    context: { module: specifier },
    cause,
  });
}
