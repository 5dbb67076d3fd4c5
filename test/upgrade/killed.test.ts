// Processes that die while a game is migrated, at every operation on the disk: afterwards it has one version or the other.

import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { emptyFolder, removeFolders } from '../cli/command-line.ts';
import { json, silent } from '../game/galaxy.ts';
import { DOOM, type Doom } from '../programs/doom.ts';
import { expected, galaxyOf } from './galaxies.ts';

afterAll(removeFolders);

const PROGRAM = new URL('../../dist/test/programs/migrator.js', import.meta.url).pathname;

/** What the process said before its end. */
async function migrateAndDie(directory: string, doom: Doom): Promise<string> {
  const env = { ...process.env, [DOOM]: JSON.stringify(doom) };
  const child = spawn(process.execPath, ['--no-opt', PROGRAM, directory, 'andromeda'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return said;
}

it('[MG15] killed at any operation of a migration, a game has its old version or its new one, and never less', async () => {
  const stored = join(emptyFolder(), 'data');
  const first = galaxyOf(1);
  const program = await openOrrery({ directory: stored, games: [first], logger: silent });
  const game = await program.open(first, 'andromeda');
  for (const metal of [3, 4]) game.dispatch('mine', { at: 'sol', metal });
  game.advance();
  const states = [json(game), expected(JSON.parse(json(game)), 1, 2)] as const;
  await program.close();

  const found = { old: 0, new: 0 };
  const said: string[] = [];
  // Every operation of the commit, until a process comes to its end, and some of the checkpoint that closing makes.
  const tryOut = async (doom: Doom): Promise<string> => {
    const directory = join(emptyFolder(), 'data');
    cpSync(stored, directory, { recursive: true });
    const words = await migrateAndDie(directory, doom);
    said.push(words);
    // Read by somebody who has no code.
    const past = await openDirectoryPast(directory, 'andromeda');
    const { version, seq } = past.row;
    expect([version, seq], words).toEqual(version === 1 ? [1, 3] : [2, 4]);
    expect(JSON.stringify((await past.stateAt({ seq })).state)).toBe(states[version === 1 ? 0 : 1]);
    expect(JSON.stringify((await past.stateAt({ seq: 3 })).state)).toBe(states[0]);
    if (words.includes('migrated')) expect(version).toBe(2);
    await past.close();
    found[version === 1 ? 'old' : 'new'] += 1;
    // And whoever opens it next has it migrated, once.
    const second = galaxyOf(2);
    const next = await openOrrery({ directory, games: [second], logger: silent });
    const again = await next.open(second, 'andromeda');
    expect([again.seq, json(again)]).toEqual([4, states[1]]);
    await next.close();
    return words;
  };
  for (const nth of [1, 6]) expect(await tryOut({ during: 'close', nth })).toContain('doomed');
  for (let nth = 1, words = ''; !words.includes('closed'); nth += 1) words = await tryOut({ during: 'commit', nth });
  // A run in which nothing was at stake proves nothing.
  expect(found.old).toBeGreaterThan(0);
  expect(found.new).toBeGreaterThan(2);
  expect(said.filter((words) => words.includes('migrated') && !words.includes('closed')).length).toBeGreaterThan(0);
});
