// `orrery log`: the past of a game, command by command, printed while it is read.

import { Command } from 'commander';
import type { CommandEntry, Step } from '../image/batches.ts';
import type { Patch } from '../patch/patch.ts';
import { toJsonPatch, toPointer } from '../patch/pointer.ts';
import type { HistoryEntry } from '../recovery/shard-reader.ts';
import { Columns, shorten } from './columns.ts';
import type { Colour, Paint } from './paint.ts';
import { compactJson, counted, isoTime, printable } from './printable.ts';
import { wholeNumber, withGame } from './reading.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
Commands whose names begin with "@" are Orrery's own: @tick, @update, @save, and @merged where only whole states could be
kept. Patches belong to visible moments: where the game type merges the commands of a tick, the last of them shows what all
of them did. With --json every line is one JSON document; a moment's patches are RFC 6902 operations in "step".
Nothing is changed; another process may have the directory open.

Examples:
  orrery log ./data andromeda --from 100 --to 120 --patches
  orrery log ./data andromeda --json | jq -r 'select(.command == "build") | .player'`;

/** Rows that are looked at together for the widths of the columns. */
const PAGE = 200;

const INDENT = '    ';

const SIGNS: { readonly [op in Patch['op']]: readonly [string, Colour] } = {
  add: ['+', 'green'],
  remove: ['-', 'red'],
  replace: ['~', 'yellow'],
};

interface Options {
  readonly from: number;
  readonly to?: number;
  readonly limit?: number;
  readonly patches?: true;
  readonly json?: true;
}

export function logCommand(surroundings: Surroundings): Command {
  return new Command('log')
    .description('Print the history of a game, one line for each command, oldest first.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .argument('<game>', 'the id of the game')
    .option('--from <seq>', 'begin with this seq', wholeNumber(0), 1)
    .option('--to <seq>', 'end with this seq', wholeNumber(0))
    .option('--limit <count>', 'print at most so many commands', wholeNumber(1))
    .option('--patches', 'also print what each visible moment changed: + added, - removed, ~ replaced')
    .option('--json', 'print one JSON document for each command, one a line')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: Options, command: Command) => {
      const { from, to } = options;
      if (to !== undefined && from > to) command.error(`--from ${from} is behind --to ${to}`);
      return log(directory, game, options, surroundings);
    });
}

async function log(directory: string, game: string, options: Options, surroundings: Surroundings): Promise<void> {
  const { from, to = Number.MAX_SAFE_INTEGER, limit = Number.POSITIVE_INFINITY } = options;
  const patches = options.patches === true;
  await withGame(directory, game, async (reader, row) => {
    const printer = options.json ? new Lines(patches, surroundings) : new Page(patches, surroundings);
    let count = 0;
    for (const entry of reader.history(game, from, Math.min(to, row.seq))) {
      await printer.take(entry);
      count += 1;
      if (count >= limit) break;
    }
    await printer.end();
  });
}

class Lines {
  readonly #patches: boolean;
  readonly #surroundings: Surroundings;

  constructor(patches: boolean, surroundings: Surroundings) {
    this.#patches = patches;
    this.#surroundings = surroundings;
  }

  async take({ command, step }: HistoryEntry): Promise<void> {
    const { seq, tick, time, player, name, args } = command;
    const line = { seq, tick, time: isoTime(time), player: player ?? null, command: name, args: args ?? null };
    const told = this.#patches && step ? { ...line, step: stepAsJson(step) } : line;
    await this.#surroundings.output.line(compactJson(told));
  }

  async end(): Promise<void> {}
}

class Page {
  readonly #patches: boolean;
  readonly #surroundings: Surroundings;
  readonly #columns: Columns;
  #entries: { readonly cells: readonly string[]; readonly step: Step | undefined }[] = [];
  #begun = false;

  constructor(patches: boolean, surroundings: Surroundings) {
    this.#patches = patches;
    this.#surroundings = surroundings;
    this.#columns = new Columns(
      [
        { title: 'SEQ', right: true },
        { title: 'TICK', right: true },
        { title: 'TIME' },
        { title: 'PLAYER' },
        { title: 'COMMAND' },
        { title: 'ARGS' },
      ],
      surroundings.paint,
    );
  }

  async take({ command, step }: HistoryEntry): Promise<void> {
    this.#entries.push({ cells: cellsOf(command), step });
    if (this.#entries.length === PAGE) await this.#print();
  }

  async end(): Promise<void> {
    await this.#print();
  }

  async #print(): Promise<void> {
    const { output, paint, width } = this.#surroundings;
    // How long the arguments are says nothing about where the next column begins.
    this.#columns.fit(this.#entries.map(({ cells }) => cells.slice(0, -1)));
    if (!this.#begun) await output.line(this.#columns.header());
    this.#begun = true;
    for (const { cells, step } of this.#entries) {
      await output.line(this.#columns.row(cells, ['dim', 'dim', 'dim', undefined, 'cyan'], width));
      if (!this.#patches || !step) continue;
      for (const line of stepLines(step, paint, width)) await output.line(line);
    }
    this.#entries = [];
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

function* stepLines(step: Step, paint: Paint, width: number | undefined): Generator<string> {
  const { firstSeq, lastSeq, patches } = step;
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

function stepAsJson({ firstSeq, lastSeq, tick, time, patches }: Step): object {
  return { firstSeq, lastSeq, tick, time: isoTime(time), patches: toJsonPatch(patches) };
}
