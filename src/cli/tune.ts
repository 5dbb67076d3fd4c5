// `orrery tune`: tries options on this machine, on this disk, with work like yours, and says which are worth changing.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Command, Option } from 'commander';
import { OrreryError } from '../core/errors.ts';
import { compactJson } from '../core/printable.ts';
import type { CliContext } from './cli-context.ts';
import { namedWorkload, WORKLOADS, type WorkloadName, workloadOf } from './tuning/workload.ts';

const HELP = `
The trials do work like that of a directory, which is only read, or one of:
  awaited  one game, one command at a time, each awaited until it is durable
  loop     one game of 10,000 entities, 500 commands a tick, 20 ticks a second
  many     1,000 games, 10 commands a tick each, one tick a second

Options are changed one at a time from the defaults, in alternating rounds. A
value is recommended only if it is better than the default, in what the option
is for, by more than the rounds differ and by 5 %; then it is measured again.
\`threads\` is tried by verifying a history of the same work. All of it takes
some minutes, and nothing else should run. --quick only shows that it works.
Progress goes to standard error, but not with --json.

  DURABLE/S   commands a second that became durable, of a loop that never waits
  COMPACTED/S the same, until it is in the database as well: the lasting rate
  COMMIT      paced loop: from sending a batch to its acknowledgement
  DURABLE     paced loop: from a batch's first command to its acknowledgement
  WAIT        how long every 500 commands took, of a loop that waits for them
  LOOP        paced loop: time of the main thread for one command
  BYTES       written to the disk for one command, journal and images
  REPLAY      the most journal that a crash would have left to replay
  VERIFIED/S  recorded commands that were run again in a second
  LATE        how late the main thread came to its turns, while verifying

Examples:
  orrery tune ./data
  orrery tune --workload many --on /mnt/disk --json | jq -r .code`;

interface Options {
  readonly workload?: WorkloadName;
  readonly on?: string;
  readonly quick?: true;
  readonly json?: true;
}

export function tuneCommand(cli: CliContext): Command {
  return new Command('tune')
    .description('Measure options on this machine and recommend changes.')
    .argument('[directory]', 'a directory with games like those to tune for; it is only read')
    .addOption(new Option('--workload <name>', 'the work to do, instead of that of a directory').choices(WORKLOADS))
    .option('--on <folder>', 'write on the disk of this folder (default: beside the directory, or here)')
    .option('--quick', 'small trials for a few seconds: rough figures')
    .option('--json', 'print one JSON document with every round')
    .addHelpText('after', HELP)
    .action((directory: string | undefined, options: Options, command: Command) => {
      if (directory !== undefined && options.workload !== undefined)
        command.error('a directory and --workload exclude each other');
      if (directory === undefined && options.workload === undefined)
        command.error(`a directory or --workload is needed: ${WORKLOADS.join(', ')}`);
      if (directory !== undefined && options.on !== undefined && isWithin(options.on, directory))
        command.error(`--on ${options.on} is in the directory, which is only read`);
      return tune(directory, options, cli);
    });
}

async function tune(directory: string | undefined, flags: Options, cli: CliContext): Promise<void> {
  const { output, paint, remark } = cli;
  // The commands that only read have no use for what this needs, and start sooner without it.
  const [{ readProfile }, { Scratch }, { Trials }, searching, values, report] = await Promise.all([
    import('./tuning/profile.ts'),
    import('./tuning/scratch.ts'),
    import('./tuning/trial.ts'),
    import('./tuning/search.ts'),
    import('./tuning/options.ts'),
    import('./tuning/report.ts'),
  ]);
  const notes: string[] = [];
  const profile = directory === undefined ? undefined : await readProfile(directory);
  if (directory !== undefined && profile === undefined) throw nothingPlayed(directory);
  const like = profile && workloadOf(profile);
  if (like) notes.push(...like.notes);
  const workload = like?.workload ?? namedWorkload(flags.workload as WorkloadName);
  const on = flags.on ?? (directory === undefined ? '.' : beside(directory, notes));

  const machine = report.thisMachine();
  const quick = flags.quick === true;
  const plan = quick ? searching.QUICK_PLAN : searching.FULL_PLAN;
  const options = values.tunedOptions(quick ? values.QUICK_VALUES : values.usualValues(machine.cores), workload.games);
  // In quick trials no loop comes far enough to be worth a load of its own.
  const shortened = options.map((each) => (each.load === 'verify' ? each : { ...each, load: 'short' as const }));
  const tuned = quick ? shortened : options;
  const scratch = new Scratch(on);
  try {
    if (scratch.inMemory)
      notes.push('This is a file system in memory, where an fdatasync costs nothing. Choose a disk with --on.');
    if (report.isBusy(machine))
      notes.push(
        `Something else uses this machine: its load was ${machine.loadBefore}. Trust differences, not figures.`,
      );
    if (quick) notes.push('Quick trials show that everything works; their figures are rough.');
    if (profile && profile.shards > 1)
      notes.push(
        `The directory has ${profile.shards} shards, which were fixed when it was made; a new one can have another number.`,
      );
    const found = await searching.search(new Trials(workload, scratch), { ...plan, options: tuned }, (text) => {
      if (!flags.json) remark(text);
    });
    const findings = {
      machine,
      on: resolve(on),
      directory: directory ?? './data',
      workload,
      profile,
      notes,
      rounds: plan.rounds,
      found,
    };
    if (flags.json) await output.line(compactJson(report.asJson(findings)));
    else for (const line of report.reportLines(findings, paint)) await output.line(line);
  } finally {
    scratch.remove();
  }
}

/** Whatever is not there yet is in nothing. */
function isWithin(folder: string, directory: string): boolean {
  if (!existsSync(folder) || !existsSync(directory)) return false;
  const path = relative(realpathSync(directory), realpathSync(folder));
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** The folder that a directory lies in; its disk may be another one when the directory is a mount point. */
function beside(directory: string, notes: string[]): string {
  const real = realpathSync(directory);
  const parent = dirname(real);
  if (statSync(parent).dev !== statSync(real).dev) {
    notes.push(
      'The directory is on a disk of its own, and the trials run beside it, on another. Name a folder with --on.',
    );
  }
  return parent;
}

function nothingPlayed(directory: string): OrreryError {
  return new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'no command was ever played in this directory',
    hint: `Let a program play in it first, or name some work: --workload ${WORKLOADS.join(', ')}.`,
    context: { directory },
  });
}
