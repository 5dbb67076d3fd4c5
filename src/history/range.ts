// A range of a history as users write it, { from, to }, in the words of the storage contract: the one place that
// translates. Before it: entries, blame, verify and try; after it: the steps that a HistoryReader gives.

import { type HistoryReader, type MomentLike, momentOf, type StepRange } from '../storage/history-reader.ts';
import { measured } from '../storage/moment.ts';

/** A part of a history, both ends included. A plain number is a seq. */
export interface HistoryRange {
  /**
   * From this seq on, or from the first record with this tick or time or a later one. Default: from the oldest that is
   * kept.
   */
  readonly from?: MomentLike;
  /** Up to this seq, or up to the last record with this tick or time or an earlier one. Default: up to the newest. */
  readonly to?: MomentLike;
}

/** Each end as a bound of the measure that it was given in. Throws INVALID_OPTION. */
export function boundsIn(game: string, { from, to }: HistoryRange): StepRange {
  return { ...boundIn(game, 'from', from), ...boundIn(game, 'to', to) };
}

function boundIn(game: string, side: 'from' | 'to', moment: MomentLike | undefined): StepRange {
  if (moment === undefined) return {};
  const { by, at } = measured(game, momentOf(moment));
  if (by === 'seq') return { [`${side}Seq`]: at };
  return by === 'tick' ? { [`${side}Tick`]: at } : { [`${side}Time`]: at };
}

/**
 * The same as seqs: of the first record in the range and of the last. An end that no record is in has a seq outside.
 * Throws INVALID_OPTION.
 */
export async function seqsIn(
  reader: HistoryReader,
  range: HistoryRange,
): Promise<{ readonly fromSeq?: number; readonly toSeq?: number }> {
  const { fromSeq, toSeq, ...bounds } = boundsIn(reader.row.id, range);
  const { fromTick, fromTime, toTick, toTime } = bounds;
  const first = fromTick !== undefined || fromTime !== undefined;
  const last = toTick !== undefined || toTime !== undefined;
  const from = first ? ((await seqOf(reader, bounds)) ?? reader.row.seq + 1) : fromSeq;
  const to = last ? ((await seqOf(reader, { ...bounds, backwards: true })) ?? 0) : toSeq;
  return { ...(from === undefined ? {} : { fromSeq: from }), ...(to === undefined ? {} : { toSeq: to }) };
}

/** Of the first record within the bounds. Of a step whose commands are not kept, its end counts. */
async function seqOf(reader: HistoryReader, bounds: StepRange): Promise<number | undefined> {
  for await (const { commands, lastSeq, tick, time } of reader.steps(bounds)) {
    const records = commands.length > 0 ? commands : [{ seq: lastSeq, tick, time }];
    const found = (bounds.backwards ? [...records].reverse() : records).find((record) => isWithin(bounds, record));
    if (found) return found.seq;
  }
  return undefined;
}

/** Whether a record lies in all the bounds that are given. */
export function isWithin(bounds: StepRange, { seq, tick, time }: Record<'seq' | 'tick' | 'time', number>): boolean {
  const { fromSeq, toSeq, fromTick, toTick, fromTime, toTime } = bounds;
  return (
    !(fromSeq !== undefined && seq < fromSeq) &&
    !(toSeq !== undefined && seq > toSeq) &&
    !(fromTick !== undefined && tick < fromTick) &&
    !(toTick !== undefined && tick > toTick) &&
    !(fromTime !== undefined && time < fromTime) &&
    !(toTime !== undefined && time > toTime)
  );
}
