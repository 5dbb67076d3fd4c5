// For benchmarks only: a store that takes every batch, says that it is safe, and forgets it. What is left to measure is
// what the game loop itself pays.

import type { GameInfo } from '../src/storage/game-info.ts';
import {
  type CheckpointReport,
  NOTHING_OWED,
  type PastPage,
  type RecoveryReport,
  type Store,
  type StoredGame,
  type StoredMoment,
  type StoreLoad,
  type StoreStats,
} from '../src/storage/store.ts';

const RECOVERY: RecoveryReport = {
  created: true,
  replayedFrames: 0,
  replayedRecords: 0,
  tornBytes: 0,
  usedPreviousImage: false,
  durationMs: 0,
};

export class NullStore implements Store {
  readonly capabilities = { durable: false, images: false };

  async open(): Promise<RecoveryReport> {
    return RECOVERY;
  }

  async commit(): Promise<StoreLoad> {
    return NOTHING_OWED;
  }

  async compact(): Promise<StoreLoad> {
    return NOTHING_OWED;
  }

  async checkpoint(): Promise<CheckpointReport> {
    return { generation: 0, imageBytes: 0, durationMs: 0 };
  }

  async load(): Promise<StoredGame | undefined> {
    return undefined;
  }

  async list(): Promise<readonly GameInfo[]> {
    return [];
  }

  async stateAt(): Promise<StoredMoment | undefined> {
    return undefined;
  }

  async past(): Promise<PastPage | undefined> {
    return undefined;
  }

  async snapshots(): Promise<undefined> {
    return undefined;
  }

  async quarantine(): Promise<readonly []> {
    return [];
  }

  async stats(): Promise<StoreStats> {
    return {
      epoch: 1,
      generation: 0,
      frames: 0,
      records: 0,
      journalBytesWritten: 0,
      imageBytesWritten: 0,
      imageBytes: 0,
      checkpoints: 0,
      load: NOTHING_OWED,
      patchesIn: 0,
      patchesOut: 0,
      games: [],
      recovery: RECOVERY,
    };
  }

  async close(): Promise<void> {}

  async destroy(): Promise<void> {}
}
