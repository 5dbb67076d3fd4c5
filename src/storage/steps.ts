// What a history consists of: steps, each from one visible state to the next, and the commands behind them.

import type { Json, Patch } from '../core/patch/patch.ts';

/** A visible moment of the past: the patches that lead from the step before to this one. */
export interface Step {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly tick: number;
  readonly time: number;
  readonly patches: readonly Patch[];
}

/** What was asked of a game, without what it did. */
export interface CommandEntry {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly name: string;
  readonly player: string | undefined;
  readonly args: Json | undefined;
  /**
   * What it drew its random numbers under besides the seed of the game and the seq; if it drew any, and not under 0.
   */
  readonly nonce?: number;
}
