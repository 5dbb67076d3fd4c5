// `orrery diff`: what differs between two moments of a game.

import { Command, Option } from 'commander';
import { compactJson, counted, isoTime } from '../../core/printable.ts';
import { diffOf, type MomentRead } from '../../history/difference.ts';
import { placeOf } from '../../history/place.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import type { CliContext } from '../cli-context.ts';
import { ChangeListing, fitting } from './change-lines.ts';
import { type AskedMoment, MOMENTS_HELP, momentIn, parseMoment } from './moment-argument.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, GAMES_HELP, operandsOf, pathOption, withPastOf } from './opening.ts';

const HELP = `
${MOMENTS_HELP}
--from may lie after --to: then the way back is printed.

Changes are listed by entity: + added, - removed, ~ old value -> new value.
With --json they are RFC 6902 operations that lead from the one state to the
other. --games runs the commands of merged steps again to look inside them.
Nothing is changed; another process may have the directory open.

Examples:
  orrery diff ./data andromeda --from tick:1000 --to tick:1010
  orrery diff battle.orrery --from first --json | jq .operations`;

interface Options {
  readonly from: AskedMoment;
  readonly to: AskedMoment;
  readonly path: string;
  readonly nearest?: true;
  readonly games?: string;
  readonly json?: true;
}

export function diffCommand(cli: CliContext): Command {
  return new Command('diff')
    .description('Print what differs between two moments of a game.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', GAME_HELP)
    .requiredOption('--from <moment>', 'the moment to compare with', parseMoment)
    .addOption(new Option('--to <moment>', 'the moment that is compared').argParser(parseMoment).default('last'))
    .addOption(pathOption('only what differs at this RFC 6901 pointer, such as /systems'))
    .option('--nearest', 'if a moment is not kept, take the last one before it that is')
    .option('--games <module>', GAMES_HELP)
    .option('--json', 'print one JSON document: game, type, from, to, operations')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, self: Command) =>
      diff(place, operandsOf(place, [], [named], self).game, options, cli),
    );
}

async function diff(
  place: string,
  game: string | undefined,
  { from: one, to: other, path, nearest, games, json }: Options,
  { output, paint, width, remark }: CliContext,
): Promise<void> {
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  placeOf(path);
  const visit = async (_kept: HistoryReader, past: HistoryReader): Promise<void> => {
    const { from, to, changes, operations } = await diffOf(past, momentIn(past, one), momentIn(past, other), {
      nearest: nearest === true,
      path,
    });
    if (json) {
      const { game: id, type } = from;
      await output.line(compactJson({ game: id, type, from: asJson(from), to: asJson(to), operations }));
      return;
    }
    const listing = new ChangeListing(new Set([...from.tables, ...to.tables]), paint, width);
    for (const change of changes) listing.take(change);
    await output.line(paint('dim', fitting(`from  ${inWords(from)}`, width)));
    await output.line(paint('dim', fitting(`to    ${inWords(to)}`, width)));
    for (const line of listing.lines()) await output.line(line);
    await output.line(
      listing.count === 0
        ? 'nothing differs'
        : `${counted(listing.count, 'change')} in ${counted(listing.groups, 'place')}`,
    );
  };
  await withPastOf(place, game, visit, { remedies: { nearest: true, games: true }, games, remark });
}

function inWords({ seq, tick, time, version }: MomentRead): string {
  return `seq ${seq}, tick ${tick}, ${isoTime(time)}, version ${version}`;
}

function asJson({ seq, tick, time, version }: MomentRead): object {
  return { seq, tick, time: isoTime(time), version };
}
