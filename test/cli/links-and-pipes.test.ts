// What stands under a name is not always a file: directories and packs that are reached over symbolic links, and pipes where
// Orrery keeps files of its own. No command hangs, and no process is kept from ending.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { openPack } from '#storage/sqlite/pack/reading.ts';
import { match, mine } from '../programs/mine.ts';
import { binary, emptyFolder, makeDirectory, orrery, removeFolders } from './command-line.ts';

let directory: string;
let folder: string;
let linked: string;
let pack: string;

beforeAll(async () => {
  directory = await makeDirectory();
  folder = emptyFolder();
  const file = join(folder, 'ore.pack');
  expect((await orrery('pack', directory, 'ore', '-o', file)).status).toBe(0);
  symlinkSync(directory, join(folder, 'first'));
  linked = join(folder, 'linked');
  symlinkSync('first', linked);
  pack = join(folder, 'linked.pack');
  symlinkSync('ore.pack', pack);
});
afterAll(removeFolders);

const QUESTIONS: readonly (readonly [string, ...string[]])[] = [
  ['ls'],
  ['show', 'ore'],
  ['log', 'ore', '--patches'],
  ['check'],
  ['show', 'ore', '--at', '2'],
  ['diff', 'ore', '--from', '1', '--to', '3'],
  ['replay', 'ore'],
  ['sql', 'SELECT id, seq FROM games'],
];

it.each(QUESTIONS)(
  '[K20] `%s` reads a directory and a pack over symbolic links as it reads them',
  async (command, ...rest) => {
    for (const [link, place] of [
      [linked, directory],
      [pack, join(folder, 'ore.pack')],
    ] as const) {
      const [over, plain] = [await orrery(command, link, ...rest), await orrery(command, place, ...rest)];
      const same = (text: string): string => text.replaceAll(link, place);
      expect([over.status, same(over.stdout), same(over.stderr)]).toEqual([plain.status, plain.stdout, plain.stderr]);
      expect(over.status).toBe(0);
    }
  },
);

it('[K20] a link that leads nowhere or in a circle is told by its name', async () => {
  const nowhere = join(folder, 'nowhere');
  symlinkSync(join(folder, 'none'), nowhere);
  const circle = join(folder, 'circle');
  symlinkSync('circle', circle);
  for (const link of [nowhere, circle]) {
    const { status, stderr } = await orrery('ls', link);
    expect(status).toBeGreaterThan(2);
    expect(stderr).toContain(link);
    await expect(openPack(nodeFiles, link)).rejects.toMatchObject({ context: { file: link } });
  }
});

it('[V21] a pipe in the place of any file is refused by its name or passed over, and nothing waits for it', async ({
  skip,
}) => {
  if (process.platform === 'win32') skip('there are no such pipes');
  const shard = join(directory, 'shard-00');
  const names = ['orrery.json', 'LOCK', ...readdirSync(shard).map((name) => join('shard-00', name))];
  names.push('shard-00/MANIFEST-0000000099', 'shard-00/segment-0000000099.journal', 'shard-00/image-0000000099.sqlite');
  names.push('shard-00/OWNER-0000000099');
  const refused: string[] = [];
  for (const name of names) {
    const copy = join(emptyFolder(), 'copy');
    cpSync(directory, copy, { recursive: true });
    const path = join(copy, name);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    execFileSync('mkfifo', [path]);
    for (const readOnly of [true, false]) {
      try {
        const opened = await openOrrery({ directory: copy, games: [match, mine], readOnly });
        expect((await opened.list()).length).toBeGreaterThan(0);
        await opened.close();
      } catch (error) {
        expect(error, name).toMatchObject({
          code: expect.stringMatching(/^(IO_FAILED|DAMAGED|SHARD_OLDER)$/),
          context: { file: path },
        });
        refused.push(name);
      }
    }
    await orrery('ls', copy);
  }
  expect(refused).toContain('orrery.json');
  expect(refused).toContain('shard-00/MANIFEST-0000000099');
  // In a process of its own: it ends.
  const copy = join(emptyFolder(), 'copy');
  cpSync(directory, copy, { recursive: true });
  const newest = readdirSync(join(copy, 'shard-00')).findLast((name) => name.startsWith('MANIFEST-')) as string;
  renameSync(join(copy, 'shard-00', newest), join(copy, newest));
  execFileSync('mkfifo', [join(copy, 'shard-00', newest)]);
  const { status, stderr } = await binary('checkpoint', copy);
  expect(status).toBe(5);
  expect(stderr).toContain(newest);
  expect(nodeFiles.exists(join(copy, 'LOCK'))).toBe(false);
});
