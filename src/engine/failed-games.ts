// Games of one shard that can go no further while the others can: the store has other records of theirs than were sent,
// or cannot read one. commit-queue.ts fails them, refuses what they still want, and says when it closes what of them is
// not durable.

import type { OrreryError } from '../core/errors.ts';
import { gameUnreadable } from '../core/patch/unreadable.ts';
import type { Store, StoreLoad } from '../storage/store.ts';
import { again } from './failures.ts';

interface FailedGame {
  readonly error: OrreryError;
  /** The first that is not durable. */
  readonly firstSeq: number;
}

interface Tells {
  gameFailed(error: OrreryError, game: string): void;
}

export class FailedGames {
  readonly #games = new Map<string, FailedGame>();
  /** Everything that was accepted of these is durable. */
  readonly #unreadable = new Map<string, OrreryError>();

  add(game: string, firstSeq: number, error: OrreryError): void {
    this.#games.set(game, { error, firstSeq });
  }

  /** Asks a store for games that have become unreadable since, if it says that there are more, and tells of each. */
  async findUnreadable(load: StoreLoad, store: Store, events: Tells): Promise<void> {
    if ((load.unreadableGames ?? 0) <= this.#unreadable.size) return;
    const { unreadable = [] } = await store.stats();
    for (const { game, ...why } of unreadable) {
      if (this.#unreadable.has(game)) continue;
      const error = gameUnreadable(game, why);
      this.#unreadable.set(game, error);
      events.gameFailed(error, game);
    }
  }

  has(game: string): boolean {
    return this.#games.has(game);
  }

  /** Of the first that failed. */
  get error(): OrreryError | undefined {
    return this.#games.values().next().value?.error;
  }

  /** With the first seq of each that is not durable. */
  *pending(): IterableIterator<[game: string, firstSeq: number]> {
    for (const [game, { firstSeq }] of this.#games) yield [game, firstSeq];
  }

  /** Throws what a game failed with, if it did. */
  assertWell(game: string): void {
    const error = this.#games.get(game)?.error ?? this.#unreadable.get(game);
    if (error) throw again(error);
  }
}
