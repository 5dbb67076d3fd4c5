// Orrery as it comes, with its default options and its owner thread, and beside it the line that tells what persistence
// adds: the same game type with a sink that lets go of every record before it is encoded.

import { readFileSync } from 'node:fs';
import { GameActor } from '../../../src/core/game/actor.ts';
import { type AnyGameType, defineGame } from '../../../src/core/game/define.ts';
import type { AnyGame } from '../../../src/core/game/game.ts';
import { GameRandomness } from '../../../src/core/game/randomness.ts';
import type { Receipt, RecordSink } from '../../../src/core/game/recording.ts';
import type { GameOf } from '../../../src/core/game/type-of.ts';
import type { Record } from '../../../src/core/patch/record.ts';
import { type Orrery, openOrrery } from '../../../src/index.ts';
import { galaxy } from '../../galaxy.ts';
import { BENCH } from '../peers.ts';
import { type Contender, gameName, type Order, queueOf, type Shape, type Stored, type World } from './contender.ts';

/** Game 0's queue, as a game of its own. */
const QUEUE = 'queue';

const CLOSE_TIMEOUT_MS = 300_000;

const orders = defineGame('orders', {
  version: 1,
  history: 'ticks',
  initial: (length: number): { items: Order[] } => ({ items: queueOf(length) }),
  commands: {
    rotate(draft: { items: Order[] }, next: Order) {
      if (!draft.items.shift()) throw new Error('the queue is empty');
      draft.items.push(next);
    },
  },
});

const GAMES = [galaxy, orders];

type GalaxyGame = GameOf<typeof galaxy>;
type OrdersGame = GameOf<typeof orders>;

/** What the two have in common: the games, and how commands reach them. */
class GamesWorld {
  readonly #galaxies: readonly GalaxyGame[];
  readonly #queue: OrdersGame | undefined;
  /** Of the newest command. One shard has one journal: when this is durable, so is everything before. */
  protected last: Receipt | undefined;

  constructor(galaxies: readonly GalaxyGame[], queue: OrdersGame | undefined) {
    this.#galaxies = galaxies;
    this.#queue = queue;
  }

  beginTick(): void {
    for (const game of this.#galaxies) this.last = game.advance();
    if (this.#queue) this.last = this.#queue.advance();
  }

  mine(game: number, system: string, metal: number): void {
    this.last = (this.#galaxies[game] as GalaxyGame).dispatch('mine', { system, metal });
  }

  rotate(next: Order): void {
    this.last = (this.#queue as OrdersGame).dispatch('rotate', next);
  }

  metal(game: number, system: string): number {
    return this.#galaxies[game]?.state.systems.get(system)?.metal ?? Number.NaN;
  }

  oldest(): number {
    return this.#queue?.state.items[0]?.order ?? Number.NaN;
  }
}

class OrreryWorld extends GamesWorld implements World {
  readonly #orrery: Orrery;

  constructor(orrery: Orrery, galaxies: readonly GalaxyGame[], queue: OrdersGame | undefined) {
    super(galaxies, queue);
    this.#orrery = orrery;
  }

  commit(): void | Promise<void> {
    return this.last?.durable;
  }

  /** To list the games, an owner compacts everything that is in its journal. */
  async caughtUp(): Promise<void> {
    await this.#orrery.list();
  }

  close(): Promise<void> {
    return this.#orrery.close({ timeoutMs: CLOSE_TIMEOUT_MS });
  }
}

class DroppingWorld extends GamesWorld implements World {
  commit(): void {}

  async close(): Promise<void> {}
}

const DURABLE = Promise.resolve();

/** Lets go of every record before it is encoded. */
export class DroppingSink implements RecordSink {
  readonly notifyWhen = 'accepted';
  readonly randomness: GameRandomness;

  constructor(game: string) {
    this.randomness = new GameRandomness(game);
  }

  ready(): void {}

  append({ seq, tick }: Record): Receipt {
    return { seq, tick, durable: DURABLE };
  }

  subscriberFailed(error: unknown): void {
    throw error;
  }

  now(): number {
    return Date.now();
  }
}

function version(): string {
  const { version: own } = JSON.parse(readFileSync(`${BENCH}/../package.json`, 'utf8')) as { version: string };
  return own;
}

/** Galaxies and queue of a shape, opened one after the other. */
async function gamesOf(
  { games, systems, queue }: Shape,
  openGalaxy: (id: string, systems: number) => GalaxyGame | Promise<GalaxyGame>,
  openQueue: (length: number) => OrdersGame | Promise<OrdersGame>,
): Promise<[GalaxyGame[], OrdersGame | undefined]> {
  const galaxies: GalaxyGame[] = [];
  if (queue > 0) return [galaxies, await openQueue(queue)];
  for (let game = 0; game < games; game += 1) galaxies.push(await openGalaxy(gameName(game), systems));
  return [galaxies, undefined];
}

export const orrery: Contender = {
  name: 'orrery',
  how:
    'openOrrery with its defaults, one owner thread; dispatch for each command, advance for each tick of each game; a command is ' +
    'durable when its receipt is: fdatasync in the owner thread; history in the journal, then in the image',
  durable: true,
  installed: false,
  version,
  async create(folder, shape) {
    const opened = await openOrrery({ directory: folder, games: GAMES });
    const [galaxies, queue] = await gamesOf(
      shape,
      (id, systems) => opened.open(galaxy, id, systems),
      (length) => opened.open(orders, QUEUE, length),
    );
    await opened.list();
    return new OrreryWorld(opened, galaxies, queue);
  },
  async read(folder, shape): Promise<Stored> {
    const opened = await openOrrery({ directory: folder, games: GAMES });
    let commands = 0;
    let given = 0;
    let held = 0;
    const [galaxies, queue] = await gamesOf(
      shape,
      (id) => opened.load(galaxy, id),
      () => opened.load(orders, QUEUE),
    );
    for (const game of [...galaxies, ...(queue ? [queue] : [])]) {
      for await (const { name, args } of (await opened.history(game.id)).entries()) {
        if (name.startsWith('@')) continue;
        const { metal, order } = args as { metal?: number; order?: number };
        commands += 1;
        given += metal ?? order ?? 0;
      }
    }
    for (const { state } of galaxies) for (const { metal } of state.systems.values()) held += metal;
    for (const { order } of queue?.state.items ?? []) held += order;
    await opened.close({ timeoutMs: CLOSE_TIMEOUT_MS });
    return { commands, given, held };
  },
};

export const orreryWithout: Contender = {
  name: 'orrery-without',
  how: 'the same games, every record dropped before it is encoded: what Orrery pays for the change of state alone',
  durable: false,
  installed: false,
  version,
  async create(_folder, shape) {
    const created = (id: string, type: AnyGameType, size: number): AnyGame => {
      const actor = new GameActor(id, type, new DroppingSink(id));
      actor.create(size);
      return actor.game;
    };
    return new DroppingWorld(
      ...(await gamesOf(
        shape,
        (id, systems) => created(id, galaxy, systems) as GalaxyGame,
        (length) => created(QUEUE, orders, length) as OrdersGame,
      )),
    );
  },
};
