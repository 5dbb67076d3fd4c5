// The one interface between the game side and whatever keeps its records. engine/commit-queue.ts is the caller;
// sqlite.ts is the real thing, memory.ts the reference that tests compare it with.

import type { RecordableHistogram } from 'node:perf_hooks';
import type { ErrorData } from '../core/errors.ts';
import type { UnreadableGame } from '../core/patch/unreadable.ts';
import type { GameInfo, Quarantine } from './game-info.ts';
import type { Moment, PastStep, SnapshotEntry, StateAt, StepRange } from './history-reader.ts';

/** Records of one or more games that become durable together. */
export interface Batch {
  /**
   * Records as lines of JSON, UTF-8, each ended by a line feed. It lies in shared memory and stays as it is until the
   * commit has settled: a store copies what it keeps.
   */
  readonly payload: Uint8Array;
  readonly count: number;
  /** Which seqs of which games are inside, in order. */
  readonly spans: readonly Span[];
}

export interface Span {
  readonly game: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** What a store owes to its background work after a call. */
export interface StoreLoad {
  /** Bytes that are durable in the journal and not yet compacted. */
  readonly compactionLagBytes: number;
  /** Of these, those of the batch that is being compacted or is next. */
  readonly compactingBytes?: number;
  /** Bytes of journal since the newest image. */
  readonly journalBytes: number;
  /** Whether a checkpoint would be worth its cost now. */
  readonly checkpointDue: boolean;
  /** Whether it has been worth it for so long that it must take turns with the commits. */
  readonly checkpointOverdue: boolean;
  /** How many games have records that cannot be read, if any: `stats` says which. */
  readonly unreadableGames?: number;
}

/**
 * What would gather if commits went on: the batch that is being compacted stays as large as it is, and to wait for one
 * that is larger than the bound would hold up everybody else.
 */
export function lagBehind({ compactionLagBytes, compactingBytes = 0 }: StoreLoad): number {
  return compactionLagBytes - compactingBytes;
}

export const NOTHING_OWED: StoreLoad = Object.freeze({
  compactionLagBytes: 0,
  journalBytes: 0,
  checkpointDue: false,
  checkpointOverdue: false,
});

/** A game as a store hands it back. */
export interface StoredGame {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly seq: number;
  readonly tick: number;
  readonly tables: readonly string[];
  /** JSON size of the state. */
  readonly stateBytes: number;
  /**
   * The secret from the game's first record (key `r` of docs/FORMAT.md); undefined when that has none. It is for no
   * list and no log.
   */
  readonly seed?: string | undefined;
  /**
   * The state in pieces small enough to be parsed without stalling a game loop: JSON of [null, plain part] first, with
   * {} where a table stands, then [table name, some of its entities by id] any number of times.
   */
  readonly pieces: readonly Uint8Array[];
}

/** Where the pieces of a game may go as they come, before the last of them is made. */
export interface EarlyChunks {
  take(piece: Uint8Array): void;
  /** What was taken so far is not the game: it comes anew. */
  discard(): void;
}

/** A state of the past on its way to whoever asked. */
export interface StoredMoment extends Omit<StateAt, 'game' | 'state'> {
  /** As those of StoredGame. */
  readonly pieces: readonly Uint8Array[];
}

export interface PastPage {
  /** The game as it is now. */
  readonly row: GameInfo;
  /** Under which ids it was played before; left out where no game is ever renamed. */
  readonly origins?: readonly { readonly id: string; readonly upToSeq: number }[];
  /** As that of StoredGame. */
  readonly seed?: string | undefined;
  /** In the order asked for, each with its commands. */
  readonly steps: readonly PastStep[];
  /**
   * Where to go on, as fromSeq or, backwards, toSeq; undefined when there is no more. A page may be empty before that.
   */
  readonly next: number | undefined;
}

/** What a checkpoint has published. */
export interface CheckpointReport {
  readonly generation: number;
  readonly imageBytes: number;
  readonly durationMs: number;
  /**
   * Games without rows in the SQL tables of their type, because their states break what these declare unique; if any.
   */
  readonly unprojected?: readonly string[];
  /** Games whose past stays longer than their type says, because a row of it cannot be read; if any. */
  readonly unthinned?: readonly string[];
  /**
   * Why a file that is not needed any more could not be removed, `latest.sqlite` not be linked, or the
   * record of the shard not be written; the next checkpoint tries again.
   */
  readonly untidy?: ErrorData;
}

/** Totals since the store was opened, for people who tune. */
export interface StoreStats {
  readonly epoch: number;
  readonly generation: number;
  readonly frames: number;
  readonly records: number;
  readonly journalBytesWritten: number;
  readonly imageBytesWritten: number;
  readonly imageBytes: number;
  readonly checkpoints: number;
  /** What the store owes to its background work now. */
  readonly load: StoreLoad;
  /** Patches that were compacted, and what merging left of them. */
  readonly patchesIn: number;
  readonly patchesOut: number;
  /** The same for each game that has had records. */
  readonly games: readonly { readonly id: string; readonly patchesIn: number; readonly patchesOut: number }[];
  /** How long it took to write a frame and make it durable. Stores without a disk have none. */
  readonly syncMicroseconds?: RecordableHistogram;
  /** Games with records that cannot be read, by id; if any. */
  readonly unreadable?: readonly UnreadableGame[];
  readonly recovery: RecoveryReport;
}

/** What opening a store had to do. */
export interface RecoveryReport {
  /** True when the directory was made new. */
  readonly created: boolean;
  readonly replayedFrames: number;
  readonly replayedRecords: number;
  /** Bytes cut off because the last write was never finished. Nothing acknowledged is ever in them. */
  readonly tornBytes: number;
  /** Whether the newest image could not be used and the one before stood in. */
  readonly usedPreviousImage: boolean;
  /** Game types whose SQL tables were made anew because what they declare has changed, and how many games that took. */
  readonly reprojected?: { readonly types: readonly string[]; readonly games: number };
  /** As in CheckpointReport. */
  readonly unprojected?: readonly string[];
  readonly untidy?: ErrorData;
  /**
   * Why no image could be published, or no segment be begun: a full disk, an image above its bound. Everything is
   * there, out of the image before and the journal; `health` is degraded, and a checkpoint is tried again.
   */
  readonly unpublished?: ErrorData;
  /**
   * No segment could be begun: nothing more becomes durable until that succeeds. What is read until then may be more
   * than was acknowledged, and such records may still be lost.
   */
  readonly withoutSegment?: true;
  /** Games with records that cannot be read; if any. The other games go on. */
  readonly unreadable?: readonly UnreadableGame[];
  readonly durationMs: number;
}

export interface StoreCapabilities {
  /** An acknowledged batch survives the end of the process. */
  readonly durable: boolean;
  /** Checkpoints publish images. */
  readonly images: boolean;
}

/**
 * Keeps the records of some games. Calls are made one at a time, each after the one before has settled. Every failure
 * is an OrreryError. A store that lost its thread throws OWNER_DIED and can be opened again.
 */
export interface Store {
  readonly capabilities: StoreCapabilities;
  /** Recovers what is there. */
  open(): Promise<RecoveryReport>;
  /**
   * Resolves when the batch is durable. The batch that was taken in last may come again, because the thread died
   * between writing and answering: it is acknowledged again and not written again, also behind a restart and a
   * checkpoint. Any other batch with a seq that the store has, or with a gap, throws SEQ_CONFLICT with the game in its
   * context, and nothing of it is stored.
   */
  commit(batch: Batch): Promise<StoreLoad>;
  /** One slice of background work, a few milliseconds of it. */
  compact(): Promise<StoreLoad>;
  /** One slice of a checkpoint; call until it reports. */
  checkpoint(): Promise<CheckpointReport | undefined>;
  /**
   * Undefined when there is no such game. Throws GAME_UNREADABLE when records of it cannot be read: what comes before
   * them is in its past. Pieces given to `early`, if any, come before those of the result.
   */
  load(game: string, early?: EarlyChunks): Promise<StoredGame | undefined>;
  list(): Promise<readonly GameInfo[]>;
  /**
   * The state at a moment that is kept. Undefined when there is no such game. Throws MOMENT_NOT_KEPT, INVALID_OPTION.
   */
  stateAt(game: string, moment: Moment, nearest: boolean): Promise<StoredMoment | undefined>;
  /**
   * Steps with their commands, at most `limit`, and no more than does not hold up commits. Undefined when there is no
   * such game.
   */
  past(game: string, range: StepRange, limit: number): Promise<PastPage | undefined>;
  /** What recoveries have given up of a game, oldest first; empty when there is no such game. */
  quarantine(game: string): Promise<readonly Quarantine[]>;
  /** The whole states that are kept, oldest first. Undefined when there is no such game. */
  snapshots(game: string): Promise<readonly SnapshotEntry[] | undefined>;
  /**
   * Takes in a game with its whole past, as a database that holds nothing else. Resolves with its row when it is
   * durable; throws GAME_EXISTS. Asked again with the same token, it has been done. Only stores with images have this.
   */
  import?(coming: { readonly game: string; readonly bytes: Uint8Array; readonly token: string }): Promise<GameInfo>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
  /** Gives up without ceremony: for a store that no longer answers. */
  destroy(): Promise<void>;
}
