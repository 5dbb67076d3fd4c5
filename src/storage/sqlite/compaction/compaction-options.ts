// What a compaction has to know of the options of an orrery.

import type { Granularity } from './pending-row.ts';
import type { DeclaredProjections } from './projected-types.ts';
import type { Retention } from './retention.ts';

export interface CompactionOptions {
  /**
   * How far patches are merged, by game type. Undefined for a type that nothing is known of: then what the image says
   * holds.
   */
  readonly granularityOf: (type: string) => Granularity | undefined;
  /** How much of the past is kept, by game type. Undefined, or left out: as the image says. */
  readonly retentionOf?: (type: string) => Retention | undefined;
  /** Fill the commands table as records arrive. RuntimeDifference commands are only in patch_batches. */
  readonly commandIndex: boolean;
  /**
   * The SQL tables of game types, kept up to date. Left out, nothing is done to those that are there: for who only
   * reads.
   */
  readonly projections?: DeclaredProjections;
  /** Told of the game that takes much memory, and then of undefined. */
  readonly atWorkOn?: (game: string | undefined) => void;
}
