// The actor. A command runs on a draft (draft.ts); what it did becomes a record (patch/record.ts), which goes to the sink
// that the orrery gave this game. The game does not know what the sink does with it.

import { OrreryError } from '../errors.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject, Patch } from '../patch/patch.ts';
import { CREATE, type Record, SAVE, TICK, UPDATE } from '../patch/record.ts';
import { admitArgument } from './argument.ts';
import { type CommandContext, GameContext } from './context.ts';
import type { CommandArgs, Commands, GameType, Immutable, Savable } from './define.ts';
import type { StateDraft } from './draft.ts';
import { asynchronous, evicted, invariantFailed, isPromise, nested, refused, replacement } from './misuse.ts';
import { type Receipt, type RecordSink, recordOf, type WholeRecord, wholeRecordOf } from './recording.ts';
import { checkSchema } from './schema.ts';
import { WorkingState } from './state.ts';

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

// biome-ignore lint/suspicious/noExplicitAny: a game of any type
export type AnyGame = Game<any, any, any>;

/** The game whose command is running on this thread. Commands are synchronous, so there is at most one. */
let running: AnyGame | undefined;

export class Game<S extends object, I extends readonly unknown[], C extends Commands<S>> {
  readonly id: string;
  readonly type: GameType<S, I, C>;
  /** Where the records go. For the orrery. */
  readonly sink: RecordSink;
  #state: WorkingState | undefined;
  #seq = 0;
  #tick = 0;
  readonly #subscribers = new Set<{ readonly listener: (change: Change<S>) => void }>();
  readonly #changes: Change<S>[] = [];
  #notifying = false;

  /** Made by Orrery.open. */
  constructor(id: string, type: GameType<S, I, C>, sink: RecordSink) {
    this.id = id;
    this.type = type;
    this.sink = sink;
  }

  /** The newest state: immutable, deeply frozen, the same object until the next change. */
  get state(): Immutable<S> {
    return this.#loaded().view() as unknown as Immutable<S>;
  }

  /** The seq of the newest accepted command; 0 for a game that has had none. */
  get seq(): number {
    return this.#seq;
  }

  get tick(): number {
    return this.#tick;
  }

  /** False after eviction: `orrery.open` loads the game again, into this same object. */
  get loaded(): boolean {
    return this.#state !== undefined;
  }

  get subscribed(): boolean {
    return this.#subscribers.size > 0;
  }

  /**
   * Runs a command, at once and atomically: if it throws, state, seq and history are as before.
   *
   * @throws OrreryError UNKNOWN_COMMAND, COMMAND_REFUSED (the command threw), INVARIANT_FAILED, SCHEMA_FAILED,
   * NOT_PERSISTABLE (with the path), COMMAND_NESTED, COMMAND_ASYNC, BACKPRESSURE, RECORD_TOO_LARGE, STATE_TOO_LARGE,
   * GAME_EVICTED, CLOSED.
   */
  dispatch<K extends keyof C & string>(name: K, ...rest: DispatchRest<CommandArgs<C[K]>>): Receipt {
    const [args, options] = rest as [unknown, DispatchOptions | undefined];
    const command = Object.hasOwn(this.type.commands, name) ? this.type.commands[name] : undefined;
    if (!command) {
      throw new OrreryError({
        code: 'UNKNOWN_COMMAND',
        what: `the game type ${JSON.stringify(this.type.name)} has no command ${JSON.stringify(name)}`,
        hint: `Its commands are: ${Object.keys(this.type.commands).join(', ') || 'none'}.`,
        context: { game: this.id, command: String(name) },
      });
    }
    const admitted = args === undefined ? undefined : this.#admitArgument(name, command, args);
    const player = this.#checkPlayer(name, options?.player);
    return this.#run(name, admitted, player, this.#tick, (draft, context) => command(draft, admitted, context));
  }

  /**
   * Changes the state with a recipe in place of a named command. In the history it stands as "@update". Change the draft:
   * a new state that the recipe returns instead is refused.
   */
  update(recipe: (draft: S, context: CommandContext) => void, options?: DispatchOptions): Receipt {
    return this.#run(UPDATE, undefined, this.#checkPlayer(UPDATE, options?.player), this.#tick, (draft, context) =>
      recipe(draft, context),
    );
  }

  /**
   * Takes a whole new state from code that has nothing smaller. The difference to the state before is what is recorded,
   * as "@save". Objects that the caller did not touch since are recognised by identity and cost nothing. A table may be
   * given as a table or as a plain object by id.
   */
  save(state: Savable<S>, options?: DispatchOptions): Receipt {
    return this.#run(SAVE, undefined, this.#checkPlayer(SAVE, options?.player), this.#tick, (_draft, _context, raw) => {
      raw.assign(state);
    });
  }

  /** Counts one tick and runs the game type's onTick. A tick is a record, even if it changed nothing else. */
  advance(): Receipt {
    const onTick = this.type.onTick;
    return this.#run(TICK, undefined, undefined, this.#tick + 1, (draft, context) => onTick?.(draft, context));
  }

  /** Calls the listener after each change, in order. The result ends the subscription: then it hears nothing more. */
  subscribe(listener: (change: Change<S>) => void): () => void {
    const subscription = { listener };
    this.#subscribers.add(subscription);
    return () => {
      this.#subscribers.delete(subscription);
    };
  }

  /** Makes the game new. Its first record carries the whole state. For Orrery.open. */
  create(args: I): Receipt {
    this.sink.ready();
    const time = this.sink.now();
    let state: WorkingState;
    try {
      state = WorkingState.from(this.type.initial(...args));
    } catch (error) {
      throw this.#refusal('initial', error);
    }
    this.#seq = 0;
    this.#tick = 0;
    this.#state = state;
    try {
      this.#checkState(state, true);
      return this.sink.append(wholeRecordOf(this.type, this.id, time, state, { command: CREATE, seq: 0, tick: 0 }));
    } catch (error) {
      this.#state = undefined;
      throw this.#refusal('initial', error);
    }
  }

  /**
   * Takes a whole state as a record of its own, in the place of whatever there was: a fork begins like this, a migration and
   * a recovery go on like this. Subscribers hear of it. For the
   * orrery: nothing of this game may be on its way.
   *
   * @throws OrreryError INVARIANT_FAILED, SCHEMA_FAILED, BACKPRESSURE, STATE_TOO_LARGE, CLOSED; then all is as before.
   */
  adopt(state: WorkingState, whole: WholeRecord): Receipt {
    if (running) throw nested(this.id, whole.command, running.id);
    this.sink.ready();
    const kept = { state: this.#state, seq: this.#seq, tick: this.#tick };
    const record = wholeRecordOf(this.type, this.id, whole.time ?? this.sink.now(), state, whole);
    this.restore(state, whole.seq, whole.tick);
    let receipt: Receipt;
    try {
      // Of a state of another version today's code can say nothing.
      if (record.version === this.type.version) this.#checkState(state, true);
      receipt = this.sink.append(record);
    } catch (error) {
      this.#state = kept.state;
      this.#seq = kept.seq;
      this.#tick = kept.tick;
      throw this.#refusal(whole.command, error);
    }
    if (this.#subscribers.size > 0) this.#announce(record, receipt);
    return receipt;
  }

  /** Takes in what was loaded from a store. For Orrery.open. */
  restore(state: WorkingState, seq: number, tick: number): void {
    this.#state = state;
    this.#seq = seq;
    this.#tick = tick;
  }

  /** Lets go of the state. For the orrery, once everything is durable. */
  evict(): void {
    this.#state = undefined;
  }

  /** The state as plain JSON, for sending it whole. For the outbox. */
  toJSON(): JsonObject {
    return this.#loaded().toJSON();
  }

  get tableNames(): readonly string[] {
    return this.#loaded().tableNames;
  }

  #run(
    command: string,
    args: Json | undefined,
    player: string | undefined,
    tick: number,
    body: (draft: S, context: CommandContext, raw: StateDraft) => unknown,
  ): Receipt {
    if (running) throw nested(this.id, command, running.id);
    this.sink.ready();
    const state = this.#loaded();
    const time = this.sink.now();
    const seq = this.#seq + 1;
    const context = new GameContext(this.id, seq, tick, time, player);
    const draft = state.draft();
    let receipt: Receipt;
    let record: Record;
    running = this as unknown as AnyGame;
    try {
      const result = body(draft.proxy as S, context, draft);
      if (isPromise(result)) throw asynchronous(result);
      const finished = draft.finish();
      if (finished.patches.length === 0 && state.isReplacedBy(result)) throw replacement();
      state.commit(finished);
      try {
        this.#checkState(state, this.sink.checksSchema === true);
        record = recordOf(this.id, seq, tick, time, command, args, player, finished);
        receipt = this.sink.append(record);
      } catch (error) {
        state.undo(finished);
        throw error;
      }
    } catch (error) {
      draft.abandon();
      throw this.#refusal(command, error);
    } finally {
      running = undefined;
    }
    draft.close();
    this.#seq = seq;
    this.#tick = tick;
    if (this.#subscribers.size > 0) this.#announce(record, receipt);
    return receipt;
  }

  #checkState(state: WorkingState, bySchema: boolean): void {
    const { invariants, schema } = this.type;
    if (bySchema && schema) checkSchema(schema, state.toJSON());
    if (!invariants) return;
    const view = state.view() as unknown as Immutable<S>;
    for (const [name, holds] of Object.entries(invariants)) {
      let cause: unknown;
      try {
        if (holds(view) === true) continue;
      } catch (thrown) {
        cause = thrown;
      }
      throw invariantFailed(name, cause);
    }
  }

  #announce(record: Record, receipt: Receipt): void {
    for (const patch of record.patches) if (patch.op !== 'remove') freezeDeep(patch.value);
    const change: Change<S> = Object.freeze({
      game: this.id,
      seq: record.seq,
      tick: record.tick,
      time: record.time,
      command: record.command,
      args: record.args,
      player: record.player,
      patches: Object.freeze(record.patches),
      state: this.state,
    });
    if (this.sink.notifyWhen === 'durable') {
      // A change that never becomes durable is never announced; its receipt says why to whoever holds it.
      receipt.durable.then(
        () => this.#notify(change),
        () => undefined,
      );
    } else {
      this.#notify(change);
    }
  }

  /** A listener may dispatch: what that announces waits here until every listener has heard of the change before. */
  #notify(change: Change<S>): void {
    this.#changes.push(change);
    if (this.#notifying) return;
    this.#notifying = true;
    try {
      for (let next = this.#changes.shift(); next; next = this.#changes.shift()) {
        for (const subscription of [...this.#subscribers]) {
          if (!this.#subscribers.has(subscription)) continue;
          try {
            subscription.listener(next);
          } catch (error) {
            this.sink.subscriberFailed(error);
          }
        }
      }
    } finally {
      this.#notifying = false;
    }
  }

  #loaded(): WorkingState {
    if (this.#state) return this.#state;
    throw evicted(this.id);
  }

  #admitArgument(name: string, command: object, argument: unknown): Json {
    try {
      return admitArgument(command, argument);
    } catch (error) {
      throw error instanceof OrreryError ? error.within({ game: this.id, command: name, argument: true }) : error;
    }
  }

  #checkPlayer(command: string, player: string | undefined): string | undefined {
    if (player === undefined || (typeof player === 'string' && player.isWellFormed())) return player;
    throw new OrreryError({
      code: 'NOT_PERSISTABLE',
      what: 'a player is not a well-formed string',
      hint: 'Pass { player: id } with a string.',
      context: { game: this.id, command },
    });
  }

  #refusal(command: string, error: unknown): OrreryError {
    const place = { game: this.id, command };
    if (error instanceof OrreryError) return error.within(place);
    return refused(place, error);
  }
}
