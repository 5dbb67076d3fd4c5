import { defineConfig } from 'vitest/config';
import { FULL_TESTS } from './test/sampling.ts';
import { SlowestFirst } from './test/slowest-first.ts';

/** Tests that change what JavaScript or Node is, measure memory, or start so much that a process of their own costs them nothing. */
const APART = [
  'test/bench/**/*.test.ts',
  'test/fault/**/*.test.ts',
  'test/hostile/**/*.test.ts',
  'test/journal/platform.test.ts',
  'test/package/**/*.test.ts',
  'test/rerun/**/*.test.ts',
];

const SQLITE = 'src/storage/sqlite';
const FULLY_COVERED = [
  'src/core/patch/*.ts',
  `${SQLITE}/disk-failure.ts`,
  `${SQLITE}/files.ts`,
  `${SQLITE}/pages/*.ts`,
  `${SQLITE}/sweep.ts`,
  `${SQLITE}/journal/*.ts`,
  `${SQLITE}/recovery/*.ts`,
  `${SQLITE}/salvage/salvage*.ts`,
  `${SQLITE}/image/manifest.ts`,
];

// Imports such as '#core/patch/patch.ts' mean the source here, and what is compiled where Node runs alone.
const here = (folder: string): string => new URL(folder, import.meta.url).pathname;
const resolve = {
  alias: [
    { find: 'orrery/core', replacement: here('./src/core/index.ts') },
    { find: 'orrery', replacement: here('./src/index.ts') },
    { find: '#proxies', replacement: here('./src/node-proxies.ts') },
    { find: /^#(workers\/.+\.ts)$/, replacement: `${here('./')}$1` },
    { find: /^#(.+\.ts)$/, replacement: `${here('./src/')}$1` },
  ],
};
// A time limit is there to end what hangs, also where many others want the same cores: nothing is measured by it.
const limits = { testTimeout: 600_000, hookTimeout: 600_000 };

const config = defineConfig({
  resolve,
  test: {
    globalSetup: ['test/build.ts'],
    // Most of what takes long waits for processes and disks.
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        resolve,
        // Loading modules takes a file longer than its tests: one process runs many files.
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: APART, isolate: false, ...limits },
      },
      { resolve, test: { name: 'apart', include: APART, ...limits } },
    ],
    // With `--coverage` alone. What runs in a worker thread is not seen: these modules are all run without one too.
    coverage: {
      provider: 'v8',
      include: FULLY_COVERED,
      reporter: ['text'],
      reportsDirectory: 'node_modules/.cache/coverage',
      // Everything: what no test can reach is not there.
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100, perFile: true },
    },
  },
});

export default defineConfig(({ mode }) => {
  // Before the processes of the tests begin: they inherit it.
  if (mode === 'full') process.env[FULL_TESTS] = '1';
  return config;
});
