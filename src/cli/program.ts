// The command line as a whole: commands, options, help, and from what was thrown to an exit status.

import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import type { CliContext } from './cli-context.ts';
import { COMMANDS, commandsFor } from './commands.ts';
import { describe, EXIT, EXIT_HELP, type ExitStatus, tell } from './exit.ts';
import { NobodyReads, Output } from './output.ts';
import { painter } from './paint.ts';
import type { KeyStream } from './past/keys.ts';
import { ProgressLine } from './progress.ts';

/** Columns of help, on a wider terminal and on none as well. The texts after the options are written for it. */
const HELP_WIDTH = 80;

/** Where the command line is: `process`, or whatever stands in for it. */
export interface Console {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin?: KeyStream;
}

type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** Runs the command line. Never throws: the result is the exit status, and what went wrong is on standard error. */
export async function run(args: readonly string[], console: Console): Promise<ExitStatus> {
  const { stdout, stderr, env } = console;
  let status: ExitStatus = EXIT.ok;
  const output = new Output(stdout);
  // Who does not read the errors either is told nothing.
  stderr.on('error', () => undefined);
  const paintError = painter(stderr.isTTY === true, env);
  // A terminal that does not know its size says 0.
  const width = (stdout.isTTY ? stdout.columns : Number(env['COLUMNS'])) || undefined;
  const progress = new ProgressLine(stderr);
  const cli: CliContext = {
    output,
    paint: painter(stdout.isTTY === true, env),
    width,
    get height() {
      return stdout.isTTY ? stdout.rows || undefined : undefined;
    },
    remark: (text) => {
      progress.show('');
      stderr.write(`${paintError('dim', text)}\n`);
    },
    progress: (text) => progress.show(text),
    // Standard input is opened by being looked at: only who reads keys does.
    get input() {
      return console.stdin;
    },
    finish: (final) => {
      status = final;
    },
  };
  const configuration: OutputConfiguration = {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    // Told below, in our own way.
    outputError: () => undefined,
    getOutHelpWidth: () => Math.min(width ?? HELP_WIDTH, HELP_WIDTH),
    getErrHelpWidth: () => Math.min(width ?? HELP_WIDTH, HELP_WIDTH),
  };
  try {
    const program = makeProgram(await commandsFor(args, cli), configuration);
    await program.parseAsync(args, { from: 'user' });
    await output.flush();
  } catch (thrown) {
    if (thrown instanceof NobodyReads) return status;
    if (thrown instanceof CommanderError && isHelp(thrown)) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    // What was found before it failed is worth having; should that fail as well, the first failure is the one to tell.
    await output.flush().catch(() => undefined);
    const told = tell(thrown, helpFor(args));
    stderr.write(describe(told, asksForJson(args), paintError));
    status = told.status;
  }
  return status;
}

function makeProgram(commands: readonly Command[], console: OutputConfiguration): Command {
  const program = new Command('orrery')
    .description('Reads, checks and repairs the directories in which Orrery keeps games.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput(console)
    // With the arguments of each command there would be no room beside them.
    .configureHelp({ subcommandTerm: (command) => command.name(), minWidthToWrap: 20 })
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', `\n${EXIT_HELP}\n\nPut a game id that begins with "-" after "--": orrery show ./data -- -1`);
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  return program;
}

/** Help has been printed: asked for (status 0), or because no command was named. */
function isHelp({ code }: CommanderError): boolean {
  return code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version';
}

function helpFor(args: readonly string[]): string {
  const named = args.find((arg) => COMMANDS.some(({ name }) => name === arg));
  return `orrery ${named === undefined ? '' : `${named} `}--help`;
}

function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** The package's own description lies above this file, at a distance that depends on whether it was compiled. */
function packageVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === 'orrery' && version !== undefined) return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
