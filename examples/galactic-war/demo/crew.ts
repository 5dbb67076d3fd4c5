// The bots of one galaxy, at work once a tick. It does not matter to them whether Orrery keeps the galaxy or plain
// objects.

import { crc32 } from 'node:zlib';
import { OrreryError } from 'orrery';
import { Bots, botNames, type Order } from '../bots.ts';
import { Refusal } from '../refusal.ts';
import type { StarMap } from '../star-map.ts';
import type { GalaxyView } from '../state.ts';
import { ORDERS_PER_TICK, PLAYERS_PER_GALAXY } from './settings.ts';

export class Crew<R> {
  readonly #galaxy: { readonly state: GalaxyView; readonly tick: number };
  readonly #give: (order: Order) => R;
  readonly #bots: Bots;

  constructor(
    galaxy: { readonly state: GalaxyView; readonly tick: number },
    give: (order: Order) => R,
    seed: number,
    map: StarMap,
  ) {
    this.#galaxy = galaxy;
    this.#give = give;
    this.#bots = new Bots({ players: botNames(PLAYERS_PER_GALAXY), seed, map });
  }

  /** Gives the orders of one tick. What the rules refuse is part of the game; anything else that is thrown is not. */
  play(accepted?: (order: Order, result: R) => void): void {
    for (let turn = 0; turn < ORDERS_PER_TICK; turn += 1) {
      const order = this.#bots.next(this.#galaxy.state, this.#galaxy.tick);
      if (!order) continue;
      let result: R;
      try {
        result = this.#give(order);
      } catch (error) {
        if (isRefusal(error)) continue;
        throw error;
      }
      accepted?.(order, result);
    }
  }
}

function isRefusal(error: unknown): boolean {
  const cause = error instanceof OrreryError && error.code === 'COMMAND_REFUSED' ? error.cause : error;
  return cause instanceof Refusal;
}

/** Chains an order onto a checksum: whoever has the same orders in the same places has the same number. */
export function checksumOf(
  seq: number,
  command: string,
  args: unknown,
  player: string | undefined,
  before: number,
): number {
  return crc32(JSON.stringify([seq, command, args ?? null, player ?? null]), before);
}
