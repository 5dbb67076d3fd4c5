// `orrery fork`: a new game from a moment of another. Opens the directory as its owner; needs no code.

import { Command } from 'commander';
import { compactJson, printable } from '../core/printable.ts';
import { type Fork, forkGame } from '../history/recover/fork.ts';
import type { RecoverParts } from '../history/recover/recover.ts';
import { expandedHistory } from '../history/rerun/expanded-history.ts';
import { loadGameTypes, typesFor } from '../history/rerun/games-module.ts';
import type { HistoryReader } from '../storage/history-reader.ts';
import { readConfig } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import type { CliContext } from './cli-context.ts';
import { withOwnedGames } from './owned-games.ts';
import { type AskedMoment, MOMENTS_HELP, momentIn, parseMoment } from './past/moment-argument.ts';
import { GAMES_HELP, inWordsOfTheCommandLine } from './past/opening.ts';

const HELP = `
${MOMENTS_HELP}

The fork goes its own way: neither game changes the other. \`orrery ls --json\`
shows which game and which moment it began with. It keeps the version of that
moment; a program with newer code migrates the fork when it opens it. An id
that a game already has is refused. --games runs the commands of a merged step
again to look inside it.

No other process may have the directory open (status 4); a program that has it
open calls fork() of orrery.history(id).

Examples:
  orrery fork ./data andromeda --at tick:1200 --as 'andromeda (what if)'
  orrery fork ./data andromeda --at last --as rehearsal --json`;

interface Options {
  readonly at: AskedMoment;
  readonly as: string;
  readonly games?: string;
  readonly json?: true;
}

export function forkCommand(cli: CliContext): Command {
  return new Command('fork')
    .description('Make a new game from a moment of another.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .argument('<game>', 'the id of the game')
    .requiredOption('--at <moment>', 'the moment to begin with', parseMoment)
    .requiredOption('--as <id>', 'the id of the fork')
    .option('--games <module>', GAMES_HELP)
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: Options) => fork(directory, game, options, cli));
}

async function fork(
  directory: string,
  game: string,
  { at, as, games, json }: Options,
  { output }: CliContext,
): Promise<void> {
  readConfig(nodeFiles, directory);
  const types = games === undefined ? undefined : await loadGameTypes(games, process.cwd());
  const work = async (parts: RecoverParts): Promise<Fork> => {
    const past = await parts.openPast(game);
    const moment = momentIn(past, at);
    if (types) typesFor(types, past.row);
    await past.close();
    const openPast = async (id: string): Promise<HistoryReader> =>
      expandedHistory(await parts.openPast(id), types ?? []);
    return forkGame({ ...parts, openPast }, game, { at: moment, as });
  };
  let made: Fork;
  try {
    made = await withOwnedGames(directory, [game, as], [], work);
  } catch (error) {
    throw inWordsOfTheCommandLine(error, types ? {} : { games: true });
  }
  if (json) {
    await output.line(compactJson({ directory, ...made }));
    return;
  }
  const { id, parent, tick, version } = made;
  const of = `${printable(parent.game)} at seq ${parent.seq}, tick ${tick}, version ${version}`;
  await output.line(`${printable(directory)}: game ${printable(id)}, a fork of ${of}`);
}
