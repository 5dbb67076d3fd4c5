// What part of a past somebody asks for, checked. digest-past.ts and live-past.ts ask here before they read anything.

import { OrreryError } from '../errors.ts';
import type { StepRange } from './past.ts';

/** Throws INVALID_OPTION. Bounds may be Infinity where they are an end. */
export function checkRange(game: string, range: StepRange): void {
  const bounds = ['fromSeq', 'toSeq', 'fromTick', 'toTick', 'fromTime', 'toTime'] as const;
  for (const bound of bounds) checkBound(game, bound, range[bound]);
}

/** Who has no types may pass anything as the options of a question. Throws INVALID_OPTION. */
export function checkOptions(game: string, question: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: `the options of ${question} are no object`,
    hint: 'Leave them out, or pass an object.',
    context: { game },
  });
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
