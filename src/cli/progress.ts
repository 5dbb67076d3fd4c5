// How far long work has come: one line on standard error, written over and over, when that is a terminal. Never on
// standard output, and nothing at all where nobody watches.

import { stripVTControlCharacters } from 'node:util';
import { shorten } from './columns.ts';

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** More often than this nobody can read it. */
const INTERVAL_MS = 50;

export class ProgressLine {
  readonly #screen: Screen;
  #shown = '';
  #next = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Takes the place of what was shown before; an empty text takes it away. */
  show(text: string, now = performance.now()): void {
    if (this.#screen.isTTY !== true || (text === '' && this.#shown === '')) return;
    if (text !== '' && now < this.#next) return;
    this.#next = text === '' ? 0 : now + INTERVAL_MS;
    const line = shorten(stripVTControlCharacters(text), Math.max(1, (this.#screen.columns ?? 80) - 1));
    this.#screen.write(`\r${line.padEnd(this.#shown.length)}${line === '' ? '\r' : ''}`);
    this.#shown = line;
  }
}
