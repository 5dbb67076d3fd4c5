// Children that play several games over several shards are killed at random moments and at chosen ones, over and over.

import { expect, it } from 'vitest';
import { GAMES } from '../programs/script.ts';
import { share } from '../sampling.ts';
import { killLoop, nothingKilled } from './kill-loop.ts';

const CYCLES = Number(process.env['ORRERY_KILL_CYCLES'] ?? share(200, 4));
const SEED = Number(process.env['ORRERY_KILL_SEED'] ?? 1);

it(
  `[R1] [R2] acknowledged is in what is recovered, and that is a gap-free prefix of what was sent, over ${CYCLES} kills`,
  async () => {
    const report = nothingKilled();
    await killLoop(SEED, CYCLES, report);
    const { violations, killedWhile, ...counts } = report;
    console.log(`kill: seed ${SEED}, ${JSON.stringify(counts)}, killed while ${JSON.stringify(killedWhile)}`);
    expect(violations).toEqual([]);
    // A run in which nothing was at stake proves nothing.
    expect(report.acknowledged).toBeGreaterThan(CYCLES * GAMES.length);
    if (CYCLES < 200) return;
    expect(report.beyond).toBeGreaterThan(0);
    expect(report.replayed).toBeGreaterThan(CYCLES / 10);
    expect(report.torn).toBeGreaterThan(0);
    for (const doing of ['open', 'checkpoint', 'sweep', 'close']) {
      expect(killedWhile[`at the disk, ${doing}`], doing).toBeGreaterThan(0);
    }
  },
  600_000 + CYCLES * 5_000,
);
