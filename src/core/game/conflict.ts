// What a game type's `resolve` is told when somebody submits a state that was made from an older one. Types alone: who
// calls it is upgrade/submission.ts, ready-made resolvers are in upgrade/merge.ts.

import type { JsonObject } from '../patch/patch.ts';

/**
 * Two writers began from the same state. The three states are plain JSON of the type's newest version, tables as plain
 * objects by id, and frozen.
 */
export interface Conflict {
  /** The id of the game. */
  readonly game: string;
  /** What both began from. */
  readonly base: JsonObject;
  /** What was submitted. */
  readonly ours: JsonObject;
  /** What the game is now. */
  readonly theirs: JsonObject;
  /** Pointers to what was submitted differently from the base. */
  readonly ourPaths: readonly string[];
  /** Pointers to what has changed in the game since the base. */
  readonly theirPaths: readonly string[];
  readonly baseSeq: number;
  /** The newest seq of the game. */
  readonly seq: number;
  /** The version of the game type that the submitted state was written with; it has been migrated since. */
  readonly version: number;
  readonly player: string | undefined;
}

/** Says what the game becomes. Throw to refuse; then nothing changes. It must be synchronous. */
export type Resolver = (conflict: Conflict) => object;
