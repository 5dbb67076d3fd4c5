// What crosses between the main thread and the thread that owns a shard. store/sqlite.ts is one end, workers/shard-owner.ts
// the other. Everything is plain data: names and codes of errors do not survive a throw across threads.

import type { ErrorData } from '../errors.ts';
import type { Batch } from '../store/store.ts';

export interface OwnerOptions {
  readonly directory: string;
  readonly shard: number;
  /** How far patches of each game type are merged in the history. */
  readonly grains: { readonly [type: string]: 'commands' | 'ticks' | 'batches' };
  /** How long one slice of background work may last, in milliseconds. */
  readonly sliceMs: number;
  readonly checkpointBytes: number;
  readonly maxImageBytes: number;
  readonly commandIndex: boolean;
}

export type OwnerRequest =
  | { readonly kind: 'open'; readonly options: OwnerOptions }
  | { readonly kind: 'commit'; readonly batch: Batch }
  | { readonly kind: 'digest' }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'load'; readonly game: string }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'history';
      readonly game: string;
      readonly afterSeq: number;
      readonly upToSeq: number;
      readonly limit: number;
    }
  | { readonly kind: 'stats' }
  | { readonly kind: 'close' };

export type OwnerReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData };
