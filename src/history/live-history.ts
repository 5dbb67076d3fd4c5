// The past of a game asked of the shard's owner in the running process, page by page, in turn with the commits. Before
// it: orrery.ts, whose `past` it is; after it: the commit queue, and storage/store.ts behind that. It holds what is
// durable.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError } from '../core/errors.ts';
import { checkGameId } from '../core/game/id.ts';
import { GameSeed } from '../core/game/seed.ts';
import type { CommitQueue } from '../engine/commit-queue.ts';
import type { GameInfo } from '../storage/game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from '../storage/history-reader.ts';
import { measured } from '../storage/moment.ts';
import type { Opening } from '../storage/openings.ts';
import { idAt, importedSeq } from '../storage/origins.ts';
import { checkMomentOptions, checkRange } from '../storage/range.ts';
import type { PastPage, Store } from '../storage/store.ts';
import { arrived } from './arrival.ts';

/** Steps in one page; the store also bounds its bytes. */
const PAGE_STEPS = 1000;

/** So many commands and patches are given out in one turn of the event loop. */
const TURN_WORK = 256;

export class LiveHistory implements HistoryReader {
  readonly #commitQueue: CommitQueue;
  readonly #origins: NonNullable<PastPage['origins']>;
  readonly seed: GameSeed | undefined;
  readonly #openings: () => readonly Opening[];
  #row: GameInfo;

  private constructor(
    commitQueue: CommitQueue,
    { row, origins = [], seed }: Pick<PastPage, 'row' | 'origins' | 'seed'>,
    openings: () => readonly Opening[],
  ) {
    this.#openings = openings;
    this.#commitQueue = commitQueue;
    this.#origins = origins;
    this.seed = GameSeed.of(seed);
    this.#row = row;
  }

  /** Throws INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED, and what the store throws. */
  static async open(
    commitQueue: CommitQueue,
    game: string,
    openings: () => readonly Opening[] = () => [],
  ): Promise<LiveHistory> {
    checkGameId(game);
    const page = await commitQueue.request((store) => store.past(game, { fromSeq: Number.MAX_SAFE_INTEGER }, 1));
    return new LiveHistory(commitQueue, there(page, game), openings);
  }

  get row(): GameInfo {
    return this.#row;
  }

  async stateAt(moment: Moment, options: MomentOptions = {}): Promise<StateAt> {
    const { id } = this.#row;
    checkMomentOptions(id, options);
    const { nearest = false } = options;
    const { by, at } = measured(id, moment);
    // What is sent to the owner's thread is made here: a caller's object may hold what cannot be sent.
    const asked = { [by]: at } as unknown as Moment;
    const { pieces, ...rest } = await this.#ask((store) => store.stateAt(id, asked, nearest));
    return { game: id, ...rest, state: await arrived(pieces, rest.tables) };
  }

  async *steps(range: StepRange = {}): AsyncGenerator<PastStep, void, undefined> {
    const { id } = this.#row;
    checkRange(id, range);
    let rest = range;
    // The newest step may still grow: what has been read of it would come again with the next page.
    let newest: number | undefined;
    for (let due: number | undefined; ; ) {
      const asked = rest;
      const page = await this.#ask((store) => store.past(id, asked, PAGE_STEPS));
      this.#row = page.row;
      newest ??= page.row.seq;
      let work = 0;
      for (const step of page.steps) {
        // What a page takes to come and to be looked at must not be one turn of the game loop.
        if (work >= TURN_WORK) await nextTurn();
        work = (work % TURN_WORK) + 1 + step.commands.length + step.patches.length;
        // Between two pages retention may have merged what the first had with what the second was to have.
        if (due !== undefined && (range.backwards ? step.lastSeq > due : step.firstSeq < due)) throw thinned(id, step);
        yield step;
        due = range.backwards ? step.firstSeq - 1 : step.lastSeq + 1;
      }
      if (page.next === undefined || page.next > newest) return;
      const toSeq = Math.min(range.toSeq ?? newest, newest);
      rest = range.backwards ? { ...range, toSeq: page.next } : { ...range, fromSeq: page.next, toSeq };
    }
  }

  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#ask((store) => store.snapshots(this.#row.id));
  }

  /** What a game was called before is decided when it comes in, and never changes. */
  idAt(seq: number): string {
    return idAt(this.#origins, this.#row.id, seq);
  }

  /** Read when asked for: few questions need them. */
  get openings(): readonly Opening[] {
    return this.#openings();
  }

  get importedSeq(): number {
    return importedSeq(this.#origins);
  }

  /** Nothing is held open. */
  async close(): Promise<void> {}

  async #ask<T>(ask: (store: Store) => Promise<T | undefined>): Promise<T> {
    return there(await this.#commitQueue.request(ask), this.#row.id);
  }
}

function there<T>(answer: T | undefined, game: string): T {
  if (answer !== undefined) return answer;
  throw new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: 'Use `list` to see what there is.',
    context: { game },
  });
}

function thinned(game: string, { firstSeq, lastSeq }: PastStep): OrreryError {
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `seq ${firstSeq} to ${lastSeq} were merged into one step while the past was being read`,
    hint: 'Begin again: the retention of the game type has thinned out its history meanwhile.',
    context: { game, seq: lastSeq },
  });
}
