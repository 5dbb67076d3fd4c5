// Owns one shard: its journal, its database, its image. The commit queue on the main thread asks, one request at a
// time. A batch is acknowledged when its frame is durable and no newer owner has come; compaction and checkpoint follow
// behind.

import { performance } from 'node:perf_hooks';
import { errorToData, type OrreryError } from '../../../core/errors.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Moment, SnapshotEntry, StepRange } from '../../history-reader.ts';
import type {
  Batch,
  CheckpointReport,
  EarlyChunks,
  PastPage,
  RecoveryReport,
  StoredGame,
  StoredMoment,
  StoreLoad,
  StoreStats,
} from '../../store.ts';
import type { CompactionOptions } from '../compaction/compaction-options.ts';
import type { Files } from '../files.ts';
import { CHECKER_IN_PLACE, type ImageChecker, WAITING } from '../image/image-check.ts';
import { type OpenedShard, openShard } from '../recovery/open-shard.ts';
import { Backlog } from './backlog.ts';
import { isPostponed, publish } from './checkpoint.ts';
import { type Import, importGame } from './import.ts';
import { NewestSeqs } from './newest-seqs.ts';
import { compactionOptionsOf, type OwnerOptions, type OwnerRequest } from './protocol.ts';
import { Questions } from './questions.ts';
import { Segments } from './segments.ts';

export class Owner {
  readonly recovery: RecoveryReport;
  readonly #files: Files;
  readonly #options: OwnerOptions;
  readonly #shard: OpenedShard;
  readonly #segments: Segments;
  #checker: ImageChecker = CHECKER_IN_PLACE;
  readonly #backlog: Backlog;
  readonly #seqs: NewestSeqs;
  readonly #questions: Questions;
  #checkpoint: Generator<unknown, CheckpointReport> | undefined;
  /** Bytes of journal: written by this owner, and of those in the newest image. */
  #written = 0;
  #published = 0;
  #frames = 0;
  #records = 0;
  /**
   * Bytes of what was replayed when no image could be published at opening. Undefined when there is nothing of the
   * kind.
   */
  #unpublished: number | undefined;
  /** The newest image has none before it to stand in for it. */
  #alone = false;
  /** What the game types say of themselves is not in an image yet. */
  #typesChanged = false;
  #imageBytesWritten = 0;
  #checkpoints = 0;

  private constructor(files: Files, options: OwnerOptions, shard: OpenedShard, recovery: RecoveryReport) {
    this.#files = files;
    this.#options = options;
    this.#shard = shard;
    this.#backlog = new Backlog(shard.compaction);
    this.#seqs = new NewestSeqs(shard.compaction, this.#backlog);
    this.#questions = new Questions(shard);
    this.#segments = new Segments(files, options.directory, shard);
    this.recovery = recovery;
  }

  /** Claims the shard, recovers it and, when the journal had anything to replay, publishes a fresh image. */
  static async open(
    files: Files,
    options: OwnerOptions,
    checker: ImageChecker = CHECKER_IN_PLACE,
    atWorkOn?: CompactionOptions['atWorkOn'],
  ): Promise<Owner> {
    const began = performance.now();
    const how = compactionOptionsOf(options, atWorkOn);
    const { directory, recording, pageCacheBytes } = options;
    const shard = await openShard(files, directory, options.shard, how, recording, pageCacheBytes);
    const recovery: { -readonly [key in keyof RecoveryReport]: RecoveryReport[key] } = {
      ...shard.report,
      durationMs: 0,
    };
    const owner = new Owner(files, options, shard, recovery);
    let failure = shard.failure;
    try {
      owner.#typesChanged = shard.compaction.policies.record([...options.granularities.keys()]);
      if (shard.mustPublish && !failure) failure = owner.#publishFirst();
      if (shard.record?.fault) recovery.untidy = errorToData(shard.record.fault);
    } catch (error) {
      owner.abandon();
      shard.first.withdraw(shard.lease);
      throw error;
    }
    if (failure) {
      owner.#unpublished = shard.replayedBytes;
      recovery.unpublished = errorToData(failure);
    }
    if (shard.journal) shard.first.tidyUp();
    else recovery.withoutSegment = true;
    recovery.durationMs = performance.now() - began;
    // Only now: whoever opens a shard waits for its image, and sooner without another thread.
    owner.#checker = checker;
    return owner;
  }

  /**
   * The image of an opening. Without it a shard goes on from the image before and the journal, and this returns why; a
   * new shard does not, for without a manifest it is none.
   */
  #publishFirst(): OrreryError | undefined {
    try {
      const publishing = this.#publish(this.#shard.first.start.generation, performance.now());
      while (!publishing.next().done);
      return undefined;
    } catch (error) {
      if (this.#shard.report.created || this.isBroken || !isPostponed(error)) throw error;
      return error;
    }
  }

  /** Its database cannot be used any more. What is on disk is whole, or the next opening says what is not. */
  get isBroken(): boolean {
    return this.#shard.database.failure !== undefined;
  }

  async answer(request: Exclude<OwnerRequest, { kind: 'open' }>, early?: EarlyChunks): Promise<unknown> {
    switch (request.kind) {
      case 'commit':
        return this.commit(request.batch);
      case 'compact':
        return this.compact();
      case 'checkpoint':
        return this.checkpoint();
      case 'load':
        return this.load(request.game, request.early ? early : undefined);
      case 'list':
        return this.list();
      case 'stateAt':
        return this.stateAt(request.game, request.moment, request.nearest);
      case 'past':
        return this.past(request.game, request.range, request.limit);
      case 'snapshots':
        return this.snapshots(request.game);
      case 'quarantine':
        return this.#upToDate().quarantine(request.game);
      case 'import':
        return this.import(request.import);
      case 'stats':
        return this.stats();
      case 'close':
        return this.close();
    }
  }

  commit(batch: Batch): StoreLoad {
    // A batch that is there already may be no more than read: it is durable when this owner has a segment.
    this.#segments.ready();
    if (this.#placeOf(batch) === 'known') {
      this.#shard.lease.check();
      return this.#load();
    }
    // The memory of the batch is the game loop's, which writes another one there later.
    // Not slice(), which of a Buffer is no copy.
    const payload = new Uint8Array(batch.payload);
    const { frame, chain, bytes } = this.#segments.append(payload, batch.count);
    // Taken in before the lease is looked at: should that look fail, the batch comes again and must be known.
    this.#seqs.taken(batch);
    this.#written += bytes;
    this.#backlog.push({ payload, frame, chain, written: this.#written });
    this.#frames += 1;
    this.#records += batch.count;
    this.#shard.lease.check();
    return this.#load();
  }

  /** One slice of folding the journal into the database. */
  compact(): StoreLoad {
    const end = performance.now() + this.#options.sliceMs;
    // Some of it in every slice, however short: a slice that did nothing would be asked for again and again.
    while (!this.#backlog.isEmpty) {
      this.#backlog.compactSome();
      if (performance.now() >= end) break;
    }
    return this.#load();
  }

  /** A little of compaction while nobody asks for anything; false when there is none worth it. */
  doIdleWork(): boolean {
    return this.#backlog.doIdleWork();
  }

  /** One slice of a checkpoint, which begins when none is under way. Reports when it is done. */
  checkpoint(): CheckpointReport | undefined {
    this.#checkpoint ??= this.#checkpointing();
    const end = performance.now() + this.#options.sliceMs;
    try {
      do {
        const step = this.#checkpoint.next();
        if (!step.done) {
          // Who waits for somebody else must not keep a batch waiting.
          if (step.value === WAITING) return undefined;
          continue;
        }
        this.#checkpoint = undefined;
        return step.value;
      } while (performance.now() < end);
    } catch (error) {
      this.#checkpoint = undefined;
      // A newer owner sweeps what this one was about to publish: that is the reason then, not the file that is gone.
      throw this.#shard.lease.lost() ?? error;
    }
    return undefined;
  }

  load(id: string, early?: EarlyChunks): StoredGame | undefined {
    return this.#upToDate().load(id, early);
  }

  list(): readonly GameInfo[] {
    return this.#upToDate().list();
  }

  stateAt(id: string, moment: Moment, nearest: boolean): StoredMoment | undefined {
    return this.#upToDate().stateAt(id, moment, nearest);
  }

  past(id: string, range: StepRange, limit: number): PastPage | undefined {
    return this.#upToDate().past(id, range, limit);
  }

  snapshots(id: string): readonly SnapshotEntry[] | undefined {
    return this.#upToDate().snapshots(id);
  }

  /**
   * Takes in a game with its whole past and answers when an image that holds it counts: see import.ts. The image after
   * it makes two of them again. Throws GAME_EXISTS, and what a checkpoint throws; then the game is not there.
   */
  async import(coming: Import): Promise<GameInfo> {
    if (this.#checkpoint) while (this.checkpoint() === undefined);
    this.#backlog.compactAll();
    const generation = (): number => this.#shard.manifest.generation;
    const publish = (): Generator<unknown, unknown> => this.#checkpointing('alone');
    await importGame(coming, { ...this.#shard, ...this.#options, files: this.#files, generation, publish });
    return this.#shard.compaction.game(coming.game) as GameInfo;
  }

  stats(): StoreStats {
    const games = Array.from(this.#shard.compaction.merged, ([id, merged]) => ({ id, ...merged }));
    return {
      epoch: this.#shard.lease.epoch,
      generation: this.#shard.manifest.generation,
      frames: this.#frames,
      records: this.#records,
      journalBytesWritten: this.#written,
      imageBytesWritten: this.#imageBytesWritten,
      imageBytes: this.#shard.manifest.images[0]?.bytes ?? 0,
      checkpoints: this.#checkpoints,
      load: this.#load(),
      patchesIn: games.reduce((sum, { patchesIn }) => sum + patchesIn, 0),
      patchesOut: games.reduce((sum, { patchesOut }) => sum + patchesOut, 0),
      games,
      syncMicroseconds: this.#segments.syncMicroseconds,
      ...(this.#shard.compaction.unreadable.length > 0 ? { unreadable: this.#shard.compaction.unreadable } : {}),
      recovery: this.recovery,
    };
  }

  /**
   * Publishes what is not in an image yet, and seals the journal: the next opening has nothing to replay. When no image
   * can be published the journal is sealed all the same, and nothing is lost; then this throws why.
   */
  close(): void {
    let failure: unknown;
    try {
      try {
        if (this.#checkpoint) while (this.checkpoint() === undefined);
        this.#checker = CHECKER_IN_PLACE;
        const owed = this.#written > this.#published || this.#unpublished !== undefined;
        if (owed || this.#alone || this.#typesChanged) while (this.checkpoint() === undefined);
      } catch (error) {
        failure = error;
      }
      this.#segments.seal();
      this.#shard.lease.check();
    } finally {
      this.abandon();
    }
    if (failure) throw failure;
  }

  /** Lets go without writing anything. */
  abandon(): void {
    try {
      this.#segments.close();
    } finally {
      this.#shard.lease.close();
      this.#shard.database.close();
    }
  }

  #upToDate(): Questions {
    this.#backlog.compactAll();
    return this.#questions;
  }

  #load(): StoreLoad {
    const due = Math.max(this.#options.checkpointBytes, (this.#shard.manifest.images[0]?.bytes ?? 0) / 2);
    const journalBytes = this.#written - this.#published + (this.#unpublished ?? 0);
    const unreadable = this.#shard.compaction.unreadable.length;
    return {
      compactionLagBytes: this.#backlog.bytes,
      compactingBytes: this.#backlog.firstBytes,
      journalBytes,
      checkpointDue: journalBytes > due || this.#alone || this.#unpublished !== undefined,
      checkpointOverdue: journalBytes > 2 * due,
      ...(unreadable > 0 ? { unreadableGames: unreadable } : {}),
    };
  }

  #placeOf(batch: Batch): 'next' | 'known' {
    try {
      return this.#seqs.placeOf(batch);
    } catch (error) {
      // The seqs of an owner that was replaced are no measure: that is the reason then.
      throw this.#shard.lease.lost() ?? error;
    }
  }

  *#checkpointing(how?: 'alone'): Generator<unknown, CheckpointReport> {
    const began = performance.now();
    this.#shard.lease.check();
    const { generation, firstFrame, previousChain } = this.#segments.begin(this.#shard.manifest.generation);
    yield;
    // Everything before the new segment must be in the image; what comes meanwhile may be.
    while (this.#backlog.isBefore(firstFrame)) {
      this.#backlog.compactSome();
      yield;
    }
    this.#shard.compaction.skipTo({ frame: firstFrame - 1, chain: previousChain });
    return yield* this.#publish(generation, began, how);
  }

  *#publish(generation: number, began: number, how?: 'alone'): Generator<unknown, CheckpointReport> {
    // Commits and compaction go on in between.
    yield* this.#shard.compaction.settle();
    yield* this.#shard.compaction.thin();
    this.#backlog.finishFrame();
    this.#shard.database.shrink();
    const inImage = this.#backlog.compacted;
    const { manifest, untidy } = yield* publish(
      {
        files: this.#files,
        directory: this.#options.directory,
        number: this.#options.shard,
        lease: this.#shard.lease,
        record: this.#shard.record,
        database: this.#shard.database,
        compaction: this.#shard.compaction,
        maxImageBytes: this.#options.maxImageBytes,
        checker: this.#checker,
        doIdleWork: () => this.doIdleWork(),
        published: (published) => {
          this.#shard.manifest = published;
          this.#alone = how === 'alone';
          this.#typesChanged = false;
          this.#unpublished = undefined;
          this.#segments.keep(published.segments);
          this.#published = inImage;
          this.#imageBytesWritten += published.images[0]?.bytes ?? 0;
          this.#checkpoints += 1;
        },
      },
      this.#shard.manifest.shard,
      generation,
      how === 'alone' ? undefined : this.#shard.manifest.images[0],
      () => this.#segments.live,
      () => this.#segments.durableFrame,
    );
    const { unprojected, unthinned } = this.#shard.compaction;
    return {
      generation: manifest.generation,
      imageBytes: manifest.images[0]?.bytes ?? 0,
      durationMs: performance.now() - began,
      ...(unprojected.length > 0 ? { unprojected } : {}),
      ...(unthinned.length > 0 ? { unthinned } : {}),
      ...(untidy ? { untidy: errorToData(untidy) } : {}),
    };
  }
}
