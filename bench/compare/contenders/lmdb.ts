// lmdb: a key-value store with a memory map, that writes in a thread of its own.

import type { System } from '../../galaxy.ts';
import { peer, peerVersion } from '../peers.ts';
import type { Contender, Order, Stored } from './contender.ts';
import { type Keeper, type PlainGame, PlainWorld, plainGames } from './plain.ts';

type Key = string | number | readonly (string | number)[];

interface Table<V> {
  put(key: Key, value: V): Promise<boolean>;
  remove(key: Key): Promise<boolean>;
  getRange(): Iterable<{ readonly value: V }>;
}

interface Root {
  openDB<V>(name: string, options: object): Table<V>;
  readonly flushed: PromiseLike<unknown>;
  close(): Promise<void>;
}

interface Binding {
  open(options: object): Root;
}

interface Entry {
  readonly game: number;
  readonly tick: number;
  readonly name: string;
  readonly args: { readonly metal?: number; readonly order?: number };
}

/** The widest tick of all workloads has so many entries, and a hundred times that may fill up before a command. */
const PUTS_BETWEEN_FLUSHES = 20_000;

class LmdbKeeper implements Keeper {
  readonly root: Root;
  readonly systems: Table<System>;
  readonly queue: Table<Order>;
  readonly history: Table<Entry>;
  #seq = 0;
  #failure: unknown;
  readonly #failed = (error: unknown): void => {
    this.#failure ??= error;
  };

  constructor(folder: string) {
    // Objects of one shape are stored without their keys, as its documentation advises. noMemInit is what it
    // recommends where nobody else may read the files.
    const packed = { sharedStructuresKey: Symbol.for('structures') };
    this.root = peer<Binding>('lmdb').open({ path: `${folder}/world.lmdb`, maxDbs: 4, noMemInit: true });
    this.systems = this.root.openDB('systems', packed);
    this.queue = this.root.openDB('queue', packed);
    this.history = this.root.openDB('history', packed);
  }

  async fill(games: readonly PlainGame[]): Promise<void> {
    let puts = 0;
    for (const [game, { galaxy, queue }] of games.entries()) {
      for (const [id, system] of Object.entries(galaxy.systems)) {
        this.systems.put([game, id], system).catch(this.#failed);
        puts += 1;
        if (puts % PUTS_BETWEEN_FLUSHES === 0) await this.root.flushed;
      }
      for (const order of queue) this.queue.put(order.order, order).catch(this.#failed);
    }
    await this.commit();
  }

  mined(game: number, id: string, system: System, metal: number, tick: number): void {
    this.systems.put([game, id], system).catch(this.#failed);
    this.#log(game, tick, 'mine', { system: id, metal });
  }

  rotated(done: Order, next: Order, tick: number): void {
    this.queue.remove(done.order).catch(this.#failed);
    this.queue.put(next.order, next).catch(this.#failed);
    this.#log(0, tick, 'rotate', next);
  }

  async commit(): Promise<void> {
    await this.root.flushed;
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): Promise<void> {
    return this.root.close();
  }

  #log(game: number, tick: number, name: string, args: object): void {
    this.#seq += 1;
    this.history.put(this.#seq, { game, tick, name, args }).catch(this.#failed);
  }
}

export const lmdb: Contender = {
  name: 'lmdb',
  how:
    'one value for each system and one for each command, put asynchronously, MessagePack with shared structures, noMemInit; a ' +
    'command is durable when `flushed` has resolved (fdatasync or msync in its own thread); puts of one turn of the event loop are one transaction',
  durable: true,
  installed: true,
  version() {
    peer<Binding>('lmdb');
    return peerVersion('lmdb');
  },
  async create(folder, shape) {
    const games = plainGames(shape);
    const keeper = new LmdbKeeper(folder);
    await keeper.fill(games);
    return new PlainWorld(games, keeper);
  },
  async read(folder, { queue }): Promise<Stored> {
    const keeper = new LmdbKeeper(folder);
    let commands = 0;
    let given = 0;
    let held = 0;
    for (const { value } of keeper.history.getRange()) {
      commands += 1;
      given += value.args.metal ?? value.args.order ?? 0;
    }
    if (queue > 0) for (const { value } of keeper.queue.getRange()) held += value.order;
    else for (const { value } of keeper.systems.getRange()) held += value.metal;
    await keeper.close();
    return { commands, given, held };
  },
};
