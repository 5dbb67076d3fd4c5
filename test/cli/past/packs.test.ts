// Every reading command on a pack: what it prints of the directory, and nothing of a file that is damaged or none.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyFolder, orrery, removeFolders } from '../command-line.ts';
import { documentsOf, makeRecorded, type Recorded } from './recorded.ts';

let recorded: Recorded;
let pack: string;

beforeAll(async () => {
  recorded = await makeRecorded();
  pack = join(emptyFolder(), 'every.orrery');
  const packed = await orrery('pack', recorded.directory, 'every', '-o', pack);
  expect(packed).toMatchObject({ status: 0 });
});
afterAll(async () => {
  await recorded.close();
  removeFolders();
});

/** Each with what follows the game. */
const COMMANDS: readonly (readonly [command: string, ...args: readonly string[]])[] = [
  ['show'],
  ['show', '--at', '12', '--json'],
  ['log', '--patches'],
  ['log', '--backwards', '--json'],
  ['log', '--format', 'redux-devtools', '--limit', '20'],
  ['show', '--at', 'tick:7'],
  ['show', '--at', 'first', '--path', '/purse', '--json'],
  ['diff', '--from', 'first'],
  ['diff', '--from', 'tick:3', '--to', 'tick:9', '--json'],
  ['blame', '/purse/total'],
  ['blame', '/ports/a', '--json', '--limit', '4'],
  ['replay'],
  ['replay', '--from', 'tick:9', '--path', '/news', '--json'],
];

describe('a pack', () => {
  it.for(COMMANDS)(
    '[PC11] %j prints what it prints of the directory, with or without the id',
    async ([command, ...args]) => {
      const ofDirectory = await orrery(command, recorded.directory, 'every', ...args);
      expect(ofDirectory.status).toBe(0);
      expect(ofDirectory.stdout.length).toBeGreaterThan(20);
      expect(await orrery(command, pack, 'every', ...args)).toEqual(ofDirectory);
      expect(await orrery(command, pack, ...args)).toEqual(ofDirectory);
    },
  );

  it('[PC11] is found by what it is, whatever it is called', async () => {
    const renamed = join(emptyFolder(), 'attachment (1)');
    copyFileSync(pack, renamed);
    const ended = await orrery('show', renamed, '--at', '5', '--json');
    expect(documentsOf(ended.stdout)).toMatchObject([{ game: 'every', value: recorded.moments['every']?.[5]?.state }]);
  });

  it('[PC11] ls lists its game', async () => {
    const ended = await orrery('ls', pack, '--json');
    const [{ games, shards }] = documentsOf(ended.stdout) as [{ games: object[]; shards: number }];
    expect(shards).toBe(0);
    expect(games).toMatchObject([
      { id: 'every', type: 'port-by-command', seq: recorded.commands['every']?.length, shard: null },
    ]);
    expect((await orrery('ls', pack)).stdout).toMatch(/^every +port-by-command +2 /m);
  });

  it('[PC11] holds no other game', async () => {
    const ended = await orrery('blame', pack, 'merged', '/purse', '--json');
    expect(ended).toMatchObject({ status: 3, stdout: '' });
    expect(JSON.parse(ended.stderr)).toMatchObject({
      error: {
        code: 'GAME_NOT_FOUND',
        hint: expect.stringContaining('"every"'),
        context: { game: 'merged', file: pack },
      },
    });
  });

  it('[PC11] that is damaged, is none, or is not there is refused by every command', async () => {
    const folder = emptyFolder();
    const bytes = readFileSync(pack);
    const damaged = join(folder, 'damaged.orrery');
    // A page that holds nothing may hold anything: this is in a row.
    const inside = bytes.indexOf('port-by-command');
    expect(inside).toBeGreaterThan(0);
    writeFileSync(
      damaged,
      bytes.map((byte, at) => (at === inside ? byte ^ 1 : byte)),
    );
    const cut = join(folder, 'cut.orrery');
    writeFileSync(cut, bytes.subarray(0, 5000));
    const text = join(folder, 'text.orrery');
    writeFileSync(text, 'not a pack');
    for (const [command, ...args] of [...COMMANDS, ['ls'] as const]) {
      for (const file of [damaged, cut, text]) {
        const ended = await orrery(command, file, ...args);
        expect(ended, `${command} ${file}`).toMatchObject({ status: 1, stdout: '' });
        expect(ended.stderr).toContain(file);
      }
      const missing = await orrery(command, join(folder, 'nowhere.orrery'), ...args);
      expect(missing, command).toMatchObject({ status: 3, stdout: '' });
    }
    const other = join(folder, 'readme.txt');
    writeFileSync(other, 'not a pack');
    expect((await orrery('show', other, 'every', '--at', '1')).status).toBe(3);
  });

  it('[PC11] a folder with such a name is a folder', async () => {
    const folder = join(emptyFolder(), 'data.orrery');
    mkdirSync(folder);
    const ended = await orrery('show', folder, 'every', '--at', '1');
    expect(ended.status).toBe(3);
    expect(ended.stderr).toContain('orrery.json');
  });
});
