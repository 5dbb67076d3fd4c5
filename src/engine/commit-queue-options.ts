// What a commit queue has to know of the options of an orrery.

import type { DepartureOptions } from './departure.ts';

export interface CommitQueueOptions extends DepartureOptions {
  readonly autoSaveIntervalMs: number;
  readonly commitQueueBytes: number;
  readonly overflow: 'reject' | 'coalesce';
  readonly compactionLagBytes: number;
  readonly maxRecordBytes: number;
  /** Nothing is accepted. */
  readonly readOnly?: boolean;
  readonly stalledAfterMs: number;
}
