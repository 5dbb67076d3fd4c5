// What an examination finds, one line each. `error` means that something was damaged or lost; the rest is healthy.

import { OrreryError, reason } from '../../../core/errors.ts';

export type Level = 'ok' | 'note' | 'warning' | 'error';

export interface Finding {
  readonly level: Level;
  /** Relative to the directory. */
  readonly file: string;
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string | undefined;
  /** Records that cannot be read and are kept as they stand: nothing is lost with them. */
  readonly kept?: true;
}

export class Findings {
  readonly list: Finding[] = [];
  readonly #folder: string;

  /** `folder` is relative to the directory, with a slash at its end, or empty. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get damaged(): boolean {
    return this.list.some(({ level }) => level === 'error');
  }

  add(level: Level, file: string, what: string, remedy?: string): void {
    this.list.push({ level, file: `${this.#folder}${file}`, what, remedy });
  }

  kept(file: string, what: string, remedy: string): void {
    this.list.push({ level: 'error', file: `${this.#folder}${file}`, what, remedy, kept: true });
  }

  /**
   * An error with the remedy it brings along, or with a better one. A format that is too new is nobody's damage: it
   * throws.
   */
  failure(file: string, error: unknown, remedy?: string): void {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
    const why = error.cause === undefined ? '' : `: ${reason(error.cause)}`;
    const seq = error.context.seq === undefined ? '' : ` (seq ${error.context.seq})`;
    this.add('error', file, `${error.what}${seq}${why}`, remedy ?? error.hint);
  }
}
