// The guard over the speed of Orrery: its arithmetic and its exit status, with given figures; that it runs at all, with its own.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BASELINE, readBaseline } from '../../bench/guard/baseline.ts';
import { checksOf } from '../../bench/guard/checks.ts';
import { compare, nearer } from '../../bench/guard/comparison.ts';
import { runGuard } from '../../bench/guard/guard.ts';
import { type Measure, readingOf } from '../../bench/guard/measuring.ts';

const MAIN = new URL('../../dist/bench/main.js', import.meta.url).pathname;
const NAMES = checksOf().map(({ scenario }) => scenario.name);
const AGAINST = new Map(checksOf().map(({ scenario, against }) => [scenario.name, against]));

let folder: string;
let baseline: string;
let said: string;
let complained: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-test-'));
  mkdirSync(join(folder, 'disk'));
  baseline = join(folder, 'baseline.json');
  said = '';
  complained = '';
  vi.spyOn(console, 'log').mockImplementation((text) => {
    said += `${text}\n`;
  });
  vi.spyOn(console, 'error').mockImplementation((text) => {
    complained += `${text}\n`;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** A baseline in which every check has the ratio 2, except those given. Undefined: it does not know the check. */
function writeBaseline(others: Readonly<Record<string, number | undefined>> = {}): void {
  const ratios = { ...Object.fromEntries(NAMES.map((name) => [name, 2])), ...others };
  const checks = Object.fromEntries(
    Object.entries(ratios).flatMap(([name, ratio]) =>
      ratio === undefined ? [] : [[name, { against: AGAINST.get(name) ?? 'cpu', ratio, microseconds: 1 }]],
    ),
  );
  const machine = { node: 'v0', cpu: 'a processor', cores: 1, memoryGiB: 1, system: 'one', loadBefore: 0 };
  writeFileSync(baseline, JSON.stringify({ machine, time: 'then', checks }));
}

/** Ratios of one check, one for each time it is measured, and 2 for all others. NaN: its scenario throws. */
function given(ratios: Readonly<Record<string, readonly number[]>>): { measure: Measure; asked: string[][] } {
  const asked: string[][] = [];
  const measure: Measure = async (checks) => {
    const names = checks.map(({ scenario }) => scenario.name);
    const times = asked.length;
    asked.push(names);
    const ratioOf = (name: string): number => ratios[name]?.[times] ?? ratios[name]?.at(-1) ?? 2;
    return {
      readings: names
        .filter((name) => !Number.isNaN(ratioOf(name)))
        .map((name) => ({ name, ratio: ratioOf(name), microseconds: 10 })),
      failures: names
        .filter((name) => Number.isNaN(ratioOf(name)))
        .map((name) => ({ name, error: new Error('out of stars') })),
    };
  };
  return { measure, asked };
}

function guard(measure: Measure, ...args: string[]): Promise<number> {
  return runGuard(['--dir', join(folder, 'disk'), ...args], { measure, baseline });
}

describe('a figure', () => {
  it('[NG1] is the time of a check over that of its calibration in the same round, and the median of the rounds', () => {
    // The machine became five times slower in the second round, and both with it; the third was disturbed.
    const rounds = [
      { check: 10, calibration: 4 },
      { check: 50, calibration: 20 },
      { check: 90, calibration: 4 },
    ];
    expect(readingOf('a/check', rounds)).toEqual({ name: 'a/check', ratio: 2.5, microseconds: 50 });
  });

  it.each([
    [2.5, 2, 'same'],
    [2.51, 2, 'slower'],
    [1.6, 2, 'same'],
    [1.59, 2, 'faster'],
    [2, undefined, 'new'],
  ] as const)('[NG2] a ratio of %d where the baseline has %s is %s', (ratio, before, verdict) => {
    expect(compare({ name: 'a/check', ratio, microseconds: 1 }, before).verdict).toBe(verdict);
  });

  it('[NG3] of two measurements the one counts that is nearer to the baseline, above or below it', () => {
    const measured = (ratio: number, before?: number) => compare({ name: 'a/check', ratio, microseconds: 1 }, before);
    expect(nearer(measured(4, 2), measured(3, 2)).ratio).toBe(3);
    expect(nearer(measured(2.1, 2), measured(4, 2)).ratio).toBe(2.1);
    expect(nearer(measured(4, 2), measured(1.5, 2)).ratio).toBe(1.5);
    // A third of it is as far away as three times as much.
    expect(nearer(measured(5, 2), measured(2 / 3, 2)).ratio).toBe(5);
  });
});

describe('the exit status', () => {
  it('[NG4] is 0 when nothing has moved, and nothing is measured twice then', async () => {
    writeBaseline();
    const { measure, asked } = given({ 'encode/record': [2.4], 'commit/awaited': [1.7] });
    expect(await guard(measure)).toBe(0);
    expect(asked).toEqual([NAMES]);
    expect(said).toContain('Nothing has moved by more than 25%.');
  });

  it('[NG4] is 1 when a check is slower each time it is measured, and the check is named', async () => {
    writeBaseline();
    const { measure, asked } = given({ 'encode/record': [3, 4, 2.8] });
    expect(await guard(measure)).toBe(1);
    expect(asked).toEqual([NAMES, ['encode/record'], ['encode/record']]);
    expect(said).toContain('encode/record became slower: +40%');
  });

  it('[NG3] is 0 when a check that seemed slower is not so when it is measured again', async () => {
    writeBaseline();
    const { measure, asked } = given({ 'encode/record': [6, 2.2] });
    expect(await guard(measure)).toBe(0);
    expect(asked).toEqual([NAMES, ['encode/record']]);
    expect(said).toContain('Nothing has moved');
  });

  it('[NG4] is 0 when something became faster, which is said', async () => {
    writeBaseline();
    expect(await guard(given({ 'recovery/open-shard': [1] }).measure)).toBe(0);
    expect(said).toContain('recovery/open-shard became faster: -50%');
    expect(said).toContain('--update');
  });

  it('[NG4] is 0 for a check that the baseline does not know, and one that is gone is told', async () => {
    writeBaseline({ 'encode/record': undefined, 'encode/gone': 3 });
    expect(await guard(given({ 'encode/record': [100] }).measure)).toBe(0);
    expect(said).toMatch(/encode\/record .*new/);
    expect(said).toContain('encode/gone is in the baseline and was not measured');
  });

  it('[NG5] is 1 when a scenario throws, at once or when it is measured again, smoke run or not', async () => {
    writeBaseline();
    expect(await guard(given({ 'encode/record': [Number.NaN] }).measure)).toBe(1);
    expect(complained).toContain('encode/record failed');
    expect(await guard(given({ 'encode/record': [Number.NaN] }).measure, '--smoke')).toBe(1);
    expect(await guard(given({ 'encode/record': [9, Number.NaN] }).measure)).toBe(1);
  });

  it('[NG6] is 0 in a smoke run whatever the figures are, with a baseline or without', async () => {
    const { measure, asked } = given({ 'encode/record': [100] });
    expect(await guard(measure, '--smoke')).toBe(0);
    writeBaseline();
    expect(await guard(measure, '--smoke')).toBe(0);
    expect(asked).toEqual([NAMES, NAMES]);
  });

  it.each([[['--fast']], [['encode']], [['--update', '--smoke']], [['--dir', '/dev/null/below']]])(
    '[NG7] is 2 for %j, with the usage, and nothing is measured',
    async (args) => {
      writeBaseline();
      const { measure, asked } = given({});
      expect(await guard(measure, ...args)).toBe(2);
      expect(complained).toContain('Usage: npm run bench -- guard');
      expect(asked).toEqual([]);
    },
  );

  it.each([undefined, '', '{"checks": {}}', '{"checks": {"encode/record": {"ratio": 0}}}'])(
    '[NG7] is 2 when the baseline is %j, and nothing is measured',
    async (text) => {
      if (text !== undefined) writeFileSync(baseline, text);
      const { measure, asked } = given({});
      expect(await guard(measure)).toBe(2);
      expect(complained).toContain(baseline);
      expect(asked).toEqual([]);
    },
  );
});

describe('a baseline', () => {
  it('[NG8] is what --update measured, with the machine, and the next run compares with it', async () => {
    expect(await guard(given({ 'encode/record': [0.123456] }).measure, '--update')).toBe(0);
    const written = readBaseline(baseline);
    expect(written?.machine.node).toBe(process.version);
    expect(Object.keys(written?.checks ?? {})).toEqual(NAMES);
    expect(written?.checks['encode/record']).toEqual({ against: 'cpu', ratio: 0.1235, microseconds: 10 });
    expect(await guard(given({ 'encode/record': [0.13] }).measure)).toBe(0);
    expect(await guard(given({ 'encode/record': [0.2] }).measure)).toBe(1);
  });

  it('[NG8] says against what a check was measured: a ratio to something else is not compared', async () => {
    expect(await guard(given({}).measure, '--update')).toBe(0);
    const written = readFileSync(baseline, 'utf8');
    expect(await guard(given({ 'commit/awaited': [20] }).measure)).toBe(1);
    writeFileSync(baseline, written.replace('"against": "disk"', '"against": "cpu"'));
    expect(await guard(given({ 'commit/awaited': [20] }).measure)).toBe(0);
    expect(said).toMatch(/commit\/awaited .*new/);
  });

  it('[NG8] is not written when a scenario throws', async () => {
    expect(await guard(given({ 'encode/record': [Number.NaN] }).measure, '--update')).toBe(1);
    expect(existsSync(baseline)).toBe(false);
  });

  it('[NG8] is in the repository, and knows every check', () => {
    const checks = Object.entries(readBaseline(BASELINE)?.checks ?? {});
    expect(new Map(checks.map(([name, { against }]) => [name, against]))).toEqual(AGAINST);
  });
});

it('[NG6] a smoke run measures every check and leaves nothing behind', async () => {
  const disk = join(folder, 'disk');
  const { status, out } = await new Promise<{ status: unknown; out: string }>((resolve) => {
    execFile(process.execPath, [MAIN, 'guard', '--smoke', '--dir', disk], (error, out) =>
      resolve({ status: error ? error.code : 0, out }),
    );
  });
  expect(status).toBe(0);
  for (const name of NAMES) expect(out).toContain(name);
  expect(out).toContain('the figures decide nothing');
  expect(readdirSync(disk)).toEqual([]);
});
