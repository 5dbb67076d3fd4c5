// What the engine holds of a game. A command runs on a draft (draft.ts); what it did becomes a record
// (patch/record.ts), which goes to the sink that the orrery gave this game. Users hold game.ts alone, which asks here;
// the actor does not know what the sink does with a record.

import { OrreryError } from '../errors.ts';
import { assertOptions, type OptionsOf } from '../option-check.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { toPointer } from '../patch/pointer.ts';
import { CREATE, PATCH, type Record, SAVE, TICK, UPDATE } from '../patch/record.ts';
import { admitArgument } from './argument.ts';
import { type CommandContext, GameContext } from './context.ts';
import type { AnyGameType } from './define.ts';
import type { StateDraft } from './draft.ts';
import { type AnyGame, type Change, type DispatchOptions, Game, MADE_BY_ENGINE } from './game.ts';
import {
  assertAnswered,
  asynchronous,
  bornOfMissing,
  evicted,
  heed,
  invariantFailed,
  isPromise,
  nested,
  refused,
  replacement,
} from './misuse.ts';
import { type PatchOperation, readOperations } from './patch-document.ts';
import { applyOperations } from './patched-draft.ts';
import { type Receipt, type RecordSink, recordOf, type WholeRecord, wholeRecordOf } from './recording.ts';
import { checkSchema } from './schema.ts';
import { WorkingState } from './state.ts';

// biome-ignore lint/suspicious/noExplicitAny: of a game of any type
type AnyChange = Change<any>;

/** A command as the draft sees it; `raw` is the draft behind the proxy. */
type Body = (draft: unknown, context: CommandContext, raw: StateDraft) => unknown;

/** The game whose command is running on this thread. Commands are synchronous, so there is at most one. */
let running: GameActor | undefined;

export class GameActor {
  readonly id: string;
  readonly type: AnyGameType;
  /** Where the records go. */
  readonly sink: RecordSink;
  /** What users hold: one object for the whole life of this one. */
  readonly game: AnyGame;
  #state: WorkingState | undefined;
  #seq = 0;
  #tick = 0;
  readonly #subscribers = new Set<{ readonly listener: (change: AnyChange) => void }>();
  readonly #changes: AnyChange[] = [];
  #notifying = false;

  constructor(id: string, type: AnyGameType, sink: RecordSink) {
    this.id = id;
    this.type = type;
    this.sink = sink;
    this.game = new Game(MADE_BY_ENGINE, this);
  }

  get state(): JsonObject {
    return this.#loaded().view();
  }

  get seq(): number {
    return this.#seq;
  }

  get tick(): number {
    return this.#tick;
  }

  get loaded(): boolean {
    return this.#state !== undefined;
  }

  get subscribed(): boolean {
    return this.#subscribers.size > 0;
  }

  dispatch(name: string, args: unknown, options: DispatchOptions | undefined): Receipt {
    const { commands } = this.type;
    // A list or an object whose text is that of a command would be recorded as it is.
    const command = typeof name === 'string' && Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw unknownCommand(this.id, this.type, name);
    const admitted = args === undefined ? undefined : this.#admitArgument(name, command, args);
    const player = this.#playerOf(name, options);
    return this.#run(name, admitted, player, this.#tick, (draft, context) => command(draft, admitted, context));
  }

  update(recipe: (draft: never, context: CommandContext) => void, options: DispatchOptions | undefined): Receipt {
    return this.#run(UPDATE, undefined, this.#playerOf(UPDATE, options), this.#tick, (draft, context) =>
      recipe(draft as never, context),
    );
  }

  save(state: unknown, options: DispatchOptions | undefined): Receipt {
    return this.#run(SAVE, undefined, this.#playerOf(SAVE, options), this.#tick, (_draft, _context, raw) => {
      raw.assign(state as object);
    });
  }

  patch(document: unknown, options: DispatchOptions | undefined): Receipt {
    let operations: readonly PatchOperation[];
    try {
      operations = readOperations(document);
    } catch (error) {
      throw this.#refusal(PATCH, error);
    }
    return this.#run(PATCH, undefined, this.#playerOf(PATCH, options), this.#tick, (_draft, _context, raw) => {
      applyOperations(raw, operations);
    });
  }

  advance(): Receipt {
    const onTick = this.type.onTick;
    return this.#run(TICK, undefined, undefined, this.#tick + 1, (draft, context) => onTick?.(draft, context));
  }

  subscribe(listener: (change: AnyChange) => void): () => void {
    if (typeof listener !== 'function') throw noListener(this.id);
    const subscription = { listener };
    this.#subscribers.add(subscription);
    return () => {
      this.#subscribers.delete(subscription);
    };
  }

  /** Makes the game new. Its first record carries the whole state. */
  create(args: unknown): Receipt {
    this.sink.ready();
    const time = this.sink.now();
    const { randomness } = this.sink;
    // A try that fails leaves its secret behind: the next one has another, and shows nothing of what this one drew.
    const seed = randomness.begin();
    const context = new GameContext(this.id, 0, 0, time, undefined, randomness);
    this.#seq = 0;
    this.#tick = 0;
    try {
      const state = this.#initial(args, context);
      this.#state = state;
      this.#checkState(state, true);
      return this.sink.append(
        wholeRecordOf(this.type, this.id, time, state, { command: CREATE, seq: 0, tick: 0, seed }),
      );
    } catch (error) {
      this.#state = undefined;
      throw this.#refusal('initial', error);
    } finally {
      randomness.settle(true);
    }
  }

  #initial(args: unknown, context: GameContext): WorkingState {
    try {
      const initial: unknown = this.type.initial(args, context);
      heed(initial);
      return WorkingState.from(initial);
    } finally {
      context.close();
    }
  }

  /**
   * Takes a whole state as a record of its own, in the place of whatever there was: a fork begins like this, a
   * migration and a recovery go on like this. Subscribers hear of it. Nothing of this game may be on its way.
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
    // An invariant that dispatches would come before the record that it judges.
    running = this;
    try {
      // Of a state of another version today's code can say nothing.
      if (record.version === this.type.version) this.#checkState(state, true);
      receipt = this.sink.append(record);
    } catch (error) {
      this.#state = kept.state;
      this.#seq = kept.seq;
      this.#tick = kept.tick;
      throw this.#refusal(whole.command, error);
    } finally {
      running = undefined;
    }
    if (this.#subscribers.size > 0) this.#announce(record, receipt);
    return receipt;
  }

  /** Takes in what was loaded from a store. */
  restore(state: WorkingState, seq: number, tick: number): void {
    this.#state = state;
    this.#seq = seq;
    this.#tick = tick;
  }

  /** Lets go of the state, once everything is durable. */
  evict(): void {
    this.#state = undefined;
  }

  /** The state as plain JSON, whose values are those of the state. */
  toJSON(): JsonObject {
    return this.#loaded().toJSON();
  }

  get tableNames(): readonly string[] {
    return this.#loaded().tableNames;
  }

  #run(command: string, args: Json | undefined, player: string | undefined, tick: number, body: Body): Receipt {
    if (running) throw nested(this.id, command, running.id);
    this.sink.ready();
    const state = this.#loaded();
    const time = this.sink.now();
    const seq = this.#seq + 1;
    const { randomness } = this.sink;
    const context = new GameContext(this.id, seq, tick, time, player, randomness);
    const draft = state.draft();
    let receipt: Receipt;
    let record: Record;
    running = this;
    try {
      const result = body(draft.proxy, context, draft);
      if (isPromise(result)) throw asynchronous(result);
      const finished = draft.finish();
      // A producer of Immer freezes the state that it returns; a command that changed its draft may return what it
      // likes.
      if (state.isReplacedBy(result) && (finished.patches.length === 0 || Object.isFrozen(result))) throw replacement();
      state.commit(finished);
      try {
        this.#checkState(state, this.sink.checksSchema === true);
        record = recordOf(this.id, seq, tick, time, command, args, player, randomness.nonce, finished);
        receipt = this.sink.append(record);
      } catch (error) {
        state.undo(finished);
        throw error;
      }
    } catch (error) {
      const { missed } = draft;
      draft.close();
      randomness.settle(false);
      throw this.#refusal(command, error, missed);
    } finally {
      context.close();
      running = undefined;
    }
    randomness.settle(true);
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
    const view = state.view();
    for (const [name, holds] of Object.entries(invariants)) {
      let cause: unknown;
      try {
        const verdict: unknown = holds(view);
        if (verdict === true) continue;
        assertAnswered(verdict);
      } catch (thrown) {
        cause = thrown;
      }
      throw invariantFailed(name, cause);
    }
  }

  #announce(record: Record, receipt: Receipt): void {
    for (const patch of record.patches) if (patch.op !== 'remove') freezeDeep(patch.value);
    const change: AnyChange = Object.freeze({
      game: this.id,
      seq: record.seq,
      tick: record.tick,
      time: record.time,
      command: record.command,
      args: record.args,
      player: record.player,
      patches: Object.freeze(record.patches),
      state: this.state as AnyChange['state'],
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
  #notify(change: AnyChange): void {
    this.#changes.push(change);
    if (this.#notifying) return;
    this.#notifying = true;
    try {
      for (let next = this.#changes.shift(); next; next = this.#changes.shift()) {
        for (const subscription of [...this.#subscribers]) {
          if (!this.#subscribers.has(subscription)) continue;
          const { listener } = subscription;
          try {
            heed((listener as (change: AnyChange) => unknown)(next), (error) => this.sink.subscriberFailed(error));
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
    throw this.sink.ended?.() ?? evicted(this.id);
  }

  #admitArgument(name: string, command: object, argument: unknown): Json {
    try {
      return admitArgument(command, argument);
    } catch (error) {
      throw error instanceof OrreryError ? error.within({ game: this.id, command: name, argument: true }) : error;
    }
  }

  #playerOf(command: string, options: DispatchOptions | undefined): string | undefined {
    if (options === undefined) return undefined;
    assertDispatchOptions(this.id, command, options);
    const { player } = options;
    if (player === undefined || (typeof player === 'string' && player.isWellFormed())) return player;
    throw new OrreryError({
      code: 'NOT_PERSISTABLE',
      what: 'a player is not a well-formed string',
      hint: 'Pass { player: id } with a string.',
      context: { game: this.id, command },
    });
  }

  #refusal(command: string, error: unknown, missed?: StateDraft['missed']): OrreryError {
    const place = { game: this.id, command };
    if (!(error instanceof OrreryError)) return refused(place, error, missed?.isGiven ? undefined : missed?.key);
    const { code, context } = error;
    const isBorn = missed !== undefined && code === 'NOT_PERSISTABLE' && context.path === toPointer([missed.key]);
    return isBorn ? bornOfMissing(error.within(place), missed.key) : error.within(place);
  }
}

const OPTIONS: OptionsOf<DispatchOptions> = { player: 'checked' };

/** For every command with options: what is right costs next to nothing. */
function assertDispatchOptions(game: string, command: string, options: unknown): void {
  if (typeof options === 'object' && options !== null) {
    let isKnown = true;
    for (const name in options) isKnown &&= name === 'player';
    if (isKnown) return;
  }
  assertOptions('a command', options, OPTIONS, { game, command });
}

function unknownCommand(game: string, type: AnyGameType, name: unknown): OrreryError {
  const known = Object.keys(type.commands);
  const text = typeof name === 'string' ? JSON.stringify(name) : `that is a ${typeof name}`;
  return new OrreryError({
    code: 'UNKNOWN_COMMAND',
    what: `the game type ${JSON.stringify(type.name)} has no command ${text}`,
    hint:
      known.length > 0
        ? `Its commands are: ${known.join(', ')}.`
        : 'It has no commands at all: name some in `commands` of the game type, or use game.update or game.save.',
    context: { game, ...(typeof name === 'string' ? { command: name } : {}) },
  });
}

function noListener(game: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'what should hear of changes is not a function',
    hint: 'Write game.subscribe((change) => { ... }).',
    context: { game },
  });
}
