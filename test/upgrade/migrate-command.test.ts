// `orrery migrate`, on directories that a program of version 1 has left.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { copyOf, type Ended, emptyFolder, fingerprint, orrery, orreryOn, removeFolders } from '../cli/command-line.ts';
import { json, silent } from '../game/galaxy.ts';
import { match } from '../programs/mine.ts';
import { expected, galaxyOf } from './galaxies.ts';

const moduleOf = (name: string): string => join(import.meta.dirname, `modules/${name}.ts`);

let stored: string;
let first: string;
beforeAll(async () => {
  stored = join(emptyFolder(), 'data');
  const galaxy = galaxyOf(1);
  await using open = await openOrrery({ directory: stored, games: [galaxy, match], logger: silent, shards: 2 });
  for (const id of ['andromeda', 'milky way']) {
    const game = await open.open(galaxy, id);
    game.dispatch('found', 'x');
    for (let turn = 0; turn < 20; turn += 1) {
      game.dispatch('mine', { at: turn % 2 === 0 ? 'sol' : 'vega', metal: turn });
      game.advance();
    }
    first = json(game);
  }
  await open.open(match, 'final');
});
afterAll(removeFolders);

const lines = ({ stdout }: Ended): { [key: string]: unknown }[] =>
  stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { [key: string]: unknown });

describe('orrery migrate', () => {
  it('[MG40] takes every game of the module up, and leaves others alone; a second time there is nothing to do', async () => {
    const directory = copyOf(stored);
    const done = await orrery('migrate', directory, '--games', moduleOf('second'));
    expect(done).toMatchObject({ status: 0, stderr: '1 game of other types left alone: match\n' });
    expect(done.stdout).toMatch(
      /^GAME +TYPE +FROM +TO\nandromeda +galaxy +1 +2\nmilky way +galaxy +1 +2\n2 games migrated\n$/,
    );
    const listed = lines(await orrery('ls', directory, '--json'));
    expect((listed[0] as { games: object[] }).games).toMatchObject([
      { id: 'andromeda', version: 2, seq: 42 },
      { id: 'final', version: 1, seq: 0 },
      { id: 'milky way', version: 2, seq: 42 },
    ]);
    const at = async (seq: number) =>
      lines(await orrery('show', directory, 'andromeda', '--at', String(seq), '--json'))[0];
    expect((await at(41))?.['value']).toEqual(JSON.parse(first));
    expect((await at(42))?.['value']).toEqual(JSON.parse(expected(JSON.parse(first), 20, 2)));

    const again = await orrery('migrate', directory, '--games', moduleOf('second'));
    expect(again).toMatchObject({ status: 0, stdout: '0 games migrated, 2 had the newest version\n' });
  });

  it('[MG40] one game, as JSON', async () => {
    const directory = copyOf(stored);
    const done = await orrery('migrate', directory, '--games', moduleOf('fourth'), '--game', 'milky way', '--json');
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(lines(done)).toEqual([{ game: 'milky way', type: 'galaxy', from: 1, to: 4 }]);
    const second = galaxyOf(4);
    await using open = await openOrrery({ directory, games: [second], logger: silent });
    expect((await open.list()).map(({ version }) => version)).toEqual([1, 1, 4]);
    expect(json(await open.load(second, 'milky way'))).toBe(expected(JSON.parse(first), 20, 4));
  });

  it('[MG40] a game that fails stays on its version and is reported at the end, with status 1', async () => {
    const directory = copyOf(stored);
    const done = await orrery('migrate', directory, '--games', moduleOf('failing'));
    expect(done.status).toBe(1);
    expect(done.stdout).toMatch(
      /^GAME.*\nandromeda +galaxy +1 +2\nfailed +milky way stays on version 1: .*"\/log\/\d+".*\n/,
    );
    expect(done.stdout.endsWith('1 game migrated, 1 failed\n')).toBe(true);
    const asJson = await orrery('migrate', directory, '--games', moduleOf('failing'), '--json');
    expect(asJson.status).toBe(1);
    expect(lines(asJson)).toMatchObject([
      { game: 'milky way', from: 1, to: 1, error: { code: 'MIGRATION_FAILED', context: { from: 1, to: 2 } } },
    ]);
    expect((await orrery('check', directory)).status).toBe(0);
  });

  it('[MG40] progress goes to a terminal, and to nobody else', async () => {
    const directory = copyOf(stored);
    const seen = await orreryOn(
      { columns: 60, env: { NO_COLOR: '1' } },
      'migrate',
      directory,
      '--games',
      moduleOf('second'),
    );
    expect(seen.status).toBe(0);
    expect(seen.stderr).toContain('\r1 of 2  andromeda');
    expect(seen.stdout).not.toContain('\r');
  });

  it('[MG40] what cannot be is refused, and nothing changes', async () => {
    const before = fingerprint(stored);
    const status = async (...args: string[]) => (await orrery('migrate', ...args)).status;
    expect(await status(stored)).toBe(2);
    expect(await status(stored, '--games', moduleOf('nowhere'))).not.toBe(0);
    expect(await status(stored, '--games', moduleOf('second'), '--game', 'nowhere')).toBe(3);
    expect(await status(join(stored, 'nowhere'), '--games', moduleOf('second'))).toBe(3);
    const foreign = await orrery('migrate', stored, '--games', moduleOf('second'), '--game', 'final');
    expect(foreign.status).not.toBe(0);
    expect(foreign.stderr).toContain('the module does not have the type of the games: match');
    expect(fingerprint(stored)).toEqual(before);
  });

  it('[MG40] another process that has the directory open keeps it', async () => {
    const directory = copyOf(stored);
    const galaxy = galaxyOf(1);
    await using open = await openOrrery({ directory, games: [galaxy], logger: silent });
    const game = await open.load(galaxy, 'andromeda');
    const refused = await orrery('migrate', directory, '--games', moduleOf('second'));
    expect(refused.status).toBe(4);
    // A rehearsal only reads.
    const rehearsed = await orrery('migrate', directory, '--games', moduleOf('second'), '--rehearse', '--last', '0');
    expect(rehearsed.status).toBe(0);
    expect([game.seq, game.type.version]).toEqual([41, 1]);
  });
});

describe('orrery migrate --rehearse', () => {
  it('[MG41] [MG42] writes nothing, and says what the new code would have done otherwise', async () => {
    const before = fingerprint(stored);
    const done = await orrery('migrate', stored, '--games', moduleOf('second'), '--rehearse', '--last', '10');
    expect(fingerprint(stored)).toEqual(before);
    // It begins with a moment that is kept: the end of a tick. Metal that was mined after the migration has no crystal; ticks and treasury are as they were.
    expect(done.status).toBe(1);
    expect(done.stdout).toContain('andromeda  version 1 -> 2, seq 41\n  11 commands run again from seq 30\n');
    const metal = (turns: number[]): number => turns.reduce((sum, turn) => sum + turn, 0);
    const sol = [2 * (1 + metal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])), 2 * (1 + metal([0, 2, 4, 6, 8, 10, 12, 14]))];
    expect(done.stdout).toContain(`  /systems/sol\n    ~ crystal  ${sol[0]} -> ${sol[1]}\n`);
    expect(done.stdout).toContain('milky way  version 1 -> 2');
    expect(done.stdout).not.toContain('treasury');
  });

  it('[MG42] with nothing run again there is no difference, and status 0', async () => {
    const done = await orrery('migrate', stored, '--games', moduleOf('second'), '--rehearse', '--last', '0');
    expect(done.status).toBe(0);
    expect(done.stdout).toContain('  0 commands run again from seq 41\n  the new code comes to the migrated state\n');
  });

  it('[MG42] what a migration draws by lot is the same for both states, and no difference', async () => {
    const done = await orrery('migrate', stored, '--games', moduleOf('chancy'), '--rehearse', '--last', '10');
    expect(done.stdout).toContain('  the new code comes to the migrated state\n');
    expect(done.stdout).not.toContain('luck');
    expect(done.status).toBe(0);
  });

  it('[MG41] [MG42] a pack is rehearsed as the directory is, and not migrated', async () => {
    const file = join(emptyFolder(), 'andromeda.orrery');
    await orrery('pack', stored, 'andromeda', '-o', file);
    const before = readFileSync(file);
    const options = ['--games', moduleOf('second'), '--rehearse', '--last', '10', '--game', 'andromeda'];
    const done = await orrery('migrate', file, ...options);
    expect(done).toEqual(await orrery('migrate', stored, ...options));
    expect(done.status).toBe(1);
    const refused = await orrery('migrate', file, '--games', moduleOf('second'));
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(refused.stderr).toContain('orrery unpack');
    const list = await orrery('recover', file, 'andromeda', '--list');
    expect(list).toMatchObject({ status: 0, stdout: '', stderr: 'nothing of andromeda was ever given up\n' });
    expect(readFileSync(file)).toEqual(before);
  });

  it('[MG42] commands that are refused now are named, and counted', async () => {
    const done = await orrery(
      'migrate',
      stored,
      '--games',
      moduleOf('fourth'),
      '--rehearse',
      '--game',
      'andromeda',
      '--json',
    );
    expect(done.status).toBe(1);
    const [report] = lines(done) as [{ [key: string]: unknown; refused: object[]; operations: object[] }];
    expect(report).toMatchObject({
      game: 'andromeda',
      from: 1,
      to: 4,
      seq: 41,
      fromSeq: 0,
      commands: 41,
      refusals: 20,
    });
    expect(report.refused).toHaveLength(20);
    expect(report.refused[0]).toMatchObject({ command: '@tick', tick: 1, seq: 3, error: { code: 'NOT_PERSISTABLE' } });
    expect(report.operations).toContainEqual({ op: 'replace', path: '/since', value: 0 });
  });

  it('[MG42] a migration that fails is told, and nothing is run again', async () => {
    const before = fingerprint(stored);
    const done = await orrery('migrate', stored, '--games', moduleOf('failing'), '--rehearse', '--last', '0');
    expect(done.status).toBe(1);
    expect(done.stdout).toContain('milky way  version 1 -> 2, seq 41\n  cannot be migrated: ');
    expect(done.stdout).toContain('andromeda  version 1 -> 2, seq 41\n  0 commands run again');
    expect(fingerprint(stored)).toEqual(before);
  });
});
