// On the main thread, between the games of one shard and their store. Records come from game.ts one by one and leave in
// batches, one commit at a time: what arrives meanwhile is the next batch. Background work of the store fills the gaps.

import { errorFromData, type OrreryError } from '../errors.ts';
import type { GameActor } from '../game/actor.ts';
import type { Receipt } from '../game/recording.ts';
import type { Record } from '../patch/record.ts';
import {
  type CheckpointReport,
  NOTHING_OWED,
  type RecoveryReport,
  type Store,
  type StoreLoad,
} from '../store/store.ts';
import { Backoff } from './backoff.ts';
import { BatchReceipt, type PendingBatch } from './batch.ts';
import { Checkpoints } from './checkpoints.ts';
import { again, asOrreryError, backpressure, before, closed } from './failures.ts';
import type { OutboxHealth } from './health.ts';
import { Merging } from './merging.ts';
import { Meter } from './meter.ts';
import { Queue } from './queue.ts';
import { Requests } from './requests.ts';
import { type OutboxEvents, Trouble } from './trouble.ts';

export interface OutboxOptions {
  readonly durability: 'group' | 'strict' | 'relaxed';
  readonly coalescingDelayMs: number;
  readonly autoSaveIntervalMs: number;
  readonly batchBytes: number;
  readonly outboxBytes: number;
  readonly overflow: 'reject' | 'coalesce';
  readonly digestLagBytes: number;
  readonly maxRecordBytes: number;
}

/** In a loop that leaves no gaps, a checkpoint has one of so many turns: half of the time, where a commit takes half a millisecond. */
const CHECKPOINT_TURNS = 8;

/** Digesting less than this at a time makes more rows of the same. */
const DIGEST_BYTES = 256 * 1024;

export class Outbox {
  readonly meter = new Meter();
  readonly #store: Store;
  readonly #options: OutboxOptions;
  readonly #events: OutboxEvents;
  readonly #queue: Queue;
  readonly #merging = new Merging();
  readonly #requests = new Requests();
  readonly #checkpoints = new Checkpoints();
  #load: StoreLoad = NOTHING_OWED;
  #failure: OrreryError | undefined;
  /** After a failure, what was pending then. */
  #unsaved: ReadonlyMap<string, number> = new Map();
  readonly #trouble: Trouble;
  /** Nothing more is accepted; what was accepted still becomes durable. */
  #closing = false;
  #closed = false;
  #mustOpen = false;
  readonly #commitBackoff = new Backoff(() => this.#wakeUp());
  readonly #checkpointBackoff = new Backoff(() => this.#wakeUp());
  /** With 'relaxed', the batch up to which everything leaves without delay. */
  #urgent: PendingBatch | undefined;
  #delay: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #turn = 0;

  constructor(store: Store, options: OutboxOptions, events: OutboxEvents) {
    this.#store = store;
    this.#options = options;
    this.#queue = new Queue(options.batchBytes);
    this.#events = events;
    this.#trouble = new Trouble(events);
  }

  /** The store is open, and has reported. */
  start({ unpublished }: Pick<RecoveryReport, 'unpublished'> = {}): void {
    // A loop that ended of itself would leave everybody waiting.
    this.#running = this.#run().catch((error: unknown) => this.#fail(asOrreryError(error)));
    this.#checkpoints.start(this.#options.autoSaveIntervalMs, () => this.#wakeUp());
    if (unpublished) this.#checkpointFailed(errorFromData(unpublished));
  }

  get health(): OutboxHealth {
    const trouble = this.#trouble.error;
    const state = this.#failure ? 'failed' : this.#closed ? 'closed' : trouble ? 'degraded' : 'ok';
    return {
      state,
      error: this.#failure ?? trouble,
      queuedRecords: this.#queue.records,
      queuedBytes: this.#queue.bytes,
      digestLagBytes: this.#load.digestLagBytes,
      journalBytes: this.#load.journalBytes,
    };
  }

  /** Whether nothing of a game is still on its way; with `orQueued`, nothing but records that will be sent as they are. */
  isDurable(game: GameActor, orQueued?: 'orQueued'): boolean {
    if (this.#failure) return !this.#unsaved.has(game.id);
    return !this.#merging.has(game) && (orQueued !== undefined || !this.#queue.holds(game.id));
  }

  /** Games with records that are not durable, with the first seq that is not. */
  pending(): ReadonlyMap<string, number> {
    if (this.#failure) return this.#unsaved;
    const pending = this.#queue.pending();
    for (const [game, firstSeq] of this.#merging.pending()) if (!pending.has(game)) pending.set(game, firstSeq);
    return pending;
  }

  /** Throws if no record can be taken now. */
  ready(game: GameActor): void {
    if (this.#failure) throw again(this.#failure).within({ game: game.id });
    if (this.#closing) throw closed(game.id);
    const { outboxBytes, overflow } = this.#options;
    if (this.#queue.bytes < outboxBytes || overflow === 'coalesce') return;
    this.meter.refused += 1;
    throw backpressure(game.id, this.#queue.bytes, outboxBytes, this.#trouble.error);
  }

  /** Encodes a record and returns its bytes. `append` with the same record must follow, or another `encode`. */
  encode(record: Record): number {
    return this.#queue.encode(record);
  }

  append(game: GameActor, record: Record, bytes: number): Receipt {
    // The command itself may have closed everything: nobody would send what comes now.
    if (this.#closing) throw closed(game.id);
    this.#checkpoints.changed();
    this.#wakeUp();
    // A record that carries a whole state says what no other does. Whoever sends one waits for it, so they cannot pile up.
    const full = this.#queue.bytes >= this.#options.outboxBytes || this.#merging.size > 0;
    if (full && record.version === undefined) {
      this.meter.merged += 1;
      return this.#merging.add(game, record);
    }
    return new BatchReceipt(record.seq, record.tick, this.#queue.add(record, bytes));
  }

  /** Resolves when everything accepted so far is durable. */
  async flush(): Promise<void> {
    if (this.#failure) throw again(this.#failure);
    await this.hurry()?.durable;
  }

  /** Resolves when nothing of a game is on its way any more. */
  async settled(game: string): Promise<void> {
    if (this.#queue.holds(game) || this.#merging.holds(game)) await this.flush();
  }

  /** What was accepted so far leaves without delay. The result is the last batch of it. */
  hurry(): PendingBatch | undefined {
    const last = this.#merging.last ?? this.#queue.last;
    this.#urgent = last ?? this.#urgent;
    this.#wakeUp();
    return last;
  }

  /** Publishes an image of everything that is durable when it begins. */
  checkpoint(): Promise<CheckpointReport> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed());
    const report = this.#checkpoints.ask(this.#merging.last ?? this.#queue.last);
    this.#wakeUp();
    return report;
  }

  /** Asks the store something, in turn with the commits. */
  request<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed());
    const answer = this.#requests.add(() => ask(this.#store));
    this.#wakeUp();
    return answer;
  }

  /**
   * Makes everything durable and closes the store; from now on nothing is accepted. Rejects when that has not happened in
   * time, or cannot; what could not be saved is then in pending().
   */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const deadline = performance.now() + timeoutMs;
    const inTime = (work: Promise<unknown>): Promise<void> => before(deadline, work, () => this.#trouble.error);
    this.#checkpoints.stop();
    // The next attempt may be seconds away, and there is no later.
    this.#commitBackoff.reset();
    try {
      await inTime(this.flush());
      // A store that lost its thread is opened once more, so that it can be closed in order.
      if (this.#mustOpen) await inTime(this.request(async () => undefined));
    } finally {
      this.#closed = true;
      this.#wakeUp();
      this.#commitBackoff.stop();
      this.#checkpointBackoff.stop();
      clearTimeout(this.#delay);
      this.#checkpoints.reject();
      this.#requests.reject(closed());
    }
    await inTime(this.#running ?? Promise.resolve());
    if (this.#failure) throw again(this.#failure);
    await inTime(this.#store.close());
  }

  /** Nothing more can be saved: everybody who waits is told. */
  abandon(error: OrreryError): void {
    this.#closing = true;
    this.#closed = true;
    this.#fail(error);
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#failure || this.#closed) return;
      const work = this.#choose();
      if (work) {
        await work();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#gather();
    }
  }

  /**
   * Everybody who was woken by the same answer gets to dispatch before the next batch is cut: what is queued for the next
   * tick of Node from inside a promise's callback runs after all such callbacks, and costs no turn of the event loop.
   */
  #gather(): Promise<void> {
    return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
  }

  /** What the store does next: commits and questions in turn, then background work. */
  #choose(): (() => Promise<void>) | undefined {
    if (this.#mustOpen) return this.#commitBackoff.waiting ? undefined : () => this.#reopen();
    this.#turn += 1;
    if (this.#requests.waiting && (this.#turn % 2 === 0 || !this.#commitDue())) return () => this.#ask();
    if (this.#commitDue()) {
      if (this.#checkpointInTurn()) return () => this.#checkpoint();
      return this.#load.digestLagBytes > this.#options.digestLagBytes ? () => this.#digest() : () => this.#commit();
    }
    if (this.#load.digestLagBytes >= DIGEST_BYTES && !this.#commitBackoff.waiting) return () => this.#digest();
    const wanted = this.#checkpoints.isWanted || this.#load.checkpointDue;
    if (this.#checkpoints.isUnderWay || (wanted && !this.#checkpointBackoff.waiting)) return () => this.#checkpoint();
    return undefined;
  }

  /**
   * A loop that leaves no gaps must not put checkpoints off for ever: one that somebody waits for, or that has begun, has a few turns
   * among the commits, one that is overdue as many as they have.
   */
  #checkpointInTurn(): boolean {
    if (this.#checkpointBackoff.waiting) return false;
    if (this.#load.checkpointOverdue && this.#turn % 2 === 0) return true;
    const { isUnderWay, mayGoFirst } = this.#checkpoints;
    return (isUnderWay || mayGoFirst) && this.#turn % CHECKPOINT_TURNS === 1;
  }

  #commitDue(): boolean {
    if (!this.#queue.first) for (const batch of this.#merging.take()) this.#queue.push(batch);
    const { first } = this.#queue;
    if (!first || this.#commitBackoff.waiting) return false;
    if (this.#options.durability !== 'relaxed' || this.#urgent || first.bytes >= this.#options.batchBytes) return true;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      this.hurry();
    }, this.#options.coalescingDelayMs);
    return false;
  }

  async #commit(): Promise<void> {
    const batch = this.#queue.first as PendingBatch;
    const sent = performance.now();
    let load: StoreLoad;
    try {
      load = await this.#store.commit(this.#queue.send());
    } catch (error) {
      this.meter.failedCommits += 1;
      this.#storeFailed(asOrreryError(error));
      return;
    }
    // Too late: everybody who waits has been told that it is not durable.
    if (this.#failure) return;
    this.#load = load;
    this.#queue.shift();
    if (batch === this.#urgent) this.#urgent = undefined;
    clearTimeout(this.#delay);
    this.#delay = undefined;
    this.#commitBackoff.reset();
    this.meter.committed(batch.count, batch.bytes, batch.acceptedAt, sent, performance.now());
    batch.settle();
    this.#trouble.commit(undefined);
    await this.#gather();
  }

  async #ask(): Promise<void> {
    const died = await this.#requests.askNext();
    if (died) this.#storeFailed(died);
  }

  /** What commits depend on has failed: the thread, the disk, or for good. */
  #storeFailed(error: OrreryError): void {
    if (this.#failure) return;
    if (error.code === 'OWNER_DIED') this.#mustOpen = true;
    else if (error.code !== 'DISK_FULL' && error.code !== 'IO_FAILED') {
      this.#fail(error);
      return;
    }
    this.#trouble.commit(error);
    if (!this.#closed) this.#commitBackoff.start();
  }

  /** Nothing waits to be committed, so no commit is going to show that the trouble is over. */
  #healed(): void {
    if (this.#failure || this.#queue.first || this.#merging.size > 0) return;
    this.#commitBackoff.reset();
    this.#trouble.commit(undefined);
  }

  /** A store that lost its thread recovers from disk like after a crash; the batch in flight is then sent again. */
  async #reopen(): Promise<void> {
    this.#checkpoints.forget();
    let report: RecoveryReport;
    try {
      report = await this.#store.open();
    } catch (error) {
      this.#storeFailed(asOrreryError(error));
      return;
    }
    this.#mustOpen = false;
    this.#load = NOTHING_OWED;
    if (report.unpublished) this.#checkpointFailed(errorFromData(report.unpublished));
    this.#healed();
  }

  async #digest(): Promise<void> {
    try {
      this.#load = await this.#store.digest();
    } catch (error) {
      this.#storeFailed(asOrreryError(error));
      return;
    }
    this.#healed();
  }

  async #checkpoint(): Promise<void> {
    this.#checkpoints.begin();
    let report: CheckpointReport | undefined;
    try {
      report = await this.#store.checkpoint();
    } catch (caught) {
      this.#checkpointFailed(asOrreryError(caught));
      return;
    }
    if (!report || this.#failure) return;
    this.#checkpointBackoff.reset();
    this.#load = { ...this.#load, checkpointDue: false, checkpointOverdue: false };
    this.meter.published(report);
    this.#events.checkpoint(report);
    this.#trouble.checkpoint(undefined);
    this.#checkpoints.ended(report);
  }

  /** The journal still has everything: commits go on, and the next checkpoint is tried later. */
  #checkpointFailed(error: OrreryError): void {
    if (this.#failure) return;
    const diskFailed = error.code === 'DISK_FULL' || error.code === 'IO_FAILED';
    // A disk may come back any moment; an image that is too large is looked at when the next one would be due.
    this.#checkpoints.failed(error, diskFailed);
    if (!diskFailed && error.code !== 'IMAGE_TOO_LARGE') {
      this.#storeFailed(error);
      return;
    }
    this.#trouble.checkpoint(error);
    if (!this.#closed) this.#checkpointBackoff.start();
  }

  #fail(error: OrreryError): void {
    if (this.#failure) return;
    this.#unsaved = this.pending();
    this.#failure = error;
    this.#checkpoints.stop();
    clearTimeout(this.#delay);
    this.#commitBackoff.stop();
    this.#checkpointBackoff.stop();
    this.#queue.settle(again(error));
    this.#merging.settle(again(error));
    this.#checkpoints.reject(again(error));
    this.#requests.abandon(error);
    this.#wakeUp();
    this.#events.failed(error);
  }
}
