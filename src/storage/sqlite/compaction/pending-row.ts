// What has gathered of one game since its last row: the text of the row to come. compaction.ts fills it record by
// record and writes it to the image.

import { CLOSE_LIST, COMMA, OPEN_LIST } from '../../../core/patch/json-text.ts';
import type { Record } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import { decodeCommands, decodeSteps, encodeCommand } from '../image/batches.ts';
import { ByteText } from './byte-text.ts';
import { PatchText } from './patch-text.ts';
import type { RecordLine } from './record-line.ts';

/** Which steps of a game's past stay visible. The same words as in a game type. */
export type Granularity = 'commands' | 'ticks' | 'batches';

/** An unfinished step is shortened when it gets this long, so that a step over a whole batch stays bounded. */
const STEP_PATCHES = 8192;

/** A row is written once the game has come so far, at the end of a step: then a snapshot is due. */
export interface SnapshotDue {
  readonly seq: number;
  readonly time: number;
}

/** An unfinished step: it ends with the newest record of the game. */
interface OpenStep {
  firstSeq: number;
  /** How many records it is made of; 0 when there is none. */
  records: number;
}

export class PendingRow {
  /** Runs ahead of the database's, but for what only rows change: the sums of patches and the snapshot. */
  row: { -readonly [K in keyof GameInfo]: GameInfo[K] };
  granularity: Granularity;
  /** Of journal. */
  bytes = 0;
  patchesIn = 0;
  firstSeq = 0;
  firstTick = 0;
  /** Clocks may jump back. */
  leastTime = 0;
  mostTime = 0;
  commandCount = 0;
  #due: SnapshotDue | undefined;
  readonly #commands = new ByteText();
  readonly #steps = new ByteText();
  #stepPatches = 0;
  readonly #open: OpenStep = { firstSeq: 0, records: 0 };
  readonly #patches = new PatchText();

  constructor(row: GameInfo, granularity: Granularity) {
    this.row = { ...row };
    this.granularity = granularity;
  }

  /** Begins anew, for this game or another: what has grown stays. */
  reset(row: GameInfo, granularity: Granularity, due?: SnapshotDue): void {
    this.#due = due;
    this.row = { ...row };
    this.granularity = granularity;
    this.bytes = 0;
    this.patchesIn = 0;
    this.commandCount = 0;
    this.#commands.clear();
    this.#steps.clear();
    this.#stepPatches = 0;
    this.#open.records = 0;
    this.#patches.clear();
  }

  /** There is a newer snapshot than when this began. */
  rebase({ snapshotSeq, stateBytes, patchBytes }: GameInfo, due: SnapshotDue | undefined): void {
    Object.assign(this.row, { snapshotSeq, stateBytes, patchBytes });
    this.#due = due;
  }

  /** Whether a snapshot is due before a record of this tick, which begins another step then. */
  isDue(tick: number): boolean {
    if (this.#due === undefined || this.commandCount === 0) return false;
    const { row, granularity } = this;
    if (row.seq < this.#due.seq && row.time < this.#due.time) return false;
    return granularity === 'commands' || (granularity === 'ticks' && row.tick !== tick);
  }

  /** The caller has made sure that it is this game's next record. */
  add(line: RecordLine, payload: Buffer, bytes: number): void {
    this.#advance(line.firstSeq, line.seq, line.tick, line.time, bytes);
    line.writeCommand(this.#commands);
    this.patchesIn += line.patches.count;
    this.#patches.add(payload, line.patches);
    if (this.#patches.unsettled > STEP_PATCHES) this.#patches.settle();
  }

  addParsed(record: Record, bytes: number): void {
    const { seq, tick, time, command: name, player, args, nonce, patches, tables } = record;
    this.#advance(record.firstSeq ?? seq, seq, tick, time, bytes);
    if (tables !== undefined) this.row.tables = tables;
    this.#commands.text(
      encodeCommand({ seq, tick, time, name, player, args, ...(nonce === undefined ? {} : { nonce }) }),
    );
    this.patchesIn += patches.length;
    this.#patches.addParsed(patches);
    if (this.#patches.unsettled > STEP_PATCHES) this.#patches.settle();
  }

  /** The JSON of all its steps so far, in UTF-8. */
  stepsText(): Buffer {
    const text = new ByteText();
    this.#writeSteps(text);
    return text.view();
  }

  /** Steps that lie wholly or partly in afterSeq < seq <= upToSeq, fresh. */
  steps(afterSeq: number, upToSeq: number): Step[] {
    return decodeSteps(this.stepsText().toString('utf8')).filter(
      ({ firstSeq, lastSeq }) => lastSeq > afterSeq && firstSeq <= upToSeq,
    );
  }

  commands(afterSeq: number, upToSeq: number): CommandEntry[] {
    return decodeCommands(`[${this.#commands.view().toString('utf8')}]`).filter(
      ({ seq }) => seq > afterSeq && seq <= upToSeq,
    );
  }

  get isEmpty(): boolean {
    return this.commandCount === 0;
  }

  /** The row to write. Its texts stand until the next record is added. */
  finish(): { steps: Buffer; commands: Buffer; patchesOut: number } {
    this.#closeStep();
    const commands = new ByteText();
    commands.reserve(this.#commands.length + 2);
    commands.byte(OPEN_LIST);
    commands.copy(this.#commands.bytes, 0, this.#commands.length);
    commands.byte(CLOSE_LIST);
    return { steps: this.stepsText(), commands: commands.view(), patchesOut: this.#stepPatches };
  }

  #advance(firstSeq: number, seq: number, tick: number, time: number, bytes: number): void {
    const { row } = this;
    const open = this.#open;
    if (this.commandCount === 0) {
      this.firstSeq = firstSeq;
      this.firstTick = tick;
      this.leastTime = time;
      this.mostTime = time;
    } else {
      this.#commands.byte(COMMA);
    }
    const goesOn =
      open.records > 0 && (this.granularity === 'batches' || (this.granularity === 'ticks' && row.tick === tick));
    if (!goesOn) {
      this.#closeStep();
      open.firstSeq = firstSeq;
    }
    open.records += 1;
    this.commandCount += 1;
    this.bytes += bytes;
    if (time < this.leastTime) this.leastTime = time;
    if (time > this.mostTime) this.mostTime = time;
    row.seq = seq;
    row.tick = tick;
    row.time = time;
    row.records += 1;
  }

  /** The row still says where the step ends. */
  #closeStep(): void {
    if (this.#open.records === 0) return;
    if (this.#steps.length > 0) this.#steps.byte(COMMA);
    this.#stepPatches += this.#writeOpen(this.#steps);
    this.#open.records = 0;
    this.#patches.clear();
  }

  #writeSteps(out: ByteText): void {
    out.reserve(this.#steps.length + 2);
    out.byte(OPEN_LIST);
    out.copy(this.#steps.bytes, 0, this.#steps.length);
    if (this.#open.records > 0) {
      if (this.#steps.length > 0) out.byte(COMMA);
      this.#writeOpen(out);
    }
    out.byte(CLOSE_LIST);
  }

  #writeOpen(out: ByteText): number {
    const { row } = this;
    out.byte(OPEN_LIST);
    for (const number of [this.#open.firstSeq, row.seq, row.tick]) {
      out.count(number);
      out.byte(COMMA);
    }
    // A clock may say anything; the others are counts.
    out.text(`${row.time},[`);
    // One record holds no more than it needs: it was made by comparing two states.
    const count = this.#open.records === 1 ? this.#patches.write(out) : this.#patches.writeMerged(out);
    out.byte(CLOSE_LIST);
    out.byte(CLOSE_LIST);
    return count;
  }
}
