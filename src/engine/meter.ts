// What one commit queue has done since its orrery was opened, as distributions: for people who tune. commit-queue.ts
// fills it, metrics.ts puts those of all shards together.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { CheckpointReport } from '../storage/store.ts';

export class Meter {
  readonly batchRecords: RecordableHistogram = createHistogram();
  readonly batchBytes: RecordableHistogram = createHistogram();
  /** From handing a batch to the store to its acknowledgement. */
  readonly commitMicroseconds: RecordableHistogram = createHistogram();
  /** From the first record of a batch to its acknowledgement: the longest that anybody in it waited. */
  readonly durableMicroseconds: RecordableHistogram = createHistogram();
  readonly checkpointMicroseconds: RecordableHistogram = createHistogram();
  records = 0;
  bytes = 0;
  /** Commands that were refused with BACKPRESSURE. */
  refused = 0;
  /** Records that were given up for whole states at the commit queue's bound. */
  merged = 0;
  failedCommits = 0;

  /** Times are of performance.now(). */
  committed(records: number, bytes: number, accepted: number, sent: number, acknowledged: number): void {
    this.records += records;
    this.bytes += bytes;
    // A histogram takes whole numbers from 1.
    this.batchRecords.record(Math.max(1, records));
    this.batchBytes.record(Math.max(1, bytes));
    this.commitMicroseconds.record(microseconds(acknowledged - sent));
    this.durableMicroseconds.record(microseconds(acknowledged - accepted));
  }

  published({ durationMs }: CheckpointReport): void {
    this.checkpointMicroseconds.record(microseconds(durationMs));
  }
}

function microseconds(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds * 1000));
}
