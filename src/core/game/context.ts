// What a command may know besides state and arguments. Everything here is recorded or derived from what is recorded, so
// that running a command again gives the same patches.

import { OrreryError } from '../errors.ts';
import type { Randomness } from './randomness.ts';

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
  /**
   * A number from 0 up to but not including 1. It follows from a secret of the game and is recorded with it, so that
   * the command gives the same when it is run again, and nobody can foresee it. Only while the command runs:
   * COMMAND_ASYNC. It can be taken out of the context: `const { random } = context`.
   */
  readonly random: () => number;
}

export class GameContext implements CommandContext {
  readonly game: string;
  readonly seq: number;
  readonly tick: number;
  readonly now: number;
  readonly player: string | undefined;
  readonly #randomness: Randomness;
  #next: (() => number) | undefined;
  #random: (() => number) | undefined;
  #isOver = false;

  constructor(
    game: string,
    seq: number,
    tick: number,
    now: number,
    player: string | undefined,
    randomness: Randomness,
  ) {
    this.game = game;
    this.seq = seq;
    this.tick = tick;
    this.now = now;
    this.player = player;
    this.#randomness = randomness;
  }

  /** Most commands draw no numbers: the hash and the function are paid by those that do. */
  get random(): () => number {
    this.#random ??= () => {
      if (this.#isOver) throw over(this.game, this.seq);
      this.#next ??= this.#randomness.numbers(this.seq);
      return this.#next() / 4294967296;
    };
    return this.#random;
  }

  /**
   * The command has ended. What a context that was kept drew later would be those of the next command with this seq.
   */
  close(): void {
    this.#isOver = true;
  }
}

function over(game: string, seq: number): OrreryError {
  return new OrreryError({
    code: 'COMMAND_ASYNC',
    what: 'a random number was drawn after the command had ended',
    hint: 'Draw all numbers while the command runs: what comes later is not recorded with it.',
    context: { game, seq },
  });
}
