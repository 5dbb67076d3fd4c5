// On the main thread, between the games of one shard and their store. Records come from game.ts one by one and leave in
// batches, one commit at a time: what arrives meanwhile is the next batch. Background work of the store fills the gaps.

import { type ErrorData, errorFromData, type OrreryError } from '../core/errors.ts';
import type { GameActor } from '../core/game/actor.ts';
import type { Receipt } from '../core/game/recording.ts';
import type { Record } from '../core/patch/record.ts';
import { type CheckpointReport, lagBehind, NOTHING_OWED, type Store, type StoreLoad } from '../storage/store.ts';
import { Accepted, type RecordCheck } from './accepted.ts';
import { Backoff } from './backoff.ts';
import type { PendingBatch } from './batch.ts';
import { Checkpoints } from './checkpoints.ts';
import type { CommitQueueOptions } from './commit-queue-options.ts';
import { Departure } from './departure.ts';
import { again, asOrreryError, backpressure, before, closed, closeTimeout, readOnly } from './failures.ts';
import { Figures, type KnownStats } from './figures.ts';
import { type CommitQueueHealth, healthOf } from './health.ts';
import { MemoryDeaths } from './memory-deaths.ts';
import { Meter } from './meter.ts';
import { gather, Pump, type Work } from './pump.ts';
import { Requests } from './requests.ts';
import { longestWait, Stall } from './stall.ts';
import { type CommitQueueEvents, Trouble } from './trouble.ts';

/** Compacting less than this at a time makes more rows of the same. */
const DIGEST_BYTES = 256 * 1024;

export class CommitQueue {
  readonly meter = new Meter();
  readonly #store: Store;
  readonly #options: CommitQueueOptions;
  readonly #events: CommitQueueEvents;
  readonly #pump = new Pump(
    () => this.#choose(),
    () => this.#stall.answered(),
  );
  readonly #accepted: Accepted;
  readonly #requests = new Requests();
  readonly #checkpoints = new Checkpoints(() => this.#pump.wakeUp());
  readonly #departure: Departure;
  #load: StoreLoad = NOTHING_OWED;
  #failure: OrreryError | undefined;
  /** After a failure, what was pending then. */
  #unsaved: ReadonlyMap<string, number> = new Map();
  readonly #trouble: Trouble;
  readonly #stall: Stall;
  readonly #figures = new Figures();
  /** Games go on until everything is closed: what they are asked in between may still become durable, or its receipt rejects. */
  #closing = false;
  /** Nothing more is sent. */
  #closed = false;
  /** Nothing more is accepted. */
  #ended = false;
  #mustOpen = false;
  readonly #memoryDeaths = new MemoryDeaths();
  readonly #commitBackoff = new Backoff(() => this.#pump.wakeUp());
  #turn = 0;

  constructor(store: Store, options: CommitQueueOptions, events: CommitQueueEvents) {
    this.#store = store;
    this.#options = options;
    this.#accepted = new Accepted(options);
    this.#events = events;
    this.#trouble = new Trouble(events);
    this.#departure = new Departure(options, () => this.sendNow());
    this.#stall = new Stall(
      options.stalledAfterMs,
      () => longestWait(this.#accepted.oldest?.acceptedAt, this.#departure.longestDelayMs, this.#pump.askedAt),
      (error) => this.#trouble.stall(error),
    );
  }

  /** The store is open, and could do without an image if need be: see RecoveryReport. */
  start(unpublished?: ErrorData): void {
    this.#pump.start((error) => this.#fail(asOrreryError(error)));
    this.#checkpoints.start(this.#options.autoSaveIntervalMs);
    this.#stall.start();
    if (unpublished) this.#checkpointFailed(errorFromData(unpublished));
  }

  get health(): CommitQueueHealth {
    const trouble = this.#trouble.error ?? this.#accepted.failedGames.error;
    const state = this.#failure ? 'failed' : this.#closed ? 'closed' : trouble ? 'degraded' : 'ok';
    return healthOf(state, this.#failure ?? trouble, this.#accepted, this.#load);
  }

  /** Whether nothing of a game is still on its way; with `orQueued`, nothing but records that will be sent as they are. */
  isDurable(game: GameActor, orQueued?: 'orQueued'): boolean {
    if (this.#failure) return !this.#unsaved.has(game.id);
    return this.#accepted.isDurable(game, orQueued !== undefined);
  }

  /** Games with records that are not durable, with the first seq that is not. */
  pending(): ReadonlyMap<string, number> {
    return this.#failure ? this.#unsaved : this.#accepted.pending();
  }

  /** Throws if no record can be taken now. */
  ready(game: GameActor): void {
    if (this.#ended) throw closed(game.id);
    // A timer or a player who comes while everything is being closed must not end the process before that is done.
    if (this.#failure && !this.#closing) throw again(this.#failure).within({ game: game.id });
    this.#accepted.failedGames.assertWell(game.id);
    if (this.#options.readOnly) throw readOnly('its games do not change', game.id);
    const { commitQueueBytes, overflow } = this.#options;
    if (!this.#accepted.isFull || overflow === 'coalesce') return;
    this.meter.refused += 1;
    throw backpressure(game.id, this.#accepted.bytes, commitQueueBytes, this.#trouble.error);
  }

  /** Encodes a record, asks whether that may be so, and takes it. What `check` throws is thrown, and the record is in no batch. */
  append(game: GameActor, record: Record, check: RecordCheck): Receipt {
    const bytes = this.#accepted.encode(record);
    check.admit(record, bytes);
    // Nobody would send it.
    if (this.#closed || this.#failure) return this.#accepted.late(record, this.#failure ?? closed(game.id));
    this.#checkpoints.changed();
    this.#pump.wakeUp();
    // A record that carries a whole state says what no other does. Whoever sends one waits for it, so they cannot pile up.
    if (record.version !== undefined || !this.#accepted.isMerging) return this.#accepted.add(record, bytes);
    this.meter.merged += 1;
    return this.#accepted.merge(game, record);
  }

  /** Resolves when everything accepted so far is durable. */
  async flush(): Promise<void> {
    if (this.#failure) throw again(this.#failure);
    await this.sendNow()?.durable;
  }

  /** Resolves when nothing of a game is on its way any more. */
  async settled(game: string): Promise<void> {
    const part = this.#accepted.partOf(game);
    if (!part) return;
    this.sendNow();
    await part.durable;
  }

  /** What was accepted so far leaves without delay. The result is the last batch of it. */
  sendNow(): PendingBatch | undefined {
    const { last } = this.#accepted;
    if (last) this.#departure.sendNow(last);
    this.#pump.wakeUp();
    return last;
  }

  /** Publishes an image of everything that is durable when it begins. */
  checkpoint(): Promise<CheckpointReport> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed());
    const report = this.#checkpoints.ask(this.#accepted.last);
    this.#pump.wakeUp();
    return report;
  }

  /** Asks the store something, in turn with the commits; what may end in the creation of a game goes before those of other games. */
  request<T>(ask: (store: Store) => Promise<T>, what?: 'opening'): Promise<T> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed());
    const answer = this.#requests.add(() => ask(this.#store), what === 'opening');
    this.#pump.wakeUp();
    return answer;
  }

  /** For metrics, whether the store answers or not. */
  stats(): Promise<KnownStats> {
    if (this.#closed && !this.#failure) return Promise.reject(closed());
    return this.#figures.read(() => this.request((store) => store.stats()), this.#stall.isLate);
  }

  /**
   * Makes everything that was accepted by now durable and closes the store. What is accepted meanwhile becomes durable or its receipt
   * rejects. Rejects when the store has not been closed in time, or cannot; what could not be saved is then in pending().
   */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const deadline = performance.now() + timeoutMs;
    const inTime = (work: Promise<unknown>): Promise<unknown> =>
      before(deadline, work, () => closeTimeout(this.#trouble.error));
    this.#checkpoints.endAutoSave();
    // The next attempt may be seconds away, and there is no later.
    this.#commitBackoff.reset();
    try {
      await inTime(this.flush());
      // A store that lost its thread is opened once more, so that it can be closed in order.
      if (this.#mustOpen) await inTime(this.request(async () => undefined));
    } finally {
      this.#closed = true;
      this.#pump.wakeUp();
      this.#stopTimers();
      this.#checkpoints.stop();
      this.#requests.reject(closed());
    }
    await inTime(this.#pump.ended);
    if (this.#failure) throw again(this.#failure);
    this.#accepted.fail(closed());
    // Its thread may have died over the last that it was asked.
    if (this.#mustOpen) await inTime(this.#store.open());
    await inTime(this.#store.close());
    const { error } = this.#accepted.failedGames;
    if (error) throw again(error);
  }

  /** Everything is closed, and nothing is accepted any more. */
  end(): void {
    this.#ended = true;
  }

  /** Why the games cannot be read any more, if they cannot. */
  endedFor(game: string): OrreryError | undefined {
    return this.#ended ? closed(game) : undefined;
  }

  /** Nothing more can be saved: everybody who waits is told. */
  abandon(error: OrreryError): void {
    this.#closing = true;
    this.#closed = true;
    this.#fail(error);
  }

  /** What the store does next: commits and questions in turn, then background work. */
  #choose(): Work | 'end' | undefined {
    if (this.#failure || this.#closed) return 'end';
    if (this.#mustOpen) return this.#commitBackoff.waiting ? undefined : () => this.#reopen();
    this.#turn += 1;
    const commitDue = this.#commitDue();
    if (this.#requests.waiting && (this.#turn % 2 === 0 || !commitDue || this.#gathers)) return () => this.#ask();
    if (commitDue) {
      if (this.#checkpoints.goesFirst(this.#load, this.#turn)) return () => this.#checkpoint();
      return lagBehind(this.#load) > this.#options.compactionLagBytes ? () => this.#compact() : () => this.#commit();
    }
    if (this.#load.compactionLagBytes >= DIGEST_BYTES && !this.#commitBackoff.waiting) return () => this.#compact();
    if (this.#checkpoints.isDue(this.#load)) return () => this.#checkpoint();
    return undefined;
  }

  /** Games that are being created wait a moment for those that are opened behind them, so that one commit is for all. */
  get #gathers(): boolean {
    return this.#requests.opensNext && this.#accepted.next()?.waitsForMore === true;
  }

  #commitDue(): boolean {
    const first = this.#accepted.next();
    return first !== undefined && !this.#commitBackoff.waiting && this.#departure.isDue(first);
  }

  async #commit(): Promise<void> {
    const batch = this.#accepted.next() as PendingBatch;
    if (batch.isEmpty) {
      this.#left(batch);
      return;
    }
    const sent = performance.now();
    let load: StoreLoad;
    try {
      load = await this.#store.commit(this.#accepted.send());
    } catch (error) {
      this.meter.failedCommits += 1;
      this.#commitFailed(batch, asOrreryError(error));
      return;
    }
    // Too late: everybody who waits has been told that it is not durable.
    if (this.#failure) return;
    this.#load = load;
    this.#memoryDeaths.survived();
    this.#commitBackoff.reset();
    this.meter.committed(batch.count, batch.bytes, batch.acceptedAt, sent, performance.now());
    this.#left(batch);
    this.#trouble.commit(undefined);
    if (load.unreadableGames) await this.#failUnreadable();
    await gather();
  }

  /** The first batch is durable. */
  #left(batch: PendingBatch): void {
    this.#departure.left(batch);
    this.#accepted.settleFirst();
  }

  #commitFailed(batch: PendingBatch, error: OrreryError): void {
    const { game } = error.context;
    if (this.#failure || error.code !== 'SEQ_CONFLICT' || game === undefined || !batch.holds(game)) {
      this.#storeFailed(error);
      return;
    }
    // Nothing of the batch is stored: without this game it is another one, and the others go on.
    this.#accepted.failGame(game, error);
    this.#events.gameFailed(error, game);
  }

  /** What was accepted of such games is kept as it stands; more of it would be no use to anybody. */
  async #failUnreadable(): Promise<void> {
    const finding = this.#accepted.failedGames.findUnreadable(this.#load, this.#store, this.#events);
    await finding.catch((error: unknown) => this.#storeFailed(asOrreryError(error)));
  }

  async #ask(): Promise<void> {
    const died = await this.#requests.askNext();
    if (died) this.#storeFailed(died, 'question');
  }

  /** What commits depend on has failed: the thread, the disk, or for good. */
  #storeFailed(error: OrreryError, over?: 'question'): void {
    if (this.#failure) return;
    // A question is given up by itself; what has to become durable cannot be.
    const isLast = over === undefined && this.#memoryDeaths.isLast(error);
    if (error.code === 'OWNER_DIED' && !isLast) this.#mustOpen = true;
    else if (error.code !== 'DISK_FULL' && error.code !== 'IO_FAILED') {
      this.#fail(error);
      return;
    }
    this.#trouble.commit(error);
    if (!this.#closed) this.#commitBackoff.start();
  }

  /** Nothing waits to be committed, so no commit is going to show that the trouble is over. */
  #healed(): void {
    if (this.#failure || !this.#accepted.isEmpty) return;
    this.#commitBackoff.reset();
    this.#trouble.commit(undefined);
  }

  /** A store that lost its thread recovers from disk like after a crash; the batch in flight is then sent again. */
  async #reopen(): Promise<void> {
    this.#checkpoints.forget();
    try {
      const { unpublished } = await this.#store.open();
      if (unpublished) this.#checkpointFailed(errorFromData(unpublished));
    } catch (error) {
      this.#storeFailed(asOrreryError(error));
      return;
    }
    this.#mustOpen = false;
    this.#load = NOTHING_OWED;
    this.#healed();
  }

  async #compact(): Promise<void> {
    try {
      this.#load = await this.#store.compact();
    } catch (error) {
      this.#storeFailed(asOrreryError(error));
      return;
    }
    if (this.#load.unreadableGames) await this.#failUnreadable();
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
    if (!this.#closed) this.#checkpoints.backOff();
  }

  #stopTimers(): void {
    this.#commitBackoff.stop();
    this.#stall.stop();
    this.#departure.stop();
  }

  #fail(error: OrreryError): void {
    if (this.#failure) return;
    this.#unsaved = this.pending();
    this.#failure = error;
    this.#stopTimers();
    this.#accepted.fail(error);
    this.#checkpoints.stop(again(error));
    this.#requests.abandon(error);
    this.#pump.wakeUp();
    this.#events.failed(error);
  }
}
