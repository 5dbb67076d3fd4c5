// What is told of a game with a record that cannot be read: the others of its shard go on. Before it:
// compaction/held-games.ts and memory/memory-store.ts, which keep such records as they stand; after it: whoever asks
// for the game.

import { OrreryError } from '../errors.ts';

/** Records of one game that cannot be read, and all that came after the first of them: they are kept as they stand. */
export interface Unreadable {
  /** Of the first, as far as it says it; else the one that was due. */
  readonly seq: number;
  /** Of the newest. */
  readonly lastSeq: number;
  readonly records: number;
  /** The journal frame that the first stood in; 0 when that was the journal of another directory. */
  readonly frame: number;
  /** Why the first cannot be read. */
  readonly what: string;
}

export interface UnreadableGame extends Unreadable {
  readonly game: string;
}

/** For whoever asks for more of a game than what comes before its first record that cannot be read. */
export function gameUnreadable(game: string, { seq, frame, records, what }: Unreadable): OrreryError {
  const others = records > 1 ? ` and the ${records - 1} behind it are` : ' is';
  return new OrreryError({
    code: 'GAME_UNREADABLE',
    what: `the record of seq ${seq} cannot be read (${what}): it${others} kept as it stands`,
    hint:
      'Nothing is lost, and the other games go on. `orrery check` tells of it, `orrery show --at` reads what comes before, ' +
      '`orrery fork` goes on from there under another id, and a later Orrery may be able to read the record.',
    context: { game, seq, frame, records },
  });
}
