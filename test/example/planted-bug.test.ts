// The walk through docs/TIME-MACHINE.md, as far as the first time the mistake is made: what stands there is what comes out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { blameOf } from '#history/blame.ts';
import { verify } from '#history/rerun/verify.ts';
import { openOrrery } from '#index.ts';
import type { HistoryReader } from '#storage/history-reader.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { auditedGalaxy } from '../../examples/galactic-war/audited-galaxy.ts';
import { galaxy } from '../../examples/galactic-war/galaxy.ts';
import { buggyGalaxy, play } from '../../examples/galactic-war/planted-bug.ts';
import { ask } from '../history/ask.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-crime-'));
const directory = join(folder, 'crime-scene');
let past: HistoryReader;

beforeAll(async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await play(directory, 1_725);
  expect(said.mock.calls.flat().join('\n')).toContain(
    'Metal granted: 1948. To players who began: 1800. From nowhere: 148.',
  );
  said.mockRestore();
  past = await openDirectoryPast(directory, 'andromeda');
});
afterAll(async () => {
  await past.close();
  rmSync(folder, { recursive: true, force: true });
});

it('[PK15] blame names the step in which metal came out of nothing, and the send in it', async () => {
  const { value } = await blameOf(past, '/books/granted/metal').next();
  expect(value).toMatchObject({ before: 1800, after: 1948, tick: 1715, step: { firstSeq: 5055, lastSeq: 5057 } });
  expect(value?.commands.at(-1)).toMatchObject({ seq: 5057, name: 'send', player: 'hypatia' });
});

it('[PK15] verification is the same with the code that played, and with the right rules it names the culprit', async () => {
  const range = { from: 4_900 };
  const same = await verify(past, new Map([[1, buggyGalaxy]]), range);
  expect(same.difference).toBeUndefined();
  const { difference } = await verify(past, new Map([[1, galaxy]]), range);
  expect(difference).toMatchObject({ seq: 5057, tick: 1715, command: 'send', path: '/systems/115271/stock/metal' });
});

it('[PK15] recovery goes back to the moment before it, and the game plays on under the invariant that was missing', async () => {
  await using orrery = await openOrrery({ directory, games: [auditedGalaxy] });
  const recovery = await ask(orrery, 'andromeda').recover({ mode: 'before-error', reason: 'metal from nowhere' });
  expect(recovery).toMatchObject({ givenUp: { firstSeq: 5055 } });
  const game = await orrery.load(auditedGalaxy, 'andromeda');
  expect([game.tick, game.state.books.granted.metal]).toEqual([1714, 1800]);
  const order = { from: '115271', to: '112029', cargo: { metal: 100, crew: 0, water: 0 } };
  await game.dispatch('send', order, { player: 'hypatia' }).durable;
  expect(await ask(orrery, 'andromeda').quarantine()).toHaveLength(1);
});
