// The search for the first record after which a game is not what it should be. Before it: plan.ts, when a game is to be
// recovered to the moment before; after it: probe.ts, which looks at one moment.

import type { OrreryError } from '../../core/errors.ts';
import type { StateAt } from '../../storage/history-reader.ts';
import type { Probe, Sound, Unsound } from './probe.ts';

export interface Turn {
  /** The newest kept moment that is sound with everything after it unsound, as far as that was looked at. */
  readonly good: Sound;
  /** The first seq after it: where the trouble began. */
  readonly firstBadSeq: number;
  /** What is wrong there. */
  readonly problem: OrreryError;
}

/**
 * Finds where sound turns into unsound, given that the newest moment is unsound: from the newest snapshot backwards in
 * longer and longer strides until one is sound, by halves between that and its successor, and by halves again over the
 * moments between those two. That is exact for trouble that stays; trouble that comes and goes may hide behind a sound
 * snapshot, and then the turn that is found is one of several. Each look costs one reading of a state, and their number
 * grows with the logarithm of the number of snapshots and of the distance between two of them.
 *
 * Undefined when no snapshot is sound: then there is nothing to go on from.
 */
export async function findTurn(probe: Probe, newest: Unsound): Promise<Turn | undefined> {
  const last = probe.lineage.length - 1;
  const seen = new Map<number, Sound | Unsound>();
  const look = async (index: number): Promise<Sound | Unsound> => {
    const known = seen.get(index) ?? (await probe.at((probe.snapshots[index] as { seq: number }).seq));
    // Of what is unsound only the reason is wanted, and states are large.
    seen.set(index, known.problem ? { problem: known.problem } : known);
    return known;
  };
  let bad = probe.snapshots.length;
  let good = await strideBack(bad, look);
  if (good === undefined) return undefined;
  bad = good.firstKnownBad;
  while (bad - good.index > 1) {
    const middle: number = (good.index + bad) >> 1;
    const found = await look(middle);
    if (found.problem) bad = middle;
    else good = { index: middle, found, firstKnownBad: bad };
  }
  const badPlace = bad === probe.snapshots.length ? last : (probe.lineage.placeOf(seqOf(probe, bad)) as number);
  const problem = bad === probe.snapshots.length ? newest.problem : (seen.get(bad) as Unsound).problem;
  return betweenSnapshots(probe, good.found, badPlace, problem);
}

interface Found {
  readonly index: number;
  readonly found: Sound;
  readonly firstKnownBad: number;
}

/** The first sound snapshot at strides of 1, 2, 4 and so on before the end; then any that was stepped over. */
async function strideBack(end: number, look: (index: number) => Promise<Sound | Unsound>): Promise<Found | undefined> {
  let firstKnownBad = end;
  for (let stride = 1; firstKnownBad > 0; stride *= 2) {
    const index = Math.max(0, end - stride);
    const found = await look(index);
    if (!found.problem) return { index, found, firstKnownBad };
    firstKnownBad = index;
  }
  for (let index = end - 1; index >= 0; index -= 1) {
    const found = await look(index);
    if (!found.problem) return { index, found, firstKnownBad: index + 1 };
  }
  return undefined;
}

/** By halves over the places of the lineage: a look at one of them is a look at the kept moment at or before it. */
async function betweenSnapshots(probe: Probe, from: Sound, badPlace: number, why: OrreryError): Promise<Turn> {
  const { lineage } = probe;
  let good = from;
  let problem = why;
  let lower = lineage.placeOf(from.state.seq) as number;
  let upper = badPlace;
  while (upper - lower > 1) {
    const middle = (lower + upper) >> 1;
    const found = await probe.at(lineage.seqAt(middle));
    if (!found.problem) {
      good = found;
      lower = middle;
      continue;
    }
    problem = found.problem;
    upper = Math.max(lower + 1, Math.min(middle, placeOfKept(probe, found.state) ?? middle));
  }
  return { good, firstBadSeq: lineage.seqAt(upper), problem };
}

/** An unsound moment may be one before the seq that was looked at, when that seq is inside a step. */
function placeOfKept(probe: Probe, state: StateAt | undefined): number | undefined {
  return state && probe.lineage.placeOf(state.seq);
}

function seqOf(probe: Probe, index: number): number {
  return (probe.snapshots[index] as { seq: number }).seq;
}
