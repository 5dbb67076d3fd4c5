// Every command by its name, in the order of the help. The code of a command is loaded when it is named on the command
// line: help and --version need none of it. Before it: program.ts; after it: the file of the command.

import { Command } from 'commander';
import { part } from '../storage/late-import.ts';
import type { CliContext } from './cli-context.ts';

/** Makes the command with its arguments, options and help. */
export type MakeCommand = (cli: CliContext) => Command;

export interface CommandFile {
  readonly name: string;
  /** The same as in the help of the command itself. */
  readonly description: string;
  load(): Promise<MakeCommand>;
}

export const COMMANDS: readonly CommandFile[] = [
  {
    name: 'ls',
    description: 'List every game with its type, version, seq, tick and size.',
    load: async () => (await import('./ls.ts')).lsCommand,
  },
  {
    name: 'show',
    description: 'Print the state of a game, now or at an earlier moment.',
    load: async () => (await import('./show.ts')).showCommand,
  },
  {
    name: 'log',
    description: 'Print the commands of a game, one a line, the newest last.',
    load: async () => (await import('./log.ts')).logCommand,
  },
  {
    name: 'diff',
    description: 'Print what differs between two moments of a game.',
    load: async () => (await import('./past/diff.ts')).diffCommand,
  },
  {
    name: 'blame',
    description: 'Print who changed the value at a path, newest first.',
    load: async () => (await import('./past/blame.ts')).blameCommand,
  },
  {
    name: 'replay',
    description: 'Print what each step of a game changed; with --step by keys.',
    load: async () => (await import('./past/replay.ts')).replayCommand,
  },
  {
    name: 'sql',
    description: 'Run a SELECT over the games of a directory.',
    load: async () => (await import('./sql.ts')).sqlCommand,
  },
  {
    name: 'pack',
    description: 'Write one game with its whole past into one file.',
    load: async () => (await import('./pack.ts')).packCommand,
  },
  {
    name: 'unpack',
    description: 'Put the game of a pack, with its whole past, into a directory.',
    load: async () => (await import('./unpack.ts')).unpackCommand,
  },
  {
    name: 'fork',
    description: 'Make a new game from a moment of another.',
    load: async () => (await import('./fork.ts')).forkCommand,
  },
  {
    name: 'recover',
    description: 'Take one game back to an earlier state that is sound.',
    load: async () => (await import('./recover.ts')).recoverCommand,
  },
  {
    name: 'migrate',
    description: 'Migrate every game to the version of its type.',
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  {
    name: 'verify',
    description: 'Run recorded commands again and compare with what was recorded.',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  {
    name: 'try',
    description: 'Play on from a moment with other code or other commands.',
    load: async () => (await import('./try.ts')).tryCommand,
  },
  {
    name: 'checkpoint',
    description: 'Publish an image of each shard.',
    load: async () => (await import('./checkpoint.ts')).checkpointCommand,
  },
  {
    name: 'check',
    description: 'Verify every byte of a directory or a pack without changing it.',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'accept',
    description: 'Open a shard again that is gone or older than its record.',
    load: async () => (await import('./accept.ts')).acceptCommand,
  },
  {
    name: 'salvage',
    description: 'Recover a damaged directory into a new one; list what is lost.',
    load: async () => (await import('./salvage.ts')).salvageCommand,
  },
  {
    name: 'tune',
    description: 'Measure options on this machine and recommend changes.',
    load: async () => (await import('./tune.ts')).tuneCommand,
  },
];

/**
 * Those that are named, loaded; of the others what the help says of them. A game may have the name of a command: that
 * is one more.
 */
export async function commandsFor(args: readonly string[], cli: CliContext): Promise<readonly Command[]> {
  return Promise.all(
    COMMANDS.map(async ({ name, description, load }) =>
      args.includes(name) ? (await part(load))(cli) : new Command(name).description(description),
    ),
  );
}
