// One run of a workload on one disk, from a state that a crash left to the next crash: opens the shard, holds what is in it
// against the chain of batches, does the steps. explore.ts cuts the log of its disk at every place.

import { OrreryError, reason } from '#core/errors.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { type Chain, describe, type Line, type Standings } from './chain.ts';
import type { DiskImage } from './disk-image.ts';
import { batchOf, type Engine, SHARD } from './engine.ts';
import { faultOfRecord } from './record-oracle.ts';
import { type Lie, RecordingFiles, type Strike } from './recording-files.ts';
import { type BatchPlan, canFail, type Fault, type Step } from './workload.ts';

/** What was promised when the log was this long. */
export interface Mark {
  readonly at: number;
  /** Everything acknowledged, or recovered once. */
  readonly chain: Chain;
  /** Sent and not answered: it may be there after a crash, and may not. */
  readonly inFlight: Chain | undefined;
  /** What was being done. */
  readonly doing: string;
  readonly closed: boolean;
}

/** A shard as it was left. */
export interface Scene {
  readonly image: DiskImage;
  readonly chain: Chain;
  readonly inFlight: Chain | undefined;
  /** The newest owner has closed it in good order: there is nothing to replay and nothing is torn. */
  readonly closed: boolean;
}

/** A broken promise. */
export class Violation extends Error {}

/** A disk that fails for good works again after so many failed steps. */
const PATIENCE = 4;

export class Play {
  readonly disk: RecordingFiles;
  readonly marks: Mark[] = [];
  /** Of a play that goes on from here: batches of different plays never look alike. */
  readonly name: string;
  violation: string | undefined;
  /** What the opening reported. */
  recovery: Owner['recovery'] | undefined;
  /** How long the log was when the shard was open for the first time. */
  openedAt = 0;
  faultsMet = 0;
  /** What openings did without, because the disk failed. */
  readonly degraded: string[] = [];
  readonly #engine: Engine;
  #chain: Chain;
  #inFlight: Chain | undefined;
  #doing = 'opening';
  #fault: Fault | undefined;
  #calls = 0;
  #failures = 0;
  #sent = 0;
  #closed: boolean;
  /** An owner says that the shard is to be opened again: a call did everything and failed, and left a name that looks like another's. */
  #died = false;

  constructor(engine: Engine, scene: Scene, name: string, lies: ReadonlySet<Lie>) {
    this.#engine = engine;
    this.disk = new RecordingFiles(scene.image, lies);
    this.#chain = scene.chain;
    this.#inFlight = scene.inFlight;
    this.#closed = scene.closed;
    this.name = name;
    this.#mark();
  }

  /** Opens the shard and does the steps. A broken promise ends it. */
  run(steps: readonly Step[], fault?: Fault): void {
    this.#fault = fault;
    if (fault) this.disk.onCall = (call) => (canFail(call, fault) ? this.#strike(fault) : undefined);
    let owner: Owner | undefined;
    try {
      owner = this.#reopen();
      this.recovery = owner.recovery;
      this.openedAt = this.disk.log.length;
      for (const step of steps) {
        owner = this.#perform(owner, step);
        if (this.#died) {
          this.#letGo(owner);
          owner = this.#reopen();
        }
      }
    } catch (error) {
      this.violation ??= error instanceof Violation ? error.message : `${this.#doing}: ${describeError(error)}`;
    }
    this.disk.onCall = undefined;
    if (owner) this.#letGo(owner);
  }

  #strike(fault: Fault): Strike | undefined {
    this.#calls += 1;
    if (this.#calls < fault.nth || (this.#calls > fault.nth && !fault.lasting)) return undefined;
    if (this.#failures >= PATIENCE) return undefined;
    this.faultsMet += 1;
    return fault;
  }

  #mark(): void {
    const at = this.disk.log.length;
    const mark = { at, chain: this.#chain, inFlight: this.#inFlight, doing: this.#doing, closed: this.#closed };
    if (this.marks.at(-1)?.at === at) this.marks.pop();
    this.marks.push(mark);
  }

  #perform(owner: Owner, step: Step): Owner {
    this.#doing = step.do;
    this.#mark();
    switch (step.do) {
      case 'commit':
        this.#commit(owner, step.batch);
        return owner;
      case 'compact':
        this.#allow(() => owner.compact());
        return owner;
      case 'checkpoint':
        this.#checkpoint(owner, step);
        return owner;
      case 'close':
        this.#closed = this.#allow(() => owner.close()) && this.#inFlight === undefined;
        this.#mark();
        return this.#reopen();
      case 'kill':
        this.#letGo(owner);
        return this.#reopen();
      case 'takeover':
        return this.#takeover(owner, step);
    }
  }

  /** A process that is gone; here its memory has to be given back. */
  #letGo(owner: Owner): void {
    const { onCall } = this.disk;
    this.disk.onCall = undefined;
    try {
      owner.abandon();
    } catch (error) {
      // It had closed already.
      if (!(error instanceof OrreryError)) throw error;
    }
    this.disk.onCall = onCall;
  }

  #reopen(): Owner {
    this.#died = false;
    this.#doing = 'opening';
    const { onCall } = this.disk;
    this.disk.onCall = undefined;
    const fault = faultOfRecord(this.disk, SHARD);
    this.disk.onCall = onCall;
    if (fault !== undefined) throw new Violation(fault);
    for (;;) {
      let owner: Owner | undefined;
      const opened = this.#allow(() => {
        owner = this.#engine.open(this.disk);
      });
      if (!opened) {
        // An opening that failed is tried again.
        this.#closed = false;
        continue;
      }
      const fresh = owner as unknown as Owner;
      try {
        this.#settle(fresh);
      } catch (error) {
        this.#letGo(fresh);
        throw error;
      }
      return fresh;
    }
  }

  /** What is there now is promised from now on. */
  #settle(owner: Owner): void {
    let found: Standings;
    const { onCall } = this.disk;
    this.disk.onCall = undefined;
    try {
      found = this.#engine.look(owner);
    } catch (error) {
      throw new Violation(`the shard opens and cannot be read: ${describeError(error)}`);
    }
    const { usedPreviousImage, replayedFrames, tornBytes, unpublished, withoutSegment } = owner.recovery;
    // What an owner without a segment of its own has read may be no more than read.
    const undecided = withoutSegment && this.#inFlight?.isWhatWasFound(found) ? this.#inFlight : undefined;
    if (undecided) this.#doing = 'opening without a segment';
    else if (this.#inFlight?.isWhatWasFound(found)) this.#chain = this.#inFlight;
    else if (!this.#chain.isWhatWasFound(found)) {
      throw new Violation(
        `acknowledged: ${describe(this.#chain.standings)}; ` +
          `in flight: ${this.#inFlight ? describe(this.#inFlight.standings) : 'nothing'}; found: ${describe(found)}`,
      );
    }
    if (usedPreviousImage) throw new Violation('the manifest names an image that the crash has left unusable');
    if (this.#closed && (replayedFrames > 0 || tornBytes > 0)) {
      throw new Violation(`closed in good order, and then ${replayedFrames} frames and ${tornBytes} torn bytes`);
    }
    // One without a segment would make it for that.
    if (!withoutSegment) this.#sendAgain(owner);
    this.disk.onCall = onCall;
    this.#closed = false;
    this.#inFlight = undecided;
    if (unpublished) this.degraded.push(withoutSegment ? 'without a segment' : 'without an image');
    this.#mark();
  }

  /** The newest batch may come again, another with its seqs is refused, and neither writes anything. */
  #sendAgain(owner: Owner): void {
    const { lines } = this.#chain;
    if (lines.length === 0) return;
    const writes = this.disk.log.length;
    try {
      owner.commit(batchOf(lines, this.#engine.dialect));
    } catch (error) {
      throw new Violation(`the newest batch is refused when it comes again: ${describeError(error)}`);
    }
    try {
      owner.commit(
        batchOf(
          lines.map((line) => ({ ...line, tag: 'another' })),
          this.#engine.dialect,
        ),
      );
      throw new Violation('another batch with seqs that are stored was acknowledged');
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code !== 'SEQ_CONFLICT') throw error;
    }
    if (this.disk.log.length !== writes)
      throw new Violation('a batch that was not stored has left something on the disk');
  }

  #commit(owner: Owner, plan: BatchPlan): void {
    // What was not answered comes first, as it was.
    if (this.#inFlight && !this.#send(owner, this.#inFlight)) return;
    this.#send(owner, this.#next(plan));
  }

  #next(plan: BatchPlan): Chain {
    this.#sent += 1;
    const lines: Line[] = [];
    for (const [game, count] of Object.entries(plan.games)) {
      const first = this.#chain.nextSeq(game);
      for (let seq = first; seq < first + count; seq += 1) {
        lines.push({ game, seq, tag: `${this.name}.${this.#sent}`, filler: plan.filler });
      }
    }
    return this.#chain.with(lines, this.#engine.dialect);
  }

  #send(owner: Owner, next: Chain): boolean {
    this.#inFlight = next;
    this.#mark();
    return this.#allow(() => {
      owner.commit(batchOf(next.lines, this.#engine.dialect));
      this.#acknowledged(next);
    });
  }

  #acknowledged(next: Chain): void {
    if (this.#chain === next) return;
    if (this.#inFlight !== next) {
      throw new Violation('an owner that was replaced acknowledged a batch that the new owner has not recovered');
    }
    this.#chain = next;
    this.#inFlight = undefined;
    this.#mark();
  }

  #checkpoint(owner: Owner, { slice, batch, compactions }: Extract<Step, { do: 'checkpoint' }>): void {
    for (let slices = 1; slices < 1000; slices += 1) {
      let done = false;
      const worked = this.#allow(() => {
        done = owner.checkpoint() !== undefined;
      });
      if (slices === slice) this.#commit(owner, batch);
      if (compactions && slices >= slice) this.#allow(() => owner.compact());
      this.#doing = 'checkpoint';
      this.#mark();
      if (done || !worked) return;
    }
    throw new Violation('a checkpoint never ends');
  }

  /** Neither owner knows of the other, except by what is on the disk. From here on the disk works. */
  #takeover(owner: Owner, { deed, amid, nth, batch, afterwards }: Extract<Step, { do: 'takeover' }>): Owner {
    const next = this.#inFlight ?? this.#next(batch);
    const act = (): void => {
      this.#refusable(() => {
        if (deed === 'commit') this.#send(owner, next);
        else while (owner.checkpoint() === undefined);
      }, ['STALE_OWNER']);
    };
    let fresh: Owner | undefined;
    if (amid === 'deed') {
      this.#atCall(nth, () => {
        fresh = this.#reopen();
      });
      act();
      this.disk.onCall = undefined;
    } else {
      this.#atCall(nth, act);
    }
    fresh ??= this.#reopen();
    this.disk.onCall = undefined;
    this.#doing = `${afterwards} of an owner that was replaced`;
    this.#mark();
    this.#refusable(() => {
      if (afterwards === 'checkpoint') while (owner.checkpoint() === undefined);
      else if (afterwards === 'close') owner.close();
      else {
        owner.commit(batchOf(this.#next(batch).lines, this.#engine.dialect));
        throw new Violation('an owner that was replaced acknowledged a batch');
      }
    });
    this.#letGo(owner);
    if (this.violation !== undefined) throw new Violation(this.violation);
    return fresh;
  }

  /** Does something once, at the nth call to the disk from now on, in the middle of whatever calls. */
  #atCall(nth: number, work: () => void): void {
    let left = nth;
    this.disk.onCall = () => {
      left -= 1;
      if (left > 0) return undefined;
      this.disk.onCall = undefined;
      try {
        work();
      } catch (error) {
        // The engine must not get hold of it.
        this.violation ??= error instanceof Violation ? error.message : describeError(error);
      }
      return undefined;
    };
  }

  /** What an owner does that may have been replaced: it may be told so, by one of these errors if they are given. */
  #refusable(work: () => void, codes?: readonly string[]): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof OrreryError) || codes?.includes(error.code) === false) throw error;
    }
  }

  /** False when it failed because the disk was made to fail. Any other failure is thrown. */
  #allow(work: () => void): boolean {
    const before = this.faultsMet;
    try {
      work();
      return true;
    } catch (error) {
      if (error instanceof Violation || this.#fault === undefined) throw error;
      if (error instanceof OrreryError && error.code === 'OWNER_DIED' && before > 0) {
        this.#died = true;
        return false;
      }
      if (!(error instanceof OrreryError) || !['DISK_FULL', 'IO_FAILED'].includes(error.code)) throw error;
      if (this.faultsMet === before && !this.#fault.lasting) {
        throw new Violation(`failed although the disk works again: ${describeError(error)}`);
      }
      this.#failures += 1;
      return false;
    }
  }
}

export function describeError(error: unknown): string {
  if (error instanceof OrreryError) return `${error.code}: ${error.message} ${JSON.stringify(error.context)}`;
  return error instanceof Error ? (error.stack ?? error.message) : reason(error);
}
