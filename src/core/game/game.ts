// What a user holds of a game: what it is, what can be asked of it, and nothing that is meant for the engine. Before
// it: Orrery.open, which gives it; after it: actor.ts, which does the work and which nobody outside can reach.

import type { Operation } from 'fast-json-patch';
import { OrreryError } from '../errors.ts';
import { cloneJson } from '../patch/apply.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject, Patch } from '../patch/patch.ts';
import type { GameActor } from './actor.ts';
import type { CommandContext } from './context.ts';
import type { CommandArgs, Commands, GameType, Immutable, Savable, StateCopy } from './define.ts';
import type { Receipt } from './recording.ts';

/** One committed change, as subscribers see it. */
export interface Change<S> {
  readonly game: string;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly command: string;
  readonly args: Json | undefined;
  readonly player: string | undefined;
  readonly patches: readonly Patch[];
  /** The state after this change. */
  readonly state: Immutable<S>;
}

export interface DispatchOptions {
  /** Who sent the command. Recorded, and given to the command as context.player. */
  readonly player?: string;
}

/** The arguments of `dispatch` after the command's name: a command without arguments may leave them out. */
export type DispatchRest<A> = 0 extends 1 & A // any: nothing is known, so anything may be passed
  ? [args?: A, options?: DispatchOptions]
  : // biome-ignore lint/suspicious/noConfusingVoidType: what a command says that takes no argument
    [A] extends [void | undefined]
    ? [args?: undefined, options?: DispatchOptions]
    : undefined extends A
      ? [args?: A, options?: DispatchOptions]
      : [args: A, options?: DispatchOptions];

/**
 * The arguments of `open` after the id: what `initial` takes. A game whose `initial` takes nothing may leave it out.
 */
export type OpenRest<A> = 0 extends 1 & A // any: nothing is known, so anything may be passed
  ? [args?: A]
  : // biome-ignore lint/suspicious/noConfusingVoidType: what an `initial` says that takes nothing
    [A] extends [void | undefined]
    ? [args?: undefined]
    : undefined extends A
      ? [args?: A]
      : [args: A];

// biome-ignore lint/suspicious/noExplicitAny: a game of any type
export type AnyGame = Game<any, any, any>;

/** Who has this may make games. The package does not export it, and no object of the package leads to it. */
export const MADE_BY_ENGINE: unique symbol = Symbol('made by the engine');

/** A game that is or was in memory: `orrery.open` and `load` give it. */
export class Game<S extends object, A, C extends Commands<S>> {
  readonly id: string;
  readonly type: GameType<S, A, C>;
  readonly #actor: GameActor;

  /** Not for users: throws INVALID_OPTION. */
  constructor(key: typeof MADE_BY_ENGINE, actor: GameActor) {
    if (key !== MADE_BY_ENGINE) throw notMade();
    this.id = actor.id;
    this.type = actor.type;
    this.#actor = actor;
    Object.freeze(this);
  }

  /**
   * The newest state: immutable, deeply frozen, the same object until the next change. @throws OrreryError
   * GAME_EVICTED.
   */
  get state(): Immutable<S> {
    return this.#actor.state as unknown as Immutable<S>;
  }

  /** The seq of the newest accepted command; 0 for a game that has had none. */
  get seq(): number {
    return this.#actor.seq;
  }

  get tick(): number {
    return this.#actor.tick;
  }

  /** False after eviction: `orrery.open` loads the game again, into this same object. */
  get loaded(): boolean {
    return this.#actor.loaded;
  }

  /**
   * Runs a command, at once and atomically: if it throws, state, seq and history are as before.
   *
   * @throws OrreryError UNKNOWN_COMMAND, COMMAND_REFUSED (the command threw), INVARIANT_FAILED, SCHEMA_FAILED,
   * NOT_PERSISTABLE (with the path), COMMAND_NESTED, COMMAND_ASYNC, BACKPRESSURE, RECORD_TOO_LARGE, STATE_TOO_LARGE,
   * CLOCK_INVALID, GAME_EVICTED, CLOSED; INVALID_OPTION for options that there are not.
   */
  dispatch<K extends keyof C & string>(name: K, ...rest: DispatchRest<CommandArgs<C[K]>>): Receipt {
    return this.#actor.dispatch(name, rest[0], rest[1]);
  }

  /**
   * Changes the state with a recipe in place of a named command. In the history it stands as "@update". Change the
   * draft: a new state that the recipe returns instead is refused.
   */
  update(recipe: (draft: S, context: CommandContext) => void, options?: DispatchOptions): Receipt {
    return this.#actor.update(recipe, options);
  }

  /**
   * Takes a whole new state from code that has nothing smaller. The difference to the state before is what is recorded,
   * as "@save". Objects that the caller did not touch since are recognised by identity and cost nothing. A table may be
   * given as a table or as a plain object by id.
   */
  save(state: Savable<S>, options?: DispatchOptions): Receipt {
    return this.#actor.save(state, options);
  }

  /**
   * Does the operations of an RFC 6902 document (JSON Patch: add, remove, replace, move, copy, test) in order, all of
   * them or none. A `test` that fails refuses the whole document. What changed is recorded, as "@patch". Places that no
   * operation names cost nothing. To a pointer a table is an object by id; a top-level key that is a table and gets an
   * object stays one.
   *
   * @throws OrreryError INVALID_OPTION (no such document), INVALID_POINTER, POINTER_NOT_FOUND (the state has no such
   * place), PATCH_TEST_FAILED, NOT_PERSISTABLE, and what `dispatch` throws. `context.operation` is the index of the
   * operation.
   */
  patch(operations: readonly Operation[], options?: DispatchOptions): Receipt {
    return this.#actor.patch(operations, options);
  }

  /** Counts one tick and runs the game type's onTick. A tick is a record, even if it changed nothing else. */
  advance(): Receipt {
    return this.#actor.advance();
  }

  /** Calls the listener after each change, in order. The result ends the subscription: then it hears nothing more. */
  subscribe(listener: (change: Change<S>) => void): () => void {
    return this.#actor.subscribe(listener as never);
  }

  /**
   * The state as a plain, mutable, deep copy, tables as objects by id. It shares nothing with the game: for a mirror, a
   * message to a thread, or a world that other code changes in place, which `save` then takes. It costs as much as the
   * state is wide.
   *
   * @throws OrreryError GAME_EVICTED.
   */
  copy(): StateCopy<S> {
    return cloneJson(this.#actor.toJSON()) as StateCopy<S>;
  }

  /** The state as plain JSON with tables as objects by id; frozen, as `state` is. @throws OrreryError GAME_EVICTED. */
  toJSON(): JsonObject {
    return freezeDeep(this.#actor.toJSON());
  }
}

function notMade(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'a game cannot be made by itself',
    hint: 'Use `await orrery.open(type, id)`.',
  });
}
