// Game types for `--games`: a galaxy whose migration fails for one game.

import { galaxyOf } from '../galaxies.ts';

export const galaxy = galaxyOf(2, {
  migrations: {
    1(state: { log: unknown[] }, { game }: { game: string }) {
      if (game === 'milky way') state.log.push(undefined);
    },
  },
});
