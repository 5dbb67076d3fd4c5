// @event-driven-io/emmett-sqlite: event sourcing on SQLite. A command is an event of its game's stream; the state is
// what the events fold to, kept in memory.

import { join } from 'node:path';
import type { System } from '../../galaxy.ts';
import { peer, peerVersion } from '../peers.ts';
import { type Contender, gameName, type Order, type Shape, type Stored } from './contender.ts';
import { heldBy, type Keeper, type PlainGame, PlainWorld, plainGames } from './plain.ts';

interface GameEvent {
  readonly type: string;
  readonly data: { readonly tick: number; readonly [argument: string]: string | number };
}

interface Connection {
  close(): void;
  query<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  withTransaction<T>(work: () => Promise<T>): Promise<T>;
}

interface Appended {
  readonly success: boolean;
  readonly nextStreamPosition: bigint;
}

interface Emmett {
  sqliteConnection(options: { fileName: string }): Connection;
  createEventStoreSchema(connection: Connection): Promise<void>;
  appendToStream(
    connection: Connection,
    stream: string,
    streamType: string,
    events: readonly GameEvent[],
    options?: { readonly expectedStreamVersion: bigint },
  ): Promise<Appended>;
  readStream(connection: Connection, stream: string): Promise<{ readonly events: readonly GameEvent[] }>;
}

const PACKAGE = '@event-driven-io/emmett-sqlite';

/** A statement may have 32,766 values, and an event is ten of them. */
const EVENTS_PER_APPEND = 3_000;

class EmmettKeeper implements Keeper {
  readonly #emmett: Emmett;
  readonly #connection: Connection;
  readonly #versions = new Map<number, bigint>();
  #events = new Map<number, GameEvent[]>();
  #last: Promise<void> = Promise.resolve();

  constructor(emmett: Emmett, connection: Connection) {
    this.#emmett = emmett;
    this.#connection = connection;
  }

  created(game: number, { systems, queue }: Shape): void {
    this.#add(game, { type: 'created', data: { tick: 0, systems, queue } });
  }

  mined(game: number, id: string, _system: System, metal: number, tick: number): void {
    this.#add(game, { type: 'mined', data: { tick, system: id, metal } });
  }

  rotated(_done: Order, next: Order, tick: number): void {
    this.#add(0, { type: 'rotated', data: { tick, ...next } });
  }

  /** Two appends at a time on one connection would share a transaction: they wait for each other. */
  commit(): Promise<void> {
    const events = this.#events;
    this.#events = new Map();
    this.#last = this.#last.then(() => this.#append(events));
    return this.#last;
  }

  close(): void {
    this.#connection.close();
  }

  #add(game: number, event: GameEvent): void {
    const events = this.#events.get(game);
    if (events) events.push(event);
    else this.#events.set(game, [event]);
  }

  async #append(events: ReadonlyMap<number, readonly GameEvent[]>): Promise<void> {
    const all = async (): Promise<void> => {
      for (const [game, ofGame] of events) await this.#appendTo(game, ofGame);
    };
    // An append is a transaction of its own; several are one when they stand inside one.
    if (events.size > 1) await this.#connection.withTransaction(all);
    else await all();
  }

  async #appendTo(game: number, events: readonly GameEvent[]): Promise<void> {
    for (let from = 0; from < events.length; from += EVENTS_PER_APPEND) {
      const version = this.#versions.get(game);
      const { success, nextStreamPosition } = await this.#emmett.appendToStream(
        this.#connection,
        gameName(game),
        'galaxy',
        events.slice(from, from + EVENTS_PER_APPEND),
        // Told the version, it need not ask for it.
        version === undefined ? undefined : { expectedStreamVersion: version },
      );
      if (!success) throw new Error(`the events of ${gameName(game)} were not appended`);
      this.#versions.set(game, nextStreamPosition);
    }
  }
}

/** What a reader of the stream makes of an event. */
function evolve(game: PlainGame, { type, data }: GameEvent): void {
  if (type === 'mined') {
    const system = game.galaxy.systems[data['system'] as string] as System;
    system.metal += data['metal'] as number;
    system.mined = data.tick;
  } else if (type === 'rotated') {
    game.queue.shift();
    game.queue.push({
      order: data['order'] as number,
      structure: data['structure'] as string,
      ticks: data['ticks'] as number,
    });
  } else if (type !== 'created') throw new Error(`an event of the type ${type}`);
}

function connect(folder: string): { emmett: Emmett; connection: Connection } {
  const emmett = peer<Emmett>(PACKAGE);
  return { emmett, connection: emmett.sqliteConnection({ fileName: join(folder, 'events.sqlite') }) };
}

export const emmettSqlite: Contender = {
  name: 'emmett-sqlite',
  how:
    'one appendToStream for each command in W1 and for all events of a tick in the others, on one connection that stays open ' +
    '(getSQLiteEventStore opens one for each append), with the expected version, so that it need not be queried; journal_mode=WAL as it ' +
    'sets it and synchronous=FULL as is the default: one fsync for each transaction, in a thread of the sqlite3 package; state folded in memory',
  durable: true,
  installed: true,
  version() {
    peer<Emmett>(PACKAGE);
    return `${peerVersion(PACKAGE)}, sqlite3 ${peerVersion('sqlite3')}`;
  },
  async create(folder, shape) {
    const { emmett, connection } = connect(folder);
    await emmett.createEventStoreSchema(connection);
    const [mode] = await connection.query<{ synchronous: number }>('PRAGMA synchronous');
    if (mode?.synchronous !== 2) throw new Error(`it runs with synchronous=${String(mode?.synchronous)}, not FULL`);
    const keeper = new EmmettKeeper(emmett, connection);
    for (let game = 0; game < shape.games; game += 1) keeper.created(game, shape);
    await keeper.commit();
    return new PlainWorld(plainGames(shape), keeper);
  },
  async read(folder, shape): Promise<Stored> {
    const { emmett, connection } = connect(folder);
    let commands = 0;
    let given = 0;
    const games: PlainGame[] = [];
    for (let index = 0; index < shape.games; index += 1) {
      const { events } = await emmett.readStream(connection, gameName(index));
      const [created, ...rest] = events;
      if (created?.type !== 'created') throw new Error(`${gameName(index)} does not begin with its creation`);
      const { systems, queue } = created.data;
      const [game] = plainGames({ games: 1, systems: Number(systems), queue: Number(queue) }) as [PlainGame];
      for (const event of rest) {
        evolve(game, event);
        commands += 1;
        given += Number(event.data['metal'] ?? event.data['order']);
      }
      games.push(game);
    }
    connection.close();
    return { commands, given, held: heldBy(games, shape) };
  },
};
