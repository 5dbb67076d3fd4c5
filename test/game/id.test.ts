import { describe, expect, it } from 'vitest';
import { MemoryStore } from '#index.ts';
import { ask } from '../history/ask.ts';
import { galaxy, open, rejection } from './galaxy.ts';

describe('ids of games', () => {
  it.each([
    ['nothing', ''],
    ['257 characters', 'x'.repeat(257)],
    ['a path', '../x'],
    ['a folder', '.'],
    ['the folder above', '..'],
    ['a slash', 'a/b'],
    ['a backslash', 'a\\b'],
    ['NUL', 'a\0b'],
    ['a line feed', 'a\nb'],
    ['a single quote', "a'b"],
    ['a double quote', 'a"b'],
    ['a backtick', 'a`b'],
    ['a dollar sign', 'a$b'],
    ['a percent sign', 'a%b'],
    ['a semicolon', 'a;b'],
    ['an asterisk', 'a*b'],
    ['an emoji', 'a🚀'],
    ['a lone surrogate', 'a\ud83d'],
    ['a control character of Unicode', 'a\u202eb'],
    ['a space at the start', ' a'],
    ['a space at the end', 'a '],
    ['a no-break space', 'a\u00a0b'],
    ['a number', 7],
    ['null', null],
    ['an object', {}],
  ])('[ID1] %s is no id: INVALID_GAME_ID, from open, load and history alike', async (_what, id) => {
    const store = new MemoryStore();
    const orrery = await open([galaxy], { on: store });
    const error = await rejection('INVALID_GAME_ID', orrery.open(galaxy, id as string));
    expect(error.message).toContain('a game id ');
    expect(error.context.game).toBe(typeof id === 'string' ? id.slice(0, 64).toWellFormed() : String(id));
    await rejection('INVALID_GAME_ID', orrery.load(galaxy, id as string));
    await rejection(
      'INVALID_GAME_ID',
      ask(orrery, id as string)
        .entries()
        .next(),
    );
    expect(await orrery.list()).toEqual([]);
  });

  it.each([
    'a',
    'x'.repeat(256),
    '...',
    'New Andromeda (2)',
    'a.b_c:d@e#f+g~h=i,j!k-l',
    'Ωμέγα',
    'Туманность Андромеды',
    '仙女座星系',
    'مجرة',
    'गैलेक्सी',
    'ก็ดี',
    'constructor',
    '__proto__',
    'toString',
    '-rf',
  ])('[ID2] %s is an id, and comes back from a restart', async (id) => {
    const store = new MemoryStore();
    const first = await open([galaxy], { on: store });
    await (await first.open(galaxy, id)).dispatch('spend', 1).durable;
    const second = await open([galaxy], { on: store });
    expect((await second.load(galaxy, id)).state.treasury).toBe(99);
    expect((await second.list()).map((row) => row.id)).toEqual([id]);
  });

  it('[ID3] ids are compared code unit by code unit: composed and decomposed, and upper and lower case, are two games', async () => {
    const store = new MemoryStore();
    const orrery = await open([galaxy], { on: store });
    const ids = ['Mars', 'mars', 'MARS', '\u00c5', 'A\u030a'];
    for (const [index, id] of ids.entries()) (await orrery.open(galaxy, id)).dispatch('spend', index);
    await orrery.flush();
    const again = await open([galaxy], { on: store });
    const treasuries = await Promise.all(ids.map(async (id) => (await again.load(galaxy, id)).state.treasury));
    expect(treasuries).toEqual([100, 99, 98, 97, 96]);
  });
});
