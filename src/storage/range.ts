// What part of a past somebody asks for, checked. directory-history.ts and live-history.ts ask here before they read
// anything.

import { OrreryError } from '../core/errors.ts';
import { assertOptions, type OptionsOf } from '../core/option-check.ts';
import type { MomentOptions, StepRange } from './history-reader.ts';

const RANGE: OptionsOf<StepRange> = {
  ...({ fromSeq: 'checked', toSeq: 'checked', fromTick: 'checked', toTick: 'checked' } as const),
  ...({ fromTime: 'checked', toTime: 'checked', backwards: 'boolean' } as const),
};

/** Throws INVALID_OPTION. Bounds may be Infinity where they are an end. */
export function checkRange(game: string, range: StepRange): void {
  assertOptions('steps', range, RANGE, { game });
  const bounds = ['fromSeq', 'toSeq', 'fromTick', 'toTick', 'fromTime', 'toTime'] as const;
  for (const bound of bounds) checkBound(game, bound, range[bound]);
}

const MOMENT: OptionsOf<MomentOptions> = { nearest: 'boolean' };

/** Throws INVALID_OPTION. */
export function checkMomentOptions(game: string, options: MomentOptions): void {
  assertOptions('stateAt', options, MOMENT, { game });
}

/** A whole number from 0, or any whole number for a time; open ends may be Infinity. */
export function checkBound(game: string, option: string, value: unknown): void {
  if (value === undefined) return;
  const isTime = option.endsWith('Time');
  if (Number.isSafeInteger(value) && (isTime || (value as number) >= 0)) return;
  if (value === Number.POSITIVE_INFINITY && /^(?:to|upTo)/.test(option)) return;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: `${option} is ${String(value)}`,
    hint: isTime ? 'Use a whole number of milliseconds since 1970.' : 'Use a whole number from 0.',
    context: { game },
  });
}
