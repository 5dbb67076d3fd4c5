// How a game is to be recovered, as somebody asks for it, checked. Before it: orrery.ts and the command line; after it:
// plan.ts, which tries the modes.

import { OrreryError } from '../../core/errors.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { RecoveryMode } from './plan.ts';
import type { StateCheck } from './soundness.ts';

export interface RecoverOptions {
  readonly mode: RecoveryMode;
  /** Modes to try, in this order, when the first gives no sound state. Default: none. */
  readonly fallback?: readonly RecoveryMode[];
  /** Recorded, and kept with what is given up; at most 4,096 characters. What is found to be wrong is added. */
  readonly reason?: string;
  /**
   * What else a state must be, besides what its game type says: false or a throw says that it is not. It is given what
   * `game.state` gives, of many moments, and must answer at once.
   */
  readonly check?: StateCheck;
}

const OPTIONS: OptionsOf<RecoverOptions> = {
  ...({ mode: 'checked', fallback: 'checked', reason: 'checked', check: 'checked' } as const),
};

/** Characters of a reason: it stands in a record, in the quarantine and in every list of it. */
const MOST_REASON = 4096;

/** All modes in their order. Throws INVALID_OPTION; a moment is looked at only where it is asked for. */
export function checkModes(game: string, options: RecoverOptions): readonly RecoveryMode[] {
  if (typeof options !== 'object' || options === null) throw invalid(game, 'a recovery needs a mode');
  assertOptions('recover', options, OPTIONS, { game });
  const { mode, fallback = [], reason, check } = options;
  if (!Array.isArray(fallback))
    throw invalid(game, '`fallback` is not a list of modes', "Pass modes in a list, such as ['snapshot'].");
  if (reason !== undefined && (typeof reason !== 'string' || !reason.isWellFormed())) {
    throw invalid(game, '`reason` is not a well-formed string', 'Write why in words, or leave it out.');
  }
  if (reason !== undefined && reason.length > MOST_REASON) {
    throw invalid(game, `\`reason\` has ${reason.length} characters`, `Say it in ${MOST_REASON}: it is kept for ever.`);
  }
  if (check !== undefined && typeof check !== 'function')
    throw invalid(game, '`check` is not a function', 'Pass (state) => true or false.');
  const modes = [mode, ...(fallback as readonly RecoveryMode[])];
  for (const each of modes) if (!isMode(each)) throw invalid(game, `${quoted(each)} is no mode of recovery`);
  return modes;
}

function isMode(mode: unknown): mode is RecoveryMode {
  if (mode === 'latest' || mode === 'snapshot' || mode === 'before-error') return true;
  return typeof mode === 'object' && mode !== null && Object.keys(mode).join() === 'to' && isMoment(mode);
}

function isMoment({ to }: { to?: unknown }): boolean {
  if (typeof to !== 'object' || to === null) return false;
  const [entry, ...more] = Object.entries(to);
  return (
    entry !== undefined &&
    more.length === 0 &&
    ['seq', 'tick', 'time'].includes(entry[0]) &&
    Number.isSafeInteger(entry[1])
  );
}

function quoted(mode: unknown): string {
  try {
    return (JSON.stringify(mode) ?? typeof mode).slice(0, 80);
  } catch {
    return typeof mode;
  }
}

const MODES_HINT = "Use 'latest', 'snapshot', 'before-error' or { to: moment }, such as { to: { seq: 1200 } }.";

function invalid(game: string, what: string, hint = MODES_HINT): OrreryError {
  return new OrreryError({ code: 'INVALID_OPTION', what, hint, context: { game } });
}
