// On the main thread, between the games of one shard and their store. Records come from game.ts one by one and leave in
// batches, one commit at a time: what arrives meanwhile is the next batch. Background work of the store fills the gaps.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError, errorFromData, errorToData } from '../errors.ts';
import type { AnyGame, Receipt } from '../game/game.ts';
import { encodeRecord, MERGED, type Record } from '../patch/record.ts';
import type { CheckpointReport, Store, StoreLoad } from '../store/store.ts';
import { Backoff } from './backoff.ts';
import { BatchReceipt, PendingBatch } from './batch.ts';

export interface OutboxOptions {
  readonly durability: 'group' | 'strict' | 'relaxed';
  readonly coalescingDelayMs: number;
  readonly autoSaveIntervalMs: number;
  readonly outboxBytes: number;
  readonly overflow: 'reject' | 'coalesce';
  readonly digestLagBytes: number;
  readonly maxRecordBytes: number;
}

/** What an outbox tells about itself. */
export interface OutboxEvents {
  checkpoint(report: CheckpointReport): void;
  /** The disk or the thread fails; games go on in memory and the outbox goes on trying. */
  degraded(error: OrreryError): void;
  recovered(): void;
  /** Nothing more can become durable here. */
  failed(error: OrreryError): void;
}

export interface OutboxHealth {
  readonly state: 'ok' | 'degraded' | 'failed' | 'closed';
  readonly error: OrreryError | undefined;
  /** Accepted and not yet durable. */
  readonly queuedRecords: number;
  readonly queuedBytes: number;
  readonly digestLagBytes: number;
  readonly journalBytes: number;
}

/** One commit should not outgrow what is comfortable to write and to hold twice. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Digesting less than this at a time makes more rows of the same. */
const DIGEST_BYTES = 256 * 1024;

/** How often a question is asked again when the store's thread dies over it. */
const REQUEST_ATTEMPTS = 3;

interface Request {
  attempts: number;
  ask(): Promise<void>;
  reject(error: OrreryError): void;
}

export class Outbox {
  readonly #store: Store;
  readonly #options: OutboxOptions;
  readonly #events: OutboxEvents;
  /** Oldest first; the first may be in flight. The last is open for records. */
  readonly #queue: PendingBatch[] = [];
  #queuedBytes = 0;
  #queuedRecords = 0;
  /** At the bound, with overflow 'coalesce': games whose states will be sent whole, with the first seq that stands for. */
  readonly #merging = new Map<AnyGame, { readonly firstSeq: number; readonly batch: PendingBatch }>();
  readonly #requests: Request[] = [];
  readonly #checkpoints: { resolve: (report: CheckpointReport) => void; reject: (error: OrreryError) => void }[] = [];
  #load: StoreLoad = { digestLagBytes: 0, journalBytes: 0, checkpointDue: false };
  #failure: OrreryError | undefined;
  /** Why commits, or checkpoints, do not succeed at present. */
  #commitTrouble: OrreryError | undefined;
  #checkpointTrouble: OrreryError | undefined;
  #closed = false;
  #mustOpen = false;
  #checkpointing = false;
  #autoSaveDue = false;
  #dirty = false;
  readonly #commitBackoff = new Backoff(() => this.#wakeUp());
  readonly #checkpointBackoff = new Backoff(() => this.#wakeUp());
  #flushing = false;
  #delay: NodeJS.Timeout | undefined;
  #autoSave: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #turn = 0;

  constructor(store: Store, options: OutboxOptions, events: OutboxEvents) {
    this.#store = store;
    this.#options = options;
    this.#events = events;
  }

  /** The store is open. */
  start(): void {
    this.#running = this.#run();
    this.#autoSave = setInterval(() => {
      this.#autoSaveDue = true;
      this.#wakeUp();
    }, this.#options.autoSaveIntervalMs);
    this.#autoSave.unref();
  }

  get health(): OutboxHealth {
    const trouble = this.#commitTrouble ?? this.#checkpointTrouble;
    const state = this.#failure ? 'failed' : this.#closed ? 'closed' : trouble ? 'degraded' : 'ok';
    return {
      state,
      error: this.#failure ?? trouble,
      queuedRecords: this.#queuedRecords,
      queuedBytes: this.#queuedBytes,
      digestLagBytes: this.#load.digestLagBytes,
      journalBytes: this.#load.journalBytes,
    };
  }

  /** Whether nothing of a game is still on its way. */
  isDurable(game: AnyGame): boolean {
    return !this.#merging.has(game) && !this.#queue.some((batch) => batch.holds(game.id));
  }

  /** Games with records that are not durable, with the first seq that is not. */
  pending(): Map<string, number> {
    const pending = new Map<string, number>();
    for (const batch of this.#queue) {
      for (const { game, firstSeq } of batch.spans) if (!pending.has(game)) pending.set(game, firstSeq);
    }
    for (const [game, { firstSeq }] of this.#merging) if (!pending.has(game.id)) pending.set(game.id, firstSeq);
    return pending;
  }

  ready(game: AnyGame): void {
    if (this.#failure) throw again(this.#failure).within({ game: game.id });
    if (this.#closed) throw closed(game.id);
    if (this.#queuedBytes < this.#options.outboxBytes || this.#options.overflow === 'coalesce') return;
    throw new OrreryError({
      code: 'BACKPRESSURE',
      what: `${this.#queuedBytes} bytes of accepted records wait to become durable, and the bound is ${this.#options.outboxBytes}`,
      hint: 'Wait for `orrery.flush()`, raise `outboxBytes`, add shards, or choose overflow: "coalesce".',
      context: { game: game.id },
      cause: this.#commitTrouble,
    });
  }

  append(game: AnyGame, record: Record, line: string): Receipt {
    this.#dirty = true;
    this.#wakeUp();
    if (this.#queuedBytes >= this.#options.outboxBytes || this.#merging.size > 0) return this.#merge(game, record);
    const batch = this.#openBatch();
    batch.add(record.game, record.firstSeq ?? record.seq, record.seq, line);
    this.#queuedBytes += line.length + 1;
    this.#queuedRecords += 1;
    return new BatchReceipt(record.seq, record.tick, batch);
  }

  /** Resolves when everything accepted so far is durable. */
  async flush(): Promise<void> {
    if (this.#failure) throw again(this.#failure);
    const last = [...this.#merging.values()].at(-1)?.batch ?? this.#queue.at(-1);
    if (!last) return;
    this.#flushing = true;
    this.#wakeUp();
    await last.durable;
  }

  /** Publishes an image of everything that is durable when it begins. */
  checkpoint(): Promise<CheckpointReport> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed(undefined));
    return new Promise((resolve, reject) => {
      this.#checkpoints.push({ resolve, reject });
      this.#wakeUp();
    });
  }

  /** Asks the store something, in turn with the commits. */
  request<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(again(this.#failure));
    if (this.#closed) return Promise.reject(closed(undefined));
    return new Promise<T>((resolve, reject) => {
      this.#requests.push({ attempts: 0, ask: () => ask(this.#store).then(resolve), reject });
      this.#wakeUp();
    });
  }

  /**
   * Makes everything durable and closes the store. Rejects when that has not happened in time, or cannot; what could not
   * be saved is then in pending().
   */
  async close(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    const deadline = Date.now() + timeoutMs;
    clearInterval(this.#autoSave);
    try {
      await within(this.flush(), timeoutMs);
    } finally {
      this.#closed = true;
      this.#wakeUp();
      this.#commitBackoff.stop();
      this.#checkpointBackoff.stop();
      clearTimeout(this.#delay);
      for (const { reject } of this.#checkpoints.splice(0)) reject(closed(undefined));
      for (const { reject } of this.#requests.splice(0)) reject(closed(undefined));
    }
    await within(this.#running ?? Promise.resolve(), Math.max(1, deadline - Date.now()));
    if (this.#failure) throw again(this.#failure);
    await within(this.#store.close(), Math.max(1, deadline - Date.now()));
  }

  /** Nothing more can be saved: everybody who waits is told. */
  abandon(error: OrreryError): void {
    this.#closed = true;
    this.#fail(error);
  }

  #openBatch(): PendingBatch {
    const last = this.#queue.at(-1);
    if (last && !last.sent && last.bytes < BATCH_BYTES) return last;
    const batch = new PendingBatch();
    this.#queue.push(batch);
    return batch;
  }

  #merge(game: AnyGame, record: Record): Receipt {
    let merging = this.#merging.get(game);
    if (!merging) {
      merging = { firstSeq: record.firstSeq ?? record.seq, batch: new PendingBatch() };
      this.#merging.set(game, merging);
    }
    return new BatchReceipt(record.seq, record.tick, merging.batch);
  }

  /** The queue has drained: the newest state of each game stands for all that was accepted since the bound was met. */
  #sendMerged(): void {
    for (const [game, { firstSeq, batch }] of this.#merging) {
      const line = encodeRecord({
        game: game.id,
        seq: game.seq,
        firstSeq,
        tick: game.tick,
        time: Date.now(),
        command: MERGED,
        patches: [{ op: 'replace', path: [], value: game.toJSON() }],
        tables: game.tableNames,
      });
      batch.add(game.id, firstSeq, game.seq, line);
      this.#queue.push(batch);
      this.#queuedBytes += line.length + 1;
      this.#queuedRecords += 1;
    }
    this.#merging.clear();
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
      // Everybody who was woken by the same answer gets to dispatch before the next batch is cut.
      if (this.#options.durability !== 'relaxed') await nextTurn();
    }
  }

  /** What the store does next: commits and questions in turn, then background work. */
  #choose(): (() => Promise<void>) | undefined {
    if (this.#mustOpen) return this.#commitBackoff.waiting ? undefined : () => this.#reopen();
    this.#turn += 1;
    const request = this.#requests[0];
    if (request && (this.#turn % 2 === 0 || !this.#commitDue())) {
      this.#requests.shift();
      return () => this.#ask(request);
    }
    if (this.#commitDue()) {
      return this.#load.digestLagBytes > this.#options.digestLagBytes ? () => this.#digest() : () => this.#commit();
    }
    if (this.#load.digestLagBytes >= DIGEST_BYTES) return () => this.#digest();
    const wanted = this.#checkpoints.length > 0 || (this.#autoSaveDue && this.#dirty) || this.#load.checkpointDue;
    if (this.#checkpointing || (wanted && !this.#checkpointBackoff.waiting)) return () => this.#checkpoint();
    return undefined;
  }

  #commitDue(): boolean {
    if (this.#queue.length === 0 && this.#merging.size > 0) this.#sendMerged();
    const first = this.#queue[0];
    if (!first || this.#commitBackoff.waiting) return false;
    if (this.#options.durability !== 'relaxed' || this.#flushing || first.bytes >= BATCH_BYTES) return true;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      this.#flushing = true;
      this.#wakeUp();
    }, this.#options.coalescingDelayMs);
    return false;
  }

  async #commit(): Promise<void> {
    const batch = this.#queue[0] as PendingBatch;
    const { bytes, count } = batch;
    try {
      this.#load = await this.#store.commit(batch.encode());
    } catch (error) {
      this.#commitFailed(asOrreryError(error));
      return;
    }
    this.#queue.shift();
    this.#queuedBytes -= bytes;
    this.#queuedRecords -= count;
    if (this.#queue.length === 0) this.#flushing = false;
    this.#commitBackoff.reset();
    batch.settle();
    this.#trouble(undefined, this.#checkpointTrouble);
  }

  async #ask(request: Request): Promise<void> {
    request.attempts += 1;
    try {
      await request.ask();
    } catch (caught) {
      const error = asOrreryError(caught);
      if (error.code !== 'OWNER_DIED') {
        request.reject(error);
        return;
      }
      if (request.attempts < REQUEST_ATTEMPTS) this.#requests.push(request);
      else request.reject(error);
      this.#commitFailed(error);
    }
  }

  #commitFailed(error: OrreryError): void {
    if (error.code === 'OWNER_DIED') this.#mustOpen = true;
    else if (error.code !== 'DISK_FULL' && error.code !== 'IO_FAILED') {
      this.#fail(error);
      return;
    }
    this.#trouble(error, this.#checkpointTrouble);
    this.#commitBackoff.start();
  }

  /** Tells when the first trouble comes and when the last has gone. */
  #trouble(commit: OrreryError | undefined, checkpoint: OrreryError | undefined): void {
    const before = this.#commitTrouble ?? this.#checkpointTrouble;
    this.#commitTrouble = commit;
    this.#checkpointTrouble = checkpoint;
    const now = commit ?? checkpoint;
    if (now && !before) this.#events.degraded(now);
    if (before && !now) this.#events.recovered();
  }

  /** A store that lost its thread recovers from disk like after a crash; the batch in flight is then sent again. */
  async #reopen(): Promise<void> {
    this.#checkpointing = false;
    try {
      await this.#store.open();
      this.#mustOpen = false;
      this.#commitBackoff.reset();
      this.#load = { digestLagBytes: 0, journalBytes: 0, checkpointDue: false };
      if (this.#queue.length === 0) this.#trouble(undefined, undefined);
    } catch (error) {
      this.#commitFailed(asOrreryError(error));
    }
  }

  async #digest(): Promise<void> {
    try {
      this.#load = await this.#store.digest();
    } catch (error) {
      this.#commitFailed(asOrreryError(error));
    }
  }

  async #checkpoint(): Promise<void> {
    if (!this.#checkpointing) {
      this.#checkpointing = true;
      this.#autoSaveDue = false;
      this.#dirty = false;
    }
    let report: CheckpointReport | undefined;
    try {
      report = await this.#store.checkpoint();
    } catch (caught) {
      this.#checkpointFailed(asOrreryError(caught));
      return;
    }
    if (!report) return;
    this.#checkpointing = false;
    this.#checkpointBackoff.reset();
    this.#load = { ...this.#load, checkpointDue: false };
    this.#events.checkpoint(report);
    this.#trouble(this.#commitTrouble, undefined);
    for (const { resolve } of this.#checkpoints.splice(0)) resolve(report);
  }

  /** The journal still has everything: commits go on, and the next checkpoint is tried later. */
  #checkpointFailed(error: OrreryError): void {
    this.#checkpointing = false;
    this.#dirty = true;
    for (const { reject } of this.#checkpoints.splice(0)) reject(again(error));
    if (['DISK_FULL', 'IO_FAILED', 'IMAGE_TOO_LARGE'].includes(error.code)) {
      this.#trouble(this.#commitTrouble, error);
      this.#checkpointBackoff.start();
    } else {
      this.#commitFailed(error);
    }
  }

  #fail(error: OrreryError): void {
    if (this.#failure) return;
    this.#failure = error;
    clearInterval(this.#autoSave);
    clearTimeout(this.#delay);
    this.#commitBackoff.stop();
    this.#checkpointBackoff.stop();
    for (const batch of this.#queue) batch.settle(again(error));
    for (const { batch } of this.#merging.values()) batch.settle(again(error));
    for (const { reject } of this.#checkpoints.splice(0)) reject(again(error));
    for (const { reject } of this.#requests.splice(0)) reject(again(error));
    this.#wakeUp();
    this.#events.failed(error);
  }
}

/** A rejection that several people hear needs a stack of its own for each. */
function again(error: OrreryError): OrreryError {
  return errorFromData(errorToData(error));
}

function asOrreryError(error: unknown): OrreryError {
  return error instanceof OrreryError ? error : errorFromData(errorToData(error));
}

function closed(game: string | undefined): OrreryError {
  return new OrreryError({
    code: 'CLOSED',
    what: 'this orrery is closed',
    hint: 'Open it again with openOrrery.',
    context: game === undefined ? {} : { game },
  });
}

async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new OrreryError({
          code: 'CLOSE_TIMEOUT',
          what: `not everything could be saved within ${timeoutMs} ms`,
          hint: 'Raise `shutdownTimeoutMs`, or look at why the disk does not answer.',
        }),
      );
    }, timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
