// The comparison: that every contender keeps what it was given, that a trial notices when one does not, what becomes of the
// figures. No time is asserted: a figure belongs to its machine.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draw } from '../../bench/compare/chart.ts';
import type { Contender } from '../../bench/compare/contenders/contender.ts';
import { GroupCommit } from '../../bench/compare/contenders/group-commit.ts';
import { CONTENDERS, contenderOf } from '../../bench/compare/contenders.ts';
import { Drill } from '../../bench/compare/drill.ts';
import { GOALS, type Measures, measuresOf } from '../../bench/compare/measures.ts';
import { Results } from '../../bench/compare/results.ts';
import { WORKLOADS } from '../../bench/compare/workloads.ts';
import { thisMachine } from '../../bench/machine.ts';

const MAIN = new URL('../../dist/bench/main.js', import.meta.url).pathname;

const folder = mkdtempSync(join(tmpdir(), 'orrery-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
function emptyFolder(): string {
  made += 1;
  const path = join(folder, String(made));
  mkdirSync(path);
  return path;
}

function here({ version }: Contender): boolean {
  try {
    version();
    return true;
  } catch {
    return false;
  }
}

describe('a contender', () => {
  const galaxies = { games: 3, systems: 20, queue: 0 };
  const queue = { games: 1, systems: 1, queue: 50 };

  for (const contender of CONTENDERS) {
    // What is compared is installed by a comparison only, and node:sqlite comes with Node 22.
    it.skipIf(!here(contender))(
      `[NC1] ${contender.name} has every command in state and history when it is opened again`,
      async () => {
        for (const shape of [galaxies, queue]) {
          const drill = await Drill.begin(contender, emptyFolder(), shape, 2);
          await drill.tick(40);
          await drill.asFastAsPossible(30, { ms: 1, commands: 60 });
          await drill.one();
          expect(drill.commands).toBeGreaterThan(70);
          await drill.verify();
        }
      },
    );
  }

  it('[NC1] the ones that need nothing installed are always among them', () => {
    const always = CONTENDERS.filter(({ installed, name }) => !installed && name !== 'node:sqlite');
    expect(always.map(({ name }) => name)).toEqual(['orrery', 'json-file', 'orrery-without', 'plain']);
    expect(always.filter(here)).toEqual(always);
  });

  it.each(['commands', 'given', 'held'] as const)(
    '[NC2] a trial fails when %s is not what it should be',
    async (key) => {
      const honest = contenderOf('json-file');
      const losing: Contender = {
        ...honest,
        async read(path, shape) {
          const stored = await (honest.read as NonNullable<Contender['read']>)(path, shape);
          return { ...stored, [key]: stored[key] - 1 };
        },
      };
      const drill = await Drill.begin(losing, emptyFolder(), galaxies);
      await drill.tick(5);
      await expect(drill.verify()).rejects.toThrow(`after reopening, ${key} is`);
    },
  );

  it('[NC2] a trial fails when the state does not show a command at once', async () => {
    const honest = contenderOf('plain');
    const late: Contender = {
      ...honest,
      create: async (path, shape) => Object.assign(await honest.create(path, shape), { mine: () => undefined }),
    };
    const drill = await Drill.begin(late, emptyFolder(), galaxies);
    expect(() => drill.tick(5)).toThrow('metal');
  });
});

it('[NC3] writes of a group come one at a time, and each holds all that was there when it began', async () => {
  const events: string[] = [];
  let lines = 0;
  let underWay = 0;
  const write = async (): Promise<void> => {
    const taken = lines;
    underWay += 1;
    events.push(`${taken} (${underWay})`);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay -= 1;
  };
  let between: Promise<void> | undefined;
  const group = new GroupCommit(() => {
    const writing = write();
    // Asks when the first write has just ended, and the second has not begun.
    between ??= writing.then(() => undefined).then(() => group.commit());
    return writing;
  });
  const asked: Promise<void>[] = [];
  for (lines = 1; lines <= 5; lines += 1) asked.push(group.commit());
  lines = 5;
  await Promise.all(asked);
  await between;
  lines = 6;
  await group.commit();
  expect(events).toEqual(['1 (1)', '5 (1)', '6 (1)']);
});

describe('measures', () => {
  const header = {
    machine: thisMachine(),
    time: '2026-01-01T00:00:00.000Z',
    directory: folder,
    inMemory: false,
    smoke: false,
    rounds: 3,
    entrants: [],
  };

  it('[NC4] there are all of them, and without figures none is met and each says why', () => {
    const measures = measuresOf(() => undefined);
    const names = ['P1', 'P2', 'P3', 'P3b', 'P4', 'P5', 'P6', 'P7', 'P8', 'P9', 'P10', 'P11'];
    expect(Object.keys(measures)).toEqual(names);
    for (const { value, met, why } of Object.values(measures)) {
      expect({ value, met }).toEqual({ value: null, met: false });
      expect(why).toContain('this run has no');
    }
  });

  it('[NC4] every figure that a goal reads is that of a workload, one of its sizes and one of its contenders', () => {
    const unknown = GOALS.flatMap(({ parts }) => parts.flatMap(({ readings }) => readings)).filter(
      ([name, contender, size]) => {
        const workload = WORKLOADS.find((each) => each.name === name);
        return !workload?.sizes.includes(size) || !workload.contenders(size).includes(contender);
      },
    );
    expect(unknown).toEqual([]);
  });

  it('[NC5] are ratios of medians over the rounds, and the part nearest to failing speaks for all', () => {
    const results = new Results(header, WORKLOADS);
    const rounds = (workload: string, contender: string, size: number, figure: string, ...values: number[]): void => {
      for (const value of values) results.add({ workload, contender, size }, { [figure]: value });
    };
    const measure = (name: string) => measuresOf((trial) => results.medians(trial))[name];
    rounds('W3', 'orrery', 1_000_000, 'loopMicroseconds', 9, 8, 900);
    rounds('W2', 'orrery', 100, 'loopMicroseconds', 5, 4, 3);
    expect(measure('P1')).toMatchObject({ value: 9 / 4, met: false, goal: 'at most 2 times' });

    for (const [workload, size, orrery] of [
      ['W1-many', 10_000, 150],
      ['W2', 10_000, 31],
      ['W4', 1_000, 60],
    ] as const) {
      rounds(workload, 'orrery', size, 'commandsPerSecond', orrery);
      rounds(workload, 'better-sqlite3', size, 'commandsPerSecond', 10);
    }
    expect(measure('P4')).toMatchObject({
      value: 3.1,
      met: true,
      parts: [{ value: 15 }, { value: 3.1 }, { value: 6 }],
    });

    for (const [name, W1] of [
      ['orrery', 12],
      ['orrery-without', 2],
      ['better-sqlite3', 101],
      ['plain', 1],
    ] as const)
      rounds('W1', name, 10_000, 'loopMicroseconds', W1);
    expect(measure('P3')).toMatchObject({
      value: null,
      met: false,
      parts: [{ value: 0.1, met: false }, { value: null }],
    });
  });

  it('[NC5] a trial that failed in one round has no median', () => {
    const results = new Results(header, WORKLOADS);
    const trial = { workload: 'W2', contender: 'orrery', size: 100 };
    results.add(trial, { loopMicroseconds: 3 });
    expect(results.medians(trial)).toEqual({ loopMicroseconds: 3 });
    results.fail({ ...trial, round: 2, message: 'out of stars' });
    expect(results.medians(trial)).toBeUndefined();
  });
});

it('[NC6] the chart labels every line, and no label touches another', () => {
  const lines = CONTENDERS.map(({ name }, index) => ({
    contender: name,
    points: [100, 1_000_000].map((size) => ({ size, microseconds: 10 + index / 10 })),
  }));
  const svg = draw(lines, 'a < b', 'here');
  const heights = [...svg.matchAll(/<text class="label" x="[\d.]+" y="([\d.]+)"/g)].map((match) => Number(match[1]));
  expect(heights).toHaveLength(CONTENDERS.length);
  heights.sort((a, b) => a - b);
  for (const [index, height] of heights.slice(1).entries()) {
    expect(height - (heights[index] as number)).toBeGreaterThanOrEqual(18);
  }
  expect(svg).toContain('a &lt; b');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function compare(...args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, 'compare', ...args], (error, out, err) => {
      const status = error ? error.code : 0;
      if (typeof status === 'number') resolve({ status, out, err });
      else reject(error);
    });
  });
}

describe('a smoke run of those that need nothing installed', () => {
  const disk = emptyFolder();
  const results = join(folder, 'results');
  const names = ['orrery', 'json-file', 'orrery-without'];
  let run: Run;
  let written: {
    measures: Measures;
    trials: { workload: string; contender: string; rounds: { [figure: string]: number }[] }[];
    failures: unknown[];
  };

  beforeAll(async () => {
    const chosen = names.flatMap((name) => ['--contender', name]);
    const only = ['W1', 'W2', 'W7'].flatMap((name) => ['--only', name]);
    run = await compare('--smoke', '--rounds', '2', ...only, ...chosen, '--dir', disk, '--out', results, '--json');
    written = JSON.parse(readFileSync(join(results, 'compare.json'), 'utf8'));
  });

  it('[NC7] every trial gives finite figures in every round', () => {
    expect({ failures: written.failures, status: run.status }).toEqual({ failures: [], status: 0 });
    const expected = ['W1', 'W1-many', 'W2', 'W2-bytes', 'W7'].flatMap((workload) =>
      names.filter((name) => workload !== 'W2-bytes' || name === 'orrery').map((name) => `${workload} ${name}`),
    );
    expect(written.trials.map(({ workload, contender }) => `${workload} ${contender}`)).toEqual(expected);
    for (const { workload, contender, rounds } of written.trials) {
      expect(rounds, `${workload} ${contender}`).toHaveLength(2);
      for (const value of rounds.flatMap((figures) => Object.values(figures))) expect(value).toBeGreaterThan(0);
    }
  });

  it('[NC7] the measures are the last line with --json, and stand in the results', () => {
    const last = JSON.parse(run.out.trimEnd().split('\n').at(-1) as string) as { measures: Measures };
    expect(last).toEqual({ measures: written.measures });
    expect(readFileSync(join(results, 'compare.md'), 'utf8')).toContain('A smoke run: these figures mean nothing');
  });

  it('[NC7] nothing is left on the disk under measurement', () => {
    expect(readdirSync(disk)).toEqual([]);
  });
});

it.each([
  [['--only', 'W99'], 'W99'],
  [['--contender', 'mysql'], 'mysql'],
  [['--rounds', '0'], '--rounds'],
  [['--dir', '/dev/null/below'], '/dev/null/below'],
  [['--fast'], '--fast'],
])('[NC8] compare %j is exit status 2, with the usage', async (args, mentioned) => {
  const { status, out, err } = await compare(...args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain(mentioned);
  expect(err).toContain('Usage: npm run bench -- compare');
});

it('[NC8] --list names every workload and contender, and installs nothing', async () => {
  const before = existsSync(new URL('../../bench/node_modules', import.meta.url));
  const { status, out } = await compare('--list');
  expect(status).toBe(0);
  for (const { name } of [...WORKLOADS, ...CONTENDERS]) expect(out).toContain(`  ${name} `);
  expect(existsSync(new URL('../../bench/node_modules', import.meta.url))).toBe(before);
});
