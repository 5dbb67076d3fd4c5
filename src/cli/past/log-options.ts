// The options of `orrery log` that say which commands of the past are meant.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HistoryQuery } from '../../history/entries.ts';
import { placeOf } from '../../history/place.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { addRange, checkRange, type RangeOptions, rangeIn } from './range-argument.ts';

export interface LogFilters extends RangeOptions {
  readonly player?: readonly string[];
  readonly command?: readonly string[];
  readonly path?: string;
  readonly backwards?: true;
}

export function addLogFilters(command: Command): Command {
  return addRange(command, 'commands')
    .option('--player <name>', 'only what this player sent; may be given several times', eachOf)
    .addOption(new Option('--command <names>', 'only these commands, separated by commas').argParser(namesOf))
    .option('--path <pointer>', 'only steps that changed this RFC 6901 pointer')
    .option('--backwards', 'the newest first');
}

/** Ends the command when a range ends before it begins; throws INVALID_POINTER. Nothing has been read then. */
export function checkFilters(filters: LogFilters, command: Command): void {
  checkRange(filters, command);
  if (filters.path !== undefined) placeOf(filters.path);
}

export function queryOf(past: HistoryReader, filters: LogFilters): HistoryQuery {
  const { player, command: commands, path, backwards } = filters;
  return {
    ...rangeIn(past, filters),
    ...(player === undefined ? {} : { player }),
    ...(commands === undefined ? {} : { command: commands }),
    ...(path === undefined ? {} : { path }),
    ...(backwards === undefined ? {} : { backwards }),
  };
}

/** A player may be called anything, a comma included. */
function eachOf(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

function namesOf(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('It must be names separated by commas.');
  return [...before, ...names];
}
