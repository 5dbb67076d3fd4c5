// `orrery try`: plays a game on from a moment of its past with other code or other commands, and prints the difference.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { OrreryError, reason } from '../core/errors.ts';
import { toJsonPatch } from '../core/patch/pointer.ts';
import { compactJson, counted, isoTime, printable } from '../core/printable.ts';
import { loadGameTypes, typesFor } from '../history/rerun/games-module.ts';
import { type Trial, type TriedRecord, type TryReport, tryOut } from '../history/rerun/trial.ts';
import type { HistoryReader } from '../storage/history-reader.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit.ts';
import { keepTrial } from './kept-trial.ts';
import { ChangeListing } from './past/change-lines.ts';
import { type AskedMoment, MOMENTS_HELP, momentIn, parseMoment } from './past/moment-argument.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, operandsOf, withPastOf } from './past/opening.ts';
import { checkRange, rangeIn } from './past/range-argument.ts';

const HELP = `
--commands tries commands of a file, one JSON document a line:
  {"command": "build", "args": {"system": 4}, "player": "ada"}
  {"advance": 10}
The second is ten ticks. Printed is what the commands changed.

--rerun runs the recorded commands again with the code of the module. Printed
is how the outcome differs from what really happened.

${MOMENTS_HELP}

Refused commands are listed, and the game goes on without them. The status is 1
if --rerun made a difference or a command was refused.

All of it happens in memory: the directory is not changed, and another process
may have it open. --keep writes what was tried into a new directory, as a fork
whose seqs begin with 1.

Examples:
  orrery try ./data andromeda --games ./dist/galaxy.js --at tick:1200 --rerun
  orrery try battle.orrery --games ./dist/galaxy.js --commands new.jsonl`;

interface Options {
  readonly games: string;
  readonly at?: AskedMoment;
  readonly to?: AskedMoment;
  readonly commands?: string;
  readonly rerun?: true;
  readonly keep?: string;
  readonly json?: true;
}

export function tryCommand(cli: CliContext): Command {
  return new Command('try')
    .description('Play on from a moment with other code or other commands.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', GAME_HELP)
    .requiredOption('--games <module>', 'an ES module that exports the game types')
    .option('--at <moment>', 'where to begin (default: last, with --rerun first)', parseMoment)
    .option('--commands <file>', 'commands to try, one JSON document a line')
    .option('--rerun', 'run the recorded commands from --at on again')
    .option('--to <moment>', 'with --rerun: the last command (default: last)', parseMoment)
    .option('--keep <directory>', 'write what was tried into this new directory')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, self: Command) => {
      if ((options.commands === undefined) === (options.rerun === undefined)) {
        self.error('one of --commands and --rerun is needed');
      }
      if (options.to !== undefined && !options.rerun) self.error('--to is for --rerun: add --rerun, or leave --to out');
      checkRange(
        { from: options.at ?? 'first', ...(options.to === undefined ? {} : { to: options.to }) },
        self,
        '--at',
      );
      const { game } = operandsOf(place, [], [named], self);
      return withPastOf(place, game, (past) => attempt(past, options, cli), { remark: cli.remark });
    });
}

async function attempt(past: HistoryReader, options: Options, cli: CliContext): Promise<void> {
  const types = typesFor(await loadGameTypes(options.games, process.cwd()), past.row);
  const records: TriedRecord[] = [];
  const at = momentIn(past, options.at ?? (options.rerun ? 'first' : 'last'));
  const report = await tryOut(past, types, {
    at,
    ...(options.commands === undefined ? {} : { commands: trialsIn(options.commands) }),
    ...(options.to === undefined ? {} : rangeIn(past, { to: options.to })),
    ...(options.keep === undefined ? {} : { onRecord: (record) => void records.push(record) }),
    onProgress: ({ done, total }) => cli.progress(total === undefined ? `${done}` : `${done} of ${total}`),
  }).finally(() => cli.progress(''));
  if (options.keep !== undefined) await keepTrial(options.keep, past, types, report, at, records);
  await (options.json ? printJson(report, cli) : print(report, cli));
  if (report.refused.length > 0 || (options.rerun && report.changes.length > 0)) cli.finish(EXIT.damaged);
}

async function* trialsIn(file: string): AsyncGenerator<Trial, void, undefined> {
  const input = createReadStream(file, 'utf8');
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() !== '') yield trialIn(line, file, number);
    }
  } catch (cause) {
    if (cause instanceof OrreryError) throw cause;
    throw new OrreryError({
      code: 'INVALID_OPTION',
      what: 'the commands to be tried cannot be read',
      hint: 'Name a file with one JSON document a line.',
      context: { file },
      cause,
    });
  }
}

function trialIn(line: string, file: string, number: number): Trial {
  const hint = 'A line is {"command": name, "args": ..., "player": ...} or {"advance": ticks}.';
  const what = `line ${number} is no command to be tried`;
  let trial: unknown;
  try {
    trial = JSON.parse(line);
  } catch (cause) {
    throw new OrreryError({ code: 'INVALID_OPTION', what, hint, context: { file }, cause });
  }
  const { command, advance } = (trial ?? {}) as { command?: unknown; advance?: unknown };
  if ((typeof command === 'string') !== (advance !== undefined)) return trial as Trial;
  throw new OrreryError({ code: 'INVALID_OPTION', what, hint, context: { file } });
}

async function printJson(report: TryReport, { output }: CliContext): Promise<void> {
  const { changes, state: _state, tables: _tables, ...rest } = report;
  const operations = toJsonPatch(
    changes.map(({ op, path, after }) => (op === 'remove' ? { op, path } : { op, path, value: after ?? null })),
  );
  const from = { ...rest.from, time: isoTime(rest.from.time) };
  await output.line(compactJson({ ...rest, from, operations }));
}

async function print(report: TryReport, { output, paint, width }: CliContext): Promise<void> {
  const { from, seq, tick, accepted, refused, skipped, comparedWith, changes, tables } = report;
  const listing = new ChangeListing(new Set(tables), paint, width);
  for (const change of changes) listing.take(change);
  await output.line(paint('dim', `from  seq ${from.seq}, tick ${from.tick}`));
  await output.line(paint('dim', `to    seq ${seq}, tick ${tick}, compared with ${BASES[comparedWith]}`));
  for (const line of listing.lines()) await output.line(line);
  for (const { seq: at, tick: when, command, player, error } of refused) {
    const by = player === undefined ? '' : ` by ${player}`;
    const cause = error.cause === undefined ? '' : `: ${reason(error.cause)}`;
    const text = `refused at seq ${at}, tick ${when}: ${command}${by}: ${error.what}${cause}`;
    await output.line(paint('yellow', printable(text)));
  }
  const differs =
    changes.length === 0
      ? 'nothing differs'
      : `${counted(listing.count, 'change')} in ${counted(listing.groups, 'place')}`;
  const left = skipped > 0 ? `, ${skipped} passed over` : '';
  await output.line(`${differs}; ${counted(accepted, 'command')} accepted, ${refused.length} refused${left}`);
}

const BASES = { outcome: 'what really happened', beginning: 'where it began' } as const;
