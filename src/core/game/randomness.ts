// Where the random numbers of one game's commands come from: its seed, the seq, and a nonce. Before it: context.ts,
// whose `random` this is. Beside it: the sink of the game, which keeps one of these.
//
// A command that is refused has no seq of its own: the next one gets it, and must not get the numbers that the refused
// one may have shown. Neither may a command after a restart, for what was refused before it, or was never made durable,
// is not known then. Both draw under a nonce that nobody can foresee, and their record carries it.

import { MAX_NONCE } from '../patch/record.ts';
import { randomBytes } from './random-bytes.ts';
import { GameSeed, hashWithSeed, revealSeed } from './seed.ts';

export interface RandomOptions {
  /** For tests: new games have no seed, and no nonce is ever taken, so that the numbers follow from game id and seq. */
  readonly predictableRandom?: boolean;
}

export class GameRandomness {
  readonly #game: string;
  readonly #isPredictable: boolean;
  readonly #given: GameSeed | undefined;
  #seed: GameSeed | undefined;
  #nonce = 0;
  /** Whether the next command that draws does so under a fresh nonce. */
  #isFreshDue = true;
  #hasDrawn = false;

  /** A new game has the seed that is `given`, or a fresh one. */
  constructor(game: string, { predictableRandom = false }: RandomOptions = {}, given?: GameSeed) {
    this.#game = game;
    this.#given = given;
    this.#isPredictable = predictableRandom;
  }

  /** The game is a new one, or the fork of one with that seed. Returns what its first record has to say. */
  begin(parent?: GameSeed): string | undefined {
    this.#seed = parent ?? this.#given ?? (this.#isPredictable ? undefined : GameSeed.fresh());
    this.#isFreshDue = false;
    return revealSeed(this.#seed);
  }

  /** The game was loaded. Throws PATCH_INVALID. */
  resume(seed: string | undefined): void {
    this.#seed = GameSeed.of(seed);
    this.#isFreshDue = true;
  }

  /** The numbers of the command with this seq, whole ones from 0 up to but not including 2^32. */
  numbers(seq: number): () => number {
    this.#hasDrawn = true;
    if (this.#isFreshDue && !this.#isPredictable) this.#nonce = freshNonce();
    this.#isFreshDue = false;
    return numbersOf(this.#game, seq, this.#seed, this.#nonce);
  }

  /** What the record of the command that is running has to carry, if anything. */
  get nonce(): number | undefined {
    return this.#hasDrawn && this.#nonce !== 0 ? this.#nonce : undefined;
  }

  /** The command has come to its end. */
  settle(isAccepted: boolean): void {
    if (!this.#hasDrawn) return;
    this.#hasDrawn = false;
    if (isAccepted) this.#nonce = 0;
    // Without a seed nothing but the nonce is secret.
    this.#isFreshDue = !isAccepted || this.#seed === undefined;
  }
}

function freshNonce(): number {
  return (new DataView(randomBytes(4).buffer).getUint32(0, true) % MAX_NONCE) + 1;
}

/** Numbers of commands that are run again, each under the nonce that its record carries. */
export class RecordedRandomness {
  readonly #game: string;
  readonly #seed: GameSeed | undefined;
  recorded = 0;

  constructor(game: string, seed: GameSeed | undefined) {
    this.#game = game;
    this.#seed = seed;
  }

  numbers(seq: number): () => number {
    return numbersOf(this.#game, seq, this.#seed, this.recorded);
  }

  get nonce(): number | undefined {
    return this.recorded === 0 ? undefined : this.recorded;
  }

  begin(): undefined {}

  settle(): void {}
}

/** What a game asks of where its numbers come from. */
export type Randomness = Pick<GameRandomness, 'numbers' | 'nonce' | 'settle'> & { begin(): string | undefined };

/**
 * Chris Doty-Humphrey's sfc32, its four words the first 16 bytes of a SHA-256, little-endian, after twelve discarded
 * rounds. The hash is over the bytes of the seed, if there is one, then in UTF-8 game id, line feed and seq, and,
 * unless the nonce is 0, line feed and nonce. Part of the format: a change here changes what old commands do when they
 * are run again.
 */
export function numbersOf(game: string, seq: number, seed: GameSeed | undefined, nonce = 0): () => number {
  const text = nonce === 0 ? `${game}\n${seq}` : `${game}\n${seq}\n${nonce}`;
  const hash = new DataView(hashWithSeed(seed, text).buffer);
  let a = hash.getInt32(0, true);
  let b = hash.getInt32(4, true);
  let c = hash.getInt32(8, true);
  let d = hash.getInt32(12, true);
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}
