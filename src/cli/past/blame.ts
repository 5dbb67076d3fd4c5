// `orrery blame`: which commands changed what stands at a path, newest first.

import { Command } from 'commander';
import { OrreryError } from '../../core/errors.ts';
import { compactJson, isoTime, printable } from '../../core/printable.ts';
import type { BlameEntry } from '../../history/blame.ts';
import { placeOf } from '../../history/place.ts';
import { expandedBlame } from '../../history/rerun/expanded-history.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import type { CommandEntry } from '../../storage/steps.ts';
import type { CliContext } from '../cli-context.ts';
import { wholeNumber } from '../reading.ts';
import { SIGNS, valueText } from './change-lines.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, GAMES_HELP, operandsOf, withPastOf } from './opening.ts';
import { PagedRows } from './paged-rows.ts';

const HELP = `
Every change of the value at the path is listed, also a change that replaced
something around it. If the game type merged several commands into one step,
all of them are named, with "one of"; --games runs them again to find the one,
if they still do what was recorded. The last line is the creation of the game,
if the value was there from the beginning. Nothing is changed; another process
may have the directory open.

Examples:
  orrery blame ./data andromeda /systems/71683/metal --limit 1
  orrery blame battle.orrery /players/ada --json | jq -r .command`;

/** Rows that wait for each other: whoever asks for the last change is not to wait for the first. */
const PAGE = 20;

/** Commands of a merged step that are named on a line. */
const NAMED = 4;

interface Options {
  readonly limit?: number;
  readonly games?: string;
  readonly json?: true;
}

export function blameCommand(cli: CliContext): Command {
  return new Command('blame')
    .description('Print who changed the value at a path, newest first.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('<game>', GAME_HELP)
    .argument('[path]', 'an RFC 6901 pointer, such as /systems/71683/metal')
    .usage('[options] <directory> <game> <path>')
    .option('--limit <count>', 'only the newest so many changes', wholeNumber(1))
    .option('--games <module>', GAMES_HELP)
    .option('--json', 'print one JSON document for each change, one a line')
    .addHelpText('after', HELP)
    .action((place: string, one: string, two: string | undefined, options: Options, command: Command) => {
      const { game, rest } = operandsOf(place, ['path'], [one, two], command);
      return blame(place, game, rest[0] as string, options, cli);
    });
}

async function blame(
  place: string,
  game: string | undefined,
  path: string,
  { limit = Number.POSITIVE_INFINITY, games, json }: Options,
  cli: CliContext,
): Promise<void> {
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  placeOf(path);
  const visit = async (past: HistoryReader, expanded: HistoryReader): Promise<void> => {
    const rows = new PagedRows(
      {
        columns: [
          { title: 'SEQ', right: true },
          { title: 'TICK', right: true },
          { title: 'TIME' },
          { title: 'PLAYER' },
          { title: 'COMMAND' },
          { title: 'CHANGE' },
          { title: 'ARGS' },
        ],
        colours: ['dim', 'dim', 'dim', undefined, 'cyan', 'yellow'],
        page: PAGE,
      },
      cli,
    );
    let count = 0;
    for await (const entry of expandedBlame(past, expanded, path)) {
      if (json) await cli.output.line(compactJson(asJson(entry)));
      else await rows.take(cellsOf(entry));
      count += 1;
      if (count >= limit) break;
    }
    if (count === 0) throw neverThere(past.row.id, path);
    if (!json) await rows.end();
  };
  await withPastOf(place, game, visit, { games, remark: cli.remark });
}

function cellsOf(entry: BlameEntry): string[] {
  const { step, tick, time, player, op, args } = entry;
  return [
    step.firstSeq === step.lastSeq ? String(step.lastSeq) : `${step.firstSeq}-${step.lastSeq}`,
    String(tick),
    isoTime(time),
    player === undefined ? '' : printable(player),
    printable(commandOf(entry)),
    `${SIGNS[op][0]} ${valueText(entry)}`,
    args === undefined ? '' : compactJson(args),
  ];
}

function commandOf({ command, merged, commands }: BlameEntry): string {
  return command !== undefined || !merged ? (command ?? '') : oneOf(commands);
}

/** Commands of which one did something, by name and player, as far as they fit on a line. */
export function oneOf(commands: readonly CommandEntry[]): string {
  const names = [...new Set(commands.map(({ name, player }) => (player === undefined ? name : `${player}: ${name}`)))];
  if (names.length === 0) return 'not kept';
  const rest = names.length - NAMED;
  return `one of ${names.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function asJson({
  seq,
  tick,
  time,
  player,
  command,
  args,
  op,
  before,
  after,
  merged,
  commands,
  step,
}: BlameEntry): object {
  return {
    seq,
    tick,
    time: isoTime(time),
    player: player ?? null,
    command: command ?? null,
    args: args ?? null,
    op,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    merged,
    step,
    commands: commands.map((each) => ({
      seq: each.seq,
      command: each.name,
      player: each.player ?? null,
      args: each.args ?? null,
    })),
  };
}

function neverThere(game: string, path: string): OrreryError {
  return new OrreryError({
    code: 'POINTER_NOT_FOUND',
    what: 'nothing ever stood at this path, as far back as the past is kept',
    hint: 'Look at a state with `orrery show`: a table is an object by id.',
    context: { game, path },
  });
}
