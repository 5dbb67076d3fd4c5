// What the command says when it is asked for help or used wrongly, and what its exit statuses mean.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { widthOf } from '../../src/cli/columns.ts';
import { binary, emptyFolder, orrery, orreryOn, removeFolders } from './command-line.ts';

afterAll(removeFolders);

const COMMANDS = ['ls', 'show', 'log', 'checkpoint', 'check'];

describe('help', () => {
  it('[K11] lists the commands and what the exit statuses mean', async () => {
    const ended = await orrery('--help');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    for (const command of COMMANDS) expect(ended.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    for (const status of [0, 1, 2, 3, 4, 5]) expect(ended.stdout).toMatch(new RegExp(`^  ${status}  \\w`, 'm'));
  });

  it('[K11] explains each command with its options and two examples', async () => {
    const helps = await Promise.all(COMMANDS.map((command) => orrery(command, '--help')));
    for (const [index, { status, stdout }] of helps.entries()) {
      const command = COMMANDS[index] as string;
      expect(status, command).toBe(0);
      expect(stdout).toContain('--json');
      const examples = stdout.slice(stdout.indexOf('\nExamples:\n')).trimEnd().split('\n').slice(2);
      expect(examples.length, command).toBeGreaterThan(1);
      for (const example of examples) expect(example).toMatch(new RegExp(`^  orrery ${command} `));
    }
  });

  it('[K21] keeps every line of every help within 80 columns, on any terminal', async () => {
    const overview = await orrery('--help');
    const names = [...overview.stdout.slice(overview.stdout.indexOf('\nCommands:')).matchAll(/^ {2}([a-z]+) {2,}\S/gm)];
    const commands = names.map(([, name]) => name as string).filter((name) => name !== 'help');
    expect(commands).toHaveLength(19);
    for (const columns of [undefined, 80, 250]) {
      for (const args of [['--help'], ...commands.map((name) => [name, '--help']), ['help', 'log']]) {
        const ended = await orreryOn(columns === undefined ? {} : { columns }, ...args);
        expect(ended, args.join(' ')).toMatchObject({ status: 0, stderr: '' });
        const long = ended.stdout.split('\n').filter((line) => widthOf(line) > 80);
        expect(long, `${args.join(' ')} on ${columns} columns`).toEqual([]);
      }
    }
    const narrow = await orreryOn({ columns: 50 }, 'log', '--help');
    const options = narrow.stdout.slice(0, narrow.stdout.indexOf('\nA moment is')).split('\n');
    expect(options.filter((line) => widthOf(line) > 50)).toEqual([]);
  });

  it('[K11] says its version', async () => {
    expect(await binary('--version')).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});

describe('wrong usage', () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [['lst', './data'], "unknown command 'lst'"],
    [['ls'], "missing required argument 'directory'"],
    [['ls', './data', '--jsno'], "unknown option '--jsno' (Did you mean --json?)"],
    [['show', './data', 'ore', 'more'], 'too many arguments'],
    [['show', './data', 'ore', '--at', '1.5'], '"1.5" is no moment'],
    [['show', './data', 'ore', '--at', '99999999999999999999'], 'is no moment'],
    [['log', './data', 'ore', '--limit', '0'], 'It must be a whole number from 1.'],
    [['log', './data', 'ore', '--from'], 'argument missing'],
    [['log', './data', 'ore', '--from', '9', '--to', '8'], '--from seq:9 is behind --to seq:8'],
  ];

  it.for(wrong)('[K10] %j ends with status 2', async ([args, says]) => {
    const ended = await orrery(...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).toMatch(/\n {8}See `orrery (\w+ )?--help`\.\n$/);
  });

  it('[K10] no command at all is wrong usage, and shows the help', async () => {
    const ended = await binary();
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^Usage: orrery /);
  });

  it('[K10] an error is one JSON document on standard error when --json was asked for', async () => {
    const ended = await orrery('log', './data', 'ore', '--json', '--to', '-');
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(JSON.parse(ended.stderr)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining('--to'), hint: 'See `orrery log --help`.', context: {} },
    });
  });
});

describe('wrong directories', () => {
  it('[K10] a path that is no directory of ours ends with status 3, for every command', async () => {
    const folder = emptyFolder();
    expect((await binary('ls', join(folder, 'nowhere'))).status).toBe(3);
    writeFileSync(join(folder, 'file'), '');
    expect((await orrery('check', join(folder, 'file'))).status).toBe(3);
    const game = (command: string): string[] => (command === 'show' || command === 'log' ? ['ore'] : []);
    const ended = await Promise.all(COMMANDS.map((command) => orrery(command, folder, ...game(command), '--json')));
    for (const { status, stdout, stderr } of ended) {
      expect(`${status} ${stdout}`).toBe('3 ');
      const { error } = JSON.parse(stderr) as { error: { code: string; message: string; hint: string } };
      expect(error.code).toBe('NOT_AN_ORRERY_DIRECTORY');
      expect(error.message).not.toContain(error.hint);
    }
  });

  it('[K10] a newer format ends with status 5, a broken description with 1, the remedy on its own line', async () => {
    const folder = emptyFolder();
    for (const name of ['newer', 'broken']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'newer/orrery.json'), '{"version":9,"leastReader":9}');
    writeFileSync(join(folder, 'broken/orrery.json'), '{"version":1}');
    const [newer, broken] = await Promise.all([
      binary('check', join(folder, 'newer')),
      orrery('ls', join(folder, 'broken')),
    ]);
    expect(newer.status).toBe(5);
    expect(newer.stderr).toMatch(
      /^orrery: the directory can be read from format 9 on.*\n {8}Open it with the version of Orrery/,
    );
    expect(broken.status).toBe(1);
    expect(broken.stderr.match(/Put the file back from a backup/g)).toHaveLength(1);
    expect(broken.stderr).not.toMatch(/^ +at /m);
  });
});
