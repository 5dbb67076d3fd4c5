// `orrery sql`: one SELECT over everything a directory or a pack holds, printed as a table while its rows come.

import { Command } from 'commander';
import { compactJson, printable } from '../core/printable.ts';
import type { Cell } from '../storage/sqlite/query/answer.ts';
import { ask } from '../storage/sqlite/query/thread.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { DIRECTORY_OR_PACK, isPack } from './past/opening.ts';
import { wholeNumber } from './reading.ts';

const HELP = `
The statement reads a copy in memory, one database with the newest states of
all shards. It has the tables of docs/SCHEMA.md, and the tables that game types
declare as projections. Two more are there if the statement names them:
  commands  every command
  patches   every patch: game, first_seq, last_seq, number, tick, time, op,
            path, value
inflate(body) gives the JSON of a body. Nothing is changed; another process may
have the directory open.

Examples:
  orrery sql ./data "select id, seq, tick from games order by seq desc"
  orrery sql ./data "select name, count(*) from commands group by name"
  orrery sql ./data "select tick, value from patches where path = '/owner'"
  orrery sql ./data --json "select owner, metal from systems" | jq .metal`;

const MOST_SECONDS = 86_400;

interface Options {
  readonly limit: number;
  readonly timeout: number;
  readonly shard?: number;
  readonly json?: true;
}

export function sqlCommand(cli: CliContext): Command {
  return new Command('sql')
    .description('Run a SELECT over the games of a directory.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('<statement>', 'one SELECT of SQLite')
    .option('--limit <rows>', 'print at most so many rows', wholeNumber(1), 1000)
    .option('--timeout <seconds>', 'stop the statement after so long', wholeNumber(1), 10)
    .option('--shard <number>', 'read this shard only', wholeNumber(0))
    .option('--json', 'print one JSON document for each row, one a line')
    .addHelpText('after', HELP)
    .action((place: string, sql: string, options: Options, command: Command) => {
      if (options.timeout > MOST_SECONDS) command.error(`--timeout is at most ${MOST_SECONDS} seconds`);
      return query(place, sql, options, cli);
    });
}

async function query(place: string, sql: string, options: Options, cli: CliContext): Promise<void> {
  const { limit, timeout, shard } = options;
  const asked = { place, isPack: isPack(place), shard, sql, limit };
  let printer: Lines | Table | undefined;
  for await (const part of ask(asked, timeout * 1000)) {
    switch (part.kind) {
      case 'open':
        for (const game of part.faults) {
          cli.remark(`${printable(game)} is in none of its type's tables: its state breaks what they declare unique`);
        }
        break;
      case 'columns':
        printer = options.json ? new Lines(part.names, cli) : new Table(part.names, cli);
        break;
      case 'rows':
        await printer?.take(part.rows);
        break;
      case 'end':
        await printer?.end();
        if (part.more) cli.remark(`there are more than ${limit} rows: --limit gives more of them`);
        break;
    }
  }
}

class Lines {
  readonly #names: readonly string[];
  readonly #cli: CliContext;

  constructor(names: readonly string[], cli: CliContext) {
    this.#names = distinct(names);
    this.#cli = cli;
  }

  async take(rows: readonly (readonly Cell[])[]): Promise<void> {
    for (const row of rows) {
      const entries = this.#names.map((name, index) => [name, asJson(row[index] ?? null)] as const);
      await this.#cli.output.line(compactJson(Object.fromEntries(entries)));
    }
  }

  async end(): Promise<void> {}
}

/** Two columns of one name would be one key. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}:${number}`;
    taken.add(free);
    return free;
  });
}

class Table {
  readonly #names: readonly string[];
  readonly #cli: CliContext;
  #columns: Columns | undefined;
  #lastIsText = true;

  constructor(names: readonly string[], cli: CliContext) {
    this.#names = names;
    this.#cli = cli;
  }

  async take(rows: readonly (readonly Cell[])[]): Promise<void> {
    const { output, width } = this.#cli;
    const cells = rows.map((row) => row.map(asText));
    const isFirst = this.#columns === undefined;
    this.#columns ??= this.#columnsFor(rows);
    // How long the text in the last column is says nothing about where another begins.
    this.#columns.fit(this.#lastIsText ? cells.map((row) => row.slice(0, -1)) : cells);
    if (isFirst && this.#names.length > 0) await output.line(this.#columns.header());
    for (const [index, row] of cells.entries()) {
      const colours = rows[index]?.map((cell) => (cell === null ? ('dim' as const) : undefined));
      await output.line(this.#columns.row(row, colours, width));
    }
  }

  async end(): Promise<void> {}

  /** Columns of numbers stand to the right, by what the first page has in them. */
  #columnsFor(rows: readonly (readonly Cell[])[]): Columns {
    const titles = this.#names.map((name, index) => {
      const cells = rows.map((row) => row[index]).filter((cell) => cell !== null);
      const right = cells.length > 0 && cells.every((cell) => typeof cell === 'number' || isDigits(cell));
      return { title: printable(name), right };
    });
    this.#lastIsText = titles.at(-1)?.right === false;
    return new Columns(titles, this.#cli.paint);
  }
}

function isDigits(cell: Cell | undefined): cell is { readonly digits: string } {
  return typeof cell === 'object' && cell !== null && 'digits' in cell;
}

function asText(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (cell instanceof Uint8Array) return hex(cell);
  return isDigits(cell) ? cell.digits : printable(String(cell));
}

/** A number that JSON cannot hold, or its readers not exactly, is text. */
function asJson(cell: Cell): unknown {
  if (typeof cell === 'number' && !Number.isFinite(cell)) return String(cell);
  if (cell instanceof Uint8Array) return hex(cell);
  return isDigits(cell) ? cell.digits : cell;
}

/** As SQLite writes a blob. */
function hex(blob: Uint8Array): string {
  return `x'${Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex')}'`;
}
