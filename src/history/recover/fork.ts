// A new game that goes on from a moment of another. Before it: orrery.ts, whose `fork` this is; after it: the past of
// the parent, and the sink of the new game, which takes the whole state as its first record.

import { OrreryError } from '../../core/errors.ts';
import { anonymousType } from '../../core/game/anonymous.ts';
import { checkGameId } from '../../core/game/id.ts';
import { WorkingState } from '../../core/game/state.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import { CREATE } from '../../core/patch/record.ts';
import type { CommitQueue } from '../../engine/commit-queue.ts';
import type { LoadedGames } from '../../engine/loaded-games.ts';
import { type HistoryReader, type MomentLike, momentOf } from '../../storage/history-reader.ts';

export interface ForkOptions {
  /** The moment of the parent that the fork begins with; a plain number is a seq. */
  readonly at: MomentLike;
  /** The id of the fork. It must not be that of a game. */
  readonly as: string;
}

const OPTIONS: OptionsOf<ForkOptions> = { at: 'checked', as: 'checked' };

/** A game that was made from a moment of another. */
export interface Fork {
  readonly id: string;
  readonly type: string;
  /** That of the moment: a fork of an older version is migrated when it is opened. */
  readonly version: number;
  readonly parent: { readonly game: string; readonly seq: number };
  readonly seq: 0;
  /** The parent's at that moment. */
  readonly tick: number;
}

/** What a fork is made with. */
export interface ForkParts {
  readonly loadedGames: LoadedGames;
  openPast(game: string): Promise<HistoryReader>;
}

/** For Orrery.fork. Resolves when the fork is durable. */
export async function forkGame({ loadedGames, openPast }: ForkParts, id: string, options: ForkOptions): Promise<Fork> {
  checkGameId(id);
  if (typeof options !== 'object' || options === null) throw noOptions(id);
  assertOptions('fork', options, OPTIONS, { game: id });
  const { at, as } = options;
  checkGameId(as);
  const commitQueue = loadedGames.commitQueueOf(as);
  // Whoever opens or creates a game of this id comes before or after, never in between.
  return loadedGames.exclusively(as, async () => {
    // What was accepted of the parent may be asked for as well.
    await loadedGames.commitQueueOf(id).flush();
    const past = await openPast(id);
    try {
      if (loadedGames.registry.get(as)?.loaded || (await isStored(commitQueue, as))) throw exists(as);
      const { type, version, seq, tick, tables, state } = await past.stateAt(momentOf(at));
      // Any moment can be looked into, also one that today's code would refuse.
      const { actor, sink } = loadedGames.detached(anonymousType(type, version, 'ticks'), as);
      const args = { fork: { game: id, seq } };
      const receipt = actor.adopt(WorkingState.fromJson(state, tables), {
        command: CREATE,
        seq: 0,
        tick,
        version,
        args,
        // Its numbers are not the parent's, for its id is another.
        seed: sink.randomness.begin(past.seed),
      });
      commitQueue.sendNow();
      try {
        await receipt.durable;
      } finally {
        // Whoever opens it does so with the code of its type.
        actor.evict();
      }
      return { id: as, type, version, parent: { game: id, seq }, seq: 0, tick };
    } finally {
      await past.close();
    }
  });
}

/** Also a game of which not a record can be read. Costs the same however many games the shard has. */
async function isStored(commitQueue: CommitQueue, game: string): Promise<boolean> {
  try {
    const newest = { fromSeq: Number.MAX_SAFE_INTEGER };
    return (await commitQueue.request((store) => store.past(game, newest, 1))) !== undefined;
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'GAME_UNREADABLE') return true;
    throw error;
  }
}

function exists(game: string): OrreryError {
  return new OrreryError({
    code: 'GAME_EXISTS',
    what: 'there is a game with this id',
    hint: 'Choose another id for the fork. Nothing was changed.',
    context: { game },
  });
}

function noOptions(game: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'a fork needs a moment and an id',
    hint: 'Pass { at: { seq: 1200 }, as: "what-if" }.',
    context: { game },
  });
}
