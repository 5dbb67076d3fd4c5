// A child process as the parent sees it: messages to wait for, and an end that may come at any moment.

import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from './settings.ts';

/** A child that ended by itself, or said that it could not go on. */
export class ChildFailure extends Error {
  override readonly name = 'ChildFailure';
}

interface Waiter {
  readonly kind: string;
  resolve(message: never): void;
  reject(error: Error): void;
}

/** M is what the child says; a message { kind: 'failed', why } ends all waiting. */
export class Forked<M extends { readonly kind: string }> {
  /** Every child that has not ended. */
  static readonly running = new Set<{ kill(): Promise<void> }>();

  readonly #process: ChildProcess;
  readonly #onMessage: (message: M) => void;
  readonly #waiters: Waiter[] = [];
  #failure: ChildFailure | undefined;
  #complaints = '';
  /** Resolves when the process has ended and everything that it had written to the pipe was read. */
  readonly ended: Promise<void>;

  /** `file` lies beside this one and is compiled like it. */
  constructor(file: string, task: unknown, onMessage: (message: M) => void) {
    this.#onMessage = onMessage;
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints += text;
    });
    this.#process.on('message', (message) => this.#take(message as M));
    this.ended = this.#untilEnd();
    Forked.running.add(this);
  }

  /** What the child wrote to standard error. */
  get complaints(): string {
    return this.#complaints.trim();
  }

  send(message: object): void {
    this.#process.send(message);
  }

  /** The next message of this kind. Rejects with ChildFailure when none will come, or none comes for a minute. */
  next<K extends M['kind']>(kind: K): Promise<Extract<M, { readonly kind: K }>> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#fail(`has not said "${kind}" for ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      this.#waiters.push({
        kind,
        resolve: (message) => {
          clearTimeout(late);
          resolve(message);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      });
    });
  }

  /** Resolves after so many milliseconds. Rejects with ChildFailure when the process ends before. */
  async survives(milliseconds: number): Promise<void> {
    await Promise.race([pause(milliseconds, undefined, { ref: false }), this.ended]);
    if (this.#failure) throw this.#failure;
  }

  /** SIGKILL: the process does not get to do anything any more. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  /** What it wrote before its end is still in the pipes: it has ended when all of that was read. */
  #untilEnd(): Promise<void> {
    const child = this.#process;
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(`ended by itself (${signal ?? `exit status ${code}`})`));
      child.on('error', (error) => {
        if (child.pid === undefined) resolve(`could not be started: ${error.message}`);
        // Else a message could not be sent, because the end is near anyway.
      });
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    const disconnected = new Promise((resolve) => child.once('disconnect', resolve));
    return exited.then(async (what) => {
      if (child.pid !== undefined) await Promise.all([closed, disconnected]);
      Forked.running.delete(this);
      this.#fail(this.complaints === '' ? what : `${what}: ${this.complaints}`);
    });
  }

  #take(message: M): void {
    this.#onMessage(message);
    if (message.kind === 'failed') this.#fail(`failed: ${(message as { why?: string }).why}`);
    for (const waiter of this.#waiters.filter(({ kind }) => kind === message.kind)) {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve(message as never);
    }
  }

  #fail(what: string): void {
    this.#failure ??= new ChildFailure(`The child process ${what}.`);
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
  }
}
