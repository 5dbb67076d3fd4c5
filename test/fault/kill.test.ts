// Children that play several games over several shards are killed at random moments, over and over, on one directory. What
// the parent read from their pipes is held against what the next child finds.

import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { openOrrery } from '../../src/index.ts';
import { type Dice, dice, GAMES } from '../programs/script.ts';
import { world } from '../programs/world.ts';
import { Chronicle } from './chronicle.ts';
import { type Phase, PlayerProcess } from './player-process.ts';

const CYCLES = Number(process.env['ORRERY_KILL_CYCLES'] ?? 100);
const SEED = Number(process.env['ORRERY_KILL_SEED'] ?? 1);
/** How often the parent itself opens the directory and compares whole states. */
const LOOK_EVERY = 20;

const directory = mkdtempSync(join(tmpdir(), 'orrery-kill-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** In which phase a child is to be killed, and how many milliseconds after it has begun. */
function fateOf(roll: Dice): { readonly phase: Phase; readonly afterMs: number; readonly commands: number } {
  const choice = roll(10);
  if (choice < 3) return { phase: 'opening', afterMs: roll(200), commands: 1e9 };
  if (choice < 8) return { phase: 'running', afterMs: roll(100), commands: 1e9 };
  return { phase: 'closing', afterMs: roll(30), commands: 20 + roll(100) };
}

/**
 * A kill rarely cuts a write in two; a power cut does. So something is left behind the last frame now and then, as an
 * unfinished write of a batch leaves it: zeros, noise, or a stale piece of the same file.
 */
function tear(roll: Dice): void {
  for (const shard of readdirSync(directory).filter((name) => name.startsWith('shard-'))) {
    const segment = readdirSync(join(directory, shard))
      .filter((name) => /^segment-\d+\.journal$/.test(name))
      .sort()
      .at(-1);
    if (segment === undefined) continue;
    const path = join(directory, shard, segment);
    const length = 1 + roll(600);
    const noise = Buffer.from(Array.from({ length }, () => roll(256)));
    appendFileSync(
      path,
      [Buffer.alloc(length), noise, readFileSync(path).subarray(64, 64 + length)][roll(3)] as Buffer,
    );
  }
}

/** Opens the directory in this process: states as a whole, not only their digests. */
async function look(chronicle: Chronicle): Promise<void> {
  await using orrery = await openOrrery({ directory, games: [world] });
  const rows = await orrery.list();
  chronicle.line(`listed ${JSON.stringify(Object.fromEntries(rows.map(({ id, seq }) => [id, seq])))}`);
  for (const { id } of rows) {
    const game = await orrery.load(world, id);
    const expected = chronicle.expected(id, game.seq);
    expect(JSON.stringify(game.state)).toBe(expected.json);
    expect(game.tick).toBe(expected.tick);
  }
}

it(
  `[R1] [R2] acknowledged is in what is recovered, and that is a gap-free prefix of what was sent, over ${CYCLES} kills`,
  async () => {
    const chronicle = new Chronicle();
    const killedWhile: { [phase in Phase]?: number } = {};
    // The next child loads its modules while this one plays.
    let next = new PlayerProcess(chronicle);
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const roll = dice(SEED * 100_003 + cycle);
      const { phase, afterMs, commands } = fateOf(roll);
      const child = next;
      await child.reached('ready');
      next = new PlayerProcess(chronicle);
      child.order({ directory, seed: roll(2 ** 31), commands, ending: 'close' });
      await child.reached(phase);
      await pause(afterMs);
      child.kill();
      const { code, signal } = await child.ended();
      const story = `seed ${SEED}, cycle ${cycle}, killed ${afterMs} ms into ${phase}, which had come to ${child.phase}`;
      expect(child.errors, story).toBe('');
      expect(signal === 'SIGKILL' || (code === 0 && child.phase === 'closed'), `${story}, ended with ${code}`).toBe(
        true,
      );
      killedWhile[child.phase] = (killedWhile[child.phase] ?? 0) + 1;
      if (child.phase === 'running' && roll(3) === 0) tear(roll);
      if ((cycle + 1) % LOOK_EVERY === 0) await look(chronicle);
      expect(chronicle.violations(), story).toEqual([]);
    }
    next.kill();
    await next.ended();
    await look(chronicle);
    expect(chronicle.violations()).toEqual([]);

    const replayed = chronicle.recoveries.filter(({ replayedFrames }) => replayedFrames > 0).length;
    const torn = chronicle.recoveries.filter(({ tornBytes }) => tornBytes > 0).length;
    console.log(
      `kill: seed ${SEED}, cycles ${CYCLES} (${Object.entries(killedWhile)
        .map(([phase, count]) => `${phase} ${count}`)
        .join(', ')}), ` +
        `acknowledged ${chronicle.acknowledged}, recovered beyond acknowledged ${chronicle.beyond}, ` +
        `recoveries that replayed ${replayed}, torn tails ${torn}`,
    );
    // A run in which nothing was at stake proves nothing.
    if (CYCLES >= 50) {
      expect(chronicle.acknowledged).toBeGreaterThan(CYCLES * GAMES.length);
      expect(chronicle.beyond).toBeGreaterThan(0);
      expect(replayed).toBeGreaterThan(CYCLES / 10);
      expect(torn).toBeGreaterThan(0);
    }
  },
  60_000 + CYCLES * 2_000,
);
