// Moments of a game's past as people write them on the command line. Before it: commander's options and operands; after it:
// a Moment for past/, whose rules say which state it is.

import { type Command, InvalidArgumentError } from 'commander';
import type { Moment, Past } from '../../past/past.ts';
import { wholeNumber } from '../reading.ts';

/** The ends of what is kept are moments too; which seq they are only the past knows. */
export type AskedMoment = Moment | 'first' | 'last';

export interface MomentOptions {
  readonly seq?: number;
  readonly tick?: number;
  readonly time?: number;
}

/** The options --seq, --tick and --time; a command has at most one of them. */
export function addMomentOptions(command: Command): Command {
  return command
    .option('--seq <seq>', 'after the command with this seq', wholeNumber(0))
    .option('--tick <tick>', 'after the last command of this tick', wholeNumber(0))
    .option(
      '--time <time>',
      'after the last command up to this time, ISO 8601 or milliseconds since 1970',
      timeArgument,
    );
}

/** Ends the command when several are given. Undefined when there is none. */
export function momentOf({ seq, tick, time }: MomentOptions, command: Command): Moment | undefined {
  const given = [seq, tick, time].filter((each) => each !== undefined).length;
  if (given > 1) command.error('--seq, --tick and --time exclude each other');
  if (seq !== undefined) return { seq };
  if (tick !== undefined) return { tick };
  return time === undefined ? undefined : { time };
}

/** `seq:N`, `tick:N`, `time:T`, `first`, `last`, or a plain seq. */
export function parseMoment(text: string): AskedMoment {
  if (text === 'first' || text === 'last') return text;
  const [, kind = 'seq', value = text] = /^(seq|tick|time):(.*)$/s.exec(text) ?? [];
  if (kind === 'time') return { time: timeArgument(value) };
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return kind === 'tick' ? { tick: number } : { seq: number };
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is no moment: write seq:N, tick:N, time:T, first, last, or a plain seq.`,
  );
}

/** What `first` and `last` are in this past. */
export function momentIn({ row }: Past, asked: AskedMoment): Moment {
  if (asked === 'first') return { seq: row.firstSeq };
  return asked === 'last' ? { seq: row.seq } : asked;
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** Milliseconds since 1970. A time that names no zone is in UTC, as every time that Orrery prints. */
export function timeArgument(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  const found = ISO.exec(text);
  if (found) {
    const [, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = found;
    const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
    const local = `${day}T${hour}:${minute}:${second}.${milliseconds}`;
    const time = Date.parse(`${local}${zone}`);
    // JavaScript takes the 30th of February for the 2nd of March.
    const asUtc = Date.parse(`${local}Z`);
    if (!Number.isNaN(time) && !Number.isNaN(asUtc) && new Date(asUtc).toISOString() === `${local}Z`) return time;
  }
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is no time: write it as 2026-03-01T12:00:00Z, or in milliseconds since 1970.`,
  );
}
