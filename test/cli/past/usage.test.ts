// Help and wrong usage of the commands of the past, and that hostile data reaches no terminal.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, HOSTILE_IDS, makeDirectory, orrery, orreryOn, removeFolders } from '../command-line.ts';

let directory: string;
let untouched: string[];

beforeAll(async () => {
  directory = await makeDirectory();
  untouched = fingerprint(directory);
});
afterAll(removeFolders);

const COMMANDS = ['diff', 'blame', 'replay', 'log', 'show'];

describe('help', () => {
  it.for(COMMANDS)('[PC12] %s: its options, packs, and two examples', async (command) => {
    const { status, stdout } = await orrery(command, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('a file of `orrery pack`');
    const examples = stdout.slice(stdout.indexOf('\nExamples:\n')).trimEnd().split('\n').slice(2);
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples)
      expect(example).toMatch(new RegExp(`^  orrery ${command} (\\./data|battle\\.orrery)`));
  });
});

describe('wrong usage', () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [['show'], "missing required argument 'directory'"],
    [['show', './data', '--at', '1'], "missing required argument 'game'"],
    [['show', './data', 'ore', '--at', 'time:noon'], 'write it as 2026-03-01T12:00:00Z'],
    [['show', './data', 'ore', '--at', '1', '--path', 'total'], 'Write "/total"'],
    [['diff', './data', 'ore'], "required option '--from <moment>' not specified"],
    [['diff', './data', 'ore', '1', '2', '--from', '3'], 'too many arguments'],
    [['diff', './data', 'ore', '--from', '1', '--to', 'soon'], '"soon" is no moment: write 12 or seq:12, tick:40'],
    [['blame', './data', 'ore'], "missing required argument 'path'"],
    [['blame', './data', 'ore', '/total', '--limit', '0'], 'It must be a whole number from 1.'],
    [['replay', './data'], "missing required argument 'game'"],
    [['replay', './data', 'ore', '--speed', '0'], 'It must be a number above 0.'],
    [['replay', './data', 'ore', '--from', 'x'], '"x" is no moment'],
    [['log', './data'], "missing required argument 'game'"],
    [['log', './data', 'ore', '--command', 'a,,b'], 'It must be names separated by commas.'],
    [['log', './data', 'ore', '--from', 'tick:9', '--to', 'tick:8'], '--from tick:9 is behind --to tick:8: exchange'],
    [['replay', './data', 'ore', '--from', '9', '--to', '8'], '--from seq:9 is behind --to seq:8: exchange them'],
    [['replay', './data', 'ore', '--from', 'last', '--to', 'first'], '--from last is behind --to first'],
    [['verify', './data', '--games', './g.js', '--from', '9', '--to', '8'], '--from seq:9 is behind --to seq:8'],
    [['verify', './data', '--games', './g.js', '--to', 'noon'], '"noon" is no moment'],
    [
      ['try', './data', 'g', '--games', './g.js', '--rerun', '--at', '9', '--to', '8'],
      '--at seq:9 is behind --to seq:8',
    ],
    [['try', './data', 'g', '--games', './g.js', '--commands', 'c', '--to', '8'], '--to is for --rerun: add --rerun'],
    [['fork', './data', 'ore', '--as', 'new'], "required option '--at <moment>' not specified"],
    [['recover', './data', 'ore', '--mode', 'point'], 'the mode point needs --at <moment>'],
    [['log', './data', 'ore', '--format', 'xml'], 'Allowed choices are redux-devtools.'],
  ];

  it.for(wrong)('[PC12] %j ends with status 2', async ([args, says]) => {
    const ended = await orrery(...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
  });

  const gone: readonly (readonly string[])[] = [
    ['show', './data', 'ore', '--seq', '1'],
    ['show', './data', 'ore', '--tick', '1'],
    ['show', './data', 'ore', '--time', '1'],
    ['log', './data', 'ore', '--from-tick', '1'],
    ['log', './data', 'ore', '--to-time', '1'],
    ['fork', './data', 'ore', '--as', 'new', '--at', '1', '--seq', '1'],
    ['recover', './data', 'ore', '--mode', 'point', '--tick', '1'],
    ['at', './data', 'ore', '--at', '1'],
  ];

  it.for(gone)('[PC18] a moment has one spelling: %j ends with status 2', async (args) => {
    const ended = await orrery(...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toMatch(/unknown (option|command)/);
  });

  const games: readonly (readonly string[])[] = [
    ['show', '--at', '0'],
    ['diff', '--from', 'first'],
    ['blame', '/total'],
    ['replay'],
    ['log'],
    ['show'],
  ];

  it.for(games)('[PC12] %j of an unknown game or directory ends with 3', async ([command, ...args]) => {
    const unknown = await orrery(command as string, directory, 'Ore', ...args, '--json');
    expect(unknown).toMatchObject({ status: 3, stdout: '' });
    expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: 'GAME_NOT_FOUND', context: { game: 'Ore' } } });
    const nowhere = await orrery(command as string, `${directory}/nowhere`, 'ore', ...args);
    expect(nowhere).toMatchObject({ status: 3, stdout: '' });
  });
});

describe('hostile data', () => {
  it('[PC10] no control character reaches a terminal', async () => {
    const ended = await Promise.all([
      orrery('show', directory, 'loud', '--at', '1'),
      orrery('diff', directory, 'loud', '--from', 'first'),
      orrery('diff', directory, 'loud', '--from', 'first', '--json'),
      orrery('blame', directory, 'loud', '/news'),
      orrery('blame', directory, 'loud', '/news', '--json'),
      orrery('replay', directory, 'loud'),
      orrery('replay', directory, 'loud', '--json'),
      orrery('log', directory, 'loud', '--format', 'redux-devtools'),
      orrery('log', directory, 'loud', '--path', '/\u001b[2J', '--backwards'),
      orrery('diff', directory, 'loud', '--from', '\u001b[2J'),
      orrery('blame', directory, 'loud', '/\u009b'),
    ]);
    for (const { stdout, stderr } of ended) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3]);
  });

  it('[PC10] finds a game by its id, whatever the id looks like', async () => {
    for (const id of HOSTILE_IDS) {
      const ended = await orrery('show', directory, '--at', 'first', '--path', `/seams/${id}/id`, '--', id);
      expect(JSON.parse(ended.stdout)).toBe(id);
    }
  });

  it('[PC3] lines are cut to the terminal and coloured on one', async () => {
    const ended = await orreryOn({ columns: 40 }, 'diff', directory, 'ore', '--from', 'first');
    expect(ended.stdout).toContain('\u001b[33m~ metal  0 -> 5\u001b[39m');
    const replayed = await orreryOn({ columns: 40 }, 'replay', directory, 'loud');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
    const seen = replayed.stdout.replaceAll(/\u001b\[\d+m/g, '').split('\n');
    expect(seen.some((line) => line.endsWith('…'))).toBe(true);
    expect(Math.max(...seen.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it('[PC10] none of this has changed the directory', () => {
    expect(fingerprint(directory)).toEqual(untouched);
  });
});
