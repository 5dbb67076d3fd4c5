// Moments of a game's past as people write them on the command line: --at, and the bounds in range-argument.ts. Before
// it: commander's options; after it: a Moment for past/, whose rules say which state it is.

import { InvalidArgumentError } from 'commander';
import { isoTime } from '../../core/printable.ts';
import type { HistoryReader, Moment } from '../../storage/history-reader.ts';

/** The ends of what is kept are moments too; which seq they are only the past knows. */
export type AskedMoment = Moment | 'first' | 'last';

/** For the help of every command that takes a moment. */
export const MOMENTS_HELP = `A moment is a seq, written 12 or seq:12; a tick, tick:40; a time,
time:2026-03-01T12:00:00Z; or first or last. A tick or a time means the last
record up to it. Times are UTC unless they name a zone.`;

/** `seq:N`, `tick:N`, `time:T`, `first`, `last`, or a plain seq. */
export function parseMoment(text: string): AskedMoment {
  if (text === 'first' || text === 'last') return text;
  const [, kind = 'seq', value = text] = /^(seq|tick|time):(.*)$/s.exec(text) ?? [];
  if (kind === 'time') return { time: timeArgument(value) };
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return kind === 'tick' ? { tick: number } : { seq: number };
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is no moment: write 12 or seq:12, tick:40, time:2026-03-01T12:00:00Z, first or last.`,
  );
}

/** What `first` and `last` are in this past. */
export function momentIn({ row }: HistoryReader, asked: AskedMoment): Moment {
  if (asked === 'first') return { seq: row.firstSeq };
  return asked === 'last' ? { seq: row.seq } : asked;
}

/** As it would be written on the command line. */
export function momentText(asked: AskedMoment): string {
  if (typeof asked === 'string') return asked;
  if (asked.seq !== undefined) return `seq:${asked.seq}`;
  return asked.tick !== undefined ? `tick:${asked.tick}` : `time:${isoTime(asked.time)}`;
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
