// Everything of one shard that is accepted and not durable: batches on their way, states that will stand for many
// records, and what can no longer become durable. commit-queue.ts puts records in and commits the first batch.

import type { OrreryError } from '../core/errors.ts';
import type { GameActor } from '../core/game/actor.ts';
import type { Receipt } from '../core/game/recording.ts';
import type { Record } from '../core/patch/record.ts';
import type { Batch } from '../storage/store.ts';
import { BatchPart, BatchReceipt, type PendingBatch } from './batch.ts';
import { Queue } from './batch-queue.ts';
import { FailedGames } from './failed-games.ts';
import { again } from './failures.ts';
import { Merging } from './merging.ts';

/** Who may refuse a record when its size is known. */
export interface RecordCheck {
  admit(record: Record, bytes: number): void;
}

export class Accepted {
  readonly failedGames = new FailedGames();
  readonly #queue: Queue;
  readonly #merging = new Merging();
  readonly #mostBytes: number;

  constructor(options: { readonly batchBytes: number; readonly commitQueueBytes: number }) {
    this.#queue = new Queue(options.batchBytes);
    this.#mostBytes = options.commitQueueBytes;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  get records(): number {
    return this.#queue.records;
  }

  get isFull(): boolean {
    return this.#queue.bytes >= this.#mostBytes;
  }

  get isEmpty(): boolean {
    return this.#queue.first === undefined && this.#merging.size === 0;
  }

  /** What the next record will be merged into a state for, rather than sent. */
  get isMerging(): boolean {
    return this.isFull || this.#merging.size > 0;
  }

  /** The batch that has waited longest. */
  get oldest(): PendingBatch | undefined {
    return this.#queue.first ?? this.#merging.first;
  }

  /** How long that is, in milliseconds. */
  get waitingMs(): number {
    const { oldest } = this;
    return oldest ? performance.now() - oldest.acceptedAt : 0;
  }

  /** The batch that will leave last. */
  get last(): PendingBatch | undefined {
    return this.#merging.last ?? this.#queue.last;
  }

  /** The batch that leaves next. */
  next(): PendingBatch | undefined {
    if (!this.#queue.first) for (const batch of this.#merging.take()) this.#queue.push(batch);
    return this.#queue.first;
  }

  /** Whether nothing of a game is in here; with `orQueued`, nothing but records that will be sent as they are. */
  isDurable(game: GameActor, orQueued: boolean): boolean {
    if (this.failedGames.has(game.id)) return false;
    return !this.#merging.has(game) && (orQueued || !this.#queue.holds(game.id));
  }

  /** The newest records of a game in here. */
  partOf(game: string): BatchPart | undefined {
    return this.#merging.partOf(game) ?? this.#queue.partOf(game);
  }

  /** Games with the first seq that is not durable. */
  pending(): Map<string, number> {
    const pending = this.#queue.pending();
    for (const [game, firstSeq] of this.#merging.pending()) if (!pending.has(game)) pending.set(game, firstSeq);
    for (const [game, firstSeq] of this.failedGames.pending()) pending.set(game, firstSeq);
    return pending;
  }

  /** Encodes a record and returns its bytes. `add` or `merge` with the same record must follow, or another `encode`. */
  encode(record: Record): number {
    return this.#queue.encode(record);
  }

  add(record: Record, bytes: number): Receipt {
    return new BatchReceipt(record.seq, record.tick, this.#queue.add(record, bytes));
  }

  /** The receipt of a record that comes too late to be sent. */
  late({ game, seq, tick }: Record, error: OrreryError): Receipt {
    const part = new BatchPart(game, seq, seq);
    part.settle(error);
    return new BatchReceipt(seq, tick, part);
  }

  merge(game: GameActor, record: Record): Receipt {
    return this.#merging.add(game, record);
  }

  /** What the first batch sends. */
  send(): Batch {
    return this.#queue.send();
  }

  /** The first batch is durable. */
  settleFirst(): void {
    this.#queue.shift().settle();
  }

  /** Nothing more of a game can become durable. None of its records may be on their way. */
  failGame(game: string, error: OrreryError): void {
    this.failedGames.add(game, this.pending().get(game) as number, error);
    this.#queue.drop(game, again(error));
    this.#merging.drop(game, again(error));
  }

  /** Nothing more can become durable. */
  fail(error: OrreryError): void {
    this.#queue.settle(again(error));
    this.#merging.settle(again(error));
  }
}
