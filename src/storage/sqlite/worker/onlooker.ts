// A shard that is looked at and not owned: takes no lease and writes nothing. It stands where an Owner stands in the
// thread of a shard, for an orrery that was opened with `readOnly`. Before it: workers/shard-owner.ts; after it:
// recovery/shard-reader.ts.
//
// It sees what had been written when it was opened, also beside an owner that goes on writing.

import { performance } from 'node:perf_hooks';
import { OrreryError } from '../../../core/errors.ts';
import type { EarlyChunks, RecoveryReport, StoreStats } from '../../store.ts';
import { Compaction } from '../compaction/compaction.ts';
import type { Files } from '../files.ts';
import { Database } from '../image/database.ts';
import type { ShardContents } from '../recovery/read-shard.ts';
import { READING, ShardReader } from '../recovery/shard-reader.ts';
import type { OwnerOptions, OwnerRequest } from './protocol.ts';
import { Questions } from './questions.ts';

export class Onlooker {
  readonly recovery: RecoveryReport;
  readonly #contents: ShardContents | undefined;
  readonly #database: Database;
  readonly #questions: Questions;

  private constructor(
    contents: ShardContents | undefined,
    database: Database,
    compaction: Compaction,
    durationMs: number,
  ) {
    this.#contents = contents;
    this.#database = database;
    this.#questions = new Questions({ database, compaction });
    this.recovery = {
      created: false,
      replayedFrames: contents?.replayedFrames ?? 0,
      replayedRecords: contents?.replayedRecords ?? 0,
      tornBytes: contents?.tail.cut?.bytes ?? 0,
      usedPreviousImage: contents?.imageFault !== undefined,
      durationMs,
    };
  }

  /** Throws DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
  static async open(files: Files, { directory, shard }: OwnerOptions): Promise<Onlooker> {
    const began = performance.now();
    const { contents } = await ShardReader.open(files, directory, shard);
    // A shard that was never finished being made holds nothing.
    const database = contents?.database ?? (await Database.open());
    const compaction = contents?.compaction ?? new Compaction(database, READING, { frame: 0, chain: 0 });
    return new Onlooker(contents, database, compaction, performance.now() - began);
  }

  async answer(request: Exclude<OwnerRequest, { kind: 'open' }>, early?: EarlyChunks): Promise<unknown> {
    switch (request.kind) {
      case 'load':
        return this.#questions.load(request.game, request.early ? early : undefined);
      case 'list':
        return this.#questions.list();
      case 'stateAt':
        return this.#questions.stateAt(request.game, request.moment, request.nearest);
      case 'past':
        return this.#questions.past(request.game, request.range, request.limit);
      case 'snapshots':
        return this.#questions.snapshots(request.game);
      case 'quarantine':
        return this.#questions.quarantine(request.game);
      case 'stats':
        return this.#stats();
      case 'close':
        return this.abandon();
      case 'commit':
      case 'compact':
      case 'checkpoint':
      case 'import':
        throw writesNothing(request.kind);
    }
  }

  /** There is nothing to do unasked. */
  /** Its database is in memory as a whole. */
  get isBroken(): boolean {
    return false;
  }

  doIdleWork(): boolean {
    return false;
  }

  abandon(): void {
    this.#database.close();
  }

  #stats(): StoreStats {
    const manifest = this.#contents?.manifest;
    const journalBytes = this.#contents?.replayedBytes ?? 0;
    return {
      epoch: manifest?.epoch ?? 0,
      generation: manifest?.generation ?? 0,
      frames: 0,
      records: 0,
      journalBytesWritten: 0,
      imageBytesWritten: 0,
      imageBytes: this.#contents?.image.bytes ?? 0,
      checkpoints: 0,
      load: { compactionLagBytes: 0, journalBytes, checkpointDue: false, checkpointOverdue: false },
      patchesIn: 0,
      patchesOut: 0,
      games: [],
      recovery: this.recovery,
    };
  }
}

/** The main thread refuses such calls with the remedy; this is behind it. */
function writesNothing(kind: string): OrreryError {
  return new OrreryError({
    code: 'READ_ONLY',
    what: `a shard that is only looked at was asked to ${kind}`,
    hint: 'Open the directory without `readOnly`.',
  });
}
