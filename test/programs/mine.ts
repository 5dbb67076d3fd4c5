// The games that the command line is tried on: one with a table whose steps are single commands, one whose steps are ticks.

import { defineGame, table } from '#index.ts';

interface Seam {
  id: string;
  metal: number;
  'a/b~c': string;
}

export const mine = defineGame('mine', {
  version: 3,
  history: 'commands',
  initial: (seams: readonly string[]) => ({
    seams: table<Seam>(
      seams.map((id) => ({ id, metal: 0, 'a/b~c': 'd' })),
      (seam) => seam.id,
    ),
    total: 0,
    news: [] as string[],
  }),
  commands: {
    /** Keeps the total in step with the seams: whoever reads can check that. */
    dig(draft, { seam, metal }: { seam: string; metal: number }) {
      const found = draft.seams.get(seam);
      if (!found) throw new Error('no such seam');
      found.metal += metal;
      draft.total += metal;
    },
    tell(draft, text: string) {
      draft.news.push(text);
      if (draft.news.length > 2) draft.news.shift();
    },
  },
});

export const match = defineGame('match', {
  version: 1,
  initial: () => ({ score: { red: 0, blue: 0 }, minutes: 0 }),
  commands: {
    goal(draft, { team }: { team: 'red' | 'blue' }) {
      draft.score[team] += 1;
    },
  },
  onTick(draft) {
    draft.minutes += 1;
  },
});
