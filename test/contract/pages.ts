// The past of a game as a store, or the owner itself, gives it: every page, put together.

import type { PastStep, StepRange } from '#storage/history-reader.ts';
import type { PastPage } from '#storage/store.ts';

/** Steps from one seq on, oldest first, with their commands beside them; none when there is no such game. */
export function readPast(
  ask: (range: StepRange) => PastPage | undefined,
  range: StepRange = {},
): ReturnType<typeof told> {
  const steps: PastStep[] = [];
  for (let fromSeq = range.fromSeq ?? 1; ; ) {
    const page = ask({ ...range, fromSeq });
    steps.push(...(page?.steps ?? []));
    if (page?.next === undefined) return told(steps);
    fromSeq = page.next;
  }
}

/** The same of a store, in pages of `limit` steps. */
export async function pastOf(
  store: { past(game: string, range: StepRange, limit: number): Promise<PastPage | undefined> },
  game: string,
  range: StepRange = {},
  limit = 1000,
): Promise<ReturnType<typeof told>> {
  const steps: PastStep[] = [];
  for (let fromSeq = range.fromSeq ?? 1; ; ) {
    const page = await store.past(game, { ...range, fromSeq }, limit);
    steps.push(...(page?.steps ?? []));
    if (page?.next === undefined) return told(steps);
    fromSeq = page.next;
  }
}

function told(steps: readonly PastStep[]) {
  return { steps, commands: steps.flatMap(({ commands }) => commands) };
}
