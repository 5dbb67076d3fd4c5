// The galaxy of version 2 as somebody may write it whose migration draws lots; for tests of `orrery migrate --rehearse`.

import { galaxyOf } from '../galaxies.ts';

export default galaxyOf(2, { migrations: { 1: (state, { random }) => ({ ...state, luck: random() }) } });
