// A child that plays the test world (test/programs/player.ts), seen from its parent.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Orders } from '../programs/player.ts';
import type { Chronicle } from './chronicle.ts';
import { projectRoot } from './project-root.ts';

const PROGRAM = join(projectRoot(), 'dist/test/programs/player.js');
/** A child lives for less than a second: what V8 spends on optimising its code is never earned back. */
const SHORT_LIVED = ['--no-opt', '--liftoff-only', '--max-semi-space-size=16'];

/** How far a child has come, in order. */
export const PHASES = ['starting', 'ready', 'opening', 'running', 'closing', 'closed'] as const;
export type Phase = (typeof PHASES)[number];

export class PlayerProcess {
  phase: Phase = 'starting';
  /** Where its own worker has killed it. */
  doomed: string | undefined;
  /** Standard error: empty unless something went wrong. */
  errors = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Map<Phase, () => void>();
  readonly #published = new Set<() => void>();
  #rest = '';

  constructor(chronicle: Chronicle, flags: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...SHORT_LIVED, ...flags, PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close');
    // A child that was killed leaves a broken pipe behind.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stderr?.on('data', (chunk) => {
      this.errors += String(chunk);
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      // What a kill cut in two was never said.
      this.#rest = lines.pop() as string;
      for (const line of lines) this.#line(line, chronicle);
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  order(orders: Orders): void {
    this.#child.stdin?.write(`${JSON.stringify(orders)}\n`);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Resolves when the child has come that far, or has ended. */
  async reached(phase: Phase): Promise<void> {
    if (PHASES.indexOf(this.phase) >= PHASES.indexOf(phase)) return;
    const reached = new Promise<void>((resolve) => this.#waiting.set(phase, resolve));
    await Promise.race([reached, this.#ended]);
  }

  /** Resolves when the child is about to publish, from now on, or has ended. */
  async publishes(): Promise<void> {
    const publishes = new Promise<void>((resolve) => this.#published.add(resolve));
    await Promise.race([publishes, this.#ended]);
  }

  /** Resolves when the child has ended and all it said has been heard. */
  async ended(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    await this.#ended;
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  #line(line: string, chronicle: Chronicle): void {
    if (line === 'publishing') {
      for (const resolve of this.#published) resolve();
      return;
    }
    if (line.startsWith('doomed ')) {
      this.doomed = JSON.parse(line.slice('doomed '.length)) as string;
      return;
    }
    const phase = PHASES.find((each) => each === line);
    if (!phase) {
      chronicle.line(line);
      return;
    }
    this.phase = phase;
    for (const [waiting, resolve] of this.#waiting) if (PHASES.indexOf(waiting) <= PHASES.indexOf(phase)) resolve();
  }
}
