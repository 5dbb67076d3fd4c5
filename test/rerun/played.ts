// Games that were played and closed, for running them again, and modules with the code to do it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyGameType } from '#core/game/define.ts';
import type { AnyGame } from '#core/game/game.ts';
import type { TypeVersions } from '#history/rerun/games-module.ts';
import { type OrreryOptions, openOrrery } from '#index.ts';
import type { HistoryReader } from '#storage/history-reader.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href;

/** A folder of its own, and everything that was opened in it. Call `clean` when the tests are over. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'orrery-rerun-'));
  readonly #pasts: HistoryReader[] = [];
  #directories = 0;
  #modules = 0;

  async clean(): Promise<void> {
    for (const past of this.#pasts) await past.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Plays a game in a directory of its own and closes it. */
  async play(
    type: AnyGameType,
    id: string,
    work: (game: AnyGame) => void | Promise<void>,
    options: Partial<OrreryOptions> = {},
  ): Promise<string> {
    this.#directories += 1;
    const directory = join(this.folder, `data-${this.#directories}`);
    mkdirSync(directory);
    await this.playOn(directory, type, id, work, options);
    return directory;
  }

  async playOn(
    directory: string,
    type: AnyGameType,
    id: string,
    work: (game: AnyGame) => void | Promise<void>,
    options: Partial<OrreryOptions> = {},
  ): Promise<void> {
    await using orrery = await openOrrery({ directory, games: [type], ...options });
    await work((await orrery.open(type, id)) as AnyGame);
  }

  async past(directory: string, id: string): Promise<HistoryReader> {
    const past = await openDirectoryPast(directory, id);
    this.#pasts.push(past);
    return past;
  }

  /** A module that a thread can import. The text may use everything that Orrery exports. */
  module(text: string): string {
    this.#modules += 1;
    const file = join(this.folder, `games-${this.#modules}.mjs`);
    writeFileSync(file, `import { defineGame, table } from ${JSON.stringify(INDEX)};\n${text}`);
    return pathToFileURL(file).href;
  }
}

export function versions(...types: readonly AnyGameType[]): TypeVersions {
  return new Map(types.map((type) => [type.version, type]));
}
