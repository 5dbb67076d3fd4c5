// Types that follow from a game type, for code beside it: `GameOf<typeof galaxy>` and its like. Before it: define.ts,
// what a user writes; beside it: game.ts, what a user holds.

import type { AnyGameType, CommandArgs, GameType, Immutable } from './define.ts';
import type { Game } from './game.ts';

/** What `orrery.open(galaxy, id)` gives: `GameOf<typeof galaxy>`. */
export type GameOf<T extends AnyGameType> = T extends GameType<infer S, infer A, infer C> ? Game<S, A, C> : never;

/**
 * The state as readers have it, `game.state`: read-only all the way down, tables as ReadonlyTable. For a function that
 * reads, shows or sends a state.
 */
export type StateOf<T extends AnyGameType> = T extends GameType<infer S, infer _A, infer _C> ? Immutable<S> : never;

/**
 * What each command takes, by the command's name: `{ build: { system: string }; rest: undefined }`. Undefined is in it
 * where `dispatch` may go without. For a client that sends commands, a table of buttons, a schema for each.
 */
export type CommandsOf<T extends AnyGameType> = {
  readonly [K in keyof T['commands'] & string]: ArgsOf<CommandArgs<T['commands'][K]>>;
};

/**
 * Any command of a game type as data: `{ command: 'build', args: { system: string } } | { command: 'rest' }`. For
 * messages from a network: whatever fits this type can be dispatched, `game.dispatch(message.command, message.args)`.
 * It is a type and checks nothing while the program runs: parse what comes from outside first.
 */
export type CommandMessage<T extends AnyGameType> = {
  [K in keyof CommandsOf<T>]: undefined extends CommandsOf<T>[K]
    ? { readonly command: K; readonly args?: CommandsOf<T>[K] }
    : { readonly command: K; readonly args: CommandsOf<T>[K] };
}[keyof CommandsOf<T>];

/** A value can be undefined, not void. */
// biome-ignore lint/suspicious/noConfusingVoidType: what a command says that takes no argument
type ArgsOf<A> = 0 extends 1 & A ? A : [A] extends [void | undefined] ? undefined : A;
