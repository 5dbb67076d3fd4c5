// What an orrery is asked about the past of its games: each question is answered by a file of this folder. Before it:
// orrery.ts, which says where the past of a game is; after it: history.ts, difference.ts, blame.ts, replay.ts.

import type { Path } from '../core/patch/patch.ts';
import {
  type HistoryReader,
  type MomentLike,
  type MomentOptions,
  momentOf,
  type StateAt,
} from '../storage/history-reader.ts';
import { type BlameEntry, type BlameOptions, blameOf } from './blame.ts';
import { type Difference, type DiffOptions, diffOf } from './difference.ts';
import { type HistoryEntry, type HistoryQuery, historyOf } from './entries.ts';
import { type ReplayRange, type ReplayStep, replayOf } from './replay.ts';

/**
 * Games need not be in memory, and nothing here puts them there. Everything holds what is durable; the past of a game is never
 * in memory as a whole. All of it throws INVALID_GAME_ID, GAME_NOT_FOUND, DAMAGED and CLOSED: iterators with their first entry.
 */
export abstract class Recall {
  /** The whole past of a game, for whoever asks several questions. @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED. */
  abstract past(id: string): Promise<HistoryReader>;

  /**
   * What was asked of a game, command by command, ticks included as "@tick", with the patches of each visible step on its last
   * command. Oldest first, unless `backwards` is asked for; filtered by seq, tick, time, player, command and path.
   *
   * @throws OrreryError INVALID_OPTION, INVALID_POINTER.
   */
  async *history(id: string, query: HistoryQuery = {}): AsyncGenerator<HistoryEntry, void, undefined> {
    yield* historyOf(await this.past(id), query);
  }

  /**
   * The state of a game after a seq, or after the last record up to a tick or a time. A moment that is not kept is an error
   * that tells its neighbours; with `nearest` it is the one before. What it costs grows with the distance to the last snapshot.
   *
   * @throws OrreryError MOMENT_NOT_KEPT, INVALID_OPTION.
   */
  async stateAt(id: string, moment: MomentLike, options?: MomentOptions): Promise<StateAt> {
    return (await this.past(id)).stateAt(momentOf(moment), options);
  }

  /** What leads from one moment to another, which may be the earlier. @throws OrreryError MOMENT_NOT_KEPT, INVALID_OPTION, INVALID_POINTER. */
  async diff(id: string, from: MomentLike, to: MomentLike, options?: DiffOptions): Promise<Difference> {
    return diffOf(await this.past(id), momentOf(from), momentOf(to), options);
  }

  /**
   * Who changed what stands at a JSON pointer or path, newest first: each step after which another value stood there, whether a
   * patch led to it, inside it or replaced something around it. Break off when you have seen enough: older steps are not read.
   *
   * @throws OrreryError INVALID_POINTER, INVALID_OPTION.
   */
  async *blame(id: string, path: string | Path, options?: BlameOptions): AsyncGenerator<BlameEntry, void, undefined> {
    yield* blameOf(await this.past(id), path, options);
  }

  /**
   * A game played again from what was recorded: the state at `from`, then every visible step with its patches and the state
   * after it. Each state stays as it is and shares with the others what did not change.
   *
   * @throws OrreryError MOMENT_NOT_KEPT, INVALID_OPTION.
   */
  async *replay(id: string, range?: ReplayRange): AsyncGenerator<ReplayStep, void, undefined> {
    yield* replayOf(await this.past(id), range);
  }
}
