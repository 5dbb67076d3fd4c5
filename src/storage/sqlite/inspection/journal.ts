// The journal of a shard, segment by segment.

import { OrreryError } from '../../../core/errors.ts';
import { byteSize, counted } from '../../../core/printable.ts';
import { isMissing } from '../files.ts';
import { decodeSegmentHeader, type SegmentHeader, segmentName } from '../journal/segment.ts';
import { type ScanBounds, type SegmentEnd, scanSegment } from '../journal/segment-scan.ts';
import { misplacement } from '../recovery/shard-parts.ts';
import { faultOfRecords } from './cross-checks.ts';
import type { ShardView } from './shard-view.ts';

interface Segment {
  readonly name: string;
  readonly generation: number;
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
}

/** Gives the bytes of all segments. */
export function examineJournal(view: ShardView): number {
  const { manifest, listing, findings } = view;
  const oldest = manifest.segments[0] as number;
  /** In the order in which they follow on each other; undefined stands for one that cannot be read. */
  const chain: (Segment | undefined)[] = [];
  let bytes = 0;
  let epoch = 0;
  for (const generation of new Set([...listing.segments, ...manifest.segments].sort((a, b) => a - b))) {
    if (generation < oldest) {
      findings.add('note', segmentName(generation), 'is not needed any more', 'A later checkpoint removes it.');
      examineUnneeded(view, generation);
      continue;
    }
    const segment = readSegment(view, generation);
    bytes += segment?.bytes.length ?? 0;
    if (segment && segment.header.epoch < epoch) {
      const what = 'was begun by an owner that had been replaced: nothing in it was acknowledged';
      findings.add('note', segment.name, what);
      continue;
    }
    epoch = segment?.header.epoch ?? epoch;
    chain.push(segment);
  }
  for (const [index, segment] of chain.entries()) {
    if (segment) examineSegment(view, segment, chain[index + 1], index === chain.length - 1);
  }
  return bytes;
}

function readSegment(view: ShardView, generation: number): Segment | undefined {
  const { files, folder, manifest, findings } = view;
  const name = segmentName(generation);
  const path = `${folder}/${name}`;
  const remedy = remedyFor(view, generation);
  try {
    if (!files.exists(path)) {
      findings.add('error', name, 'is needed and is not there', remedy);
      return undefined;
    }
    const bytes = files.read(path);
    const header = decodeSegmentHeader(bytes, path);
    const misplaced = misplacement(header, generation, manifest.shard);
    if (misplaced === undefined) return { name, generation, bytes, header };
    findings.add('error', name, misplaced, remedy);
  } catch (error) {
    findings.failure(name, error, remedy);
  }
  return undefined;
}

/** Nobody will read it again, but a file that has gone bad says something about the disk. */
function examineUnneeded({ files, folder, findings }: ShardView, generation: number): void {
  const name = segmentName(generation);
  try {
    const bytes = files.read(`${folder}/${name}`);
    const scan = scanSegment(bytes, decodeSegmentHeader(bytes, name));
    let step = scan.next();
    while (!step.done) step = scan.next();
    if (step.value.verdict === 'damaged') findings.add('warning', name, `cannot be read at byte ${step.value.offset}`);
  } catch (error) {
    // Its owner may have removed it since the folder was listed.
    if (isMissing(error)) return;
    if (!(error instanceof OrreryError) || error.code !== 'DAMAGED') throw error;
    findings.add('warning', name, error.what);
  }
}

function examineSegment(view: ShardView, segment: Segment, next: Segment | undefined, isLast: boolean): void {
  const { findings } = view;
  const { name, bytes, header } = segment;
  const scan = scanSegment(bytes, header, boundsOf(view, next, isLast));
  let frames = 0;
  let records = 0;
  let step = scan.next();
  for (; !step.done; step = scan.next()) {
    if (step.value.type !== 'batch') continue;
    const fault = faultOfRecords(step.value);
    if (fault !== undefined) {
      const what = `frame ${step.value.number} at byte ${step.value.offset} was not written by Orrery: ${fault}`;
      findings.add('error', name, what, remedyFor(view, segment.generation));
    }
    frames += 1;
    records += step.value.recordCount;
  }
  const end = step.value;
  const extent = `${counted(frames, 'frame')} from ${header.firstFrame}, ${counted(records, 'record')}, ${byteSize(bytes.length)}`;
  switch (end.verdict) {
    case 'clean':
      findings.add('ok', name, `${extent}; open at its end`);
      return;
    case 'sealed':
      findings.add('ok', name, `${extent}; sealed: its owner closed in good order`);
      return;
    case 'continued':
      findings.add('ok', name, extent);
      if (!next || next.header.previousChain === end.last.chain) return;
      findings.add('error', next.name, `does not carry on where ${name} ends`, remedyFor(view, next.generation));
      return;
    case 'torn':
      findings.add('note', name, `${extent}; ${tornTail(end, bytes.length)}`, 'The next opening cuts it off.');
      return;
    case 'damaged': {
      const what = `frame ${end.badFrame}, which was durable, cannot be read at byte ${end.offset}: ${end.fault}`;
      findings.add('error', name, `${extent}; ${what}`, remedyFor(view, segment.generation));
    }
  }
}

/** The next segment was begun when every frame before it was durable. Behind a hole nothing is known. */
function boundsOf({ manifest }: ShardView, next: Segment | undefined, isLast: boolean): ScanBounds {
  if (isLast) return { knownDurable: manifest.durableFrame };
  if (!next) return {};
  const until = next.header.firstFrame;
  return { knownDurable: until - 1, until };
}

function tornTail(end: SegmentEnd, length: number): string {
  const size = byteSize(length - end.offset);
  return `the last ${size} are a write that was never finished, and nothing in them was acknowledged`;
}

/** Segments before the manifest's own generation lead to an image that is there: only the spare one needs them. */
function remedyFor({ manifest }: ShardView, generation: number): string {
  if (generation < manifest.generation) {
    return 'Only the spare image needs it: while the newest is whole nothing is lost, and the next checkpoint does without it.';
  }
  return 'Put the file back from a backup, or recover what is left with `orrery salvage`.';
}
