// The demo: a galactic war in a child process that is killed with SIGKILL again and again, and the proof that nothing
// which was acknowledged is lost.
//
//   npm run demo -- --help
//
// Everything it shows is measured while it runs. The parts are in demo/: campaign.ts plays and kills, ledger.ts
// remembers, inspection.ts and verdict.ts check, stopwatch.ts measures, report.ts tells.

import { rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrreryError } from 'orrery';
import { Campaign, planLives } from './demo/campaign.ts';
import { prepareDirectory } from './demo/directory.ts';
import { DiskMeter } from './demo/disk-meter.ts';
import { counted, whole } from './demo/figures.ts';
import { ChildFailure, Forked } from './demo/forked.ts';
import { inspect } from './demo/inspection.ts';
import { Ledger } from './demo/ledger.ts';
import type { StopwatchMessage, StopwatchTask } from './demo/messages.ts';
import { type DemoOptions, HELP, parseOptions, UsageError } from './demo/options.ts';
import { faultsOf, galaxyTable, type Times, totals } from './demo/report.ts';
import { Screen } from './demo/screen.ts';
import { HZ } from './demo/settings.ts';
import { PACES } from './rules.ts';
import { loadStars, StarFileError } from './stars.ts';
import { newGalaxy, type Setup } from './state.ts';

/** How many seconds are spent on measuring ticks, for each second of play. */
const MEASURING = 0.5;
const MEASURED_TICKS_A_SECOND = 50;
const WARM_UP_TICKS = 25;

const EXIT = { success: 0, failure: 1, usage: 2, signal: 128 } as const;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 } as const;

const screen = new Screen(process.stdout, process.env);
/** A signal has come: what fails from now on fails because of it. */
let stopping = false;

async function demo(options: DemoOptions): Promise<number> {
  const { directory, seconds, seed } = options;
  const setup = setupOf(options.stars);
  const made = await prepareDirectory(directory);
  const measuring = join(directory, 'measuring');
  stopOnSignals(directory, measuring);

  const galaxies = Array.from({ length: options.galaxies }, (_, index) => `galaxy-${index + 1}`);
  const task = { directory, galaxies, stars: options.stars, seed };
  const lives = planLives(seconds, seed);
  screen.print(
    '',
    screen.paint('bold', 'Galactic war on Orrery'),
    `${counted(galaxies.length, 'galaxy', 'galaxies')} of ${whole(setup.stars.length)} stars, ${HZ} ticks a second, in a child process.`,
    `It is killed ${lives.length - 1} times with SIGKILL; each time the next one goes on in the same directory.`,
    screen.paint(
      'dim',
      `Directory ${directory}${made === 'replaced' ? ', replacing what an earlier demo left' : ''}; seed ${seed}.`,
    ),
    '',
  );

  const ledger = new Ledger(galaxies.length);
  const disk = new DiskMeter(directory);
  const played = await new Campaign(task, lives, ledger, disk, screen).run();

  const inspection = await inspect(directory, galaxies, setup, ledger, (done) =>
    screen.progress(
      'checking',
      done / galaxies.length,
      `${done} of ${galaxies.length} galaxies`,
      'each recomputed from its log of commands',
    ),
  );
  disk.look();
  screen.event(
    `recomputed ${counted(galaxies.length, 'galaxy', 'galaxies')} without Orrery, from the logs of commands`,
  );

  const times = await measure({ ...task, directory: measuring, ...measuringPlan(seconds) });
  rmSync(measuring, { recursive: true, force: true });

  const results = { played, inspection, disk: disk.use, times };
  const faults = faultsOf(results);
  screen.print('', ...galaxyTable(inspection, screen), '', ...totals(results), '');
  if (played.complaints) screen.print('The children wrote:', played.complaints, '');
  if (faults.length > 0) {
    screen.print(screen.paint('red', 'FAILED'), ...faults.map((fault) => `  ${fault}`), '');
  } else {
    screen.print(
      screen.paint('green', 'Nothing that was acknowledged is lost, and every galaxy matches its recomputation.'),
      '',
    );
  }
  screen.print(...invitation(directory, inspection.sight), '');
  return faults.length > 0 ? EXIT.failure : EXIT.success;
}

/** Also finds out, before anything is played, whether galaxies can be made of these stars. */
function setupOf(file: string | undefined): Setup {
  const setup = { stars: loadStars(file), pace: PACES.blitz };
  try {
    newGalaxy(setup);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`no galaxy can be made of these stars: ${error.message}`);
    throw error;
  }
  return setup;
}

function measuringPlan(seconds: number): Pick<StopwatchTask, 'ticks' | 'warmUp' | 'patience'> {
  const patience = Math.min(seconds, 60) * MEASURING;
  const each = (patience * MEASURED_TICKS_A_SECOND) / 3;
  return { ticks: Math.max(WARM_UP_TICKS, Math.round(each) - WARM_UP_TICKS), warmUp: WARM_UP_TICKS, patience };
}

async function measure(task: StopwatchTask): Promise<Times> {
  const show = (done: number, remark: string): void =>
    screen.progress('measuring', done, remark, 'the same game with and without persistence');
  show(0, 'making galaxies');
  const stopwatch = new Forked<StopwatchMessage>('./stopwatch.js', task, (message) => {
    if (message.kind === 'round') show(message.done / message.of, `${message.done} of ${message.of} rounds`);
  });
  const times = await stopwatch.next('times');
  await stopwatch.ended;
  screen.event(`measured ${whole(times.times.disk.ticks)} ticks of the same game with and without persistence`);
  return times;
}

/** What to try next, as it has to be typed where the demo was started. */
function invitation(directory: string, sight: string): string[] {
  const here = process.env['INIT_CWD'] ?? process.cwd();
  const root = packageRoot();
  const inside = `${here}${sep}`.startsWith(`${root}${sep}`);
  const orrery = inside ? 'npx orrery' : `node ${relative(here, join(root, 'dist', 'src', 'cli', 'main.js'))}`;
  const path = relative(here, join(process.cwd(), directory)) || '.';
  const place = directory.startsWith(sep) ? directory : path;
  return [
    `The galaxies are in ${place}. Look inside:`,
    `  ${orrery} ls ${place}`,
    `  ${orrery} show ${place} galaxy-1 --path ${sight}`,
    `  ${orrery} log ${place} galaxy-1 --limit 5`,
    `  ${orrery} check ${place}`,
  ];
}

/** This file runs as dist/examples/galactic-war/demo.js. */
function packageRoot(): string {
  return fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '');
}

/** Ends the children, which then do not get to do anything any more. */
async function endChildren(): Promise<void> {
  await Promise.all([...Forked.running].map((child) => child.kill()));
}

/** A second signal while this one is being answered ends the process at once. */
function stopOnSignals(directory: string, measuring: string): void {
  const stop = async (signal: keyof typeof SIGNALS): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await endChildren();
    rmSync(measuring, { recursive: true, force: true });
    screen.rest();
    screen.print(`Stopped. ${directory} holds what was played so far.`);
    process.exit(EXIT.signal + SIGNALS[signal]);
  };
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) process.once(signal, () => void stop(signal));
  // Nobody reads any more, as in `npm run demo | head`.
  process.stdout.on('error', () => void stop('SIGPIPE'));
}

async function explain(error: unknown): Promise<void> {
  screen.rest();
  await endChildren();
  const usage = error instanceof UsageError || error instanceof StarFileError;
  if (!usage && !(error instanceof ChildFailure) && !(error instanceof OrreryError)) throw error;
  console.error(`demo: ${error.message}`);
  process.exitCode = usage ? EXIT.usage : EXIT.failure;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else process.exitCode = await demo(options);
} catch (error) {
  if (!stopping) await explain(error);
}
