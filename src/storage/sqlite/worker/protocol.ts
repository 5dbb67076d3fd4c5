// What crosses between the main thread and the thread that owns a shard. sqlite/sqlite-store.ts is one end,
// workers/shard-owner.ts the other. Everything is plain data: names and codes of errors do not survive a throw across
// threads.

import type { ErrorData } from '../../../core/errors.ts';
import type { Projections } from '../../../core/projection/definition.ts';
import type { Moment, StepRange } from '../../history-reader.ts';
import type { Batch } from '../../store.ts';
import type { CompactionOptions } from '../compaction/compaction-options.ts';
import type { Retention } from '../compaction/retention.ts';
import type { Recording } from '../recovery/open-shard.ts';
import type { Import } from './import.ts';

export interface OwnerOptions {
  readonly directory: string;
  readonly shard: number;
  /** Undefined for a shard without a directory around it, which nobody keeps a record of. */
  readonly recording?: Recording;
  /** By game type, how far patches are merged in the history. Maps throughout: a type may be called `constructor`. */
  readonly granularities: ReadonlyMap<string, 'commands' | 'ticks' | 'batches'>;
  /** How much of the past of each type is kept. Of a type that is not named, what the image says counts. */
  readonly retentions?: ReadonlyMap<string, Retention>;
  /** How long one slice of background work may last, in milliseconds. */
  readonly sliceMs: number;
  readonly checkpointBytes: number;
  readonly maxImageBytes: number;
  /**
   * Of the pages of the database, so many bytes at most are in memory, and those that a batch is changing. Default 64
   * MiB.
   */
  readonly pageCacheBytes?: number;
  readonly commandIndex: boolean;
  /** Only look: see onlooker.ts. */
  readonly readOnly?: boolean;
  /** The SQL tables of each game type that is known, null for none; the image's own account counts for the others. */
  readonly projections?: ReadonlyMap<string, Projections | null>;
}

/** How the owner compacts records. */
export function compactionOptionsOf(
  options: OwnerOptions,
  atWorkOn?: CompactionOptions['atWorkOn'],
): CompactionOptions {
  return {
    granularityOf: (type) => options.granularities.get(type),
    retentionOf: (type) => options.retentions?.get(type),
    commandIndex: options.commandIndex,
    projections: options.projections ?? new Map(),
    ...(atWorkOn ? { atWorkOn } : {}),
  };
}

export type OwnerRequest =
  | { readonly kind: 'open'; readonly options: OwnerOptions }
  | { readonly kind: 'commit'; readonly batch: Batch }
  | { readonly kind: 'compact' }
  | { readonly kind: 'checkpoint' }
  /** With `early`, pieces go ahead of the reply as they are made. */
  | { readonly kind: 'load'; readonly game: string; readonly early?: boolean }
  | { readonly kind: 'list' }
  | { readonly kind: 'stateAt'; readonly game: string; readonly moment: Moment; readonly nearest: boolean }
  | { readonly kind: 'past'; readonly game: string; readonly range: StepRange; readonly limit: number }
  | { readonly kind: 'snapshots'; readonly game: string }
  | { readonly kind: 'quarantine'; readonly game: string }
  | { readonly kind: 'import'; readonly import: Import }
  | { readonly kind: 'stats' }
  | { readonly kind: 'close' };

/** A piece that goes ahead of the reply, or that those before do not count. */
export interface OwnerChunk {
  readonly piece: Uint8Array | 'discard';
}

export type OwnerReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData };
