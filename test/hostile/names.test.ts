// Ids, players, keys and texts that are names of something else to somebody else. In a directory there is nothing but Orrery's
// own files, for nobody else to read, and no symbolic link leads out of it.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, OrreryError, openOrrery } from '#index.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ count: 0, notes: {} as { [key: string]: string } }),
  commands: {
    note(draft, { key, text }: { key: string; text: string }) {
      draft.notes[key] = text;
      draft.count += 1;
    },
  },
});

let outside: string;
let directory: string;
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'orrery-names-'));
  directory = join(outside, 'data');
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

const REFUSED = [
  '',
  '.',
  '..',
  '../up',
  '..\\up',
  '/etc/passwd',
  'C:\\windows',
  'a/b',
  'a\\b',
  'nul\0byte',
  'tab\t',
  'line\nfeed',
  ' before',
  'after ',
  "quo'te",
  'quo"te',
  '`tick`',
  '$HOME',
  'a;b',
  'a|b',
  'a&b',
  'a<b',
  'a>b',
  'a*b',
  'a?b',
  'a%b',
  '\ud800',
  'a\udc00b',
  '\u202egnp.exe',
  '\u200bzero width',
  'x'.repeat(257),
  'x'.repeat(300),
];

const TAKEN = [
  'CON',
  'nul',
  'AUX',
  'COM1',
  'lpt9',
  'PRN',
  'con.txt',
  'orrery.json',
  'LOCK',
  'shard-00',
  'OWNER-0000000099',
  '-rf',
  '--help',
  '~root',
  '...',
  'x'.repeat(256),
  'mars',
  'Mars',
  'MARS',
  '\u00e5',
  'a\u030a',
  'İstanbul',
  'ıstanbul',
  'ſ',
  's',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'DROP TABLE games',
];

const OWN =
  /^(orrery\.json|openings\.jsonl|LOCK|shard-0\d(\.record)?|(OWNER|MANIFEST)-\d{10}|image-\d{10}\.sqlite|segment-\d{10}\.journal|latest\.sqlite)$/;

function everything(): string[] {
  return readdirSync(outside, { recursive: true, encoding: 'utf8' }).sort();
}

it('[HO20] ids that could mean something else are refused; the others are names of games and of nothing else', async () => {
  const texts = ["'); DROP TABLE games; --", '../../etc/passwd', '\0', '\u2028', 'x'.repeat(10_000)];
  {
    await using orrery = await openOrrery({ directory, games: [counter], shards: 2 });
    for (const id of REFUSED) {
      await expect(orrery.open(counter, id), JSON.stringify(id)).rejects.toMatchObject({ code: 'INVALID_GAME_ID' });
      await expect(orrery.load(counter, id), JSON.stringify(id)).rejects.toBeInstanceOf(OrreryError);
    }
    for (const [at, id] of TAKEN.entries()) {
      const game = await orrery.open(counter, id);
      game.dispatch(
        'note',
        { key: texts[at % texts.length] as string, text: id },
        { player: texts[at % texts.length] as string },
      );
    }
    await orrery.checkpoint();
  }
  for (const path of everything()) {
    const name = path.split('/').at(-1) as string;
    if (path !== 'data') expect(name).toMatch(OWN);
  }
  await using again = await openOrrery({ directory, games: [counter] });
  expect((await again.list()).map(({ id }) => id).sort()).toEqual([...TAKEN].sort());
  for (const [at, id] of TAKEN.entries()) {
    const game = await again.load(counter, id);
    expect(game.state).toEqual({ count: 1, notes: { [texts[at % texts.length] as string]: id } });
  }
});

it.skipIf(process.platform === 'win32')('[HO21] folders are 0700 and files 0600, whatever the umask says', async () => {
  const before = process.umask(0);
  try {
    await using orrery = await openOrrery({ directory, games: [counter] });
    (await orrery.open(counter, 'a')).dispatch('note', { key: 'k', text: 't' });
    await orrery.checkpoint();
    for (const path of everything()) {
      const { mode } = lstatSync(join(outside, path));
      const isFolder = lstatSync(join(outside, path)).isDirectory();
      expect(`${path} ${(mode & 0o777).toString(8)}`).toBe(`${path} ${isFolder ? '700' : '600'}`);
    }
  } finally {
    process.umask(before);
  }
});

it.skipIf(process.platform === 'win32')(
  '[HO22] no symbolic link is followed out of a directory, to read or to write',
  async () => {
    {
      await using orrery = await openOrrery({ directory, games: [counter], shards: 1 });
      (await orrery.open(counter, 'a')).dispatch('note', { key: 'k', text: 't' });
    }
    const folder = join(directory, 'shard-00');
    const kept = join(outside, 'kept');
    for (const name of [...readdirSync(folder).map((each) => join('shard-00', each)), 'orrery.json']) {
      if (/OWNER|latest/.test(name)) continue;
      const [path, aside] = [join(directory, name), join(outside, 'aside')];
      renameSync(path, aside);
      symlinkSync(aside, path);
      const before = readFileSync(aside);
      // A manifest or an image has another one that may stand in for it.
      await openOrrery({ directory, games: [counter] }).then(
        (orrery) => orrery.close(),
        (error: unknown) => {
          expect(error, name).toBeInstanceOf(OrreryError);
          expect((error as OrreryError).hint).toMatch(/symbolic link|backup|salvage|check/);
        },
      );
      expect(readFileSync(aside).equals(before), name).toBe(true);
      if (existsSync(path)) rmSync(path);
      renameSync(aside, path);
    }
    // What a lease, a lock or a second name would be written to.
    writeFileSync(kept, 'mine');
    chmodSync(kept, 0o644);
    const epoch = Math.max(
      ...readdirSync(folder).flatMap((name) => (name.startsWith('OWNER-') ? [Number(name.slice(6))] : [])),
    );
    symlinkSync(kept, join(folder, `OWNER-${String(epoch + 1).padStart(10, '0')}`));
    rmSync(join(folder, 'latest.sqlite'), { force: true });
    symlinkSync(kept, join(folder, 'latest.sqlite'));
    {
      await using orrery = await openOrrery({ directory, games: [counter] });
      (await orrery.load(counter, 'a')).dispatch('note', { key: 'k', text: 'more' });
      await orrery.checkpoint();
    }
    expect(readFileSync(kept, 'utf8')).toBe('mine');
    expect(lstatSync(join(folder, 'latest.sqlite')).isSymbolicLink()).toBe(false);
    symlinkSync(kept, join(directory, 'LOCK'));
    mkdirSync(join(outside, 'elsewhere'));
    await openOrrery({ directory, games: [counter] }).then(
      (orrery) => orrery.close(),
      (error: unknown) => expect(error).toBeInstanceOf(OrreryError),
    );
    expect(readFileSync(kept, 'utf8')).toBe('mine');
  },
);
