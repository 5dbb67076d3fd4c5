// Game types for `--games`: the galaxy in version 2, which plays as version 1 did, and the types of before.

import { galaxyOf } from '../galaxies.ts';

export const galaxy = galaxyOf(2);
export default [galaxyOf(1)];
