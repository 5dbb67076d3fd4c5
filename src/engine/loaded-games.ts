// The games in memory: each is loaded or created once, by whoever asks first, and leaves when there are too many.
// orrery.ts asks; sink.ts and the commit queue of the game's shard come after it.

import { OrreryError, type OrreryErrorCode } from '../core/errors.ts';
import type { GameActor } from '../core/game/actor.ts';
import type { AnyGameType } from '../core/game/define.ts';
import type { AnyGame } from '../core/game/game.ts';
import { checkGameId } from '../core/game/id.ts';
import { migrate, migrationFailed } from '../core/game/migration.ts';
import { checkedType, manyArguments, notFound, tooNew, typeMismatch, unknownType } from '../core/game/mismatch.ts';
import type { Receipt } from '../core/game/recording.ts';
import { Registry } from '../core/game/registry.ts';
import { checkSchema } from '../core/game/schema.ts';
import { GameSeed } from '../core/game/seed.ts';
import { WorkingState } from '../core/game/state.ts';
import { MIGRATE } from '../core/patch/record.ts';
import { Assembly } from '../storage/assemble.ts';
import type { GameInfo } from '../storage/game-info.ts';
import { shardOf } from '../storage/shard-of.ts';
import type { StoredGame } from '../storage/store.ts';
import type { CommitQueue } from './commit-queue.ts';
import { closed, readOnly } from './failures.ts';
import { type Attached, GameSink, type SinkOptions } from './sink.ts';

export interface LoadedGamesOptions extends SinkOptions {
  /** The types of game that may be opened. */
  readonly games: readonly AnyGameType[];
  readonly maxLoadedGames: number;
  /** Games are loaded, never created or migrated. */
  readonly readOnly?: boolean;
}

export interface LoadedGamesEvents {
  evicted(game: string): void;
  subscriberFailed(game: string, error: unknown): void;
  /** Resolves when everything has been closed, or at once when nobody closes it. */
  over?(): Promise<void>;
}

export class LoadedGames {
  readonly registry: Registry;
  readonly #commitQueues: readonly CommitQueue[];
  readonly #options: LoadedGamesOptions;
  readonly #events: LoadedGamesEvents;
  readonly #opening = new Map<string, Promise<unknown>>();
  /** Worked on until just now. */
  readonly #fresh = new Set<string>();
  #closing = false;

  constructor(commitQueues: readonly CommitQueue[], options: LoadedGamesOptions, events: LoadedGamesEvents) {
    this.#commitQueues = commitQueues;
    this.#options = options;
    this.#events = events;
    this.registry = new Registry(options.maxLoadedGames, {
      // A game does not leave while somebody works on it, nor before who opened it has got it.
      mayLeave: (id) => !this.#opening.has(id) && !this.#fresh.has(id),
      left: (id) => events.evicted(id),
    });
  }

  /** Throws INVALID_GAME_ID for what is no string; what else an id may not be is for whoever goes on with it. */
  commitQueueOf(id: string): CommitQueue {
    if (typeof id !== 'string') checkGameId(id);
    return this.#commitQueues[shardOf(id, this.#commitQueues.length)] as CommitQueue;
  }

  /** Throws READ_ONLY where nothing may be written. */
  assertWritable(what: string, game?: string): void {
    if (this.#options.readOnly) throw readOnly(what, game);
  }

  /** Every game that is stored, in memory or not, by id. */
  async list(): Promise<readonly GameInfo[]> {
    // Not `map`: a command that opened some shards only has holes in the place of the others, and they would stay.
    const rows = await Promise.all(
      this.#commitQueues.flatMap((commitQueue) => commitQueue.request((store) => store.list())),
    );
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
  async open(type: AnyGameType, id: string, args: readonly unknown[] | undefined): Promise<AnyGame> {
    checkGameId(id);
    this.#checkType(type, id);
    if (args !== undefined && args.length > 1) throw manyArguments(id, type.name);
    const known = this.registry.get(id);
    // Nobody works on it, so there is nothing to wait for.
    if (known?.loaded && !this.#closing && !this.#opening.has(id)) {
      this.registry.use(id);
      if (this.registry.isFull) this.#linger(id);
      return checkedType(known, type).game;
    }
    try {
      return (await this.exclusively(id, () => this.loaded(type, id, args))).game;
    } catch (error) {
      // A refusal that nobody handles ends the process: not before everything is closed.
      await this.#events.over?.();
      throw error;
    }
  }

  /** The game in memory, loaded or created if need be. For who has it exclusively. */
  async loaded(type: AnyGameType, id: string, args: readonly unknown[] | undefined): Promise<GameActor> {
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
      this.#linger(id);
    }
  }

  /** What is queued for the next tick of Node runs when everybody who waited for the game has got it. */
  #linger(id: string): void {
    if (this.#fresh.size === 0) {
      process.nextTick(() => {
        this.#fresh.clear();
        this.registry.makeRoom();
      });
    }
    this.#fresh.add(id);
  }

  /**
   * An actor of one's own, not yet with a state, of which no user holds the game: for a record that is written while
   * the game is not in memory. Whoever has it has the game exclusively, and lets go of it before that ends.
   */
  detached(type: AnyGameType, id: string): Attached {
    return GameSink.attach(id, type, this.commitQueueOf(id), this.#options, (error) => {
      this.#events.subscriberFailed(id, error);
    });
  }

  /**
   * The actor to be loaded. A game that was evicted and is still held keeps its object, so that old references work
   * again.
   */
  #attach(type: AnyGameType, id: string): Attached {
    const known = this.registry.get(id);
    if (!known) return this.detached(type, id);
    const sink = known.sink as GameSink;
    sink.use();
    return { actor: checkedType(known, type), sink };
  }

  async #loadOrCreate(
    type: AnyGameType,
    id: string,
    args: readonly unknown[] | undefined,
    assembly: Assembly,
  ): Promise<GameActor> {
    this.registry.missed();
    const commitQueue = this.commitQueueOf(id);
    // Questions go between commits: what is still on its way would be missing from the answer.
    await commitQueue.settled(id);
    const stored = await commitQueue.request((store) => {
      // It is asked again when its thread dies over this.
      assembly.discard();
      return store.load(id, assembly);
    }, 'opening');
    if (!stored && !args) throw notFound(id, type.name);
    if (stored && stored.type !== type.name) throw typeMismatch(id, stored.type, type.name);
    if (stored && stored.version > type.version) throw tooNew(id, stored.version, type.version);
    if (!stored) this.assertWritable('there is no such game: it would be created', id);
    else if (stored.version < type.version) {
      const how = `from version ${stored.version} to ${type.version}`;
      this.assertWritable(`the game would be migrated ${how}; history(id) gives its states as they are`, id);
    }
    const { actor, sink } = this.#attach(type, id);
    let receipt: Receipt | undefined;
    if (stored) sink.randomness.resume(stored.seed);
    if (!stored) {
      receipt = actor.create(args?.[0]);
    } else if (stored.version < type.version) {
      receipt = takeUp(actor, stored, await assembly.finish(stored.pieces, stored.tables), sink.now());
    } else {
      const state = await assembly.finish(stored.pieces, stored.tables);
      if (type.schema) checkLoaded(actor, state);
      actor.restore(state, stored.seq, stored.tick);
      sink.sized(stored.stateBytes);
    }
    this.registry.add(actor, sink);
    if (!receipt) return actor;
    commitQueue.sendNow();
    try {
      await receipt.durable;
    } catch (error) {
      this.registry.drop(id);
      throw error;
    }
    return actor;
  }

  #checkType(type: AnyGameType, id: string): void {
    if (this.#options.games.includes(type)) return;
    throw unknownType(id, String((type as { name?: unknown } | undefined)?.name));
  }
}

function checkLoaded(game: GameActor, state: WorkingState): void {
  try {
    checkSchema(game.type.schema, state.toJSON());
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ game: game.id, type: game.type.name }) : error;
  }
}

/**
 * A stored game of an older version goes on with the type's own, from one record on. Or nothing at all has happened.
 */
function takeUp(actor: GameActor, stored: StoredGame, old: WorkingState, now: number): Receipt {
  const { id, type } = actor;
  const { version: from, tick } = stored;
  const seq = stored.seq + 1;
  const given = { version: from, state: old.toJSON(), tables: old.tableNames };
  const seed = GameSeed.of(stored.seed);
  const { state, tables } = migrate(type, given, { game: id, seq, tick, now, seed });
  try {
    const args = { from, to: type.version };
    return actor.adopt(WorkingState.fromJson(state, tables), { command: MIGRATE, seq, tick, time: now, args });
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
