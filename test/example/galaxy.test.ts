import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Orrery, OrreryError, openOrrery } from 'orrery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bots, botNames, mapOf } from '../../examples/galactic-war/bots.ts';
import { seedsIn } from '../../examples/galactic-war/demo/seeds.ts';
import { firstDifference } from '../../examples/galactic-war/difference.ts';
import { type Galaxy, galaxy, give } from '../../examples/galactic-war/galaxy.ts';
import { type LogEntry, PlainGalaxy, recompute } from '../../examples/galactic-war/recompute.ts';
import { Refusal } from '../../examples/galactic-war/refusal.ts';
import { PACES } from '../../examples/galactic-war/rules.ts';
import { loadStars } from '../../examples/galactic-war/stars.ts';
import { ask } from '../history/ask.ts';
import { smallSetup } from './small-galaxy.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-galaxy-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Ticks with three orders each; refusals are part of the game. How many there were. */
function play(game: Galaxy, bots: Bots, ticks: number): number {
  let refused = 0;
  for (let tick = 0; tick < ticks; tick += 1) {
    game.advance();
    for (let turn = 0; turn < 3; turn += 1) {
      const order = bots.next(game.state, game.tick);
      if (!order) continue;
      try {
        give(game, order);
      } catch (error) {
        expect(error).toBeInstanceOf(OrreryError);
        expect(error).toMatchObject({ code: 'COMMAND_REFUSED', cause: expect.any(Refusal) });
        refused += 1;
      }
    }
  }
  return refused;
}

/** The log so far, and the secret as it stands in the files. */
async function logOf(orrery: Orrery, game: Galaxy): Promise<[log: LogEntry[], seed: string | undefined]> {
  await orrery.checkpoint();
  const log: LogEntry[] = [];
  for await (const { name, ...entry } of ask(orrery, game.id).entries()) log.push({ ...entry, command: name });
  return [log, (await seedsIn(directory)).get(game.id)];
}

describe('a galaxy in Orrery', () => {
  it('[G27] is, before and after a restart, what its log gives without Orrery', async () => {
    const setup = { stars: loadStars(), pace: PACES.blitz };
    let log: LogEntry[] = [];
    let seed: string | undefined;
    let refused = 0;
    for (const session of [1, 2, 3]) {
      await using orrery = await openOrrery({ directory, games: [galaxy] });
      const game = await orrery.open(galaxy, 'andromeda', setup);
      const twin = recompute('andromeda', setup, log, seed);
      expect(firstDifference(twin, game.state)).toBeUndefined();
      expect([game.seq, game.tick]).toEqual([twin.seq, twin.tick]);

      const bots = new Bots({ players: botNames(6), seed: session, map: mapOf(game.state) });
      refused += play(game, bots, 250);
      [log, seed] = await logOf(orrery, game);
      expect(firstDifference(recompute('andromeda', setup, log, seed), game.state)).toBeUndefined();
    }
    expect(seed).toMatch(/^[0-9a-f]{32}$/);
    expect(log.some((entry) => entry.nonce !== undefined)).toBe(true);
    expect(log.filter((entry) => entry.command === 'build').length).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(0);
  });

  it('[G27] a refused order leaves the very same state, and no seq', async () => {
    await using orrery = await openOrrery({ directory, games: [galaxy] });
    const game = await orrery.open(galaxy, 'andromeda', smallSetup());
    game.dispatch('join', undefined, { player: 'ada' });
    const { state, seq } = game;
    const home = state.players.get('ada')!.home;
    expect(() => game.dispatch('join', undefined, { player: 'ada' })).toThrow(/ada has already joined/);
    expect(() => give(game, { command: 'rename', args: { system: home, name: '' }, player: 'ada' })).toThrow(
      /a name has 1 to 40 characters/,
    );
    expect(game.seq).toBe(seq);
    expect(JSON.stringify(game.state)).toBe(JSON.stringify(state));
    const twin = recompute('andromeda', smallSetup(), ...(await logOf(orrery, game)));
    expect([twin.seq, JSON.stringify(twin)]).toEqual([1, JSON.stringify(game.state)]);
  });

  it('[G27] a galaxy begins as its plain twin does', async () => {
    await using orrery = await openOrrery({ directory, games: [galaxy] });
    const game = await orrery.open(galaxy, 'τ Phe (2)', smallSetup(40, PACES.classic));
    expect(JSON.stringify(game.state)).toBe(JSON.stringify(new PlainGalaxy('x', smallSetup(40, PACES.classic))));
  });
});
