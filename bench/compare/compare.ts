// A comparison: chooses the trials, runs each in a process of its own, contenders alternating, and hands what comes out
// to results.ts, measures.ts, markdown.ts and chart.ts. Before it: main.ts; the process of a trial is trial.ts.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../command-line.ts';
import { Folders } from '../folders.ts';
import { thisMachine } from '../machine.ts';
import { chartOf } from './chart.ts';
import { COMPARE_USAGE, type CompareFlags, parseCompareFlags } from './command-line.ts';
import type { Contender } from './contenders/contender.ts';
import { CONTENDERS } from './contenders.ts';
import { markdownOf } from './markdown.ts';
import { measuresOf } from './measures.ts';
import { installPeers } from './peers.ts';
import { failureLines, headLines, listLines, measureLines, workloadLines } from './report.ts';
import { type Entrant, Results } from './results.ts';
import { runTrial } from './trial-process.ts';
import type { Trial, Workload } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

/**
 * Resolves with the exit status: 1 when a trial failed, and the others ran all the same; 2 when the options make no
 * sense.
 */
export async function runCompare(args: readonly string[]): Promise<number> {
  try {
    return await compare(parseCompareFlags(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${COMPARE_USAGE}`);
    return 2;
  }
}

async function compare(flags: CompareFlags): Promise<number> {
  if (flags.help) {
    console.log(COMPARE_USAGE);
    return 0;
  }
  const workloads = chooseWorkloads(flags);
  if (flags.list) {
    console.log(listLines(workloads, CONTENDERS).join('\n'));
    return 0;
  }
  const plan = planOf(workloads, flags);
  // Now, and not after minutes of measuring.
  if (flags.out !== undefined) usable('--out', flags.out, (out) => mkdirSync(out, { recursive: true }));
  const folders = usable('--dir', flags.dir, (dir) => new Folders(dir));
  try {
    const entrants = await entrantsOf(plan);
    const results = new Results(
      {
        machine: thisMachine(),
        time: new Date().toISOString(),
        directory: flags.dir,
        inMemory: folders.inMemory,
        smoke: flags.smoke,
        rounds: flags.rounds,
        entrants,
      },
      workloads,
    );
    console.log(headLines(results.header).join('\n'));
    await runTrials(plan, flags, folders, results);
    report(results, flags);
    return results.failures.length > 0 ? 1 : 0;
  } finally {
    folders.remove();
  }
}

function chooseWorkloads({ only }: CompareFlags): readonly Workload[] {
  const asked = (name: string): boolean => only.some((each) => name === each || name.startsWith(`${each}-`));
  for (const each of only) {
    if (WORKLOADS.some(({ name }) => name === each || name.startsWith(`${each}-`))) continue;
    throw new UsageError(`there is no workload ${each}; there is: ${WORKLOADS.map(({ name }) => name).join(', ')}`);
  }
  return only.length === 0 ? WORKLOADS : WORKLOADS.filter(({ name }) => asked(name));
}

/** The trials of one round, in the order of the workloads. */
function planOf(workloads: readonly Workload[], { contender, size, smoke }: CompareFlags): readonly Trial[] {
  const sizesOf = ({ sizes }: Workload): readonly number[] => {
    const chosen = size.length === 0 ? sizes : sizes.filter((each) => size.includes(each));
    return smoke ? chosen.slice(0, 1) : chosen;
  };
  const everybody = workloads.flatMap((workload) =>
    sizesOf(workload).flatMap((each) =>
      workload.contenders(each).map((name) => ({ workload: workload.name, contender: name, size: each })),
    ),
  );
  const known = new Set([
    ...CONTENDERS.map(({ name }) => name),
    ...WORKLOADS.flatMap((workload) => workload.sizes.flatMap((each) => workload.contenders(each))),
  ]);
  for (const name of contender) {
    if (!known.has(name)) throw new UsageError(`nobody is called ${name}; there is: ${[...known].join(', ')}`);
  }
  const plan = everybody.filter((trial) => contender.length === 0 || contender.includes(trial.contender));
  if (plan.length === 0) throw new UsageError('nobody is left to do any of these workloads');
  return plan;
}

/** Who takes part, and who cannot. Some contenders are known to one workload only, and it brings them along. */
async function entrantsOf(plan: readonly Trial[]): Promise<readonly Entrant[]> {
  const taking = CONTENDERS.filter(({ name }) => plan.some(({ contender }) => contender === name));
  let missing: string | undefined;
  if (taking.some(({ installed }) => installed)) {
    try {
      await installPeers((line) => console.error(line));
    } catch (error) {
      missing = (error as Error).message;
    }
  }
  return taking.map((contender) => entrantOf(contender, missing));
}

function entrantOf({ name, how, durable, installed, version }: Contender, missing: string | undefined): Entrant {
  try {
    return { name, how, durable, version: version() };
  } catch (error) {
    return { name, how, durable, unavailable: (installed ? missing : undefined) ?? (error as Error).message };
  }
}

/** Round by round, so that whatever else the machine does meets everybody. Who failed is not asked again. */
async function runTrials(
  plan: readonly Trial[],
  flags: CompareFlags,
  folders: Folders,
  results: Results,
): Promise<void> {
  const absent = new Set(results.header.entrants.filter(({ unavailable }) => unavailable).map(({ name }) => name));
  const present = plan.filter(({ contender }) => !absent.has(contender));
  const roundsOf = new Map(WORKLOADS.flatMap(({ name, rounds }) => (rounds === undefined ? [] : [[name, rounds]])));
  for (let round = 1; round <= flags.rounds; round += 1) {
    const due = present.filter(({ workload }) => round <= (roundsOf.get(workload) ?? flags.rounds));
    const inOrder = alternated(due, round);
    for (const [index, trial] of inOrder.entries()) {
      if (results.failed(trial)) continue;
      const name = `${trial.workload}, ${trial.size.toLocaleString('en')}, ${trial.contender}`;
      process.stderr.write(`round ${round} of ${flags.rounds}, ${index + 1} of ${inOrder.length}: ${name}`);
      const start = performance.now();
      const answer = await runTrial({ ...trial, folder: folders.make(), smoke: flags.smoke });
      folders.clear();
      const seconds = ((performance.now() - start) / 1_000).toFixed(1);
      if ('figures' in answer) results.add(trial, answer.figures);
      else results.fail({ ...trial, round, message: answer.error });
      process.stderr.write(
        `, ${seconds} s${'figures' in answer ? '' : `: failed, ${answer.error.split('\n', 1)[0]}`}\n`,
      );
    }
  }
}

/** In every other round the contenders of a workload come in the opposite order. */
function alternated(plan: readonly Trial[], round: number): readonly Trial[] {
  if (round % 2 === 1) return plan;
  const groups = new Map<string, Trial[]>();
  for (const trial of plan) {
    const key = `${trial.workload} ${trial.size}`;
    groups.set(key, [trial, ...(groups.get(key) ?? [])]);
  }
  return [...groups.values()].flat();
}

function report(results: Results, flags: CompareFlags): void {
  const measures = measuresOf((trial) => results.medians(trial));
  for (const workload of results.workloads) console.log(workloadLines(workload, results).join('\n'));
  console.log(measureLines(measures).join('\n'));
  if (flags.out !== undefined) {
    const { out } = flags;
    writeFileSync(join(out, 'compare.json'), `${JSON.stringify(results.toJSON(measures), null, 2)}\n`);
    writeFileSync(join(out, 'compare.md'), markdownOf(results, measures));
    const chart = chartOf(results);
    if (chart !== undefined) writeFileSync(join(out, 'cost-by-size.svg'), chart);
    console.error(`written to ${out}`);
  }
  if (results.failures.length > 0) console.error(failureLines(results.failures).join('\n'));
  if (flags.json) console.log(JSON.stringify({ measures }));
}

/** Does what needs a path from the command line. */
function usable<T>(flag: string, path: string, work: (path: string) => T): T {
  try {
    return work(path);
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be used: ${(error as Error).message}`);
  }
}
