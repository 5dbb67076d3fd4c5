// The folders that trials write to, all in one that is gone when the command ends: after the last trial, on an error,
// and when somebody presses Ctrl-C.

import { cpSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { OrreryError } from '../../core/errors.ts';

/** What Linux calls tmpfs. */
const TMPFS = 0x01021994;

/** When a signal comes, an owner thread may make and remove files while its folder is being removed. */
const REMOVALS = 20;

export class Scratch {
  readonly #root: string;
  #made = 0;
  readonly #onExit = (): void => this.remove();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    try {
      this.remove();
    } finally {
      process.kill(process.pid, signal);
    }
  };

  /** `parent` must be there. Throws DIRECTORY_UNUSABLE. */
  constructor(parent: string) {
    try {
      this.#root = mkdtempSync(join(parent, '.orrery-tune-'));
    } catch (cause) {
      throw new OrreryError({
        code: 'DIRECTORY_UNUSABLE',
        what: 'the trials have no folder to write to',
        hint: 'Name one on the disk that is to be measured with --on.',
        context: { directory: parent },
        cause,
      });
    }
    process.once('exit', this.#onExit);
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  /** On a file system in memory nothing is ever made durable. */
  get inMemory(): boolean {
    return process.platform === 'linux' && statfsSync(this.#root).type === TMPFS;
  }

  /** A path that nothing is at yet. */
  next(): string {
    this.#made += 1;
    return join(this.#root, String(this.#made));
  }

  copyOf(folder: string): string {
    const copy = this.next();
    cpSync(folder, copy, { recursive: true });
    return copy;
  }

  discard(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
  }

  remove(): void {
    try {
      this.#empty();
    } finally {
      // Not before: Ctrl-C reaches npx as well, which passes it on, and the second must not end what the first has
      // begun.
      process.off('exit', this.#onExit);
      process.off('SIGINT', this.#onSignal);
      process.off('SIGTERM', this.#onSignal);
    }
  }

  #empty(): void {
    for (let left = REMOVALS; ; left -= 1) {
      try {
        rmSync(this.#root, { recursive: true, force: true });
        return;
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  }
}
