// An Immer store: immutable state, one produceWithPatches for each command on flat records, the patches as JSON lines.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peer, peerVersion } from '../peers.ts';
import type { Contender, Order, Stored, World } from './contender.ts';
import { GroupCommit } from './group-commit.ts';
import { LogFile, replaceFile } from './log-file.ts';
import { heldBy, type PlainGame, plainGames } from './plain.ts';

interface ImmerPatch {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: readonly (string | number)[];
  readonly value?: unknown;
}

interface Immer {
  enablePatches(): void;
  freeze<T>(value: T, deep: boolean): T;
  produceWithPatches<T>(state: T, recipe: (draft: T) => void): [T, ImmerPatch[], ImmerPatch[]];
}

const STATE = 'state.json';
const HISTORY = 'patches.jsonl';

class ImmerWorld implements World {
  readonly #immer: Immer;
  readonly #states: PlainGame[];
  readonly #history: LogFile;
  readonly #group: GroupCommit;
  #tick = 0;

  constructor(immer: Immer, games: readonly PlainGame[], history: LogFile) {
    this.#immer = immer;
    this.#states = games.map((game) => immer.freeze(game, true));
    this.#history = history;
    this.#group = new GroupCommit(() => history.write());
  }

  beginTick(tick: number): void {
    this.#tick = tick;
  }

  mine(game: number, id: string, metal: number): void {
    this.#change(game, 'mine', { system: id, metal }, ({ galaxy }) => {
      const system = galaxy.systems[id];
      if (!system) throw new Error(`there is no system ${id}`);
      system.metal += metal;
      system.mined = this.#tick;
    });
  }

  rotate(next: Order): void {
    this.#change(0, 'rotate', next, ({ queue }) => {
      if (!queue.shift()) throw new Error('the queue is empty');
      queue.push(next);
    });
  }

  commit(): Promise<void> {
    return this.#group.commit();
  }

  metal(game: number, id: string): number {
    return this.#states[game]?.galaxy.systems[id]?.metal ?? Number.NaN;
  }

  oldest(): number {
    return this.#states[0]?.queue[0]?.order ?? Number.NaN;
  }

  close(): Promise<void> {
    return this.#history.close();
  }

  #change(game: number, name: string, args: object, recipe: (draft: PlainGame) => void): void {
    const [next, patches] = this.#immer.produceWithPatches(this.#states[game] as PlainGame, recipe);
    this.#states[game] = next;
    this.#history.add(JSON.stringify({ game, tick: this.#tick, name, args, patches }));
  }
}

export const immer: Contender = {
  name: 'immer',
  how:
    'one produceWithPatches for each command on flat records, state frozen; name, arguments and patches as one line of JSON for ' +
    'each command, appended and fdatasync, without blocking; the first state is a file',
  durable: true,
  installed: true,
  version() {
    peer<Immer>('immer');
    return peerVersion('immer');
  },
  async create(folder, shape) {
    const library = peer<Immer>('immer');
    library.enablePatches();
    const games = plainGames(shape);
    await replaceFile(folder, STATE, JSON.stringify(games));
    return new ImmerWorld(library, games, await LogFile.create(join(folder, HISTORY)));
  },
  async read(folder, shape): Promise<Stored> {
    const games = JSON.parse(await readFile(join(folder, STATE), 'utf8')) as PlainGame[];
    let commands = 0;
    let given = 0;
    for await (const line of LogFile.read(join(folder, HISTORY))) {
      const { game, args, patches } = JSON.parse(line) as {
        game: number;
        args: { metal?: number; order?: number };
        patches: ImmerPatch[];
      };
      commands += 1;
      given += args.metal ?? args.order ?? 0;
      for (const patch of patches) replacePlace(games[game] as PlainGame, patch);
    }
    return { commands, given, held: heldBy(games, shape) };
  },
};

/** These commands change fields and move orders within a queue of fixed length: every patch replaces something. */
function replacePlace(state: object, { op, path, value }: ImmerPatch): void {
  if (op !== 'replace') throw new Error(`a patch with ${op} at /${path.join('/')}, where only replace was expected`);
  let at = state as Record<string, unknown>;
  for (const segment of path.slice(0, -1)) at = at[segment] as Record<string, unknown>;
  at[path.at(-1) as string] = value;
}
