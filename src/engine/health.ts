// How one commit queue is doing at this moment. commit-queue.ts tells it, the orrery passes it on.

import type { OrreryError } from '../core/errors.ts';
import type { StoreLoad } from '../storage/store.ts';
import type { Accepted } from './accepted.ts';

export interface CommitQueueHealth {
  readonly state: 'ok' | 'degraded' | 'failed' | 'closed';
  readonly error: OrreryError | undefined;
  /** Accepted and not yet durable. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  /** How long the batch that was accepted first has waited to become durable, in milliseconds; 0 when nothing waits. */
  readonly oldestWaitingMs: number;
  readonly compactionLagBytes: number;
  readonly journalBytes: number;
}

/** How all shards are. */
export interface OrreryHealth {
  /** The worst of the shards'. */
  readonly state: CommitQueueHealth['state'];
  readonly shards: readonly CommitQueueHealth[];
}

export function healthOf(
  state: CommitQueueHealth['state'],
  error: OrreryError | undefined,
  { records, bytes, waitingMs }: Accepted,
  { compactionLagBytes, journalBytes }: StoreLoad,
): CommitQueueHealth {
  return {
    state,
    error,
    queuedRecords: records,
    queuedBytes: bytes,
    oldestWaitingMs: waitingMs,
    compactionLagBytes,
    journalBytes,
  };
}
