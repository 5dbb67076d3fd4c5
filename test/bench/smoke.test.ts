// The benchmarks run, all of them, so that they never rot. No time is asserted: a figure belongs to its machine.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Measurement } from '../../bench/measure.ts';
import type { Ratio } from '../../bench/ratios.ts';
import { SCENARIOS } from '../../bench/scenarios.ts';

const MAIN = new URL('../../dist/bench/main.js', import.meta.url).pathname;

interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function bench(...args: string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      const status = error ? error.code : 0;
      if (typeof status === 'number') resolve({ status, out, err });
      else reject(error);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'orrery-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a smoke run', () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  let run: Run;
  let written: {
    machine: { node: string; cores: number };
    results: Measurement[];
    ratios: Ratio[];
    failures: unknown[];
  };

  beforeAll(async () => {
    const json = join(folder, 'results.json');
    run = await bench('--smoke', '--dir', disk, '--json', json);
    written = JSON.parse(readFileSync(json, 'utf8'));
  });

  it('[N1] every scenario of a smoke run gives samples and finite figures, under its own name', () => {
    expect(run.err).toBe('');
    expect(run.status).toBe(0);
    expect(written.failures).toEqual([]);
    const expected = SCENARIOS.filter(({ large }) => !large).map(({ name }) => name);
    expect(written.results.map(({ name }) => name)).toEqual(expected);
    for (const { name, samples, operationsPerSample, ...figures } of written.results) {
      expect(samples, name).toBeGreaterThan(0);
      expect(operationsPerSample, name).toBeGreaterThan(0);
      for (const figure of [
        'medianMicroseconds',
        'p99Microseconds',
        'meanMicroseconds',
        'operationsPerSecond',
      ] as const) {
        expect(Number.isFinite(figures[figure]) && figures[figure] > 0, `${figure} of ${name}`).toBe(true);
      }
    }
  });

  it('[N1] every hop of the way of a patch has a scenario', () => {
    const groups = new Set(written.results.map(({ name }) => name.split('/')[0]));
    expect([...groups]).toEqual([
      'dispatch',
      'encode',
      'patch',
      'commit',
      'compaction',
      'checkpoint',
      'recovery',
      'past',
      'start-up',
    ]);
  });

  it('[N2] the ratios that matter stand at the end, and the machine at the beginning', () => {
    expect(written.machine).toMatchObject({ node: process.version });
    expect(run.out.split('\n')[0]).toContain(`node ${process.version}`);
    expect(written.ratios.map(({ of, against }) => `${of} : ${against}`)).toEqual(
      expect.arrayContaining([
        'dispatch/table-100000 : dispatch/table-100',
        'dispatch/immer-flat-10000 : dispatch/table-10000',
        'commit/awaited : commit/floor-awaited',
        'compaction/with-index : compaction/without-index',
        'past/state-at-100000 : past/state-at-10000',
        'past/fork-100000 : past/fork-10000',
        'start-up/first-command : start-up/node',
      ]),
    );
    const medians = new Map(written.results.map(({ name, medianMicroseconds }) => [name, medianMicroseconds]));
    for (const { value, of, against } of written.ratios) {
      expect(value).toBeCloseTo((medians.get(of) ?? 0) / (medians.get(against) ?? 0), 6);
    }
  });

  it('[N3] nothing is left of the folders that the scenarios wrote to', () => {
    expect(readdirSync(disk)).toEqual([]);
  });
});

it('[N3] nor is anything left when somebody presses Ctrl-C', async () => {
  const disk = join(folder, 'interrupted');
  mkdirSync(disk);
  const child = spawn(process.execPath, [MAIN, '--only', 'commit/awaited', '--dir', disk], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const isWriting = (): boolean =>
    readdirSync(disk, { recursive: true }).some((name) => String(name).endsWith('.journal'));
  await vi.waitFor(() => expect(isWriting()).toBe(true), { timeout: 300_000 });
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
  expect(readdirSync(disk)).toEqual([]);
});

describe('the command line', () => {
  it('[N4] --only chooses one scenario by its name, or all that have a part of it', async () => {
    const { status, out } = await bench('--list', '--only', 'encode/', '--only', 'dispatch/table-100');
    expect(status).toBe(0);
    const names = out.split('\n').flatMap((line) => line.match(/^[a-z]+\/\S+/) ?? []);
    expect(names).toEqual([
      'dispatch/table-100',
      ...SCENARIOS.map(({ name }) => name).filter((name) => name.startsWith('encode/')),
    ]);
  });

  it.each([
    [['--fast'], '--fast'],
    [['--only', 'nothing-like-it'], 'nothing-like-it'],
    [['--smoke', '--only', 'image-10mb'], 'too large'],
    [['no-such-suite'], 'no-such-suite'],
    [['--dir', '/dev/null/below'], '/dev/null/below'],
    [['--json', '/dev/null/below'], '/dev/null/below'],
  ])('[N5] %j is exit status 2, with the usage', async (args, mentioned) => {
    const { status, out, err } = await bench(...args);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(mentioned);
    expect(err).toContain('Usage: npm run bench');
  });
});
