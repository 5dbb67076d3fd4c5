// Aligned columns. Widths grow with the rows that are shown to them, so a long history can be printed a page at a time.

import type { Colour, Paint } from './paint.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
}

const GAP = '  ';
const ELLIPSIS = '…';

export class Columns {
  readonly #columns: readonly Column[];
  readonly #paint: Paint;
  readonly #widths: number[];

  constructor(columns: readonly Column[], paint: Paint) {
    this.#columns = columns;
    this.#paint = paint;
    this.#widths = columns.map(({ title }) => widthOf(title));
  }

  /** Makes room for these rows. Call it before any of them is printed. */
  fit(rows: readonly (readonly string[])[]): void {
    for (const row of rows) {
      for (const [index, cell] of row.entries()) {
        const width = widthOf(cell);
        if (width > (this.#widths[index] as number)) this.#widths[index] = width;
      }
    }
  }

  header(): string {
    return this.#paint('bold', this.row(this.#columns.map(({ title }) => title)));
  }

  /**
   * One line without its end. `colours` are by column. With `lineWidth` the last cell is shortened to what is left of
   * the line.
   */
  row(cells: readonly string[], colours: readonly (Colour | undefined)[] = [], lineWidth?: number): string {
    const last = cells.length - 1;
    let used = 0;
    const parts = cells.map((cell, index) => {
      const { right = false } = this.#columns[index] as Column;
      const room = this.#widths[index] as number;
      const text = index === last && lineWidth !== undefined ? shorten(cell, Math.max(1, lineWidth - used)) : cell;
      used += room + GAP.length;
      const padding = ' '.repeat(Math.max(0, room - widthOf(text)));
      const colour = colours[index];
      const painted = colour === undefined ? text : this.#paint(colour, text);
      if (right) return padding + painted;
      return index === last ? painted : painted + padding;
    });
    return parts.join(GAP).trimEnd();
  }
}

/** Cuts text to a number of columns of a terminal; an ellipsis says that something is gone. */
export function shorten(text: string, width: number): string {
  if (text.length <= width && widthOf(text) <= width) return text;
  let used = 0;
  let kept = '';
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) return kept + ELLIPSIS;
    kept += character;
    used += next;
  }
  return kept;
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII, whole
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Marks and joiners take no column, East Asian characters and emoji two. */
function characterWidth(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;
