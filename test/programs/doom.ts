// What a doomed owner is told, by its parent, in its environment.

export interface Doom {
  readonly during: 'open' | 'commit' | 'checkpoint' | 'sweep' | 'close';
  /** The process goes when it comes to its nth operation there, in either shard. */
  readonly nth: number;
}

export const DOOM = 'ORRERY_TEST_DOOM';
