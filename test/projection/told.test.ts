// Who is told that a game has no rows in the tables of its type.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { type CheckpointReport, defineGame, openOrrery } from '#index.ts';
import { orrery as commandLine } from '../cli/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-told-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fleet = defineGame('fleet', {
  version: 1,
  initial: () => ({ ships: { a: { x: 1 }, b: { x: 2 } } as { [id: string]: { x: number } } }),
  commands: {
    move(draft, { ship, x }: { ship: string; x: number }) {
      draft.ships[ship] = { x };
    },
  },
  projections: { ships: { from: 'ships', columns: { x: 'INTEGER' }, unique: [['game', 'x']] } },
});

it('[PJ11] the log once, every report, and check, until the state is as declared again', async () => {
  const directory = join(folder, 'data');
  const warnings: object[] = [];
  const write = (line: string): void => {
    const { level, game, msg } = JSON.parse(line) as { level: number; game?: string; msg: string };
    if (level >= 40) warnings.push({ game, msg });
  };
  const open = () => openOrrery({ directory, games: [fleet], logger: pino({ level: 'warn' }, { write }) });
  const warning = { game: 'lost', msg: expect.stringContaining("in none of its type's SQL tables") as string };
  const reports = (all: readonly CheckpointReport[]) => all.map(({ unprojected }) => unprojected);

  let opened = await open();
  let game = await opened.open(fleet, 'lost');
  await opened.open(fleet, 'kept');
  expect(reports(await opened.checkpoint())).toEqual([undefined]);
  game.dispatch('move', { ship: 'b', x: 1 });
  expect(reports(await opened.checkpoint())).toEqual([['lost']]);
  game.dispatch('move', { ship: 'c', x: 3 });
  expect(reports(await opened.checkpoint())).toEqual([['lost']]);
  expect(warnings).toEqual([warning]);
  await opened.close();

  for (const command of [['check'], ['check', '--explain']]) {
    const { status, stdout } = await commandLine(...command, directory);
    expect(stdout, command.join(' ')).toContain(
      'because its state breaks what they declare unique: UNIQUE constraint failed: ships.game, ships.x',
    );
    expect(stdout, command.join(' ')).toContain('game "lost"');
    expect(stdout, command.join(' ')).not.toContain('game "kept"');
    expect(status, command.join(' ')).toBe(0);
  }

  opened = await open();
  expect(opened.recovery.map(({ unprojected }) => unprojected)).toEqual([['lost']]);
  expect(warnings).toEqual([warning, warning]);
  game = await opened.load(fleet, 'lost');
  game.dispatch('move', { ship: 'a', x: 7 });
  expect(reports(await opened.checkpoint())).toEqual([undefined]);
  // It happens once more, and is told once more.
  game.dispatch('move', { ship: 'a', x: 1 });
  expect(reports(await opened.checkpoint())).toEqual([['lost']]);
  expect(warnings).toEqual([warning, warning, warning]);
  await opened.close();
});
