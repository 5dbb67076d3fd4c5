// What a program and the command line load when they start: what is needed, when it is needed. Of the time that this takes,
// bench/scenarios/start-up.ts has the figures.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { COMMANDS } from '#cli/commands.ts';

const DIST = new URL('../../dist/src/', import.meta.url).href;
const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
const LISTER = new URL('../programs/loaded-files.mjs', import.meta.url).href;

/** By themselves: they load others only when they are used. */
const LIGHT = ['storage/late-import.js', 'engine/loop.js'];

const folder = mkdtempSync(join(tmpdir(), 'orrery-start-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Folders of this package and names of others of which something was loaded. */
function loadedBy(...args: string[]): string[] {
  const file = join(folder, 'loaded');
  writeFileSync(file, '');
  execFileSync(process.execPath, ['--import', LISTER, ...args], {
    env: { ...process.env, LOADED_FILES: file },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const parts = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((url) => {
      if (LIGHT.some((file) => url === `${DIST}${file}`)) return [];
      if (url.startsWith(DIST)) return [url.slice(DIST.length).split('/').slice(0, -1).join('/')];
      const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
      return name === undefined ? [] : [name];
    });
  return [...new Set(parts)].sort();
}

function program(text: string): string {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, text.replaceAll("'orrery'", JSON.stringify(`${DIST}index.js`)));
  return file;
}

it.each(['--version', '--help'])('[Q10] orrery %s loads no part of the engine', (flag) => {
  const loaded = loadedBy(MAIN, flag);
  expect(loaded).toContain('cli');
  expect(loaded.filter((part) => !['cli', 'core', 'core/error-guide', 'commander'].includes(part))).toEqual([]);
});

it('[Q10] a program that has game types alone loads no engine, no storage but the one in memory, and of packages only Immer', () => {
  const loaded = loadedBy(
    program(`import { defineGame, table } from 'orrery';
defineGame('counter', { version: 1, initial: () => ({ n: 0 }), commands: { add(draft, by) { draft.n += by; } } });`),
  );
  expect(loaded).toContain('core/game');
  const others = ['engine', 'sql.js', 'pino', 'piscina', 'commander', 'storage/sqlite/worker', 'storage/sqlite/image'];
  expect(loaded.filter((part) => others.includes(part) || /compaction|recovery|pack/.test(part))).toEqual([]);
});

it('[Q10] the main thread of a program that plays loads neither SQLite nor what it does not ask for', () => {
  const loaded = loadedBy(
    program(`import { defineGame, openOrrery } from 'orrery';
const counter = defineGame('counter', { version: 1, initial: () => ({ n: 0 }), commands: { add(draft, by) { draft.n += by; } } });
const orrery = await openOrrery({ directory: ${JSON.stringify(join(folder, 'data'))}, games: [counter] });
const game = await orrery.open(counter, 'a');
await game.dispatch('add', 1).durable;
await orrery.close();`),
  );
  expect(loaded).toEqual(expect.arrayContaining(['engine', 'piscina', 'pino', 'storage/sqlite']));
  expect(loaded.filter((part) => ['sql.js', 'commander'].includes(part) || /compaction|pack|image/.test(part))).toEqual(
    [],
  );
});

it('[Q10] the help says of each command what the command says of itself', async () => {
  for (const { name, description, load } of COMMANDS) {
    const made = (await load())({} as never);
    expect([made.name(), made.description()]).toEqual([name, description]);
  }
  expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length);
});
