// A run of scenarios made for the purpose: what becomes of one that fails, and what a figure is.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { summarise } from '../../bench/measure.ts';
import { ratiosOf } from '../../bench/ratios.ts';
import type { Scenario, Work } from '../../bench/scenario.ts';
import { runSuite } from '../../bench/suite.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-test-'));
  mkdirSync(join(folder, 'disk'));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function scenario(name: string, work: Partial<Work>): Scenario {
  return { name, unit: 'call', operation: 'a call', prepare: () => ({ operations: 1, run: () => undefined, ...work }) };
}

function run(...scenarios: Scenario[]): Promise<number> {
  return runSuite(['--smoke', '--dir', join(folder, 'disk'), '--json', join(folder, 'out.json')], scenarios);
}

it('[N6] a scenario that throws makes exit status 1, is closed and swept up, and the others run all the same', async () => {
  const closed = vi.fn();
  const written: string[] = [];
  const failing: Scenario = {
    ...scenario('a/failing', {}),
    prepare(setting) {
      const file = join(setting.folder(), 'file');
      writeFileSync(file, 'something');
      written.push(file);
      return {
        operations: 1,
        run() {
          throw new Error('out of stars');
        },
        close: closed,
      };
    },
  };
  const after = scenario('b/after', {
    before: () => expect(written.map((file) => existsSync(file))).toEqual([false]),
  });
  expect(await run(failing, after)).toBe(1);
  expect(closed).toHaveBeenCalledOnce();
  expect(readdirSync(join(folder, 'disk'))).toEqual([]);
  const { results, failures } = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
  expect(failures).toEqual([{ name: 'a/failing', message: 'out of stars' }]);
  expect(results.map(({ name }: { name: string }) => name)).toEqual(['b/after']);
});

it('[N7] a figure is the time of `run` for one operation, without what `before` takes', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const pass = (ms: number) => () => {
    clock += ms;
  };
  const status = await run(
    scenario('a/one', { before: pass(1_000), run: pass(10) }),
    scenario('a/ten', { operations: 10, run: async () => pass(20)() }),
  );
  expect(status).toBe(0);
  const { results } = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
  expect(results).toMatchObject([
    { name: 'a/one', medianMicroseconds: 10_000, operationsPerSecond: 100, operationsPerSample: 1 },
    { name: 'a/ten', medianMicroseconds: 2_000, operationsPerSecond: 500, operationsPerSample: 10 },
  ]);
});

it('[N8] rounds are pooled for the figures of a scenario, and compared one by one for a ratio', () => {
  const measured = (name: string, ...rounds: number[][]) =>
    summarise(
      scenario(name, {}),
      rounds.map((samples) => ({ operationsPerSample: 1, samples })),
    );
  const table = measured('dispatch/table-100', [1, 2, 3], [10, 20, 30], [1, 1, 1]);
  const immer = measured('dispatch/immer-flat-100', [4, 4, 4], [90, 80, 60], [7, 7]);
  expect(table).toMatchObject({
    samples: 9,
    medianMicroseconds: 2,
    p99Microseconds: 30,
    meanMicroseconds: 69 / 9,
    roundsMicroseconds: [2, 20, 1],
  });
  expect(measured('a/two', [1, 2], [4, 3]).medianMicroseconds).toBe(2.5);
  // Twice, four times and seven times as much.
  expect(ratiosOf([table, immer])).toMatchObject([{ value: 4, of: immer.name, against: table.name }]);
  expect(ratiosOf([table])).toEqual([]);
});
