// What an outbox has to know of the options of an orrery.

import type { DepartureOptions } from './departure.ts';

export interface OutboxOptions extends DepartureOptions {
  readonly autoSaveIntervalMs: number;
  readonly outboxBytes: number;
  readonly overflow: 'reject' | 'coalesce';
  readonly digestLagBytes: number;
  readonly maxRecordBytes: number;
  /** Nothing is accepted. */
  readonly readOnly?: boolean;
  readonly stalledAfterMs: number;
}
