// Folders for scenarios that write, all below one that is gone when the run ends: after the last scenario, on an error,
// and when somebody presses Ctrl-C.

import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** What Linux calls tmpfs. */
const TMPFS = 0x01021994;

/** When a signal comes, an owner thread may make and remove files while its folder is being removed. */
const REMOVALS = 20;

export class Folders {
  /** The one folder that everything lies in. */
  readonly root: string;
  #made = 0;
  readonly #onExit = (): void => this.remove();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    try {
      this.remove();
    } finally {
      process.kill(process.pid, signal);
    }
  };

  /** `parent` must be there. */
  constructor(parent: string) {
    this.root = mkdtempSync(join(parent, 'orrery-bench-'));
    process.once('exit', this.#onExit);
    process.once('SIGINT', this.#onSignal);
    process.once('SIGTERM', this.#onSignal);
  }

  /** On a file system in memory nothing is ever made durable, and figures for commits mean little. */
  get inMemory(): boolean {
    return process.platform === 'linux' && statfsSync(this.root).type === TMPFS;
  }

  make(): string {
    this.#made += 1;
    const path = join(this.root, String(this.#made));
    mkdirSync(path);
    return path;
  }

  /** Empties the root: a scenario has ended. */
  clear(): void {
    for (let made = 1; made <= this.#made; made += 1) {
      rmSync(join(this.root, String(made)), { recursive: true, force: true });
    }
  }

  remove(): void {
    process.off('exit', this.#onExit);
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
    for (let left = REMOVALS; ; left -= 1) {
      try {
        rmSync(this.root, { recursive: true, force: true });
        return;
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  }
}
