// The secret of a game, from which its random numbers follow. It is made with the game and stands in its first record. Whoever
// holds one of these objects can neither read it nor draw numbers with it: it has no text, no JSON, no fields and no methods.
// The functions at the end do that, and the package exports none of them.

import { createHash, randomBytes } from 'node:crypto';
import { OrreryError } from '../errors.ts';
import { isSeed } from '../patch/record.ts';

/** In bytes. On disk it is twice as many hex digits. */
const SEED_BYTES = 16;

let bytesOf: (seed: GameSeed) => Buffer;

export class GameSeed {
  readonly #bytes: Buffer;

  private constructor(hex: string) {
    this.#bytes = Buffer.from(hex, 'hex');
  }

  static {
    bytesOf = (seed) => seed.#bytes;
  }

  /** From the machine's source of secrets. */
  static fresh(): GameSeed {
    return new GameSeed(randomBytes(SEED_BYTES).toString('hex'));
  }

  /** As a record or a row has it. Undefined for a game from before there were seeds. Throws PATCH_INVALID. */
  static of(hex: string | undefined): GameSeed | undefined {
    if (hex === undefined) return undefined;
    if (isSeed(hex)) return new GameSeed(hex);
    throw new OrreryError({
      code: 'PATCH_INVALID',
      // What it holds instead is not told: most of it may be the secret.
      what: `the seed of a game is not ${SEED_BYTES * 2} hex digits`,
      hint: 'The journal or image holds something that Orrery did not write: run `orrery check --explain` on the directory.',
    });
  }
}

/** Another seed, which follows from this one and does not tell it. */
export function derivedSeed(seed: GameSeed, purpose: string): GameSeed | undefined {
  return GameSeed.of(hashWithSeed(seed, `@${purpose}`).subarray(0, SEED_BYTES).toString('hex'));
}

/** SHA-256 over the seed and a text: 32 bytes. */
export function hashWithSeed(seed: GameSeed, text: string): Buffer {
  return createHash('sha256').update(bytesOf(seed)).update(text, 'utf8').digest();
}

/** For whoever writes it down. It is for no message, no log and no answer to a user. */
export function revealSeed(seed: GameSeed | undefined): string | undefined {
  return seed && bytesOf(seed).toString('hex');
}
