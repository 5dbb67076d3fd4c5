import { defineConfig } from 'vitest/config';
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

const resolve = { alias: { orrery: new URL('./src/index.ts', import.meta.url).pathname } };
// A time limit is there to end what hangs, also where many others want the same cores: nothing is measured by it.
const limits = { testTimeout: 600_000, hookTimeout: 600_000 };

export default defineConfig({
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
      include: ['src/journal/*.ts', 'src/recovery/*.ts', 'src/patch/*.ts', 'src/image/manifest.ts'],
      reporter: ['text'],
      reportsDirectory: 'node_modules/.cache/coverage',
      // Everything: what no test can reach is not there.
      thresholds: {
        'src/image/manifest.ts': { branches: 100, functions: 100, lines: 100, statements: 100 },
        'src/journal/*.ts': { branches: 100, functions: 100, lines: 100, statements: 100 },
        'src/patch/*.ts': { branches: 100, functions: 100, lines: 100, statements: 100 },
        'src/recovery/*.ts': { branches: 100, functions: 100, lines: 100, statements: 100 },
      },
    },
  },
});
