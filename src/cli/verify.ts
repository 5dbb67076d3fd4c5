// `orrery verify`: runs recorded commands again through today's code, on helper threads, and tells the first
// difference.

import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { OrreryError } from '../core/errors.ts';
import { compactJson, counted, isoTime, printable } from '../core/printable.ts';
import { loadGameTypes, typesFor, urlOf } from '../history/rerun/games-module.ts';
import type { Source } from '../history/rerun/source.ts';
import { RerunThreads, threadsLoad } from '../history/rerun/threads.ts';
import { type Verification, type VerifyProgress, verify as verifyHere } from '../history/rerun/verify.ts';
import { openSource } from '../history-source.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit.ts';
import { MOMENTS_HELP } from './past/moment-argument.ts';
import { DIRECTORY_OR_PACK, isPack, openPastOf } from './past/opening.ts';
import { addRange, checkRange, type RangeOptions, rangeIn } from './past/range-argument.ts';
import { eachShard, wholeNumber } from './reading.ts';

const HELP = `
Every recorded command is run again in memory, with the ticks, arguments,
players, context.now and context.random() that were recorded, and the outcome
is compared with what was recorded. The first difference is printed with its
seq, tick, command, path and both values. Code that uses Math.random() or Date
is the usual cause, and is named. @update, @save, @patch, whole states, and
records of versions that the module does not have cannot be run again; they are
counted.

${MOMENTS_HELP}

--tolerance 1e-12 accepts numbers that differ by that part of the larger one:
another version of Node may round otherwise. --all goes on after a difference,
from the recorded state, and prints the first 100.

Without a game, every game is verified whose type the module has. Each thread
imports the module, which runs its code; a module that opens an orrery is
refused. Nothing is changed; another process may have the directory open. The
status is 1 if a difference was found.

Examples:
  orrery verify ./data --games ./dist/galaxy.js
  orrery verify battle.orrery --games ./dist/galaxy.js --json | jq .difference
  orrery verify ./data andromeda --games ./dist/galaxy.js --tolerance 1e-12`;

interface Options extends RangeOptions {
  readonly games: string;
  readonly threads?: number;
  readonly tolerance?: number;
  readonly all?: true;
  readonly json?: true;
}

export function verifyCommand(cli: CliContext): Command {
  const command = new Command('verify')
    .description('Run recorded commands again and compare with what was recorded.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', 'the id of the game (default: every game)')
    .requiredOption('--games <module>', 'an ES module that exports the game types')
    .option('--threads <count>', 'helper threads (default: as many as there are processors)', wholeNumber(1));
  return addRange(command, 'commands')
    .option('--tolerance <part>', 'accept numbers that differ by this part of the larger one', partArgument)
    .option('--all', 'go on after a difference, from the recorded state')
    .option('--json', 'print one JSON document for each game, one a line')
    .addHelpText('after', HELP)
    .action((place: string, game: string | undefined, options: Options, self: Command) => {
      checkRange(options, self);
      return verify(place, game, options, cli);
    });
}

async function verify(place: string, game: string | undefined, options: Options, cli: CliContext): Promise<void> {
  const { output, remark, progress, finish } = cli;
  const module = urlOf(options.games, process.cwd());
  const types = await loadGameTypes(module, process.cwd());
  const source: Source = isPack(place) ? { kind: 'pack', file: place } : { kind: 'directory', directory: place };
  const names = new Set(types.map(({ name }) => name));
  const { games, others } = game === undefined ? await gamesIn(source, names) : { games: [game], others: 0 };
  if (others > 0) remark(`${counted(others, 'game')} of types that the module does not have left out`);
  const threads = threadsLoad(module)
    ? await RerunThreads.start(module, { threads: options.threads ?? availableParallelism() })
    : undefined;
  if (!threads) remark('the commands run on one thread: this Node cannot load TypeScript in others');
  try {
    for (const id of games) {
      const past = await openPastOf(place, id);
      try {
        const versions = typesFor(types, past.row);
        const range = {
          ...rangeIn(past, options),
          ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
          all: options.all === true,
          onProgress: ({ done, total }: VerifyProgress) => progress(`${printable(id)}: ${done} of ${total}`),
        };
        const found = await (threads?.verify(past, source, range) ?? verifyHere(past, versions, range));
        progress('');
        if (found.difference) finish(EXIT.damaged);
        await tell(found, options.json === true, cli);
        await output.flush();
      } finally {
        await past.close();
      }
    }
  } finally {
    progress('');
    await threads?.close();
  }
}

/** What the module has a type for. Throws GAMES_MODULE when that is none of the games there are. */
async function gamesIn(
  source: Source,
  types: ReadonlySet<string>,
): Promise<{ readonly games: readonly string[]; readonly others: number }> {
  const rows: { readonly id: string; readonly type: string }[] = [];
  if (source.kind === 'directory') {
    await eachShard(source.directory, (reader) => void rows.push(...reader.games()));
  } else {
    const past = await openSource(source, '');
    rows.push(past.row);
    await past.close();
  }
  const games = rows.filter(({ type }) => types.has(type)).map(({ id }) => id);
  if (games.length === 0 && rows.length > 0) {
    throw new OrreryError({
      code: 'GAMES_MODULE',
      what: `the games are of type ${[...new Set(rows.map(({ type }) => JSON.stringify(type)))].join(', ')}, and the module has ${[...types].map((type) => JSON.stringify(type)).join(', ')}`,
      hint: 'Name the module that defines these types of game.',
    });
  }
  return { games: games.sort(), others: rows.length - games.length };
}

async function tell(found: Verification, json: boolean, { output, paint }: CliContext): Promise<void> {
  const { game, type, fromSeq, toSeq, steps, commands, tolerated, different, skipped, differences } = found;
  if (json) {
    const [first, ...others] = differences.map((each) => ({ ...each, time: isoTime(each.time) }));
    await output.line(
      compactJson({
        ...{ game, type, same: different === 0, fromSeq, toSeq, steps, commands, tolerated, different, skipped },
        difference: first ?? null,
        ...(others.length > 0 ? { others } : {}),
      }),
    );
    return;
  }
  const left = Object.entries(skipped).filter(([, count]) => count > 0);
  const passed = left.map(([why, count]) => `${count} passed over (${WHY[why as keyof typeof WHY]})`);
  const near = tolerated > 0 ? [`${counted(tolerated, 'step')} within the tolerance`] : [];
  const apart = different > 1 ? [`${counted(different, 'step')} different`] : [];
  const verdict =
    different > 0
      ? paint('red', 'different')
      : commands > 0
        ? paint('green', 'same')
        : paint('yellow', 'nothing to run');
  const counts = [
    `${counted(commands, 'command')} in ${counted(steps, 'step')} made again`,
    ...near,
    ...apart,
    ...passed,
  ];
  await output.line(`${printable(game)}: ${verdict}: ${counts.join(', ')}`);
  for (const { message, args } of differences) {
    await output.line(`  ${printable(message)}`);
    if (args !== undefined) await output.line(`  ${paint('dim', `args ${compactJson(args)}`)}`);
  }
  if (different > differences.length) {
    await output.line(`  and ${counted(different - differences.length, 'step')} more: --from goes on behind these`);
  }
}

function partArgument(text: string): number {
  const part = /^\d*\.?\d+(?:e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (part >= 0 && part < 1) return part;
  throw new InvalidArgumentError('It must be a number from 0 up to but not with 1, such as 1e-12.');
}

const WHY: { readonly [why in keyof Verification['skipped']]: string } = {
  version: 'of a version that the module does not have',
  anonymous: '@update, @save and @patch, with what was merged with them',
  whole: 'whole states',
  'not kept': 'commands that are not kept',
};
