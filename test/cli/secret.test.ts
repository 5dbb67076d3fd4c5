// The secret from which the random numbers of a game follow stands in the files and nowhere else: not in what commands print,
// not in what the library answers, not in an error.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Change, defineGame, openOrrery } from '#index.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { openPackPast } from '#storage/sqlite/pack/pack-history.ts';
import { seedsIn } from '../../examples/galactic-war/demo/seeds.ts';
import { ask } from '../history/ask.ts';
import { orrery } from './command-line.ts';

const CODE = `
import { defineGame } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)};
export const dice = defineGame('dice', {
  version: 1,
  initial: () => ({ rolled: [] }),
  commands: { draw(draft, _args, context) { draft.rolled.push(context.random()); } },
});
`;

const dice = defineGame('dice', {
  version: 1,
  initial: () => ({ rolled: [] as number[] }),
  commands: {
    draw(draft, _args: undefined, context) {
      draft.rolled.push(context.random());
    },
    show(_draft, _args: undefined, context) {
      throw new Error(`drew ${context.random()}`);
    },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'orrery-secret-'));
const directory = join(folder, 'data');
const file = join(folder, 'game.orrery');
const games = `data:text/javascript,${encodeURIComponent(CODE)}`;
let secret = '';
const told: unknown[] = [];

beforeAll(async () => {
  await using open = await openOrrery({ directory, games: [dice] });
  open.on('checkpoint', (report) => told.push(report));
  const game = await open.open(dice, 'g');
  game.subscribe((change: Change<object>) => told.push(change));
  game.dispatch('draw');
  try {
    game.dispatch('show');
  } catch (error) {
    told.push(error, JSON.stringify(error));
  }
  await game.dispatch('draw').durable;
  await open.checkpoint();
  await ask(open, 'g')
    .fork({ at: 1, as: 'fork' })
    .then((fork) => told.push(fork));
  await ask(open, 'g')
    .recover({ mode: { to: { seq: 1 } } })
    .then((recovery) => told.push(recovery));
  await open.pack('g', file).then((description) => told.push(description));
  told.push(await open.unpack(file, { as: 'copy' }));
  const past = await ask(open, 'g').reader();
  told.push(game, JSON.stringify(game), JSON.stringify(game.state), past, past.seed, await past.stateAt({ seq: 2 }));
  told.push(await open.list(), open.health, await open.stats(), await open.metrics(), open.recovery, open);
  for await (const entry of ask(open, 'g').entries()) told.push(entry);
  for await (const step of past.steps()) told.push(step);
  told.push(
    await ask(open, 'g').diff(1, 3),
    await ask(open, 'g').verify(),
    await past.snapshots(),
    await ask(open, 'g').quarantine(),
  );
  told.push(await openPackPast(file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('[D66] nothing that the library gives to a user has the secret in it, and the files have it', async () => {
  const seeds = await seedsIn(directory);
  secret = seeds.get('g') as string;
  expect(secret).toMatch(/^[0-9a-f]{32}$/);
  // One secret for the game and what was made of it.
  expect([...seeds]).toEqual(['copy', 'fork', 'g'].map((id) => [id, secret]));
  expect(readFileSync(file).includes(secret)).toBe(true);
  const texts = told.map((each) =>
    inspect(each, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  );
  expect(texts.length).toBeGreaterThan(20);
  for (const text of texts) expect(text).not.toContain(secret);
});

it.each([
  ['ls', directory],
  ['ls', directory, '--json'],
  ['show', directory, 'g', '--json'],
  ['log', directory, 'g', '--patches', '--json'],
  ['log', directory, 'fork'],
  ['show', directory, 'g', '--at', '1', '--json'],
  ['diff', directory, 'g', '--from', '0', '--to', '2', '--json'],
  ['blame', directory, 'g', '/rolled', '--json'],
  ['replay', directory, 'g', '--json'],
  ['verify', directory, 'g', '--games', games, '--json'],
  ['try', directory, 'g', '--games', games, '--at', '0', '--rerun', '--to', '2', '--json'],
  ['check', directory, '--explain', '--json'],
  ['check', directory, '--json'],
  ['check', file, '--json'],
  ['sql', directory, 'select * from games', '--json'],
  ['sql', directory, 'select * from meta', '--json'],
  ['sql', directory, 'select name, sql from sqlite_schema', '--json'],
  ['sql', directory, 'select * from patch_batches', '--json'],
  ['sql', file, 'select * from games', '--json'],
])('[D66] no command prints the secret: %s %s %s %s %s', async (...args) => {
  const { stdout, stderr } = await orrery(...args.filter((each) => each !== undefined));
  expect(stdout.length).toBeGreaterThan(0);
  expect(stdout + stderr).not.toContain(secret);
  if (args[1] === 'sql') expect(stdout).not.toContain('seeds');
});

it('[D66] an export for Redux DevTools has it no more than that', async () => {
  const exported = join(folder, 'devtools.json');
  expect((await orrery('log', directory, 'g', '--format', 'redux-devtools', '-o', exported)).status).toBe(0);
  const text = readFileSync(exported, 'utf8');
  expect(text).toContain('"rolled"');
  expect(text).not.toContain(secret);
});

it.each([directory, file])('[D66] orrery sql has no table of secrets', async (place) => {
  const { status, stderr } = await orrery('sql', place, 'select * from seeds');
  expect(status).not.toBe(0);
  expect(stderr).toContain('no such table: seeds');
});

it('[D66] a pack without the secret that its compaction speaks of is refused, and one with another', async () => {
  for (const sql of ['DELETE FROM seeds', `UPDATE seeds SET seed = '${'0'.repeat(32)}'`]) {
    const database = await Database.open(readFileSync(file));
    database.execute(sql);
    const forged = join(folder, 'forged.orrery');
    writeFileSync(forged, database.export());
    database.close();
    await expect(openPackPast(forged)).rejects.toMatchObject({ code: 'PACK_DAMAGED' });
  }
});
