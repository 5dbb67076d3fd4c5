// Merged steps taken apart for who asks questions of a past and has code: the types that fit it, and blame command by
// command. Before it: reruns.ts, whose types are those of the orrery, and the command line, whose types come from a
// module; after it: expand.ts.

import type { AnyGameType } from '../../core/game/define.ts';
import type { Path } from '../../core/patch/patch.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { type BlameEntry, type BlameOptions, blameOf } from '../blame.ts';
import { ExpandedPast } from './expand.ts';

/** The past with every command a step of its own, where one of the types has the code for it. */
export function expandedHistory(past: HistoryReader, types: readonly AnyGameType[]): HistoryReader {
  const type = typeOf(types, past.row);
  return type ? new ExpandedPast(past, type) : past;
}

/**
 * The same for who looks for the record with which a rule of today was first broken. Run again with that rule the
 * command would be refused, and its step stay merged: so nothing is judged here.
 */
export function expandedHistoryUnjudged(past: HistoryReader, types: readonly AnyGameType[]): HistoryReader {
  const type = typeOf(types, past.row);
  if (!type) return past;
  const { invariants: _invariants, schema: _schema, ...others } = type;
  return new ExpandedPast(past, others as AnyGameType);
}

/** The newest of those that can have written the game's newest state. */
export function typeOf(
  types: readonly AnyGameType[],
  { type, version }: Pick<GameInfo, 'type' | 'version'>,
): AnyGameType | undefined {
  return types.filter((each) => each.name === type && each.version >= version).sort((a, b) => b.version - a.version)[0];
}

/** Blame with merged entries told by their commands, where the same past taken apart knows them. */
export async function* expandedBlame(
  past: HistoryReader,
  expanded: HistoryReader,
  path: string | Path,
  options?: BlameOptions,
): AsyncGenerator<BlameEntry, void, undefined> {
  for await (const entry of blameOf(past, path, options)) {
    const { firstSeq, lastSeq } = entry.step;
    if (!entry.merged || expanded === past) yield entry;
    else yield* blameOf(expanded, path, { from: firstSeq, to: lastSeq });
  }
}
