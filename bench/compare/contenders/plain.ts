// State as most games have it: mutable objects. Every peer but Immer is made of it and a keeper, which writes down what
// was changed; without a keeper it is the line from which is measured what keeping adds.

import { type FlatGalaxy, plainGalaxy, type System } from '../../galaxy.ts';
import { type Contender, type Order, queueOf, type Shape, type World } from './contender.ts';

export interface PlainGame {
  readonly galaxy: FlatGalaxy;
  /** Oldest first. */
  readonly queue: Order[];
}

/** Writes down what a plain world does. `commit` and `caughtUp` are those of World. */
export interface Keeper {
  mined(game: number, id: string, system: System, metal: number, tick: number): void;
  rotated(done: Order, next: Order, tick: number): void;
  commit(): void | Promise<void>;
  close(): Promise<void> | void;
}

/** The state before the first command. */
export function plainGames({ games, systems, queue }: Shape): PlainGame[] {
  return Array.from({ length: games }, () => ({ galaxy: plainGalaxy(systems), queue: queueOf(queue) }));
}

/** The sum of what a state holds, as Stored.held has it. */
export function heldBy(games: readonly PlainGame[], { queue }: Shape): number {
  let held = 0;
  for (const game of games) {
    if (queue > 0) for (const { order } of game.queue) held += order;
    else for (const { metal } of Object.values(game.galaxy.systems)) held += metal;
  }
  return held;
}

export class PlainWorld implements World {
  readonly #games: readonly PlainGame[];
  readonly #keeper: Keeper | undefined;
  #tick = 0;

  constructor(games: readonly PlainGame[], keeper: Keeper | undefined) {
    this.#games = games;
    this.#keeper = keeper;
  }

  beginTick(tick: number): void {
    this.#tick = tick;
  }

  mine(game: number, id: string, metal: number): void {
    const system = this.#games[game]?.galaxy.systems[id];
    if (!system) throw new Error(`there is no system ${id}`);
    system.metal += metal;
    system.mined = this.#tick;
    this.#keeper?.mined(game, id, system, metal, this.#tick);
  }

  rotate(next: Order): void {
    const queue = (this.#games[0] as PlainGame).queue;
    const done = queue.shift();
    if (!done) throw new Error('the queue is empty');
    queue.push(next);
    this.#keeper?.rotated(done, next, this.#tick);
  }

  commit(): void | Promise<void> {
    return this.#keeper?.commit();
  }

  metal(game: number, id: string): number {
    return this.#games[game]?.galaxy.systems[id]?.metal ?? Number.NaN;
  }

  oldest(): number {
    return this.#games[0]?.queue[0]?.order ?? Number.NaN;
  }

  async close(): Promise<void> {
    await this.#keeper?.close();
  }
}

export const plain: Contender = {
  name: 'plain',
  how: 'plain objects, changed in place; nothing is kept. What the peers are measured from.',
  durable: false,
  installed: false,
  version: () => process.version,
  create: async (_folder, shape) => new PlainWorld(plainGames(shape), undefined),
};
