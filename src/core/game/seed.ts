// The secret of a game, from which its random numbers follow. It is made with the game and stands in its first record.
// Whoever holds one of these objects can neither read it nor draw numbers with it: it has no text, no JSON, no fields
// and no methods. The functions at the end do that, and the package exports none of them.

import { OrreryError } from '../errors.ts';
import { isSeed } from '../patch/record.ts';
import { fromHex, toHex } from './hex.ts';
import { randomBytes } from './random-bytes.ts';
import { Sha256 } from './sha256.ts';

/** In bytes. On disk it is twice as many hex digits. */
const SEED_BYTES = 16;

let bytesOf: (seed: GameSeed) => Uint8Array;

export class GameSeed {
  readonly #bytes: Uint8Array;

  private constructor(hex: string) {
    this.#bytes = fromHex(hex);
  }

  static {
    bytesOf = (seed) => seed.#bytes;
  }

  /** From the machine's source of secrets. */
  static fresh(): GameSeed {
    return new GameSeed(toHex(randomBytes(SEED_BYTES)));
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
  return GameSeed.of(toHex(hashWithSeed(seed, `@${purpose}`).subarray(0, SEED_BYTES)));
}

const encoder = new TextEncoder();
const hasher = new Sha256();

/** SHA-256 over the seed, if there is one, and a text: 32 bytes. */
export function hashWithSeed(seed: GameSeed | undefined, text: string): Uint8Array<ArrayBuffer> {
  const encoded = encoder.encode(text);
  if (!seed) return hasher.digest(encoded);
  const message = new Uint8Array(SEED_BYTES + encoded.length);
  message.set(bytesOf(seed));
  message.set(encoded, SEED_BYTES);
  return hasher.digest(message);
}

/** For whoever writes it down. It is for no message, no log and no answer to a user. */
export function revealSeed(seed: GameSeed | undefined): string | undefined {
  return seed && toHex(bytesOf(seed));
}
