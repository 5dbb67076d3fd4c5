// `orrery tune` as a whole, with small trials: what it reads, where it writes, what it prints and what it leaves.

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { readProfile } from '#cli/tuning/profile.ts';
import { workloadOf } from '#cli/tuning/workload.ts';
import { openOrrery } from '#index.ts';
import { match, mine } from '../programs/mine.ts';
import { isFull } from '../sampling.ts';
import {
  binary,
  emptyFolder,
  fingerprint,
  makeDirectory,
  orrery,
  playAndDie,
  removeFolders,
  startDigger,
} from './command-line.ts';

afterAll(removeFolders);

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;

interface Told {
  readonly workload: { readonly name: string };
  readonly busy: boolean;
  readonly notes: readonly string[];
  readonly recommended: object;
  readonly verify: object;
  readonly code: string;
  readonly options: readonly {
    readonly option: string;
    readonly reason: string;
    readonly candidates: readonly {
      readonly value: string;
      readonly median: { readonly [figure: string]: number };
      readonly rounds: readonly { readonly [figure: string]: number }[];
    }[];
  }[];
}

// The longest by far: `npm test` sees three rounds and nothing left behind in the test after this one.
it.runIf(isFull)(
  '[TU7] tries every option in three rounds, tells all of them with --json, and leaves nothing behind',
  async () => {
    const folder = emptyFolder();
    const ended = await binary('tune', '--workload', 'awaited', '--quick', '--on', folder, '--json');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual([]);
    const told = JSON.parse(ended.stdout) as Told;
    expect(told.workload.name).toBe('awaited');
    expect(told.options.map(({ option }) => option)).toEqual([
      'shards',
      'flushIntervalMs',
      'batchBytes',
      'compactionLagBytes',
      'checkpointBytes',
      'durability',
      'threads',
    ]);
    const loops = told.options.filter(({ option }) => option !== 'threads');
    for (const { option, candidates } of loops) {
      expect(candidates.length, option).toBe(2);
      for (const { median, rounds } of candidates) {
        expect(rounds).toHaveLength(3);
        for (const figures of [median, ...rounds]) {
          for (const name of ['durablePerSecond', 'compactedPerSecond', 'commitP50', 'durableP99', 'bytesPerCommand']) {
            expect(Number.isFinite(figures[name]) && (figures[name] as number) > 0, `${option} ${name}`).toBe(true);
          }
          expect(figures['durableP50']).toBeGreaterThanOrEqual(figures['commitP50'] as number);
        }
      }
    }
    // Whoever waits for each command waits for the delay of 'relaxed' each time.
    const [, relaxed] = loops.at(-1)?.candidates ?? [];
    expect(relaxed?.median['durableP50']).toBeGreaterThan(20_000);

    const threads = told.options.at(-1)?.candidates ?? [];
    expect(threads.map(({ value }) => value)).toEqual(expect.arrayContaining(['none', '1', '2']));
    for (const { value, median, rounds } of threads) {
      expect(rounds, value).toHaveLength(3);
      for (const figures of [median, ...rounds]) {
        expect(Object.keys(figures)).toEqual(['verifiedPerSecond', 'lateP99']);
        expect(figures['verifiedPerSecond'], value).toBeGreaterThan(0);
      }
    }
    expect(told.code).toContain('openOrrery({');
    expect(told.code.includes(').verify(')).toBe('threads' in told.verify);
    for (const name of Object.keys(told.recommended)) expect(told.code).toContain(`  ${name}: `);
  },
);

it('[TU8] plays what a directory holds, beside it, while another process has it open, and changes nothing in it', async () => {
  const directory = join(emptyFolder(), 'data');
  await playAndDie(directory);
  const digger = await startDigger(directory, 'hold');
  try {
    const before = fingerprint(directory);
    const ended = await orrery('tune', directory, '--quick');
    expect(ended.status).toBe(0);
    expect(fingerprint(directory)).toEqual(before);
    expect(readdirSync(dirname(directory))).toEqual(['data']);
    expect(ended.stdout).toMatch(/^profile: 4 games in 2 shards; states of /m);
    expect(ended.stdout).toMatch(/^trials: 4 games of /m);
    for (const option of ['shards', 'batchBytes', 'checkpointBytes']) {
      expect(ended.stdout).toMatch(
        new RegExp(`^${option}, for .*\\n  VALUE .*REPLAY\\n.*\\(default\\).*\\n.*\\n  (keep|take) `, 'm'),
      );
    }
    expect(ended.stdout).toMatch(
      /^threads of verify, for records verified a second\n {2}VALUE +VERIFIED\/S +LATE P99\n.*\(default\)/m,
    );
    expect(ended.stdout).toContain(`  directory: '${directory}',`);
    expect(ended.stderr).toContain('round 3 of 3');
  } finally {
    await digger.end();
  }
});

it('[TU8] nothing is left when somebody presses Ctrl-C', async () => {
  const folder = emptyFolder();
  const child = spawn(process.execPath, [MAIN, 'tune', '--workload', 'loop', '--on', folder], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const isWriting = (): boolean =>
    readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith('.journal'));
  await vi.waitFor(() => expect(isWriting()).toBe(true), { timeout: 300_000 });
  // npx and its like pass on what the terminal has sent to everybody.
  child.kill('SIGINT');
  child.kill('SIGINT');
  setTimeout(() => child.kill('SIGINT'), 2);
  expect(await ended).toBe('SIGINT');
  expect(readdirSync(folder)).toEqual([]);
});

it('[TU9] the profile is what can be known of the past', async () => {
  const directory = join(emptyFolder(), 'data');
  {
    await using open = await openOrrery({ directory, games: [mine, match] });
    const ore = await open.open(mine, 'ore', ['north', 'south']);
    for (let count = 0; count < 40; count += 1) {
      ore.dispatch('dig', { seam: 'north', metal: 5 }, count % 2 === 0 ? { player: 'ada' } : {});
      if (count % 4 === 3) ore.advance();
    }
  }
  const profile = await readProfile(directory);
  expect(profile).toMatchObject({ shards: 1, games: 1, sampledGames: 1, sampledCommands: 40, byPlayers: 0.5 });
  expect(profile?.commandsATick).toBe(4);
  // Two fields each; the journal of such a record, its newline included, is a little over a hundred bytes.
  expect(profile?.patchesACommand).toBeCloseTo(2, 5);
  expect(profile?.recordBytes).toBeGreaterThan(100);
  expect(profile?.recordBytes).toBeLessThan(220);
  const { workload, notes } = workloadOf(profile as NonNullable<typeof profile>);
  expect(workload).toMatchObject({ games: 1, commandsAGame: 4, patches: 2, awaited: false });
  expect(notes).toEqual([]);
});

it('[TU9] a directory with more than trials can play is played in part, and that is said', async () => {
  const profile = await readProfile(await makeDirectory());
  const many = {
    ...(profile as NonNullable<typeof profile>),
    games: 50_000,
    medianStateBytes: 2 ** 20,
    commandsATick: 900,
  };
  const { workload, notes } = workloadOf(many);
  expect(workload.games).toBe(16);
  expect(notes[0]).toContain('16 of 50000 games');
});

it('[TU10] wrong usage ends with status 2, no directory with 3, nowhere to write with 5', async () => {
  const folder = emptyFolder();
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [[], 'a directory or --workload is needed: awaited, loop, many'],
    [['./data', '--workload', 'loop'], 'exclude each other'],
    [['--workload', 'chess'], 'Allowed choices are awaited, loop, many'],
  ];
  for (const [args, says] of wrong) {
    const ended = await orrery('tune', ...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).toMatch(/See `orrery tune --help`\.\n$/);
  }
  expect((await orrery('tune', join(folder, 'nowhere'))).status).toBe(3);
  const empty = join(folder, 'empty');
  await (await openOrrery({ directory: empty, games: [mine] })).close();
  const unplayed = await orrery('tune', empty);
  expect(unplayed.status).toBe(3);
  expect(unplayed.stderr).toContain('no command was ever played');
  const within = await orrery('tune', empty, '--on', join(empty, 'shard-00'));
  expect(within).toMatchObject({ status: 2, stdout: '' });
  expect(within.stderr).toContain('which is only read');
  mkdirSync(join(folder, 'disk'));
  writeFileSync(join(folder, 'disk/file'), '');
  const unusable = await orrery('tune', '--workload', 'loop', '--on', join(folder, 'disk/file'));
  expect(unusable).toMatchObject({ status: 5, stdout: '' });
  expect(unusable.stderr).toContain('--on');
});

it('[TU10] the help explains the columns, the works and what helper threads are tried with', async () => {
  const { status, stdout } = await orrery('tune', '--help');
  expect(status).toBe(0);
  for (const word of [
    'awaited',
    'loop',
    'many',
    'DURABLE/S',
    'COMPACTED/S',
    'COMMIT',
    'LOOP',
    'BYTES',
    'REPLAY',
    'VERIFIED/S',
    'LATE',
    '--quick',
  ])
    expect(stdout).toContain(word);
  expect(stdout).toMatch(/`threads` is tried by verifying a history/);
  expect(stdout.slice(stdout.indexOf('\nExamples:\n')).trimEnd().split('\n').slice(2)).toHaveLength(2);
});
