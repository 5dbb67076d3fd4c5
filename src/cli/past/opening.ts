// The past that a reading command is about: of a game in a directory, or of the one game in a pack. Before it: what the
// command line named; after it: everything in cli/history/, show and log, which do not care where the past is kept.

import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { OrreryError } from '../../core/errors.ts';
import { gameUnreadable } from '../../core/patch/unreadable.ts';
import { printable } from '../../core/printable.ts';
import { expandedHistory } from '../../history/rerun/expanded-history.ts';
import { loadGameTypes, typesFor } from '../../history/rerun/games-module.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { openDirectoryPast } from '../../storage/sqlite/directory-history.ts';
import { nodeFiles } from '../../storage/sqlite/files.ts';
import { openPackPast } from '../../storage/sqlite/pack/pack-history.ts';
import { looksLikePack } from '../../storage/sqlite/pack/reading.ts';

/** What the arguments of these commands are, for their help. */
export const DIRECTORY_OR_PACK = 'the directory that openOrrery was given, or a file of `orrery pack`';
export const GAME_HELP = 'the id of the game; not needed for a pack';

export function pathOption(help: string): Option {
  return new Option('--path <pointer>', help).default('', 'the whole state');
}

/** By its content, or by its name when it is damaged beyond recognition or not there. */
export function isPack(place: string): boolean {
  return place.endsWith('.orrery') ? !isFolder(place) : looksLikePack(nodeFiles, place);
}

/**
 * Opens what `place` names. Of a pack the game may be left out; given, it must be the one that was packed.
 *
 * @throws OrreryError GAME_NOT_FOUND, NOT_AN_ORRERY_DIRECTORY, PACK_NOT_FOUND, PACK_DAMAGED, DAMAGED, FORMAT_TOO_NEW,
 * IO_FAILED.
 */
export async function openPastOf(place: string, game: string | undefined): Promise<HistoryReader> {
  if (!isPack(place)) return openDirectoryPast(place, game as string);
  const past = await openPackPast(place);
  const { id } = past.row;
  if (game === undefined || game === id) return past;
  await past.close();
  throw new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'the pack holds another game',
    hint: `It holds ${JSON.stringify(id)}; the id may be left out.`,
    context: { game, file: place },
  });
}

/** What somebody who was told that a moment is not kept can do about it with a command. */
export interface Remedies {
  readonly nearest?: true;
  readonly games?: true;
}

interface Opening {
  readonly remedies?: Remedies;
  readonly games?: string | undefined;
  readonly remark?: (text: string) => void;
}

/**
 * `expanded` is the past with its merged steps taken apart, where `games` names a module with the code for that. `remark`
 * is told when the game has more records, which cannot be read.
 */
export async function withPastOf<T>(
  place: string,
  game: string | undefined,
  visit: (past: HistoryReader, expanded: HistoryReader) => Promise<T>,
  { remedies = {}, games, remark }: Opening = {},
): Promise<T> {
  const types = games === undefined ? undefined : await loadGameTypes(games, process.cwd());
  const past = await openPastOf(place, game);
  try {
    if (types) typesFor(types, past.row);
    if (past.row.unreadable) remark?.(printable(gameUnreadable(past.row.id, past.row.unreadable).message));
    return await visit(past, types ? expandedHistory(past, types) : past);
  } catch (error) {
    throw inWordsOfTheCommandLine(error, { ...remedies, ...(types ? { games: undefined } : {}) });
  } finally {
    await past.close();
  }
}

/**
 * The game and what follows it. commander fills the operands from the left, and for a pack the first of them may be
 * missing; then everything stands one place too far to the left.
 */
export function operandsOf(
  place: string,
  names: readonly string[],
  given: readonly (string | undefined)[],
  command: Command,
): { readonly game: string | undefined; readonly rest: readonly string[] } {
  const operands = given.filter((each) => each !== undefined);
  const wanted = names.length + 1;
  if (operands.length === wanted) return { game: operands[0], rest: operands.slice(1) };
  if (operands.length === wanted - 1 && isPack(place)) return { game: undefined, rest: operands };
  return command.error(`missing required argument '${['game', ...names][operands.length]}'`);
}

/** For the help of commands that take it. */
export const GAMES_HELP =
  'an ES module that exports the game types; with it merged steps are run again, to look inside';

/** The library's remedies name its own options and methods. */
export function inWordsOfTheCommandLine(
  error: unknown,
  { nearest, games }: { readonly [remedy in keyof Remedies]?: true | undefined },
): unknown {
  if (!(error instanceof OrreryError)) return error;
  const ways = [
    ...(nearest ? ['--nearest takes the one before'] : []),
    ...(games ? ['--games runs the step again to look inside'] : []),
  ].join(', ');
  const hint = error.hint
    .replace('; { nearest: true } takes the one before', ways === '' ? '' : `; ${ways}`)
    .replace('Use `list` to see what there is.', '`orrery ls` lists the games of a directory.');
  if (hint === error.hint) return error;
  const { code, what, context, cause } = error;
  return new OrreryError({ code, what, hint, context, cause });
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}
