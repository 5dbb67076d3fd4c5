// `orrery at`: the state of a game as it was at a seq, at the end of a tick, or at a time.

import { Command } from 'commander';
import type { Moment, Past, StateAt } from '../../past/past.ts';
import { parsePointer } from '../../patch/pointer.ts';
import { compactJson, isoTime, prettyJson } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';
import { addMomentOptions, type MomentOptions, momentOf } from './moment-argument.ts';
import { GAME_HELP, GAMES_HELP, operandsOf, PLACE_HELP, withPastOf } from './opening.ts';
import { pointedValue } from './pointed.ts';

const HELP = `
One of --seq, --tick and --time is needed. A moment before the first that is kept, after the newest, or inside a step that
stands for several commands ends with 3 and names the moments around it; with --nearest it gives the one before, and with
--games the commands of the step are run again to look inside, where that leads to what was recorded. A time after the newest
command is the newest state; a tick that a recovery gave up is read by its seq. Nothing is changed; another process may have the directory open.

Examples:
  orrery at ./data andromeda --tick 1200 --path /systems/71683
  orrery at battle.orrery --time 2026-03-01T12:00:00Z --nearest --json`;

interface Options extends MomentOptions {
  readonly path: string;
  readonly nearest?: true;
  readonly games?: string;
  readonly json?: true;
}

export function atCommand(surroundings: Surroundings): Command {
  const command = new Command('at')
    .description('Print the state of a game at a moment of its past.')
    .argument('<directory>', PLACE_HELP)
    .argument('[game]', GAME_HELP);
  return addMomentOptions(command)
    .option('--path <pointer>', 'only what stands at this RFC 6901 pointer, such as /systems/71683', '')
    .option('--nearest', 'the last moment that is kept before it, when that very moment is not')
    .option('--games <module>', GAMES_HELP)
    .option('--json', 'print one JSON document: game, type, version, seq, tick, time, path, value')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, self: Command) => {
      const moment = momentOf(options, self) ?? self.error('one of --seq, --tick and --time is needed');
      const { game } = operandsOf(place, [], [named], self);
      return at(place, game, moment, options, surroundings);
    });
}

async function at(
  place: string,
  game: string | undefined,
  moment: Moment,
  options: Options,
  surroundings: Surroundings,
): Promise<void> {
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  parsePointer(options.path);
  const visit = async (_kept: Past, past: Past): Promise<void> => {
    const found = await past.stateAt(moment, { nearest: options.nearest === true });
    if (!options.json) surroundings.remark(`seq ${found.seq}, tick ${found.tick}, ${isoTime(found.time)}`);
    await printState(found, options, surroundings);
  };
  await withPastOf(place, game, visit, {
    remedies: { nearest: true, games: true },
    games: options.games,
    remark: surroundings.remark,
  });
}

/** What a command that shows a state ends with. */
export async function printState(
  found: StateAt,
  { path, json }: { readonly path: string; readonly json?: true },
  { output }: Surroundings,
): Promise<void> {
  const { game, type, version, seq, tick, time, state } = found;
  const value = pointedValue(game, seq, path, state);
  if (json) {
    await output.line(compactJson({ game, type, version, seq, tick, time: isoTime(time), path, value }));
    return;
  }
  await output.line(prettyJson(value));
}
