// A store that takes every batch and keeps nothing: what remains of the cost of a tick when nothing is made durable.
// With it Orrery still drafts, compares, freezes and encodes; only the owner thread, the journal and the image are
// gone.

import type {
  Batch,
  CheckpointReport,
  GameInfo,
  PastPage,
  RecoveryReport,
  Store,
  StoredGame,
  StoredMoment,
  StoreLoad,
  StoreStats,
} from 'orrery';

const NOTHING_OWED: StoreLoad = {
  compactionLagBytes: 0,
  journalBytes: 0,
  checkpointDue: false,
  checkpointOverdue: false,
};

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
  #frames = 0;
  #records = 0;

  async open(): Promise<RecoveryReport> {
    return RECOVERY;
  }

  async commit(batch: Batch): Promise<StoreLoad> {
    this.#frames += 1;
    this.#records += batch.count;
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
      frames: this.#frames,
      records: this.#records,
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
