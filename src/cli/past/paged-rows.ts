// Rows of a table that comes bit by bit: the widths of the columns are found by looking at a page of rows at a time.
// Before it: log and blame; after it: the output.

import type { CliContext } from '../cli-context.ts';
import { type Column, Columns } from '../columns.ts';
import type { Colour } from '../paint.ts';

export interface PagedRowsOptions {
  readonly columns: readonly Column[];
  readonly colours: readonly (Colour | undefined)[];
  /** Rows that are looked at together, and wait for each other. */
  readonly page: number;
}

export class PagedRows {
  readonly #columns: Columns;
  readonly #options: PagedRowsOptions;
  readonly #cli: CliContext;
  #rows: { readonly cells: readonly string[]; readonly below: Iterable<string> }[] = [];
  #begun = false;

  constructor(options: PagedRowsOptions, cli: CliContext) {
    this.#options = options;
    this.#cli = cli;
    this.#columns = new Columns(options.columns, cli.paint);
  }

  /** `below` are lines that follow the row, such as patches. */
  async take(cells: readonly string[], below: Iterable<string> = []): Promise<void> {
    this.#rows.push({ cells, below });
    if (this.#rows.length === this.#options.page) await this.end();
  }

  /** Prints what is waiting, and the header even of nothing. */
  async end(): Promise<void> {
    const { output, width } = this.#cli;
    // How long the last cells are says nothing about where the next column begins.
    this.#columns.fit(this.#rows.map(({ cells }) => cells.slice(0, -1)));
    if (!this.#begun) await output.line(this.#columns.header());
    this.#begun = true;
    for (const { cells, below } of this.#rows) {
      await output.line(this.#columns.row(cells, this.#options.colours, width));
      for (const line of below) await output.line(line);
    }
    this.#rows = [];
  }
}
