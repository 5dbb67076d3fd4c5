// Programs that were put into one file with a bundler, beside the installed package: they run, or say what to do.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Format } from 'esbuild';
import { expect, it } from 'vitest';
import { installed, ROOT, run } from './installed.ts';

const { folder, app, skipOffline } = installed();

/** Plays, packs and unpacks, and verifies in a thread: everything that needs a file of the package at run time. */
const program = (workerUrl: string): string => `
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { openOrrery } from 'orrery';
import { counter } from './games.mjs';

async function main(directory) {
  const orrery = await openOrrery({ directory, games: [counter] ${workerUrl} });
  const game = await orrery.open(counter, 'a');
  for (let n = 0; n < 600; n += 1) game.dispatch('add', n);
  await orrery.flush();
  await orrery.pack('a', directory + '.pack', { force: true });
  await orrery.unpack(directory + '.pack', { as: 'b' });
  const report = await (await orrery.history('a')).verify({ module: pathToFileURL(process.argv[3]), threads: 2 });
  await orrery.close();
  console.log(JSON.stringify({ seq: game.seq, commands: report.commands, difference: report.difference ?? null }));
}
main(process.argv[2]).catch((error) => {
  console.error(error.code + ': ' + error.message);
  process.exitCode = 7;
});
`;

const GAMES = `
import { defineGame } from 'orrery';
export const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0 }),
  commands: { add(draft, by) { draft.n += by; } },
});
`;

/** How docs/BUNDLING.md passes the worker's file. */
const WORKER = {
  esm: ", workerUrl: new URL(import.meta.resolve('orrery/worker'))",
  cjs: ", workerUrl: pathToFileURL(createRequire(__filename).resolve('orrery/worker'))",
} as const;

interface Outcome {
  readonly status: number | null;
  readonly said: string;
  readonly errors: string;
}

/** Bundles the program and runs it. */
async function bundled(format: 'esm' | 'cjs', passesWorker: boolean, external: readonly string[]): Promise<Outcome> {
  const name = `${format}-${passesWorker ? 'worker' : 'plain'}-${external.join('-').replaceAll(/\W/g, '') || 'whole'}`;
  writeFileSync(join(app, 'games.mjs'), GAMES);
  writeFileSync(join(app, `${name}.mjs`), program(passesWorker ? WORKER[format] : ''));
  const outfile = join(app, 'out', `${name}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  mkdirSync(join(app, 'out'), { recursive: true });
  await build({
    entryPoints: [join(app, `${name}.mjs`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: format satisfies Format,
    external: [...external],
    // A bundle in CommonJS has no import.meta, and esbuild says so.
    logLevel: 'error',
  });
  const directory = join(folder, name);
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile, directory, join(app, 'games.mjs')], {
    cwd: app,
    encoding: 'utf8',
  });
  return { status, said: stdout, errors: stderr };
}

const RAN = { status: 0, said: `${JSON.stringify({ seq: 600, commands: 600, difference: null })}\n` };

it.for(['esm', 'cjs'] as const)('[Q7] a bundle (%s) that leaves orrery out runs', async (format, context) => {
  skipOffline(context);
  expect(await bundled(format, false, ['orrery'])).toMatchObject(RAN);
});

it.for(['esm', 'cjs'] as const)(
  '[Q7] a bundle (%s) with orrery in it runs when it leaves out the thread pool and the logger and passes the worker',
  async (format, context) => {
    skipOffline(context);
    expect(await bundled(format, true, ['piscina', 'pino'])).toMatchObject(RAN);
  },
);

it.for([
  ['esm', false, []],
  ['esm', true, []],
  ['esm', false, ['piscina', 'pino']],
  ['cjs', false, []],
  ['cjs', true, []],
  ['cjs', false, ['piscina', 'pino']],
] as const)(
  '[Q8] any other bundle (%s, worker passed: %s, left out: %j) says what to do',
  async ([format, passes, external], context) => {
    skipOffline(context);
    const { status, said, errors } = await bundled(format, passes, external);
    expect({ status, said }).toEqual({ status: 7, said: '' });
    expect(errors).toContain('docs/BUNDLING.md');
    expect(errors).not.toContain('    at ');
  },
);

it('[Q7] the recipes of docs/BUNDLING.md are the ones that are run here', () => {
  const page = readFileSync(join(ROOT, 'docs/BUNDLING.md'), 'utf8');
  for (const passed of Object.values(WORKER)) expect(page).toContain(passed.slice(2));
  expect(page).toContain('--external:orrery');
  expect(page).toContain('--external:piscina --external:pino');
});

it('[Q9] under tsx, the command line verifies with a module in TypeScript, and a program is told what it cannot do', (context) => {
  skipOffline(context);
  writeFileSync(join(app, 'games.mjs'), GAMES);
  writeFileSync(join(app, 'games.ts'), GAMES.replace('add(draft, by)', 'add(draft, by: number)'));
  writeFileSync(
    join(app, 'play.ts'),
    `import { openOrrery } from 'orrery';
import { counter } from './games.ts';
const directory: string = process.argv[2]!;
const orrery = await openOrrery({ directory, games: [counter] });
const game = await orrery.open(counter, 'a');
for (let n = 0; n < 600; n += 1) game.dispatch('add', n);
const past = await orrery.history('a');
const here = await past.verify();
const module = new URL('./games.ts', import.meta.url);
const inThreads = await past.verify({ module, threads: 2 }).catch((error) => error);
console.log(JSON.stringify([here.commands, inThreads.commands ?? inThreads.message]));
await orrery.close();
`,
  );
  const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
  const directory = join(folder, 'tsx');
  const native = Boolean((process.features as { typescript?: unknown }).typescript);
  expect(JSON.parse(run(process.execPath, [tsx, 'play.ts', directory], app))).toEqual([
    600,
    native ? 600 : expect.stringContaining('leave `module` out'),
  ]);
  const main = join(app, 'node_modules/orrery/dist/src/cli/main.js');
  const told = run(process.execPath, [tsx, main, 'verify', directory, '--games', 'games.ts', '--threads', '2'], app);
  expect(told).toBe('a: same: 600 commands in 600 steps made again\n');
});
