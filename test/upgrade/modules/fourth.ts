// Game types for `--games`: the galaxy in version 4, whose ticks were forgotten: they still count a treasury that is gone.

import { galaxyOf } from '../galaxies.ts';

export const games = [galaxyOf(4)];
