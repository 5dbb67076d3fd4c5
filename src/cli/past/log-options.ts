// The options of `orrery log` that say which commands of the past are meant.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HistoryQuery } from '../../past/history.ts';
import { placeOf } from '../../past/place.ts';
import { wholeNumber } from '../reading.ts';
import { timeArgument } from './moment-argument.ts';

export interface LogFilters {
  readonly from?: number;
  readonly to?: number;
  readonly fromTick?: number;
  readonly toTick?: number;
  readonly fromTime?: number;
  readonly toTime?: number;
  readonly player?: readonly string[];
  readonly command?: readonly string[];
  readonly path?: string;
  readonly backwards?: true;
}

export function addLogFilters(command: Command): Command {
  return command
    .option('--from <seq>', 'begin with this seq (default: 1)', wholeNumber(0))
    .option('--to <seq>', 'end with this seq', wholeNumber(0))
    .option('--from-tick <tick>', 'begin with this tick', wholeNumber(0))
    .option('--to-tick <tick>', 'end with this tick', wholeNumber(0))
    .option('--from-time <time>', 'begin at this time, ISO 8601 or milliseconds since 1970', timeArgument)
    .option('--to-time <time>', 'end at this time', timeArgument)
    .option('--player <name>', 'only what this player sent; may be given several times', eachOf)
    .addOption(
      new Option('--command <names>', 'only these commands, separated by commas; may be given several times').argParser(
        namesOf,
      ),
    )
    .option('--path <pointer>', 'only steps that touched this RFC 6901 pointer, or anything in or around it')
    .option('--backwards', 'the newest first');
}

/** Ends the command when a range ends before it begins; throws INVALID_POINTER. */
export function queryOf(filters: LogFilters, command: Command): HistoryQuery {
  const { from, to, fromTick, toTick, fromTime, toTime, player, command: commands, path, backwards } = filters;
  const ranges = [
    ['', from, to],
    ['-tick', fromTick, toTick],
    ['-time', fromTime, toTime],
  ] as const;
  for (const [kind, first, last] of ranges) {
    if (first !== undefined && last !== undefined && first > last)
      command.error(`--from${kind} ${first} is behind --to${kind} ${last}`);
  }
  if (path !== undefined) placeOf(path);
  return {
    ...(from === undefined ? {} : { afterSeq: Math.max(0, from - 1) }),
    ...(to === undefined ? {} : { upToSeq: to }),
    ...(fromTick === undefined ? {} : { fromTick }),
    ...(toTick === undefined ? {} : { toTick }),
    ...(fromTime === undefined ? {} : { fromTime }),
    ...(toTime === undefined ? {} : { toTime }),
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
