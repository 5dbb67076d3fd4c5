// A galaxy with a mistake planted in it, for docs/TIME-MACHINE.md, which finds it again. Do not build on it.
//
//   node dist/examples/galactic-war/planted-bug.js [directory]     (./crime-scene)
//
// The mistake is of the kind that gets past a review: it takes two conditions that seldom meet, and it keeps the books
// in balance, so that every invariant holds while metal comes out of nothing.

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { defineGame, OrreryError, openOrrery } from 'orrery';
import { openSystem } from './agenda.ts';
import { Bots, botNames, mapOf } from './bots.ts';
import { type Galaxy, galaxy, give } from './galaxy.ts';
import { type SendArgs, send } from './orders.ts';
import { PACES, STARTING_STOCK } from './rules.ts';
import { loadStars } from './stars.ts';
import type { GalaxyDraft, Turn } from './state.ts';
import { type Stock, shortfall } from './stock.ts';
import { accrue, capacityOf, receive, type SystemView, stockAt } from './system.ts';

/**
 * "A fleet to a store that is full would only spill its cargo. Such an order now costs nothing: the cargo is put back."
 * But at this point nobody has taken it aboard yet. What is put back was never gone.
 */
function sendUnlessFull(draft: GalaxyDraft, args: SendArgs, turn: Turn): void {
  const goal = draft.systems.peek(args.to);
  const origin = draft.systems.peek(args.from);
  if (goal && origin?.owner === turn.player && goal.owner === turn.player && isFull(goal, args.cargo, draft, turn)) {
    const system = openSystem(draft, args.from);
    accrue(system, draft.books, turn.tick, draft.pace);
    receive(system, draft.books, args.cargo);
    return;
  }
  send(draft, args, turn);
}

/** Full of metal, and metal is what comes. */
function isFull(goal: SystemView, cargo: Readonly<Stock>, draft: GalaxyDraft, { tick }: Turn): boolean {
  const room = capacityOf(goal);
  const there = stockAt(goal, tick, draft.pace);
  return cargo.metal > 0 && there.metal === room.metal && shortfall(there, cargo) === undefined;
}

/** The same type as the galaxy of galaxy.ts, so that either can be asked about what the other has recorded. */
export const buggyGalaxy = defineGame('galaxy', {
  ...galaxy,
  commands: { ...galaxy.commands, send: sendUnlessFull },
});

const TICKS = 10_000;
const ORDERS_PER_TICK = 2;

/**
 * Plays a galaxy with the mistake in it. Bots with a fixed seed and random numbers without a secret: the same in every
 * run.
 */
export async function play(directory: string, ticks = TICKS): Promise<void> {
  await using orrery = await openOrrery({ directory, games: [buggyGalaxy], predictableRandom: true });
  const game = (await orrery.open(buggyGalaxy, 'andromeda', { stars: loadStars(), pace: PACES.blitz })) as Galaxy;
  const bots = new Bots({ players: botNames(8), seed: 1781, map: mapOf(game.state) });
  let refused = 0;
  while (game.tick < ticks) {
    for (let turn = 0; turn < ORDERS_PER_TICK; turn += 1) {
      const order = bots.next(game.state, game.tick);
      if (!order) continue;
      try {
        give(game, order);
      } catch (error) {
        if (!(error instanceof OrreryError && error.code === 'COMMAND_REFUSED')) throw error;
        refused += 1;
      }
    }
    game.advance();
    // A loop that never lets go would pile everything up in the commit queue. With a checkpoint, rows of the history
    // begin at these ticks, so that the same steps come out whatever a record takes.
    if (game.tick % 100 === 0) await orrery.checkpoint();
  }
  const { granted } = game.state.books;
  const due = game.state.players.size * STARTING_STOCK.metal;
  console.log(`${directory}: ${game.id} played to tick ${game.tick}, seq ${game.seq}; ${refused} orders were refused.`);
  console.log(`Metal granted: ${granted.metal}. To players who began: ${due}. From nowhere: ${granted.metal - due}.`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const directory = process.argv[2] ?? './crime-scene';
  if (existsSync(directory)) {
    console.error(`${directory} is there already: remove it, or name another directory.`);
    process.exitCode = 2;
  } else {
    await play(directory);
  }
}
