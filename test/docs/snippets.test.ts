// Every block of TypeScript, JavaScript and shell in README, CONTRIBUTING and docs: checked, and run.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { galaxy } from '../../examples/galactic-war/galaxy.ts';
import { orrery } from '../cli/command-line.ts';
import { smallSetup } from '../example/small-galaxy.ts';
import { commandsOf } from './shell-words.ts';
import { allSnippets, fileNameOf, GAMES, type Snippet, snippetsOf } from './snippets.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'orrery-snippets-'));
const code = allSnippets(ROOT).filter(({ language }) => language !== 'sh');
const shell = allSnippets(ROOT).filter(({ language }) => language === 'sh');

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/orrery'), 'dir');
  for (const name of ['@types/node', 'undici-types', 'zod', 'pino']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'dir');
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What only types could put right, and a program in JavaScript has none. Such a program is run, all the same. */
const NEEDS_TYPES = new Set([2322, 2345, 2531, 2532, 7005, 7006, 7031, 7053, 18046, 18047, 18048]);

/** What the compiler says of blocks, by file and line. */
function complaints(snippets: readonly Snippet[]): string[] {
  const sources = join(folder, 'checked');
  mkdirSync(sources, { recursive: true });
  writeFileSync(join(sources, 'games.ts'), GAMES);
  const files = new Map(snippets.map((each) => [join(sources, fileNameOf(each)), each]));
  for (const [path, { text }] of files) writeFileSync(path, text);
  const program = ts.createProgram([...files.keys()], {
    ...{ strict: true, noEmit: true, allowJs: true, checkJs: true, skipLibCheck: true, preserveSymlinks: true },
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'] },
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  });
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, start = 0, code: number, messageText }) => {
    const snippet = file && files.get(file.fileName);
    if (snippet?.language === 'js' && NEEDS_TYPES.has(number)) return [];
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return [`${snippet?.file}:${snippet?.line} (line ${line} of the block and what is before it): TS${number} ${text}`];
  });
}

/** What went wrong with each block that did not run through. */
function failures(snippets: readonly Snippet[]): string[] {
  const list = snippets.map((snippet) => {
    const name = fileNameOf(snippet);
    const place = join(folder, 'run', name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'games.js'), withoutTypes(GAMES));
    const file = join(place, 'snippet.js');
    // JavaScript as it stands: this Node has to understand it.
    writeFileSync(file, snippet.language === 'ts' ? withoutTypes(snippet.text) : snippet.text);
    return { name: `${snippet.file}:${snippet.line}`, folder: place, file };
  });
  writeFileSync(join(folder, 'list.json'), JSON.stringify(list));
  const runner = new URL('run-snippets.mjs', import.meta.url).pathname;
  const env = { ...process.env, PORT: '0', ORRERY_LOG: 'silent' };
  const ended = spawnSync(process.execPath, [runner, join(folder, 'list.json')], { env, encoding: 'utf8' });
  const told = ended.stdout.split('\n').filter((line) => line !== '');
  const results = told.map((line) => JSON.parse(line) as { name: string; error: string | null });
  expect(results.length, ended.stderr).toBe(list.length);
  return results.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`]));
}

function withoutTypes(text: string): string {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

describe('[DC4] TypeScript and JavaScript in README and docs', () => {
  it('[DC4] compiles', () => {
    expect(code.length).toBeGreaterThan(15);
    expect(complaints(code)).toEqual([]);
  });

  it('[DC4] runs', () => {
    const runnable = code.filter(({ notRun }) => notRun === undefined);
    expect(runnable.length).toBeGreaterThan(12);
    expect(failures(runnable)).toEqual([]);
  });

  it('[DC4] a block that does not compile or does not run is seen', () => {
    const wrong = snippetsOf('x.md', "```ts\norrery.opne();\n```\n\n```js\nthrow new Error('on purpose');\n```\n");
    expect(complaints(wrong)[0]).toContain('opne');
    expect(failures(wrong.slice(1))[0]).toContain('on purpose');
  });
});

describe('[DC5] shell in README and docs', () => {
  const place = join(folder, 'shell');
  const before = process.cwd();

  beforeAll(async () => {
    mkdirSync(place);
    symlinkSync(join(ROOT, 'dist'), join(place, 'dist'), 'dir');
    const played = await openOrrery({ directory: join(place, 'galaxies'), games: [galaxy], shards: 2 });
    const game = await played.open(galaxy, 'galaxy-1', smallSetup());
    game.dispatch('join', undefined, { player: 'ada' });
    while (game.tick < 300) game.advance();
    await played.close();
    cpSync(join(place, 'galaxies'), join(place, 'data'), { recursive: true });
    process.chdir(place);
  });
  afterAll(() => process.chdir(before));

  it('[DC5] is shell, and each npm script that it names is there', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    for (const { file, line, text } of shell) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
      expect({ status, stderr }, `${file}:${line}`).toEqual({ status: 0, stderr: '' });
      for (const [, name] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)) {
        expect(Object.keys(scripts), `${file}:${line}`).toContain(name);
      }
    }
  });

  it('[DC5] each `orrery` command runs as it stands', async () => {
    const lines = shell.filter(({ notRun }) => notRun === undefined).flatMap((each) => commandsOf(each));
    expect(lines.length).toBeGreaterThan(15);
    const failed: string[] = [];
    for (const { place: where, args } of lines) {
      const { status, stderr } = await orrery(...args);
      if (status !== 0) failed.push(`${where}: orrery ${args.join(' ')}: status ${status}: ${stderr}`);
    }
    expect(failed).toEqual([]);
  });

  it('[DC5] a command of another kind is run by nobody, so its block says why', () => {
    const others = shell.filter(({ notRun }) => notRun === undefined).filter((each) => commandsOf(each).length === 0);
    expect(others.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  });
});
