// A range of a game's past as people write it on the command line: --from and --to, each a moment. Before it:
// commander's options; after it: what reads a range, by seq or by the bounds that were given.

import type { Command } from 'commander';
import { boundsIn as boundsOf, type HistoryRange } from '../../history/range.ts';
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

/** The range with its ends as moments. */
export function rangeIn(past: HistoryReader, { from, to }: RangeOptions): HistoryRange {
  return {
    ...(from === undefined ? {} : { from: momentIn(past, from) }),
    ...(to === undefined ? {} : { to: momentIn(past, to) }),
  };
}

/** Each bound as what it was given in. */
export function boundsIn(past: HistoryReader, range: RangeOptions): StepRange {
  return boundsOf(past.row.id, rangeIn(past, range));
}
