// A JSON file, rewritten: what a game starts with. The history is a second file that grows.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { System } from '../../galaxy.ts';
import type { Contender, Order, Stored } from './contender.ts';
import { GroupCommit } from './group-commit.ts';
import { LogFile, replaceFile } from './log-file.ts';
import { heldBy, type Keeper, type PlainGame, PlainWorld, plainGames } from './plain.ts';

const STATE = 'state.json';
const HISTORY = 'history.jsonl';

class JsonFileKeeper implements Keeper {
  readonly #history: LogFile;
  readonly #group: GroupCommit;

  constructor(folder: string, games: readonly PlainGame[], history: LogFile) {
    this.#history = history;
    this.#group = new GroupCommit(async () => {
      // The text is that of the commands in the history: both are taken before anything is awaited.
      const text = JSON.stringify(games);
      await history.write();
      await replaceFile(folder, STATE, text);
    });
  }

  mined(game: number, id: string, _system: System, metal: number, tick: number): void {
    this.#history.add(JSON.stringify({ game, tick, name: 'mine', args: { system: id, metal } }));
  }

  rotated(_done: Order, next: Order, tick: number): void {
    this.#history.add(JSON.stringify({ game: 0, tick, name: 'rotate', args: next }));
  }

  commit(): Promise<void> {
    return this.#group.commit();
  }

  close(): Promise<void> {
    return this.#history.close();
  }
}

export const jsonFile: Contender = {
  name: 'json-file',
  how:
    'all games as one JSON text, written to a temporary file, fsync, rename, fsync of the folder, without blocking; commits that ' +
    'come while one is under way are one; the history is a file of JSON lines, appended and fdatasync (a crash between the two leaves commands in the history that the state lacks)',
  durable: true,
  installed: false,
  version: () => process.version,
  async create(folder, shape) {
    const games = plainGames(shape);
    await replaceFile(folder, STATE, JSON.stringify(games));
    return new PlainWorld(games, new JsonFileKeeper(folder, games, await LogFile.create(join(folder, HISTORY))));
  },
  async read(folder, shape): Promise<Stored> {
    const games = JSON.parse(await readFile(join(folder, STATE), 'utf8')) as PlainGame[];
    let commands = 0;
    let given = 0;
    for await (const line of LogFile.read(join(folder, HISTORY))) {
      const { args } = JSON.parse(line) as { args: { metal?: number; order?: number } };
      commands += 1;
      given += args.metal ?? args.order ?? 0;
    }
    return { commands, given, held: heldBy(games, shape) };
  },
};
