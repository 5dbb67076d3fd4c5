// `orrery show`: the state of a game, or a part of it, now or at a moment of its past.

import { Command } from 'commander';
import { parsePointer } from '../core/patch/pointer.ts';
import { compactJson, isoTime, prettyJson } from '../core/printable.ts';
import type { HistoryReader, StateAt } from '../storage/history-reader.ts';
import type { CliContext } from './cli-context.ts';
import { type AskedMoment, MOMENTS_HELP, momentIn, parseMoment } from './past/moment-argument.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, GAMES_HELP, operandsOf, pathOption, withPastOf } from './past/opening.ts';
import { pointedValue } from './past/pointed.ts';

const HELP = `
${MOMENTS_HELP}

A game type keeps the state after each command, each tick or each batch, or
only snapshots. A moment that is not kept ends with status 3, and the error
names the moments around it. --nearest takes the one before. --games runs the
commands of a merged step again to look inside it; that works if they still
do what was recorded. A tick that a recovery gave up is read by its seq.

A table is printed as an object by id. Nothing is changed; another process may
have the directory open.

Examples:
  orrery show ./data andromeda
  orrery show ./data andromeda --at tick:1200 --path /systems/71683/metal
  orrery show battle.orrery --at time:2026-03-01T12:00:00Z --nearest --json`;

interface Options {
  readonly at?: AskedMoment;
  readonly path: string;
  readonly nearest?: true;
  readonly games?: string;
  readonly json?: true;
}

export function showCommand(cli: CliContext): Command {
  return new Command('show')
    .description('Print the state of a game, now or at an earlier moment.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', GAME_HELP)
    .option('--at <moment>', 'the state at this moment (default: the newest)', parseMoment)
    .addOption(pathOption('only what stands at this RFC 6901 pointer, such as /systems/71683'))
    .option('--nearest', 'if the moment is not kept, take the last one before it that is')
    .option('--games <module>', GAMES_HELP)
    .option('--json', 'print one JSON document: the value, with game, type, version and moment')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, command: Command) =>
      show(place, operandsOf(place, [], [named], command).game, options, cli),
    );
}

async function show(place: string, game: string | undefined, options: Options, cli: CliContext): Promise<void> {
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  parsePointer(options.path);
  const visit = async (_kept: HistoryReader, past: HistoryReader): Promise<void> => {
    const found = await foundIn(past, options);
    if (!options.json && options.at !== undefined) {
      cli.remark(`seq ${found.seq}, tick ${found.tick}, ${isoTime(found.time)}`);
    }
    await printState(found, options, cli);
  };
  await withPastOf(place, game, visit, {
    remedies: { nearest: true, games: true },
    games: options.games,
    remark: cli.remark,
  });
}

/** Nobody who asks for the newest state has to know whether that very moment is kept. */
function foundIn(past: HistoryReader, { at = 'last', nearest }: Options): Promise<StateAt> {
  return past.stateAt(momentIn(past, at), { nearest: nearest === true || at === 'last' });
}

async function printState(found: StateAt, { path, json }: Options, { output }: CliContext): Promise<void> {
  const { game, type, version, seq, tick, time, state } = found;
  const value = pointedValue(game, seq, path, state);
  if (json) {
    await output.line(compactJson({ game, type, version, seq, tick, time: isoTime(time), path, value }));
    return;
  }
  await output.line(prettyJson(value));
}
