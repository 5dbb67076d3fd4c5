// The past of one game, asked of its store page by page, in turn with the commits. Before it: orrery.ts, whose `history` it
// is; after it: the outbox of the game's shard, and store/store.ts behind that.

import { OrreryError } from '../errors.ts';
import type { HistoryPage } from '../store/store.ts';
import type { Outbox } from './outbox.ts';

type CommandEntry = HistoryPage['commands'][number];

/** Commands in one page: a few hundred kilobytes at most for commands of ordinary size. */
const PAGE = 1000;

/** Which part of the past: afterSeq < seq <= upToSeq. */
export interface HistoryRange {
  /** Default 0: from the first command on. */
  readonly afterSeq?: number;
  /** Default: up to the newest that is durable when its page is read. */
  readonly upToSeq?: number;
}

/** Throws INVALID_OPTION for a range that cannot be, GAME_NOT_FOUND, and what the store throws. */
export async function* readHistory(
  outbox: Outbox,
  game: string,
  { afterSeq = 0, upToSeq = Number.MAX_SAFE_INTEGER }: HistoryRange,
): AsyncGenerator<CommandEntry, void, undefined> {
  checkSeq(game, 'afterSeq', afterSeq);
  if (upToSeq !== Number.POSITIVE_INFINITY) checkSeq(game, 'upToSeq', upToSeq);
  const last = Math.min(upToSeq, Number.MAX_SAFE_INTEGER);
  for (let position = afterSeq; ; ) {
    const from = position;
    const { commands } = await outbox.request((store) => store.history(game, from, last, PAGE));
    if (commands.length === 0 && position === afterSeq) await checkThere(outbox, game);
    yield* commands;
    // A page that is not full is the last: whoever wants what came since asks again.
    if (commands.length < PAGE) return;
    position = (commands.at(-1) as CommandEntry).seq;
  }
}

function checkSeq(game: string, option: string, seq: number): void {
  if (Number.isSafeInteger(seq) && seq >= 0) return;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: `${option} is ${String(seq)}`,
    hint: 'Use a whole number from 0.',
    context: { game },
  });
}

/** A game without commands and a game that does not exist both have an empty page. */
async function checkThere(outbox: Outbox, game: string): Promise<void> {
  const rows = await outbox.request((store) => store.list());
  if (rows.some(({ id }) => id === game)) return;
  throw new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: 'Use `list` to see what there is.',
    context: { game },
  });
}
