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

const COMMANDS = ['at', 'diff', 'blame', 'replay', 'log', 'show'];

describe('help', () => {
  it.for(COMMANDS)('[PC12] %s: its options, packs, and two examples', async (command) => {
    const { status, stdout } = await orrery(command, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('a file of `orrery pack`');
    const examples = stdout.slice(stdout.indexOf('\nExamples:\n')).trimEnd().split('\n').slice(2);
    expect(examples).toHaveLength(2);
    for (const example of examples)
      expect(example).toMatch(new RegExp(`^  orrery ${command} (\\./data|battle\\.orrery)`));
  });
});

describe('wrong usage', () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [['at'], "missing required argument 'directory'"],
    [['at', './data', '--seq', '1'], "missing required argument 'game'"],
    [['at', './data', 'ore'], 'one of --seq, --tick and --time is needed'],
    [['at', './data', 'ore', '--seq', '1', '--tick', '2'], '--seq, --tick and --time exclude each other'],
    [['at', './data', 'ore', '--time', 'noon'], 'is no time'],
    [['at', './data', 'ore', '--seq', '1', '--path', 'total'], 'Write "/total"'],
    [['diff', './data', 'ore', '1'], "missing required argument 'b'"],
    [['diff', './data', 'ore', '1', '2', '3'], 'too many arguments'],
    [['diff', './data', 'ore', '1', 'soon'], '"soon" is no moment'],
    [['blame', './data', 'ore'], "missing required argument 'path'"],
    [['blame', './data', 'ore', '/total', '--limit', '0'], 'It must be a whole number from 1.'],
    [['replay', './data'], "missing required argument 'game'"],
    [['replay', './data', 'ore', '--speed', '0'], 'It must be a number above 0.'],
    [['replay', './data', 'ore', '--from', 'x'], '"x" is no moment'],
    [['log', './data'], "missing required argument 'game'"],
    [['log', './data', 'ore', '--command', 'a,,b'], 'It must be names separated by commas.'],
    [['log', './data', 'ore', '--from-tick', '9', '--to-tick', '8'], '--from-tick 9 is behind --to-tick 8'],
    [['log', './data', 'ore', '--format', 'xml'], 'Allowed choices are redux-devtools.'],
  ];

  it.for(wrong)('[PC12] %j ends with status 2', async ([args, says]) => {
    const ended = await orrery(...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
  });

  const games: readonly (readonly string[])[] = [
    ['at', '--seq', '0'],
    ['diff', 'first', 'last'],
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
      orrery('at', directory, 'loud', '--seq', '1'),
      orrery('diff', directory, 'loud', 'first', 'last'),
      orrery('diff', directory, 'loud', 'first', 'last', '--json'),
      orrery('blame', directory, 'loud', '/news'),
      orrery('blame', directory, 'loud', '/news', '--json'),
      orrery('replay', directory, 'loud'),
      orrery('replay', directory, 'loud', '--json'),
      orrery('log', directory, 'loud', '--format', 'redux-devtools'),
      orrery('log', directory, 'loud', '--path', '/\u001b[2J', '--backwards'),
      orrery('diff', directory, 'loud', 'first', '\u001b[2J'),
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
      const ended = await orrery('at', directory, '--seq', '0', '--path', `/seams/${id}/id`, '--', id);
      expect(JSON.parse(ended.stdout)).toBe(id);
    }
  });

  it('[PC3] lines are cut to the terminal and coloured on one', async () => {
    const ended = await orreryOn({ columns: 40 }, 'diff', directory, 'ore', 'first', 'last');
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
