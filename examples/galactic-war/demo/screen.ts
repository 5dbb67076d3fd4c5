// The terminal: lines that stay, and below them a live area that is rewritten in place. Without a terminal, in a log or
// a pipe, there is no live area, only a line now and then.

export type Style = 'bold' | 'dim' | 'green' | 'red';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
};

/** Between two drawings of the live area, and between two lines where there is none, in milliseconds. */
const DRAW_EVERY = 100;
const SPEAK_EVERY = 5_000;

const BAR = 24;

export class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #colour: boolean;
  readonly #began = performance.now();
  /** Lines of the live area that are on the screen. */
  #drawn = 0;
  #lastDrawn = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && env['TERM'] !== 'dumb';
    this.#colour = this.#live && !env['NO_COLOR'];
    if (!this.#live) this.#lastDrawn = this.#began;
  }

  paint(style: Style, text: string): string {
    if (!this.#colour) return text;
    const [on, off] = CODES[style];
    return `\x1b[${on}m${text}\x1b[${off}m`;
  }

  /** Prints above the live area, which goes away until it is drawn again. */
  print(...lines: readonly string[]): void {
    this.#stream.write(`${this.#erasure()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = 0;
    if (this.#live) this.#lastDrawn = Number.NEGATIVE_INFINITY;
  }

  /** One line about something that has happened, with the time since the demo began. */
  event(text: string): void {
    this.print(`${this.paint('dim', `${this.#clock()}  `)}${text}`);
    // Without a live area, a line that was just printed says enough for a while.
    if (!this.#live) this.#lastDrawn = performance.now();
  }

  /** What is going on: a word, how much of it is done (0 to 1), and details for a second line. */
  progress(what: string, done: number, remark: string, details: string): void {
    const now = performance.now();
    if (now - this.#lastDrawn < (this.#live ? DRAW_EVERY : SPEAK_EVERY)) return;
    this.#lastDrawn = now;
    if (!this.#live) {
      this.#stream.write(`${this.#clock()}  ${what}: ${[remark, details].filter(Boolean).join('; ')}\n`);
      return;
    }
    const full = Math.round(Math.min(1, Math.max(0, done)) * BAR);
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
    const lines = [`${this.#clock()}  ${what.padEnd(10)}  ${bar}  ${remark}`, `${' '.repeat(11)}${details}`];
    // A line that wraps would be two to go up: it is cut instead.
    const width = Math.max(20, (this.#stream.columns || 80) - 1);
    this.#stream.write(`${this.#erasure()}${lines.map((line) => `${[...line].slice(0, width).join('')}\n`).join('')}`);
    this.#drawn = lines.length;
  }

  /** Takes the live area away. */
  rest(): void {
    if (this.#drawn > 0) this.#stream.write(this.#erasure());
    this.#drawn = 0;
  }

  #erasure(): string {
    return this.#drawn > 0 ? `\x1b[${this.#drawn}A\r\x1b[J` : '';
  }

  #clock(): string {
    return `${((performance.now() - this.#began) / 1000).toFixed(1).padStart(7)} s`;
  }
}
