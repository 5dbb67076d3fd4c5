// What a command may know besides state and arguments. Everything here is recorded or derived from what is recorded, so
// that running a command again gives the same patches.

import { createHash } from 'node:crypto';

export interface CommandContext {
  /** The id of the game. */
  readonly game: string;
  /** The seq this command will have if it is not refused. */
  readonly seq: number;
  readonly tick: number;
  /** Milliseconds since 1970, recorded with the command. Use it instead of Date.now(). */
  readonly now: number;
  /** Who sent the command, as passed to dispatch. */
  readonly player: string | undefined;
  /** A number from 0 up to but not including 1, from a generator seeded with game id and seq. */
  random(): number;
}

export class GameContext implements CommandContext {
  readonly game: string;
  readonly seq: number;
  readonly tick: number;
  readonly now: number;
  readonly player: string | undefined;
  #next: (() => number) | undefined;

  constructor(game: string, seq: number, tick: number, now: number, player: string | undefined) {
    this.game = game;
    this.seq = seq;
    this.tick = tick;
    this.now = now;
    this.player = player;
  }

  random(): number {
    // Most commands draw no numbers: the hash is paid by those that do.
    this.#next ??= seededRandom(this.game, this.seq);
    return this.#next() / 4294967296;
  }
}

/**
 * Chris Doty-Humphrey's sfc32, seeded with the first 16 bytes of SHA-256 over game id, line feed and seq, after twelve
 * discarded rounds. Part of the format: a change here changes what old commands do when they are run again.
 */
export function seededRandom(game: string, seq: number): () => number {
  const seed = createHash('sha256').update(`${game}\n${seq}`, 'utf8').digest();
  let a = seed.readUInt32LE(0) | 0;
  let b = seed.readUInt32LE(4) | 0;
  let c = seed.readUInt32LE(8) | 0;
  let d = seed.readUInt32LE(12) | 0;
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
