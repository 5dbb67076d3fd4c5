// The decision at the place where a segment stops making sense: was this the end, a torn write, or damage to something
// that had been acknowledged? Before it: scan.ts, which finds the place; after it: recovery, which opens or refuses.

import type { HeaderFault } from './frame.ts';

/** What is wrong where a frame was expected. */
export type FrameFault =
  | HeaderFault
  /** A whole header of another segment: its salt or its epoch is not this one's. */
  | 'other segment'
  /** A whole header of this segment with another frame number than the next one. */
  | 'wrong number'
  /** A whole header of this segment that says what no writer of this format says. */
  | 'unknown kind'
  | 'incomplete payload'
  | 'payload CRC'
  /** The file ends, and a frame that was known to be durable is not in it. */
  | 'missing'
  /** The segment was sealed, and yet a frame of it stands behind the seal. */
  | 'frame behind the seal'
  /** Bytes that are no frame stand behind the seal. */
  | 'bytes behind the seal';

/** What the faults come down to. */
export type Stop = 'end of file' | 'bad frame' | 'impossible frame';

export type Verdict = 'clean' | 'sealed' | 'torn' | 'damaged';

export const STOPS: { readonly [fault in FrameFault]: Stop } = {
  missing: 'end of file',
  'incomplete header': 'bad frame',
  'no magic': 'bad frame',
  'header CRC': 'bad frame',
  'other segment': 'bad frame',
  'wrong number': 'bad frame',
  'incomplete payload': 'bad frame',
  'payload CRC': 'bad frame',
  'bytes behind the seal': 'bad frame',
  'unknown kind': 'impossible frame',
  'frame behind the seal': 'impossible frame',
};

/** The three facts a verdict rests on. */
export interface Finding {
  readonly stop: Stop;
  /** The frame before was a seal: the owner had closed in good order. */
  readonly sealed: boolean;
  /** The expected frame is known to have been durable, so it may have been acknowledged. */
  readonly acknowledged: boolean;
}

type Row = `${Stop}, ${'sealed' | 'open'}, ${'acknowledged' | 'unknown'}`;

/**
 * A write cut short by a crash leaves anything at all behind the last durable frame, even whole frames after a broken
 * one, and none of it was acknowledged: it is cut. It cannot touch a frame that was durable before, and it cannot make
 * a header with a valid CRC that no writer makes: those are damage, and nothing is cut.
 */
export const VERDICTS: { readonly [row in Row]: Verdict } = {
  'end of file, open, unknown': 'clean',
  'end of file, open, acknowledged': 'damaged',
  'end of file, sealed, unknown': 'sealed',
  'end of file, sealed, acknowledged': 'damaged',
  'bad frame, open, unknown': 'torn',
  'bad frame, open, acknowledged': 'damaged',
  'bad frame, sealed, unknown': 'torn',
  'bad frame, sealed, acknowledged': 'damaged',
  'impossible frame, open, unknown': 'damaged',
  'impossible frame, open, acknowledged': 'damaged',
  'impossible frame, sealed, unknown': 'damaged',
  'impossible frame, sealed, acknowledged': 'damaged',
};

export function decide({ stop, sealed, acknowledged }: Finding): Verdict {
  return VERDICTS[`${stop}, ${sealed ? 'sealed' : 'open'}, ${acknowledged ? 'acknowledged' : 'unknown'}`];
}
