// A place in a game's past that moves: a step on, a step back, or anywhere. Before it: a HistoryReader; after it:
// replay, which prints what each step changed. Forwards it reads on where it was; for everything else it begins again
// from a snapshot.

import { OrreryError } from '../../core/errors.ts';
import type { HistoryReader, Moment, PastStep, SnapshotEntry } from '../../storage/history-reader.ts';
import { Playhead } from './playhead.ts';

export class Stepper {
  readonly #past: HistoryReader;
  readonly #lastSeq: number;
  #playhead: Playhead;
  #seq: number;
  #tick: number;
  #time: number;
  #ahead: AsyncGenerator<PastStep, void, undefined> | undefined;
  #snapshots: readonly SnapshotEntry[] | undefined;
  /** Read, and not yet come to. */
  #waiting: PastStep | undefined;

  private constructor(past: HistoryReader, lastSeq: number, at: Position) {
    this.#past = past;
    this.#lastSeq = lastSeq;
    this.#playhead = at.playhead;
    this.#seq = at.seq;
    this.#tick = at.tick;
    this.#time = at.time;
  }

  /** Stands at `seq`, which must be kept; steps that begin after `lastSeq` are not gone to by `next`. */
  static async open(past: HistoryReader, seq: number, lastSeq: number): Promise<Stepper> {
    return new Stepper(past, lastSeq, await positionAt(past, { seq }, false));
  }

  get playhead(): Playhead {
    return this.#playhead;
  }

  get seq(): number {
    return this.#seq;
  }

  get tick(): number {
    return this.#tick;
  }

  get time(): number {
    return this.#time;
  }

  /** The next step, to be played on `playhead` to the end. Undefined at the end. */
  async next(): Promise<PastStep | undefined> {
    this.#ahead ??= this.#past.steps({ fromSeq: this.#seq + 1, toSeq: this.#lastSeq });
    this.#waiting ??= (await this.#ahead.next()).value ?? undefined;
    const step = this.#waiting?.firstSeq === this.#seq + 1 ? this.#waiting : await this.#bridge();
    if (!step) return undefined;
    if (step === this.#waiting) this.#waiting = undefined;
    this.#seq = step.lastSeq;
    this.#tick = step.tick;
    this.#time = step.time;
    return step;
  }

  /**
   * Where a game type keeps snapshots and no steps, or steps were thinned out: from here to the next snapshot in one.
   */
  async #bridge(): Promise<PastStep | undefined> {
    const last = this.#waiting ? this.#waiting.firstSeq - 1 : this.#lastSeq;
    this.#snapshots ??= await this.#past.snapshots();
    const next = this.#snapshots.find(({ seq }) => seq > this.#seq && seq <= last);
    if (next) {
      const { state } = await this.#past.stateAt({ seq: next.seq });
      const patches = [{ op: 'replace', path: [], value: state } as const];
      const { seq: lastSeq, tick, time } = next;
      return { firstSeq: this.#seq + 1, lastSeq, tick, time, commands: [], patches };
    }
    if (!this.#waiting) return undefined;
    throw new OrreryError({
      code: 'MOMENT_NOT_KEPT',
      what: `the steps from seq ${this.#seq + 1} to seq ${last} are not kept`,
      hint: 'Begin behind them.',
      context: { game: this.#past.row.id, seq: this.#seq + 1, before: this.#seq, after: this.#waiting.lastSeq },
    });
  }

  /** Goes to before the step that led here; false at the first moment that is kept. */
  async back(): Promise<boolean> {
    if (this.#seq <= this.#past.row.firstSeq) return false;
    // Whatever step led here, this lies inside it or is its beginning.
    await this.jump({ seq: this.#seq - 1 });
    return true;
  }

  /** Goes to a moment, or to the one before it when it is not kept. Throws MOMENT_NOT_KEPT, and then has not moved. */
  async jump(moment: Moment): Promise<void> {
    const { playhead, seq, tick, time } = await positionAt(this.#past, moment, true);
    await this.close();
    this.#playhead = playhead;
    this.#seq = seq;
    this.#tick = tick;
    this.#time = time;
  }

  async close(): Promise<void> {
    await this.#ahead?.return();
    this.#ahead = undefined;
    this.#waiting = undefined;
  }
}

interface Position {
  readonly playhead: Playhead;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
}

async function positionAt(past: HistoryReader, moment: Moment, nearest: boolean): Promise<Position> {
  const found = await past.stateAt(moment, { nearest });
  return { playhead: new Playhead(found), seq: found.seq, tick: found.tick, time: found.time };
}
