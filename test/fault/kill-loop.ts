// The real thing: children that play several games over several shards are killed, over and over, on one directory. What the
// parent read from their pipes is held against what the next child finds. kill.test.ts and npm run torture run it.

import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openOrrery } from '#index.ts';
import { DOOM, type Doom } from '../programs/doom.ts';
import { type Dice, dice } from '../programs/script.ts';
import { world } from '../programs/world.ts';
import { Chronicle } from './chronicle.ts';
import { type Phase, PlayerProcess } from './player-process.ts';
import { projectRoot } from './project-root.ts';

/** How often the parent itself opens the directory and compares whole states. */
const LOOK_EVERY = 20;
const DOOMED_OWNER = pathToFileURL(join(projectRoot(), 'dist/test/programs/doomed-owner.js')).href;

export interface KillReport {
  /** Children that ended by SIGKILL; the others were done before it came. */
  kills: number;
  cycles: number;
  readonly violations: string[];
  readonly killedWhile: { [doing: string]: number };
  acknowledged: number;
  /** Recovered without having been acknowledged. */
  beyond: number;
  replayed: number;
  torn: number;
}

export function nothingKilled(): KillReport {
  return { kills: 0, cycles: 0, violations: [], killedWhile: {}, acknowledged: 0, beyond: 0, replayed: 0, torn: 0 };
}

/** How a child is to end. */
type Fate =
  /** So many milliseconds into a phase, or into publishing images. */
  | { readonly phase: Phase | 'publishing'; readonly afterMs: number; readonly commands: number }
  /** At an operation on the disk; it closes when it never comes to that. */
  | { readonly doom: Doom; readonly commands: number };

/** How many operations on the disk there usually are. */
const REACH: { readonly [during in Doom['during']]: number } = {
  open: 24,
  commit: 12,
  checkpoint: 16,
  sweep: 4,
  close: 24,
};

function fateOf(roll: Dice): Fate {
  const choice = roll(20);
  if (choice < 3) return { phase: 'opening', afterMs: roll(200), commands: 1e9 };
  if (choice < 8) return { phase: 'running', afterMs: roll(100), commands: 1e9 };
  if (choice < 9) return { phase: 'publishing', afterMs: roll(20), commands: 1e9 };
  if (choice < 11) return { phase: 'closing', afterMs: roll(30), commands: 20 + roll(100) };
  const during = (['open', 'open', 'commit', 'checkpoint', 'checkpoint', 'sweep', 'close', 'close'] as const)[roll(8)];
  const doom = { during: during ?? 'open', nth: 1 + roll(REACH[during ?? 'open']) };
  return { doom, commands: 20 + roll(150) };
}

/**
 * A kill rarely cuts a write in two; a power cut does. So something is left behind the last frame now and then, as an
 * unfinished write of a batch leaves it: zeros, noise, or a stale piece of the same file.
 */
function tear(directory: string, roll: Dice): void {
  for (const shard of readdirSync(directory).filter((name) => /^shard-\d+$/.test(name))) {
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

/** Opens the directory in this process: states as a whole, not only their compacts. */
async function look(directory: string, chronicle: Chronicle, violations: string[]): Promise<void> {
  await using orrery = await openOrrery({ directory, games: [world] });
  const rows = await orrery.list();
  chronicle.line(`listed ${JSON.stringify(Object.fromEntries(rows.map(({ id, seq }) => [id, seq])))}`);
  for (const { id } of rows) {
    const game = await orrery.load(world, id);
    const expected = chronicle.expected(id, game.seq);
    if (JSON.stringify(game.state) !== expected.json || game.tick !== expected.tick) {
      violations.push(`${id} at seq ${game.seq}, looked at whole: the state is not what its commands make`);
    }
  }
}

/** Kills children on a directory of their own, adding to `report`, until there were enough or a promise is broken. */
export async function killLoop(seed: number, cycles: number, report: KillReport, isOver = () => false): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-kill-'));
  const chronicle = new Chronicle();
  // The next child loads its modules while this one plays.
  let next = new PlayerProcess(chronicle);
  try {
    for (let cycle = 0; cycle < cycles && !isOver() && report.violations.length === 0; cycle += 1) {
      const child = next;
      await child.reached('ready');
      next = new PlayerProcess(chronicle);
      await playAndKill(directory, child, dice(seed * 100_003 + cycle), `seed ${seed}, cycle ${cycle}`, report);
      if ((cycle + 1) % LOOK_EVERY === 0) await look(directory, chronicle, report.violations);
      report.violations.push(...chronicle.violations().map((what) => `seed ${seed}, cycle ${cycle}: ${what}`));
    }
    await look(directory, chronicle, report.violations);
    report.violations.push(...chronicle.violations().map((what) => `seed ${seed}, at the end: ${what}`));
  } finally {
    next.kill();
    await next.ended();
    rmSync(directory, { recursive: true, force: true });
  }
  report.acknowledged += chronicle.acknowledged;
  report.beyond += chronicle.beyond;
  report.replayed += chronicle.recoveries.filter(({ replayedFrames }) => replayedFrames > 0).length;
  report.torn += chronicle.recoveries.filter(({ tornBytes }) => tornBytes > 0).length;
}

async function playAndKill(
  directory: string,
  child: PlayerProcess,
  roll: Dice,
  story: string,
  report: KillReport,
): Promise<void> {
  const fate = fateOf(roll);
  const orders = { directory, seed: roll(2 ** 31), commands: fate.commands, ending: 'close' } as const;
  if ('doom' in fate) {
    child.order({ ...orders, workerUrl: DOOMED_OWNER, environment: { [DOOM]: JSON.stringify(fate.doom) } });
  } else {
    child.order(orders);
    await (fate.phase === 'publishing' ? child.publishes() : child.reached(fate.phase));
    await pause(fate.afterMs);
    child.kill();
  }
  const { code, signal } = await child.ended();
  report.cycles += 1;
  const doing = 'doom' in fate ? child.doomed : fate.phase === 'publishing' ? fate.phase : child.phase;
  if (signal === 'SIGKILL') {
    report.kills += 1;
    const what = 'doom' in fate ? `at the disk, ${doing}` : `${doing}`;
    report.killedWhile[what] = (report.killedWhile[what] ?? 0) + 1;
  } else if (code !== 0 || child.phase !== 'closed') {
    report.violations.push(`${story}, ${JSON.stringify(fate)}: it ended by itself with ${code} in ${child.phase}`);
  }
  if (child.errors !== '') report.violations.push(`${story}, ${JSON.stringify(fate)}: it said ${child.errors}`);
  if (child.phase === 'running' && roll(3) === 0) tear(directory, roll);
}
