// `orrery log`: the past of a game, command by command, printed while it is read.

import { Command, Option } from 'commander';
import type { Patch } from '../core/patch/patch.ts';
import { toJsonPatch, toPointer } from '../core/patch/pointer.ts';
import { compactJson, counted, isoTime, printable } from '../core/printable.ts';
import { type HistoryEntry, historyOf } from '../history/entries.ts';
import type { HistoryReader, StepRange } from '../storage/history-reader.ts';
import { secondsRemark } from '../storage/moment.ts';
import type { CommandEntry } from '../storage/steps.ts';
import type { CliContext } from './cli-context.ts';
import { shorten } from './columns.ts';
import type { Paint } from './paint.ts';
import { SIGNS } from './past/change-lines.ts';
import { addLogFilters, checkFilters, type LogFilters, queryOf } from './past/log-options.ts';
import { MOMENTS_HELP } from './past/moment-argument.ts';
import { writeNewFile } from './past/new-file.ts';
import { newestOf } from './past/newest.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, operandsOf, withPastOf } from './past/opening.ts';
import { PagedRows } from './past/paged-rows.ts';
import { boundsIn } from './past/range-argument.ts';
import { DEFAULT_STEPS, writeReduxDevtools } from './past/redux-devtools.ts';
import { wholeNumber } from './reading.ts';

const HELP = `
${MOMENTS_HELP}

Commands that begin with "@" are Orrery's own: @tick, @update, @save, @patch,
@recover. @merged stands for commands that retention merged. A game type may
merge the commands of a tick into one step: --patches then prints what all of
them did under the last of them. With --json each line is one JSON document,
and "step" holds the patches as RFC 6902 operations. Nothing is changed;
another process may have the directory open.

--format redux-devtools writes a file for the Import button of Redux DevTools:
the newest ${DEFAULT_STEPS} steps of the range, or --limit, with the state after each;
with --path only that part of the state. Paste this on any page first:
  __REDUX_DEVTOOLS_EXTENSION__
    .connect({ features: { import: true, jump: true } }).init({})
A store of your own needs a reducer that applies action.patches (RFC 6902).

Examples:
  orrery log ./data andromeda --limit 10 --patches
  orrery log ./data andromeda --from tick:100 --json | jq -r .player`;

/** Rows that are looked at together for the widths of the columns. */
const PAGE = 200;

const INDENT = '    ';

interface Options extends LogFilters {
  readonly limit?: number;
  readonly patches?: true;
  readonly format?: 'redux-devtools';
  readonly output?: string;
  readonly json?: true;
}

export function logCommand(cli: CliContext): Command {
  const command = new Command('log')
    .description('Print the commands of a game, one a line, the newest last.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', GAME_HELP);
  return addLogFilters(command)
    .option('--limit <count>', 'only the newest so many commands', wholeNumber(1))
    .option('--patches', 'also print what each step changed: + added, - removed, ~ replaced')
    .addOption(new Option('--format <name>', 'write a file for another program').choices(['redux-devtools']))
    .option('-o, --output <file>', 'with --format: write there instead of to standard output')
    .option('--json', 'print one JSON document for each command, one a line')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, self: Command) => {
      const { game } = operandsOf(place, [], [named], self);
      checkFilters(options, self);
      if (options.format === undefined) {
        if (options.output !== undefined) self.error('-o needs --format');
        return withPastOf(place, game, (past) => log(past, options, cli), {
          remark: cli.remark,
        });
      }
      const excluded = (['player', 'command', 'backwards', 'patches', 'json'] as const).find((each) => options[each]);
      if (excluded) self.error(`--format ${options.format} and --${excluded} exclude each other`);
      return withPastOf(place, game, (past) => exportPast(past, options, cli), {
        remark: cli.remark,
      });
    });
}

async function log(past: HistoryReader, options: Options, cli: CliContext): Promise<void> {
  const query = queryOf(past, options);
  remarkOnTimes(past, boundsIn(past, options), cli);
  const { limit, patches = false, json } = options;
  const printer = json ? new Lines(patches, cli) : new Page(patches, cli);
  const entries = limit === undefined ? historyOf(past, query) : newestOf(past, query, limit);
  for await (const entry of entries) await printer.take(entry);
  await printer.end();
}

/** Times that nothing can be found by are no error here: a filter may well let everything through, or nothing. */
function remarkOnTimes({ row }: HistoryReader, { fromTime, toTime }: StepRange, { remark }: CliContext): void {
  for (const time of [fromTime, toTime]) {
    const told = time === undefined ? undefined : secondsRemark(time, { first: row.created, last: row.time });
    if (told !== undefined) remark(told);
  }
}

async function exportPast(past: HistoryReader, asked: Options, cli: CliContext): Promise<void> {
  const { path = '', limit, output: file } = asked;
  const range = boundsIn(past, asked);
  remarkOnTimes(past, range, cli);
  const { output, remark } = cli;
  const options = { range, path, ...(limit === undefined ? {} : { limit }) };
  const { steps, firstSeq, lastSeq, isCut } =
    file === undefined
      ? await writeReduxDevtools(past, options, (text) => output.text(text))
      : await writeNewFile(file, (write) => writeReduxDevtools(past, options, write));
  if (file !== undefined)
    remark(`${counted(steps, 'step')}, seq ${firstSeq} to ${lastSeq}, written to ${printable(file)}`);
  if (isCut) remark('a browser imports no more than that; --path exports more steps of a part of the state');
}

class Lines {
  readonly #patches: boolean;
  readonly #cli: CliContext;

  constructor(patches: boolean, cli: CliContext) {
    this.#patches = patches;
    this.#cli = cli;
  }

  async take(entry: HistoryEntry): Promise<void> {
    const { seq, tick, time, player, name, args, patches } = entry;
    const line = { seq, tick, time: isoTime(time), player: player ?? null, command: name, args: args ?? null };
    const told = this.#patches && patches ? { ...line, step: stepAsJson(entry, patches) } : line;
    await this.#cli.output.line(compactJson(told));
  }

  async end(): Promise<void> {}
}

class Page {
  readonly #patches: boolean;
  readonly #cli: CliContext;
  readonly #rows: PagedRows;

  constructor(patches: boolean, cli: CliContext) {
    this.#patches = patches;
    this.#cli = cli;
    const columns = [
      { title: 'SEQ', right: true },
      { title: 'TICK', right: true },
      { title: 'TIME' },
      { title: 'PLAYER' },
      { title: 'COMMAND' },
      { title: 'ARGS' },
    ];
    this.#rows = new PagedRows({ columns, colours: ['dim', 'dim', 'dim', undefined, 'cyan'], page: PAGE }, cli);
  }

  async take(entry: HistoryEntry): Promise<void> {
    const { paint, width } = this.#cli;
    const isShown = this.#patches && entry.patches;
    await this.#rows.take(cellsOf(entry), isShown ? stepLines(entry, entry.patches, paint, width) : []);
  }

  async end(): Promise<void> {
    await this.#rows.end();
  }
}

function cellsOf({ seq, tick, time, player, name, args }: CommandEntry): string[] {
  return [
    String(seq),
    String(tick),
    isoTime(time),
    player === undefined ? '' : printable(player),
    printable(name),
    args === undefined ? '' : compactJson(args),
  ];
}

function* stepLines(
  { step: { firstSeq, lastSeq } }: HistoryEntry,
  patches: readonly Patch[],
  paint: Paint,
  width: number | undefined,
): Generator<string> {
  const whole = firstSeq === lastSeq ? '' : `seq ${firstSeq} to ${lastSeq}: `;
  if (whole !== '' || patches.length === 0) {
    yield `${INDENT}${paint('dim', `${whole}${patches.length === 0 ? 'nothing changed' : counted(patches.length, 'change')}`)}`;
  }
  for (const patch of patches) {
    const [sign, colour] = SIGNS[patch.op];
    const path = patch.path.length === 0 ? '(the whole state)' : printable(toPointer(patch.path));
    const text = patch.op === 'remove' ? path : `${path}  ${compactJson(patch.value)}`;
    const room = width === undefined ? text : shorten(text, Math.max(1, width - INDENT.length - 2));
    yield `${INDENT}${paint(colour, `${sign} ${room}`)}`;
  }
}

function stepAsJson({ step, tick, time }: HistoryEntry, patches: readonly Patch[]): object {
  return { ...step, tick, time: isoTime(time), patches: toJsonPatch(patches) };
}
