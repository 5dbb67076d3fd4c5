// A range of a game's past as people write it on the command line: --from and --to, each a moment. Before it: commander's
// options; after it: what reads a range, by seq or by the bounds that were given.

import type { Command } from 'commander';
import { type HistoryQuery, historyOf } from '../../history/entries.ts';
import type { HistoryReader, StepRange } from '../../storage/history-reader.ts';
import { type AskedMoment, momentIn, momentText, parseMoment } from './moment-argument.ts';

export interface RangeOptions {
  readonly from?: AskedMoment;
  readonly to?: AskedMoment;
}

/** `what` is what lies in the range: "commands", "steps". */
export function addRange(command: Command, what: string): Command {
  return command
    .option('--from <moment>', `only ${what} from this moment on`, parseMoment)
    .option('--to <moment>', `only ${what} up to this moment`, parseMoment);
}

/** Ends the command when the range ends before it begins, as far as that can be said before anything is read. */
export function checkRange({ from, to }: RangeOptions, command: Command, option = '--from'): void {
  if (from === undefined || to === undefined || !isBehind(from, to)) return;
  command.error(`${option} ${momentText(from)} is behind --to ${momentText(to)}: exchange them`);
}

function isBehind(from: AskedMoment, to: AskedMoment): boolean {
  if (from === to || from === 'first' || to === 'last') return false;
  if (typeof from === 'string' || typeof to === 'string') return from === 'last' && to === 'first';
  return (['seq', 'tick', 'time'] as const).some((unit) => (from[unit] ?? -Infinity) > (to[unit] ?? Infinity));
}

/** Each bound as what it was given in. */
export function boundsIn(past: HistoryReader, { from, to }: RangeOptions): StepRange {
  return { ...boundIn(past, 'from', from), ...boundIn(past, 'to', to) };
}

function boundIn(past: HistoryReader, side: 'from' | 'to', asked: AskedMoment | undefined): StepRange {
  if (asked === undefined) return {};
  const moment = momentIn(past, asked);
  if (moment.seq !== undefined) return { [`${side}Seq`]: moment.seq };
  return moment.tick !== undefined ? { [`${side}Tick`]: moment.tick } : { [`${side}Time`]: moment.time };
}

/** The same as seqs: of the first record in the range and of the last. An end that no record is in has a seq outside. */
export async function seqsIn(
  past: HistoryReader,
  range: RangeOptions,
): Promise<{ readonly fromSeq?: number; readonly toSeq?: number }> {
  const { fromSeq, toSeq, ...bounds } = boundsIn(past, range);
  const { fromTick, fromTime, toTick, toTime } = bounds;
  const first = fromTick !== undefined || fromTime !== undefined;
  const last = toTick !== undefined || toTime !== undefined;
  const from = first ? ((await seqOf(past, bounds)) ?? past.row.seq + 1) : fromSeq;
  const to = last ? ((await seqOf(past, { ...bounds, backwards: true })) ?? 0) : toSeq;
  return { ...(from === undefined ? {} : { fromSeq: from }), ...(to === undefined ? {} : { toSeq: to }) };
}

async function seqOf(past: HistoryReader, query: HistoryQuery): Promise<number | undefined> {
  for await (const { seq } of historyOf(past, query)) return seq;
  return undefined;
}
