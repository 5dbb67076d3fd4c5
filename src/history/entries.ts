// The past of one game command by command, in either direction, filtered. Before it: orrery.ts, whose `history` it is,
// and the command line; after it: past.ts.

import { OrreryError } from '../core/errors.ts';
import { assertOptions, type OptionsOf } from '../core/option-check.ts';
import type { Patch, Path } from '../core/patch/patch.ts';
import { MERGED } from '../core/patch/record.ts';
import type { HistoryReader, PastStep, StepRange } from '../storage/history-reader.ts';
import { checkBound } from '../storage/range.ts';
import type { CommandEntry } from '../storage/steps.ts';
import { placeOf, touches } from './place.ts';
import { boundsIn, type HistoryRange, isWithin } from './range.ts';

/** Which part of the past: everything that is given has to hold. */
export interface HistoryQuery extends HistoryRange {
  /** Only what this player, or one of these, sent. */
  readonly player?: string | readonly string[];
  /** Only the command of this name, or of one of these. Orrery's own begin with "@". */
  readonly command?: string | readonly string[];
  /**
   * Only steps that touched this place, anything in it or anything around it: a JSON pointer or a path. Of a step of
   * several commands all are given, because nobody knows any more which of them it was.
   */
  readonly path?: string | Path;
  /** Newest first. Default false. */
  readonly backwards?: boolean;
  /** At most so many entries, the first in the order that is asked for. Default: all. */
  readonly limit?: number;
}

const QUERY: OptionsOf<HistoryQuery> = {
  ...({ from: 'checked', to: 'checked', player: 'checked', command: 'checked', path: 'checked' } as const),
  ...({ backwards: 'boolean', limit: 'checked' } as const),
};

/** A command of the past. */
export interface HistoryEntry extends CommandEntry {
  /** The visible step that it is part of. */
  readonly step: { readonly firstSeq: number; readonly lastSeq: number };
  /** What the step changed, on its last command; undefined on the others, with which it was merged. */
  readonly patches: readonly Patch[] | undefined;
}

/**
 * Steps whose commands are not kept, because retention merged them, stand there as one entry "@merged", without player
 * and arguments. Throws INVALID_OPTION, INVALID_POINTER, DAMAGED.
 */
export async function* historyOf(
  past: HistoryReader,
  query: HistoryQuery = {},
): AsyncGenerator<HistoryEntry, void, undefined> {
  assertOptions('entries', query, QUERY, { game: past.row.id });
  const bounds = boundsIn(past.row.id, query);
  const accepts = filterOf(past.row.id, query, bounds);
  const place = query.path === undefined ? undefined : placeOf(query.path);
  checkBound(past.row.id, 'limit', query.limit);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  if (left === 0) return;
  for await (const step of past.steps({ ...bounds, backwards: query.backwards === true })) {
    if (place && !step.patches.some((patch) => touches(patch, place))) continue;
    for (const entry of entriesOf(step, query.backwards === true)) {
      if (!accepts(entry)) continue;
      yield entry;
      left -= 1;
      if (left === 0) return;
    }
  }
}

/** Throws INVALID_OPTION: nothing has been read then. */
function filterOf(game: string, query: HistoryQuery, bounds: StepRange): (entry: CommandEntry) => boolean {
  const players = namesIn(game, 'player', query.player);
  const commands = namesIn(game, 'command', query.command);
  return (entry) =>
    isWithin(bounds, entry) &&
    (players === undefined || (entry.player !== undefined && players.includes(entry.player))) &&
    (commands === undefined || commands.includes(entry.name));
}

/** Undefined for everybody. What is no name would match nothing, in silence. */
function namesIn(
  game: string,
  option: 'player' | 'command',
  given: string | readonly string[] | undefined,
): readonly unknown[] | undefined {
  if (given === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (names.every((name) => typeof name === 'string')) return names;
  throw invalid(game, `\`${option}\` is neither a name nor a list of names`, 'Pass a string, or several in a list.');
}

function invalid(game: string, what: string, hint: string): OrreryError {
  return new OrreryError({ code: 'INVALID_OPTION', what, hint, context: { game } });
}

function entriesOf({ commands, patches, ...step }: PastStep, backwards: boolean): HistoryEntry[] {
  const { firstSeq, lastSeq, tick, time } = step;
  const known = commands.length > 0 ? commands : [whole(lastSeq, tick, time)];
  const entries = known.map((command) => ({
    ...command,
    step: { firstSeq, lastSeq },
    patches: command.seq === lastSeq ? patches : undefined,
  }));
  return backwards ? entries.reverse() : entries;
}

function whole(seq: number, tick: number, time: number): CommandEntry {
  return { seq, tick, time, name: MERGED, player: undefined, args: undefined };
}
