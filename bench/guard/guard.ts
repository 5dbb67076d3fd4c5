// `npm run bench -- guard`: has anything become slower since the baseline? Measures a few scenarios against
// calibrations, looks twice at what seems to have moved, prints a table, and answers with the exit status.

import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../command-line.ts';
import { Folders } from '../folders.ts';
import { thisMachine } from '../machine.ts';
import { machineLine } from '../report.ts';
import { BASELINE, type Baseline, ratioIn, readBaseline, writeBaseline } from './baseline.ts';
import { type Check, checksOf } from './checks.ts';
import { type Comparison, compare, exitStatus, hasMoved, nearer } from './comparison.ts';
import { type Failure, type Measure, measuring } from './measuring.ts';
import { notes, summary, table } from './table.ts';

export const GUARD_USAGE = `Usage: npm run bench -- guard [options]

Measures a fixed set of scenarios, each as a ratio to a calibration that runs beside it, and
compares with bench/baseline.json. What has moved by more than a quarter is measured again.

  --update       write what was measured to bench/baseline.json; compare nothing
  --smoke        run briefly, to see that everything works; figures decide nothing
  --dir DIR      use the disk that the folder DIR is on (default: the system's temporary
                 folder)
  --help         print this, and stop

Exit status: 0 if nothing became slower by more than a quarter, 1 if something did or could
not be measured, 2 if the options make no sense or there is no baseline.

Examples:
  npm run bench -- guard
  npm run bench -- guard --update --dir /mnt/disk`;

const ROUNDS = 5;
/** How often a check that seems to have moved is measured again. */
const REPEATS = 2;

interface Flags {
  readonly update: boolean;
  readonly smoke: boolean;
  readonly dir: string;
  readonly help: boolean;
}

/** For tests: where the figures come from, and where the baseline is. */
export interface GuardParts {
  readonly measure?: Measure;
  readonly baseline?: string;
}

/** Resolves with the exit status. */
export async function runGuard(args: readonly string[], parts: GuardParts = {}): Promise<number> {
  try {
    return await guard(parseFlags(args), parts.baseline ?? BASELINE, parts.measure);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${GUARD_USAGE}`);
    return 2;
  }
}

async function guard(flags: Flags, file: string, given: Measure | undefined): Promise<number> {
  if (flags.help) {
    console.log(GUARD_USAGE);
    return 0;
  }
  const baseline = flags.update ? undefined : baselineOf(file, flags.smoke);
  const checks = checksOf();
  const machine = thisMachine();
  const folders = foldersIn(flags.dir);
  try {
    console.log(machineLine(machine));
    console.log(notes(machine, flags.dir, folders.inMemory, baseline).join('\n'));
    const measure = given ?? measuring(folders, flags.smoke, () => process.stderr.write('.'));
    const first = await measure(checks, flags.smoke ? 1 : ROUNDS);
    const failures: Failure[] = [...first.failures];
    let status: number;
    if (flags.update) {
      status = exitStatus([], failures, flags.smoke);
      console.log(
        `\n\n${table(
          first.readings.map((reading) => compare(reading, undefined)),
          checks,
        )}`,
      );
      if (status === 0) writeBaseline(file, machine, checks, first.readings);
    } else {
      const before = new Map(checks.map((check) => [check.scenario.name, ratioIn(baseline, check)]));
      const comparisons = first.readings.map((reading) => compare(reading, before.get(reading.name)));
      const judged = flags.smoke ? comparisons : await looked(comparisons, checks, measure, failures);
      status = exitStatus(judged, failures, flags.smoke);
      console.log(`\n\n${table(judged, checks)}\n\n${summary(judged, baseline, flags.smoke)}`);
    }
    for (const { name, error } of failures) console.error(`\n${name} failed:`, error);
    return status;
  } finally {
    folders.remove();
  }
}

/** Measures again what seems to have moved, until it no longer does or the patience is over. */
async function looked(
  comparisons: readonly Comparison[],
  checks: readonly Check[],
  measure: Measure,
  failures: Failure[],
): Promise<readonly Comparison[]> {
  const judged = new Map(comparisons.map((comparison) => [comparison.name, comparison]));
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const suspicious = checks.filter(({ scenario }) => {
      const comparison = judged.get(scenario.name);
      return comparison !== undefined && hasMoved(comparison);
    });
    if (suspicious.length === 0) break;
    const again = await measure(suspicious, ROUNDS);
    failures.push(...again.failures);
    for (const reading of again.readings) {
      const before = judged.get(reading.name) as Comparison;
      judged.set(reading.name, nearer(before, compare(reading, before.before)));
    }
  }
  return [...judged.values()];
}

function baselineOf(file: string, smoke: boolean): Baseline | undefined {
  let baseline: Baseline | undefined;
  try {
    baseline = readBaseline(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be used: ${(error as Error).message}`);
  }
  if (!baseline && !smoke) throw new UsageError(`there is no baseline in ${file}: write one with --update`);
  return baseline;
}

function foldersIn(dir: string): Folders {
  try {
    return new Folders(dir);
  } catch (error) {
    throw new UsageError(`--dir ${dir} cannot be used: ${(error as Error).message}`);
  }
}

function parseFlags(args: readonly string[]): Flags {
  let flags: Flags;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        update: { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
        dir: { type: 'string', default: tmpdir() },
        help: { type: 'boolean', default: false },
      },
      strict: true,
      allowPositionals: false,
    });
    flags = values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (flags.update && flags.smoke) throw new UsageError('--update with --smoke would make a baseline of rough figures');
  return flags;
}
