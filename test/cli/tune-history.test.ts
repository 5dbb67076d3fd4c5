// The history that `orrery tune` verifies with helper threads: what is in it, and that threads and their absence agree on it.

import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FigureName, OF_VERIFICATION, READINGS } from '#cli/tuning/figures.ts';
import { trialModule } from '#cli/tuning/game.ts';
import { History } from '#cli/tuning/history.ts';
import { namedWorkload, WORKLOADS } from '#cli/tuning/workload.ts';
import { loadGameTypes } from '#history/rerun/games-module.ts';
import { sectionsOf } from '#history/rerun/sections.ts';
import { LEAST_SECTION, SECTIONS_A_THREAD } from '#history/rerun/threads.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { emptyFolder, removeFolders } from './command-line.ts';

afterAll(removeFolders);

describe('a history to verify', () => {
  it('[TU12] falls into pieces for each of two threads, also where a workload has no ticks', async () => {
    for (const name of ['awaited', 'many'] as const) {
      const directory = join(emptyFolder(), 'history');
      await History.play(namedWorkload(name), directory, 0);
      const past = await openDirectoryPast(directory, 'game-0');
      try {
        const { row } = past;
        expect(row.seq).toBeGreaterThanOrEqual(2 * SECTIONS_A_THREAD * LEAST_SECTION);
        const pieces = sectionsOf(await past.snapshots(), { fromSeq: 1, toSeq: row.seq }, 2 * SECTIONS_A_THREAD);
        expect(pieces.length, name).toBeGreaterThanOrEqual(SECTIONS_A_THREAD);
      } finally {
        await past.close();
      }
    }
  });

  it('[TU12] comes out as it was recorded with threads and without, and measures what verification has to do with', async () => {
    const history = await History.play(namedWorkload('loop'), join(emptyFolder(), 'history'), 0);
    for (const threads of ['none', 1, 2, undefined] as const) {
      const figures = await history.verify(threads);
      expect(figures.verifiedPerSecond, String(threads)).toBeGreaterThan(0);
      expect(figures.lateP99).toBeGreaterThanOrEqual(0);
      const others = (Object.keys(READINGS) as FigureName[]).filter((figure) => !OF_VERIFICATION.includes(figure));
      expect(others.filter((figure) => figures[figure] !== 0)).toEqual([]);
    }
  });

  it('[TU12] has its game type in a module that any thread can import', async () => {
    for (const name of WORKLOADS) {
      const types = await loadGameTypes(trialModule(namedWorkload(name)), '/nowhere');
      expect(types.map((type) => [type.name, type.version])).toEqual([['trial', 1]]);
    }
  });
});
