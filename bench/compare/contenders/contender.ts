// What a contender is: a way of keeping games that somebody would pick. The files beside this one are the contenders,
// ../contenders.ts lists them, ../drill.ts gives them commands and checks afterwards that every one was kept.

import { systemOf } from '../../galaxy.ts';

/**
 * What there is before the first command: so many galaxies, and in each so many systems and a queue of so many orders.
 */
export interface Shape {
  readonly games: number;
  readonly systems: number;
  readonly queue: number;
}

/** What stands in a queue. `order` is a running number. */
export interface Order {
  readonly order: number;
  readonly structure: string;
  readonly ticks: number;
}

/** A contender's games, open. The newest state is in memory and can be read at any time. */
export interface World {
  /** A tick begins. What happens outside of ticks belongs to tick 0. */
  beginTick?(tick: number): void;
  /** The small command: `metal` more in one system, and when. The state has changed when this returns. */
  mine(game: number, system: string, metal: number): void;
  /** The command on a list: takes the oldest order out of the queue of game 0 and puts `next` at its end. */
  rotate(next: Order): void;
  /** Done when everything so far is durable: when it returns, or when its promise resolves. */
  commit(): void | Promise<void>;
  /** Metal of a system, read from the state in memory. */
  metal(game: number, system: string): number;
  /** The oldest order in the queue of game 0. */
  oldest(): number;
  /** Resolves when work that was put off is done. Without it, there is none. */
  caughtUp?(): Promise<void>;
  close(): Promise<void>;
}

/** What a contender has on disk, summed up. */
export interface Stored {
  /** Commands in the history. */
  readonly commands: number;
  /** Of all commands in the history: metal given, or order queued. */
  readonly given: number;
  /** In the newest state: metal of all systems, or of the queue the sum of the orders. */
  readonly held: number;
}

export interface Contender {
  readonly name: string;
  /** In what way it is driven, and what of it is durable when. */
  readonly how: string;
  /** False for a line that others are measured from: it keeps nothing, and nobody would pick it. */
  readonly durable: boolean;
  /** Its packages are in bench/node_modules. */
  readonly installed: boolean;
  /** What exactly is compared. Throws, saying why, when it cannot be used here. */
  version(): string;
  /** `folder` is empty. Resolves when what there is at the beginning is durable. */
  create(folder: string, shape: Shape): Promise<World>;
  /** Reads, as another process would after the world was closed, what is kept of it. */
  read?(folder: string, shape: Shape): Promise<Stored>;
}

export const STRUCTURES = ['mine', 'farm', 'shipyard', 'shield'] as const;

export function orderOf(order: number): Order {
  return { order, structure: STRUCTURES[order % STRUCTURES.length] as string, ticks: 5 + (order % 20) };
}

export function queueOf(length: number): Order[] {
  return Array.from({ length }, (_, index) => orderOf(index));
}

/** The metal that is there before the first command, in one game. */
export function metalAtFirst(systems: number): number {
  let metal = 0;
  for (let index = 0; index < systems; index += 1) metal += systemOf(index).metal;
  return metal;
}

export function gameName(game: number): string {
  return `galaxy-${game}`;
}
