// How moments are written on the command line, and what of them is refused.

import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMoment, timeArgument } from '#cli/past/moment-argument.ts';

describe('moments', () => {
  it('[PC1] are a seq, tick:N, time:T, first or last', () => {
    expect(parseMoment('12')).toEqual({ seq: 12 });
    expect(parseMoment('seq:0')).toEqual({ seq: 0 });
    expect(parseMoment('tick:7')).toEqual({ tick: 7 });
    expect(parseMoment('time:1000')).toEqual({ time: 1000 });
    expect(parseMoment('time:1970-01-01T00:00:01Z')).toEqual({ time: 1000 });
    expect(parseMoment('first')).toBe('first');
    expect(parseMoment('last')).toBe('last');
  });

  const none = [
    '',
    'seq:',
    'seq:-1',
    '-1',
    '1.5',
    'tick:first',
    'time:',
    'time:noon',
    '1e3',
    '99999999999999999999',
    'now',
  ];
  it.for(none)('[PC1] %j is none', (text) => {
    expect(() => parseMoment(text)).toThrow(InvalidArgumentError);
  });
});

describe('times', () => {
  it('[PC1] are read back as they are printed', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(timeArgument(date.toISOString())).toBe(date.getTime());
          expect(timeArgument(String(date.getTime()))).toBe(date.getTime());
        },
      ),
    );
  });

  it('[PC1] are in UTC unless they name a zone, and may leave out what is zero', () => {
    const noon = Date.UTC(2026, 2, 1, 12);
    expect(timeArgument('2026-03-01T12:00')).toBe(noon);
    expect(timeArgument('2026-03-01 12:00:00')).toBe(noon);
    expect(timeArgument('2026-03-01T14:00:00+02:00')).toBe(noon);
    expect(timeArgument('2026-03-01')).toBe(Date.UTC(2026, 2, 1));
    expect(timeArgument('2026-03-01T12:00:00.5Z')).toBe(noon + 500);
  });

  it.for([
    '2026-02-30',
    '2026-13-01',
    '2026-03-01T25:00Z',
    '2026-03-01T12:60Z',
    'March 1',
    '-5',
    '1e3',
    '2026'.repeat(5),
  ])('[PC1] %j is none', (text) => {
    expect(() => timeArgument(text)).toThrow(InvalidArgumentError);
  });
});
