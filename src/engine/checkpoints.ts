// Who wants a checkpoint of one shard and why, and whether one is under way. commit-queue.ts asks when it chooses what
// the store does next.

import type { OrreryError } from '../core/errors.ts';
import type { CheckpointReport, StoreLoad } from '../storage/store.ts';
import { Backoff } from './backoff.ts';
import type { PendingBatch } from './batch.ts';
import { again, closed } from './failures.ts';

interface Asker {
  resolve(report: CheckpointReport): void;
  reject(error: OrreryError): void;
}

/**
 * In a loop that leaves no gaps, a checkpoint has one of so many turns: half of the time, where a commit takes half a
 * millisecond.
 */
const TURNS = 8;

export class Checkpoints {
  /** There may be something to do now that was not before. */
  readonly #wakeUp: () => void;
  readonly #backoff: Backoff;
  readonly #askers: Asker[] = [];
  /** The last batch that had been accepted when somebody asked. */
  #behind: PendingBatch | undefined;
  #isUnderWay = false;
  #autoSaveDue = false;
  /** Something was accepted since the last one began. */
  #dirty = false;
  #autoSave: NodeJS.Timeout | undefined;

  constructor(wakeUp: () => void) {
    this.#wakeUp = wakeUp;
    this.#backoff = new Backoff(wakeUp);
  }

  /** From now on one is wanted every so often, if anything has changed. */
  start(intervalMs: number): void {
    this.#autoSave = setInterval(() => {
      this.#autoSaveDue = this.#dirty;
      this.#wakeUp();
    }, intervalMs);
    this.#autoSave.unref();
  }

  endAutoSave(): void {
    clearInterval(this.#autoSave);
  }

  /** None begins any more. Whoever asked is told why. */
  stop(error: OrreryError = closed()): void {
    this.endAutoSave();
    this.#backoff.stop();
    this.#reject(error);
  }

  /** `behind` is the last batch that has been accepted and is not durable. */
  ask(behind: PendingBatch | undefined): Promise<CheckpointReport> {
    this.#behind = behind;
    return new Promise((resolve, reject) => this.#askers.push({ resolve, reject }));
  }

  changed(): void {
    this.#dirty = true;
  }

  /** Whether there is one to go on with, or one to begin, when nothing else is to be done. */
  isDue({ checkpointDue }: StoreLoad): boolean {
    return this.#isUnderWay || ((this.#isWanted || checkpointDue) && !this.#backoff.waiting);
  }

  /**
   * Whether one takes this turn before a commit. A loop that leaves no gaps must not put checkpoints off for ever: one
   * that somebody waits for, or that has begun, has a few turns among the commits, one that is overdue as many as they
   * have.
   */
  goesFirst({ checkpointOverdue }: StoreLoad, turn: number): boolean {
    if (this.#backoff.waiting) return false;
    if (checkpointOverdue && turn % 2 === 0) return true;
    // Who dispatches and then asks for a checkpoint means one that holds what was dispatched.
    const mayBegin = this.#isWanted && (this.#behind?.isSettled ?? true);
    return (this.#isUnderWay || mayBegin) && turn % TURNS === 1;
  }

  /** Whether somebody waits for one, or the time has come. */
  get #isWanted(): boolean {
    return this.#askers.length > 0 || this.#autoSaveDue;
  }

  begin(): void {
    if (this.#isUnderWay) return;
    this.#behind = undefined;
    this.#isUnderWay = true;
    this.#autoSaveDue = false;
    this.#dirty = false;
  }

  /** What was under way has gone with the thread of the store. */
  forget(): void {
    this.#isUnderWay = false;
  }

  ended(report: CheckpointReport): void {
    this.#isUnderWay = false;
    this.#backoff.reset();
    for (const { resolve } of this.#askers.splice(0)) resolve(report);
  }

  /** The next is for what this one was for as well; with `tryAgain` as soon as may be. */
  failed(error: OrreryError, tryAgain: boolean): void {
    this.#isUnderWay = false;
    this.#dirty = true;
    if (tryAgain) this.#autoSaveDue = true;
    this.#reject(again(error));
  }

  /** One that has failed is not tried at once. */
  backOff(): void {
    this.#backoff.start();
  }

  #reject(error: OrreryError): void {
    for (const { reject } of this.#askers.splice(0)) reject(error);
  }
}
