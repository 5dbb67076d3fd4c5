// What can still be read of a shard's journal when the journal as a whole is refused: every frame that its chain
// proves, also behind damage. Before it: readable-shard.ts, which knows what the manifests say; after it: salvage.ts,
// which takes from the frames what goes on without a gap, game by game.

import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { openPayload } from '../journal/frame.ts';
import { decodeSegmentHeader, segmentName } from '../journal/segment.ts';
import { type FoundFrame, findFrames, guessSegment, type RemainingSegment } from './frame-search.ts';
import { misplacement } from './shard-parts.ts';

/** A batch whose bytes are those that were written. */
export interface ProvenFrame {
  readonly number: number;
  readonly file: string;
  readonly payload: Uint8Array;
  /** As its header says. */
  readonly recordCount: number | undefined;
}

/** Frames that were written, and of which nothing, or nothing that can be trusted, is left. */
export interface LostFrames {
  readonly first: number;
  readonly last: number;
  readonly file: string;
  readonly what: string;
}

export interface Complaint {
  readonly file: string;
  readonly what: string;
}

/** What is known of a journal from elsewhere. */
export interface JournalKnowledge {
  /** Undefined when nothing tells which shard this is. */
  readonly shardUuid: string | undefined;
  /** Of segments and images that were there at some time: one that cannot be read stands between its neighbours. */
  readonly generations: readonly number[];
  readonly durableFrame: number;
  /** Chain values by frame. */
  readonly chains: ReadonlyMap<number, number>;
}

export interface ReadableJournal {
  /** Ascending; what is missing between two is in `lost`. */
  readonly frames: readonly ProvenFrame[];
  readonly lost: readonly LostFrames[];
  /** The first frame that any readable segment begins with; 1 + the newest known when there is none. */
  readonly firstFrame: number;
  /** The newest frame that is known to have been durable, or was read. */
  readonly newestFrame: number;
  readonly chains: ReadonlyMap<number, number>;
  readonly faults: readonly Complaint[];
  /** Nothing was lost with these. */
  readonly notes: readonly Complaint[];
}

/** Throws FORMAT_TOO_NEW; whatever else is wrong is in `faults`. */
export function readableJournalOf(
  files: Files,
  folder: string,
  present: readonly number[],
  known: JournalKnowledge,
): ReadableJournal {
  const remains = new PendingRow(known);
  const segments = readSegments(files, folder, present, known, remains);
  const readable = new Set(segments.map(({ generation }) => generation));
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    const hidden = known.generations.some(
      (each) =>
        !readable.has(each) && each > segment.generation && each < (next?.generation ?? Number.POSITIVE_INFINITY),
    );
    remains.take(segment, next, hidden);
  }
  return remains.end(segments[0]?.firstFrame);
}

function readSegments(
  files: Files,
  folder: string,
  present: readonly number[],
  known: JournalKnowledge,
  remains: PendingRow,
): RemainingSegment[] {
  const segments: RemainingSegment[] = [];
  for (const generation of present) {
    const name = segmentName(generation);
    const segment = readSegment(files, folder, generation, known, remains);
    if (!segment) continue;
    const before = segments.at(-1);
    if (before && segment.epoch < before.epoch) {
      remains.notes.push({
        file: name,
        what: 'is from an owner that had been replaced: nothing in it was acknowledged',
      });
    } else if (before && segment.firstFrame < before.firstFrame) {
      remains.faults.push({ file: name, what: `begins with frame ${segment.firstFrame}, before ${before.name}` });
    } else segments.push(segment);
  }
  return segments;
}

function readSegment(
  files: Files,
  folder: string,
  generation: number,
  known: JournalKnowledge,
  remains: PendingRow,
): RemainingSegment | undefined {
  const name = segmentName(generation);
  const fault = (what: string): undefined => void remains.faults.push({ file: name, what });
  let bytes: Buffer;
  try {
    const read = files.read(`${folder}/${name}`);
    bytes = Buffer.from(read.buffer, read.byteOffset, read.length);
  } catch (error) {
    assertOurs(error);
    return fault(`cannot be read: ${error.what}`);
  }
  try {
    const header = decodeSegmentHeader(bytes, name);
    const misplaced = misplacement(header, generation, known.shardUuid);
    return misplaced === undefined ? { ...header, name, bytes } : fault(misplaced);
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code !== 'DAMAGED') throw error;
    fault(error.what);
    return guessSegment(bytes, generation, name);
  }
}

class PendingRow {
  readonly faults: Complaint[] = [];
  readonly notes: Complaint[] = [];
  readonly #chains: Map<number, number>;
  readonly #frames: ProvenFrame[] = [];
  readonly #lost: LostFrames[] = [];
  /** The newest frame that was read or is known to be missing. */
  #reached = 0;
  #durable: number;
  /** The segment that was taken last, and what stands behind its frames. */
  #last: string | undefined;
  #tail: Complaint | undefined;

  constructor(known: JournalKnowledge) {
    this.#chains = new Map(known.chains);
    this.#durable = known.durableFrame;
  }

  /** `hidden`: between this segment and the next there was another, of which nothing is known. */
  take(segment: RemainingSegment, next: RemainingSegment | undefined, hidden: boolean): void {
    const { name, bytes, firstFrame, previousChain } = segment;
    const before = firstFrame - 1;
    const chain = this.#chains.get(before);
    if (previousChain !== undefined && chain !== undefined && chain !== previousChain) {
      this.faults.push({ file: name, what: 'does not carry on where the segment before it ends' });
      return;
    }
    if (previousChain !== undefined) this.#chains.set(before, previousChain);
    if (this.#last && firstFrame > this.#reached + 1) {
      this.#lose(this.#reached + 1, before, this.#last, 'missing at its end');
    }
    this.#last = name;
    const { found, end } = findFrames(segment, this.#chains);
    for (const { synced } of found) this.#durable = Math.max(this.#durable, synced);
    // What stands behind the beginning of the next segment was given up; of a hidden one nobody knows where it began.
    const behind = next?.firstFrame ?? Number.POSITIVE_INFINITY;
    const until = hidden ? Math.min(behind, this.#durable + 1) : behind;
    this.#reached = Math.max(this.#reached, before);
    for (const frame of found) if (frame.number < until) this.#add(segment, frame);
    if (!next && end < bytes.length)
      this.#tail = { file: name, what: `no frame in its last ${bytes.length - end} bytes` };
  }

  end(firstFrame: number | undefined): ReadableJournal {
    const newestFrame = Math.max(this.#durable, this.#reached);
    if (this.#durable > this.#reached) {
      const file = this.#last ?? 'segment-*';
      this.#lose(this.#reached + 1, this.#durable, file, 'durable once, and in no file that can be read');
    } else if (this.#tail) this.notes.push(this.#tail);
    // A write that was cut short by a crash looks like this, and it was never acknowledged.
    for (const { first, file, what } of this.#lost.filter((each) => each.first > this.#durable)) {
      this.notes.push({ file, what: `frame ${first}: ${what}; nothing says that it was ever durable` });
    }
    return {
      frames: this.#frames,
      lost: this.#lost.filter(({ first: number }) => number <= this.#durable),
      firstFrame: firstFrame ?? newestFrame + 1,
      newestFrame,
      chains: this.#chains,
      faults: this.faults,
      notes: this.notes,
    };
  }

  #add({ name }: RemainingSegment, frame: FoundFrame): void {
    const { number, offset } = frame;
    // Never one that was reached: segments begin in order, and of each nothing is added from where the next begins.
    if (number > this.#reached + 1) {
      this.#lose(this.#reached + 1, number - 1, name, `not readable before byte ${offset}`);
    }
    this.#reached = number;
    this.#chains.set(number, frame.chain);
    if (frame.fault !== undefined) {
      this.#lose(number, number, name, frame.fault);
      return;
    }
    if (frame.repaired) {
      const what = `the header of frame ${number} at byte ${offset} cannot be read; the frame behind it proves its records`;
      this.faults.push({ file: name, what });
    }
    if (frame.type === 'seal') return;
    try {
      this.#frames.push({ number, file: name, payload: openPayload(frame), recordCount: frame.recordCount });
    } catch (error) {
      assertOurs(error);
      // Its bytes are those that were written, so that it may have been acknowledged, whatever came after it.
      this.#durable = Math.max(this.#durable, number);
      this.#lose(number, number, name, error.what);
    }
  }

  #lose(first: number, last: number, file: string, what: string): void {
    this.#lost.push({ first, last, file, what });
  }
}

/** Throws what is no error of ours: a defect is never taken for damage. */
export function assertOurs(error: unknown): asserts error is OrreryError {
  if (!(error instanceof OrreryError)) throw error;
}
