// Rows of a game's past written anew with fewer steps in them: steps go in oldest first, and those that end within the
// same tick or the same stretch of time become one. Before it: thinning.ts, which reads the rows; after it:
// image/kept-rows.ts.

import { coalesce } from '../../../core/patch/coalesce.ts';
import type { Patch } from '../../../core/patch/patch.ts';
import { encodePatches } from '../../../core/patch/record.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import { encodeCommand, type PatchBatch } from '../image/batches.ts';
import type { Resolution } from './retention.ts';

/** A step as its row has it. */
export interface PlacedStep {
  readonly step: Step;
  /** Of the first record in it, as far as it is known. */
  readonly firstTick: number;
  /** Undefined when they are not kept. */
  readonly commands: readonly CommandEntry[] | undefined;
}

export interface MergingRules {
  readonly every: Resolution;
  /** A step whose time is later is not old enough: it stays as it is. */
  readonly notAfter: number;
  /** A row is closed when its steps are so many bytes of JSON, */
  readonly rowBytes: number;
  /** or last so long, so that a row does not keep what is old in it waiting for what is young. */
  readonly rowMs: number;
  /** Whether a snapshot stands at the end of the step with this last seq, and whether it may go. */
  readonly snapshotAt: (seq: number) => 'lasting' | 'spare' | undefined;
  /** One that may go goes when there are no more bytes of steps since the one before it. */
  readonly snapshotBytes: number;
}

/** What steps have become. */
export interface MergedRow extends PatchBatch {
  readonly stepCount: number;
  /** Of steps since the last snapshot that stays, before this row. */
  readonly bytesBefore: number;
}

/** An unfinished step is shortened when it gets this long. */
const STEP_PATCHES = 4096;

interface OpenStep {
  readonly firstSeq: number;
  lastSeq: number;
  tick: number;
  time: number;
  merged: number;
  patches: Patch[];
}

export class MergedRows {
  readonly rows: MergedRow[] = [];
  /** Snapshots that stand inside a step now, or are not worth their place. */
  readonly droppedSnapshots: number[] = [];
  readonly #rules: MergingRules;
  #bytesSince: number;
  #bytesBefore: number;
  #firstSeq = -1;
  #firstTick = 0;
  #firstTime = 0;
  #lastSeq = -1;
  #lastTick = 0;
  #lastTime = 0;
  #leastTime = 0;
  #mostTime = 0;
  #steps: string[] = [];
  #stepBytes = 0;
  #commands: string[] | undefined = [];
  #open: OpenStep | undefined;

  constructor(rules: MergingRules, bytesSince: number) {
    this.#rules = rules;
    this.#bytesSince = bytesSince;
    this.#bytesBefore = bytesSince;
  }

  /** The seqs go on where those of the step before ended. Its patches are nobody else's. */
  add({ step, firstTick, commands }: PlacedStep): void {
    const open = this.#open;
    if (open) {
      const staysApart = this.#judgeSnapshot(open);
      if (!staysApart && this.#belongsTo(open, step) && (commands === undefined) === (this.#commands === undefined)) {
        open.lastSeq = step.lastSeq;
        open.tick = step.tick;
        open.time = step.time;
        open.merged += 1;
        for (const patch of step.patches) open.patches.push(patch);
        if (open.patches.length > STEP_PATCHES) open.patches = coalesce(open.patches);
        this.#take(commands);
        return;
      }
      this.#closeStep();
      if (staysApart) this.#bytesSince = 0;
      if (staysApart || this.#isFull() || (commands === undefined) !== (this.#commands === undefined)) this.#closeRow();
    }
    if (this.#firstSeq < 0) {
      this.#firstSeq = step.firstSeq;
      this.#firstTick = firstTick;
      this.#firstTime = step.time;
      this.#leastTime = step.time;
      this.#mostTime = step.time;
      this.#commands = commands === undefined ? undefined : [];
      this.#bytesBefore = this.#bytesSince;
    }
    this.#open = { ...step, merged: 1, patches: [...step.patches] };
    this.#take(commands);
  }

  /** Closes what is open. Another step may be added: it begins a row. */
  finish(): void {
    this.#closeStep();
    this.#closeRow();
  }

  #take(commands: readonly CommandEntry[] | undefined): void {
    if (commands === undefined) return;
    for (const command of commands) {
      this.#commands?.push(encodeCommand(command));
      this.#span(command.time);
    }
  }

  #belongsTo(open: OpenStep, { tick, time }: Step): boolean {
    const { every, notAfter } = this.#rules;
    if (every === 'step' || open.time > notAfter || time > notAfter) return false;
    if (every === 'tick') return open.tick === tick;
    return Math.floor(open.time / every.ms) === Math.floor(time / every.ms);
  }

  /** Whether the snapshot behind the open step stays; one that does not is in nobody's way. */
  #judgeSnapshot(open: OpenStep): boolean {
    const { snapshotAt, snapshotBytes } = this.#rules;
    const snapshot = snapshotAt(open.lastSeq);
    if (snapshot !== 'spare') return snapshot === 'lasting';
    // What an unfinished step will come to is not known before it is merged.
    const patches = open.merged === 1 ? open.patches : coalesce(open.patches);
    if (this.#bytesSince + encodePatches(patches).length > snapshotBytes) return true;
    this.droppedSnapshots.push(open.lastSeq);
    return false;
  }

  #isFull(): boolean {
    const { rowBytes, rowMs } = this.#rules;
    return this.#stepBytes >= rowBytes || Math.abs(this.#lastTime - this.#firstTime) >= rowMs;
  }

  #closeStep(): void {
    const open = this.#open;
    if (!open) return;
    const patches = open.merged === 1 ? open.patches : coalesce(open.patches);
    const text = `[${open.firstSeq},${open.lastSeq},${open.tick},${open.time},${encodePatches(patches)}]`;
    this.#steps.push(text);
    this.#stepBytes += text.length;
    this.#bytesSince += text.length;
    this.#lastTick = open.tick;
    this.#lastTime = open.time;
    this.#open = undefined;
    this.#lastSeq = open.lastSeq;
    this.#span(open.time);
  }

  #span(time: number): void {
    if (time < this.#leastTime) this.#leastTime = time;
    if (time > this.#mostTime) this.#mostTime = time;
  }

  #closeRow(): void {
    if (this.#steps.length === 0) return;
    this.rows.push({
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      firstTick: this.#firstTick,
      lastTick: this.#lastTick,
      time: this.#lastTime,
      leastTime: this.#leastTime,
      mostTime: this.#mostTime,
      count: this.#commands?.length ?? 0,
      steps: Buffer.from(`[${this.#steps.join(',')}]`, 'utf8'),
      commands: Buffer.from(`[${(this.#commands ?? []).join(',')}]`, 'utf8'),
      stepCount: this.#steps.length,
      bytesBefore: this.#bytesBefore,
    });
    this.#firstSeq = -1;
    this.#steps = [];
    this.#stepBytes = 0;
  }
}
