// The games in memory: each is loaded or created once, by whoever asks first, and leaves when there are too many. orrery.ts asks;
// sink.ts and the outbox of the game's shard come after it.

import { shardOf } from '../directory.ts';
import { OrreryError, type OrreryErrorCode } from '../errors.ts';
import { Assembly } from '../game/assemble.ts';
import type { AnyGameType, Commands, GameType } from '../game/define.ts';
import type { AnyGame, Game } from '../game/game.ts';
import { checkGameId } from '../game/id.ts';
import { migrate, migrationFailed } from '../game/migration.ts';
import { checkedType, notFound, tooNew, typeMismatch, unknownType } from '../game/mismatch.ts';
import type { Receipt } from '../game/recording.ts';
import { Registry } from '../game/registry.ts';
import { checkSchema } from '../game/schema.ts';
import { WorkingState } from '../game/state.ts';
import type { GameRow } from '../image/rows.ts';
import { MIGRATE } from '../patch/record.ts';
import type { StoredGame } from '../store/store.ts';
import { closed } from './failures.ts';
import type { Outbox } from './outbox.ts';
import { GameSink, type SinkOptions } from './sink.ts';

export interface ResidentsOptions extends SinkOptions {
  /** The types of game that may be opened. */
  readonly games: readonly AnyGameType[];
  readonly maxLoadedGames: number;
}

export interface ResidentsEvents {
  evicted(game: AnyGame): void;
  subscriberFailed(game: string, error: unknown): void;
}

export class Residents {
  readonly registry: Registry;
  readonly #outboxes: readonly Outbox[];
  readonly #options: ResidentsOptions;
  readonly #events: ResidentsEvents;
  readonly #opening = new Map<string, Promise<unknown>>();
  #closing = false;

  constructor(outboxes: readonly Outbox[], options: ResidentsOptions, events: ResidentsEvents) {
    this.#outboxes = outboxes;
    this.#options = options;
    this.#events = events;
    this.registry = new Registry(options.maxLoadedGames, (game) => events.evicted(game));
  }

  /** Throws INVALID_GAME_ID for what is no string; what else an id may not be is for whoever goes on with it. */
  outboxOf(id: string): Outbox {
    if (typeof id !== 'string') checkGameId(id);
    return this.#outboxes[shardOf(id, this.#outboxes.length)] as Outbox;
  }

  /** Every game that is stored, in memory or not, by id. */
  async list(): Promise<readonly GameRow[]> {
    // Not `map`: a command that opened some shards only has holes in the place of the others, and they would stay.
    const rows = await Promise.all(this.#outboxes.flatMap((outbox) => outbox.request((store) => store.list())));
    return rows.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Nothing more is opened. */
  close(): void {
    this.#closing = true;
  }

  /** Resolves when whatever was being opened has been, or has failed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
  }

  /** For Orrery.open, and without `args` for Orrery.load. */
  async open<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    type: GameType<S, I, C>,
    id: string,
    args: I | undefined,
  ): Promise<Game<S, I, C>> {
    checkGameId(id);
    this.#checkType(type, id);
    return this.exclusively(id, async () => {
      const loaded = this.registry.get(id);
      if (!loaded?.loaded) {
        const assembly = new Assembly();
        try {
          return await this.#loadOrCreate(type, id, args, assembly);
        } catch (error) {
          assembly.discard();
          throw error;
        }
      }
      this.registry.use(id);
      return checkedType(loaded, type);
    });
  }

  /** Does something with a game that nobody opens, creates or replaces meanwhile. Throws CLOSED. */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#closing) throw closed(id);
      const before = this.#opening.get(id);
      if (!before) break;
      // Whoever was first decides what becomes of it; if that fails, this one tries for itself.
      await before.catch(() => undefined);
    }
    const working = work();
    this.#opening.set(id, working);
    try {
      return await working;
    } finally {
      this.#opening.delete(id);
    }
  }

  /** A game with its sink, not yet with a state. One that somebody still holds keeps its object. */
  attach<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    type: GameType<S, I, C>,
    id: string,
  ): { readonly game: Game<S, I, C>; readonly sink: GameSink } {
    const known = this.registry.get(id) as Game<S, I, C> | undefined;
    return GameSink.attach(known, id, type, this.outboxOf(id), this.#options, (error) => {
      this.#events.subscriberFailed(id, error);
    });
  }

  async #loadOrCreate<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    type: GameType<S, I, C>,
    id: string,
    args: I | undefined,
    assembly: Assembly,
  ): Promise<Game<S, I, C>> {
    this.registry.missed();
    const outbox = this.outboxOf(id);
    const stored = await outbox.request((store) => {
      // It is asked again when its thread dies over this.
      assembly.discard();
      return store.load(id, assembly);
    });
    if (!stored && !args) throw notFound(id, type.name);
    if (stored && stored.type !== type.name) throw typeMismatch(id, stored.type, type.name);
    if (stored && stored.version > type.version) throw tooNew(id, stored.version, type.version);
    const { game, sink } = this.attach(type, id);
    let receipt: Receipt | undefined;
    if (!stored) {
      receipt = game.create(args as I);
    } else if (stored.version < type.version) {
      receipt = takeUp(game, stored, await assembly.finish(stored.pieces, stored.tables), sink.now());
    } else {
      const state = await assembly.finish(stored.pieces, stored.tables);
      if (type.schema) checkLoaded(game, state);
      game.restore(state, stored.seq, stored.tick);
      sink.sized(stored.stateBytes);
    }
    this.registry.add(game as unknown as AnyGame, sink);
    if (!receipt) return game;
    outbox.hurry();
    try {
      await receipt.durable;
    } catch (error) {
      this.registry.drop(id);
      throw error;
    }
    this.registry.add(game as unknown as AnyGame, sink);
    return game;
  }

  #checkType(type: GameType<never, never, never> | { readonly name?: unknown }, id: string): void {
    if (this.#options.games.some((known) => known === (type as unknown))) return;
    throw unknownType(id, String((type as { name?: unknown } | undefined)?.name));
  }
}

function checkLoaded(game: { readonly id: string; readonly type: AnyGameType }, state: WorkingState): void {
  try {
    checkSchema(game.type.schema, state.toJSON());
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ game: game.id, type: game.type.name }) : error;
  }
}

/** A stored game of an older version goes on with the type's own, from one record on. Or nothing at all has happened. */
function takeUp<S extends object, I extends readonly unknown[], C extends Commands<S>>(
  game: Game<S, I, C>,
  stored: StoredGame,
  old: WorkingState,
  now: number,
): Receipt {
  const { id, type } = game;
  const { version: from, tick } = stored;
  const seq = stored.seq + 1;
  const given = { version: from, state: old.toJSON(), tables: old.tableNames };
  const { state, tables } = migrate(type, given, { game: id, seq, tick, now });
  try {
    const args = { from, to: type.version };
    return game.adopt(WorkingState.fromJson(state, tables), { command: MIGRATE, seq, tick, time: now, args });
  } catch (error) {
    if (!(error instanceof OrreryError) || !DEPENDS_ON_STATE.has(error.code)) throw error;
    throw migrationFailed(id, type.name, from, type.version, error);
  }
}

/** What can be wrong with a migrated state, and not with the moment. */
const DEPENDS_ON_STATE: ReadonlySet<OrreryErrorCode> = new Set([
  'NOT_PERSISTABLE',
  'SCHEMA_FAILED',
  'INVARIANT_FAILED',
  'STATE_TOO_LARGE',
]);
