// Who wants a checkpoint of one shard and why, and whether one is under way. outbox.ts asks when it chooses what the store does next.

import type { OrreryError } from '../errors.ts';
import type { CheckpointReport } from '../store/store.ts';
import type { PendingBatch } from './batch.ts';
import { again, closed } from './failures.ts';

interface Asker {
  resolve(report: CheckpointReport): void;
  reject(error: OrreryError): void;
}

export class Checkpoints {
  readonly #askers: Asker[] = [];
  /** The last batch that had been accepted when somebody asked. */
  #behind: PendingBatch | undefined;
  #isUnderWay = false;
  #autoSaveDue = false;
  /** Something was accepted since the last one began. */
  #dirty = false;
  #autoSave: NodeJS.Timeout | undefined;

  /** From now on one is wanted every so often, if anything has changed; `wakeUp` is called each time. */
  start(intervalMs: number, wakeUp: () => void): void {
    this.#autoSave = setInterval(() => {
      this.#autoSaveDue = this.#dirty;
      wakeUp();
    }, intervalMs);
    this.#autoSave.unref();
  }

  stop(): void {
    clearInterval(this.#autoSave);
  }

  /** `behind` is the last batch that has been accepted and is not durable. */
  ask(behind: PendingBatch | undefined): Promise<CheckpointReport> {
    this.#behind = behind;
    return new Promise((resolve, reject) => this.#askers.push({ resolve, reject }));
  }

  changed(): void {
    this.#dirty = true;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Whether somebody waits for one, or the time has come. */
  get isWanted(): boolean {
    return this.#askers.length > 0 || this.#autoSaveDue;
  }

  /** Whether one may begin before a commit: who dispatches and then asks for a checkpoint means one that holds what was dispatched. */
  get mayGoFirst(): boolean {
    return this.isWanted && (this.#behind?.isSettled ?? true);
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
    for (const { resolve } of this.#askers.splice(0)) resolve(report);
  }

  /** The next is for what this one was for as well; with `tryAgain` as soon as may be. */
  failed(error: OrreryError, tryAgain: boolean): void {
    this.#isUnderWay = false;
    this.#dirty = true;
    if (tryAgain) this.#autoSaveDue = true;
    this.reject(again(error));
  }

  reject(error: OrreryError = closed()): void {
    for (const { reject } of this.#askers.splice(0)) reject(error);
  }
}
