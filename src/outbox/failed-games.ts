// Games of one shard that can go no further while the others can: the store has other records of theirs than were sent. outbox.ts
// fails them, refuses what they still want, and says so when it closes.

import type { OrreryError } from '../errors.ts';
import { again } from './failures.ts';

interface FailedGame {
  readonly error: OrreryError;
  /** The first that is not durable. */
  readonly firstSeq: number;
}

export class FailedGames {
  readonly #games = new Map<string, FailedGame>();

  add(game: string, firstSeq: number, error: OrreryError): void {
    this.#games.set(game, { error, firstSeq });
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
    const failed = this.#games.get(game);
    if (failed) throw again(failed.error);
  }
}
