// Migrations in files: real folders with real modules.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrationsIn } from '#index.ts';
import { rejection } from '../game/galaxy.ts';

/** With and without the slash at the end: both are the URL of a folder. */
function folder(files: { readonly [name: string]: string }, slash = '/'): URL {
  const path = mkdtempSync(join(tmpdir(), 'orrery migrations-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return new URL(`${pathToFileURL(path).href}${slash}`);
}

const step = (mark: string) => `export default (state) => ({ ...state, steps: [...state.steps, '${mark}'] });`;

describe('migrationsIn', () => {
  it.each(['/', ''])(
    '[MG7] finds modules by number, in order, and loads them (a URL that ends in "%s")',
    async (slash) => {
      const found = await migrationsIn(
        folder(
          {
            '0010_ten.js': step('ten'),
            '0009_nine-more.mjs': step('nine'),
            '11-eleven.js': step('eleven'),
            '0009_nine.d.ts': 'export default 1;',
            '0009_nine.js.map': '{}',
            'index.js': 'throw new Error("not a migration");',
            'README.md': '',
          },
          slash,
        ),
      );
      expect(Object.keys(found)).toEqual(['9', '10', '11']);
      let state: { steps: string[] } = { steps: [] };
      for (const from of [9, 10, 11]) state = found[from]?.(state, {} as never) as typeof state;
      expect(state.steps).toEqual(['nine', 'ten', 'eleven']);
    },
  );

  it('[MG7] an empty folder has none', async () => {
    expect(await migrationsIn(folder({}))).toEqual({});
  });

  it.each<[what: string, files: { [name: string]: string }, says: string]>([
    ['a gap', { '0001_a.js': step('a'), '0003_c.js': step('c') }, 'from version 2 is missing'],
    ['two of one version', { '0001_a.js': step('a'), '1_b.js': step('b') }, '0001_a.js and 1_b.js'],
    ['one that was compiled beside its source', { '0001_a.js': step('a'), '0001_a.ts': '' }, 'two migrations'],
    ['a name without a number', { '0001.js': step('a') }, 'cannot be read'],
    ['version 0', { '0000_a.js': step('a') }, 'cannot be read'],
    ['no default export', { '0001_a.js': 'export const up = () => {};' }, 'no function as its default export'],
    ['a module that throws', { '0001_a.js': 'throw new Error("no stars");' }, 'no stars'],
    ['a module that is no JavaScript', { '0001_a.js': 'export default (' }, 'cannot be loaded'],
  ])('[MG7] refuses %s, naming the file', async (_what, files, says) => {
    const error = await rejection('INVALID_GAME_TYPE', migrationsIn(folder(files)));
    expect(error.message).toContain(says);
    expect(error.context.file).toContain('orrery migrations-');
  });

  it('[MG7] a folder that is not there is IO_FAILED', async () => {
    await rejection('IO_FAILED', migrationsIn(new URL('nowhere/', folder({}))));
  });
});
