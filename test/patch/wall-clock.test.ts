// What Date.now gives on its way into a record: a whole number of milliseconds, or CLOCK_INVALID.

import { afterEach, expect, it, vi } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { wallClock } from '#core/patch/wall-clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function given(now: unknown): number {
  vi.spyOn(Date, 'now').mockImplementation(() => now as number);
  return wallClock();
}

it('[CK1] part of a millisecond is cut off, and no time is -0', () => {
  expect(given(1_700_000_000_000.75)).toBe(1_700_000_000_000);
  expect(given(-1.5)).toBe(-1);
  expect(Object.is(given(-0.5), 0)).toBe(true);
  expect(Object.is(given(-0), 0)).toBe(true);
  expect([given(8.64e15), given(-8.64e15)]).toEqual([8.64e15, -8.64e15]);
});

it('[CK2] what is no time is CLOCK_INVALID, which says what came', () => {
  const hostile = {
    toString() {
      throw new Error('no string');
    },
  };
  const all = [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [1e300, '1e+300'],
    [8.64e15 + 1, '8640000000000001'],
    ['1700000000000', 'a string'],
    [1n, 'a bigint'],
    [new Date(), 'a object'],
    [hostile, 'a object'],
    [null, 'null'],
    [undefined, 'undefined'],
  ] as const;
  for (const [now, named] of all) {
    const error = (() => {
      try {
        return given(now);
      } catch (thrown) {
        return thrown as OrreryError;
      }
    })();
    expect(error).toBeInstanceOf(OrreryError);
    expect(error).toMatchObject({ code: 'CLOCK_INVALID' });
    expect((error as OrreryError).message).toContain(`the clock gave ${named}`);
  }
});

it('[CK2] a clock that throws is CLOCK_INVALID with what it threw', () => {
  const cause = new Error('no clock here');
  vi.spyOn(Date, 'now').mockImplementation(() => {
    throw cause;
  });
  expect(() => wallClock()).toThrow(expect.objectContaining({ code: 'CLOCK_INVALID', cause }) as Error);
});
