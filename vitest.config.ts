import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { orrery: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Most of what takes long waits for processes and disks.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    typecheck: { enabled: false },
    // For `npm run coverage` alone. What runs in a worker thread is not seen: these modules are all run without one too.
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
