import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { openOrrery } from 'orrery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDirectory } from '../../examples/galactic-war/demo/directory.ts';
import { parseOptions, UsageError } from '../../examples/galactic-war/demo/options.ts';
import { galaxy } from '../../examples/galactic-war/galaxy.ts';
import { STAR_COLUMNS } from '../../examples/galactic-war/stars.ts';
import { rowOfStars, smallSetup } from './small-galaxy.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const DEMO = join(ROOT, 'dist/examples/galactic-war/demo.js');
const CLI = join(ROOT, 'dist/src/cli/main.js');

let folder: string;
let stars: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-demo-'));
  stars = join(folder, 'stars.csv');
  const lines = rowOfStars(60).map(({ hip, ra, dec, mag, bv, name }) => [hip, ra, dec, mag, bv, name].join(','));
  writeFileSync(stars, `${[STAR_COLUMNS.join(','), ...lines].join('\n')}\n`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: string[]): Promise<Ended> {
  try {
    // npm says where it was called; the demo names commands as they have to be typed there.
    const env = { ...process.env, INIT_CWD: folder };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [DEMO, ...args], { cwd: folder, env });
    return { status: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

describe('the demo', () => {
  it('[DM1] kills, recovers, loses nothing, prints its figures and leaves a directory to look at', async () => {
    const { status, stdout, stderr } = await run('--seconds', '3', '--galaxies', '2', '--seed', '7');
    expect(stderr).toBe('');
    expect(status, stdout).toBe(0);
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    const lines = stdout.split('\n');
    const named = lines.filter((line) => line.includes('dist/src/cli/main.js'));
    const longest = Math.max(...lines.filter((line) => !named.includes(line)).map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(100);

    expect(lines.filter((line) => /killed child \d/.test(line)).length).toBe(5);
    // A child that is to be killed while it recovers may be ready before that.
    const early = lines.filter((line) => /killed child \d while it was recovering/.test(line)).length;
    const recovered = lines.filter((line) => /recovered [\d,]+ commands in [\d,.]+ m?s: 0 lost/.test(line)).length;
    expect(recovered).toBe(5 - early);
    const row = (name: string): number[] => {
      const line = lines.find((each) => each.startsWith(`${name} `)) ?? '';
      return line
        .split(/ {2,}/)
        .slice(1, 8)
        .map((cell) => Number(cell.replaceAll(',', '')));
    };
    for (const name of ['galaxy-1', 'galaxy-2', 'total']) {
      const [ticks = 0, commands = 0, acknowledged = 0, found = 0, lost = -1, patches = 0, coalesced = 0] = row(name);
      expect(lost).toBe(0);
      expect(ticks).toBeGreaterThan(0);
      expect(commands).toBeGreaterThan(ticks);
      expect(found).toBe(commands);
      expect(acknowledged).toBeGreaterThan(0);
      expect(acknowledged).toBeLessThanOrEqual(found);
      expect(coalesced).toBeGreaterThan(0);
      expect(coalesced).toBeLessThan(patches);
    }
    for (const pattern of [
      /^total .* 2 of 2$/,
      /^journal +[\d.]+ MB written, [\d.]+ [MkB]+ on disk now$/,
      /^images +[\d.]+ MB written in \d+ checkpoints, [\d.]+ [MkB]+ on disk now$/,
      /^recovery +median [\d,.]+ m?s, worst [\d,.]+ m?s$/,
      /^lost +0$/,
      /^ +with persistence +[\d,.]+ ms +[\d,.]+ ms$/,
      /^ +without: .* +[\d,.]+ ms +[\d,.]+ ms$/,
      /^ +without Orrery: .* +[\d,.]+ ms +[\d,.]+ ms$/,
      /^Nothing that was acknowledged is lost/,
    ]) {
      expect(
        lines.some((line) => pattern.test(line)),
        String(pattern),
      ).toBe(true);
    }

    // The commands it names are real, and work on what it left.
    expect(readdirSync(join(folder, 'galaxies')).sort()).toEqual([
      'DEMO',
      'openings.jsonl',
      'orrery.json',
      'shard-00',
      'shard-00.record',
    ]);
    expect(named.map((line) => line.match(/main\.js (\w+) galaxies/)?.[1])).toEqual(['ls', 'show', 'log', 'check']);
    for (const line of named) {
      const [, , ...args] = line.trim().split(' ');
      const { stdout: printed } = await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: folder });
      const printsOf = { ls: /galaxy-1/, show: /"stock"/, log: /@tick/, check: /sound/ };
      expect(printed).toMatch(printsOf[args[0] as keyof typeof printsOf]);
    }
  });

  it('[DM2] replaces what an earlier demo left, unless somebody is playing there', async () => {
    const directory = join(folder, 'galaxies');
    expect(await prepareDirectory(directory)).toBe('made');
    {
      await using orrery = await openOrrery({ directory, games: [galaxy] });
      await orrery.open(galaxy, 'old', smallSetup());
      await expect(prepareDirectory(directory)).rejects.toThrow(`is being played in by process ${process.pid}`);
      await (await orrery.open(galaxy, 'new', smallSetup())).advance().durable;
    }
    expect(await prepareDirectory(directory)).toBe('replaced');
    expect(readdirSync(directory)).toEqual(['DEMO']);
    // A demo that was stopped at once leaves less than that.
    expect(await prepareDirectory(directory)).toBe('replaced');
    mkdirSync(join(folder, 'empty'));
    expect(await prepareDirectory(join(folder, 'empty'))).toBe('made');
    await expect(prepareDirectory(join(stars, 'below'))).rejects.toThrow(UsageError);
  });

  it('[DM3] refuses a directory that is not its own, and leaves it as it is', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    const refused = async (directory: string): Promise<void> => {
      const { status, stdout, stderr } = await run(
        '--seconds',
        '2',
        '--galaxies',
        '1',
        '--stars',
        stars,
        '--directory',
        directory,
      );
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^demo: .*--directory.*\n$/);
      expect(status).toBe(2);
    };
    writeFileSync(join(own, 'thesis.txt'), 'years of work');
    await refused('own');
    expect(readFileSync(join(own, 'thesis.txt'), 'utf8')).toBe('years of work');

    // Galaxies of somebody's own look like those of the demo, but for the marker.
    const game = join(folder, 'game');
    {
      await using orrery = await openOrrery({ directory: game, games: [galaxy] });
      await orrery.open(galaxy, 'mine', smallSetup());
    }
    const before = readdirSync(game, { recursive: true }).sort();
    await refused('game');
    expect(readdirSync(game, { recursive: true }).sort()).toEqual(before);
    await refused('stars.csv');
  });

  it('[DM4] says in one line what is wrong with the command line, makes nothing and exits with 2', async () => {
    const broken = join(folder, 'broken.csv');
    writeFileSync(broken, `${STAR_COLUMNS.join(',')}\n1,0,0,x,,\n2,5,0,1,,\n`);
    for (const [args, what] of [
      [['--seconds', 'ten'], '--seconds'],
      [['--seconds', '1'], '2 to 600'],
      [['--galaxies', '0'], '--galaxies'],
      [['--galaxies', '1e1'], '"1e1"'],
      [['--seed', '-1'], '--seed'],
      [['--sec', '3'], '--sec'],
      [['galaxies'], 'galaxies'],
      [['--stars', 'nowhere.csv'], 'nowhere.csv'],
      [['--stars', broken], 'line 2, column mag'],
      [['--directory', ''], '--directory'],
    ] as [string[], string][]) {
      const { status, stdout, stderr } = await run(...args);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^demo: [^\n]*\n$/);
      expect(stderr).toContain(what);
      expect(status).toBe(2);
    }
    expect(existsSync(join(folder, 'galaxies'))).toBe(false);
    const help = await run('--help');
    expect(help.status).toBe(0);
    for (const option of ['--seconds', '--galaxies', '--directory', '--stars', '--seed'])
      expect(help.stdout).toContain(option);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('[DM5] stopped by %s, it leaves no process behind', async (signal, expected) => {
    const demo: ChildProcess = spawn(process.execPath, [DEMO, '--seconds', '60', '--galaxies', '1', '--stars', stars], {
      cwd: folder,
    });
    const status = new Promise((resolve) => demo.once('exit', resolve));
    await new Promise<void>((resolve) => {
      demo.stdout?.on('data', (text: Buffer) => {
        if (text.toString().includes('created 1 galaxy')) resolve();
      });
    });
    const { pid } = JSON.parse(readFileSync(join(folder, 'galaxies', 'LOCK'), 'utf8')) as { pid: number };
    expect(pid).not.toBe(demo.pid);
    expect(isRunning(pid)).toBe(true);
    demo.kill(signal);
    expect(await status).toBe(expected);
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for somebody to collect it, and runs no more.
    return !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
  } catch {
    return false;
  }
}

describe('the options', () => {
  it('[DM4] have defaults, and a seed that is drawn when none is given', () => {
    const { seed, ...rest } = parseOptions([]);
    expect(rest).toEqual({ directory: 'galaxies', seconds: 15, galaxies: 8, stars: undefined, help: false });
    expect(Number.isInteger(seed)).toBe(true);
    expect(parseOptions(['--seed', '5', '--seconds', '600']).seed).toBe(5);
  });
});
