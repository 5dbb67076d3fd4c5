// A run of the scenarios: chosen, measured one after the other, shown as they come, and written down.

import { writeFileSync } from 'node:fs';
import { type Flags, parseFlags, USAGE, UsageError } from './command-line.ts';
import { Folders } from './folders.ts';
import { thisMachine } from './machine.ts';
import { type Measurement, measureRound, type Round, roundsOf, summarise } from './measure.ts';
import { ratiosOf } from './ratios.ts';
import { failureRow, legend, machineLine, notes, ratioLines, tableHead, tableRow, widthOf } from './report.ts';
import { groupOf, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

interface Failure {
  readonly name: string;
  readonly error: unknown;
}

/** Resolves with the exit status: 1 when a scenario threw; the others run all the same. */
export async function runSuite(args: readonly string[], scenarios: readonly Scenario[] = SCENARIOS): Promise<number> {
  const flags = parseFlags(args);
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = choose(flags, scenarios);
  if (flags.list) {
    console.log(legend(chosen).join('\n'));
    return 0;
  }
  // Now, and not after minutes of measuring.
  if (flags.json !== undefined)
    usable('--json', flags.json, () => writeFileSync(flags.json as string, '', { flag: 'a' }));
  const machine = thisMachine();
  const folders = usable('--dir', flags.dir, () => new Folders(flags.dir));
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  try {
    console.log(machineLine(machine));
    console.log(`${notes(machine, flags.dir, folders.inMemory, flags.smoke).join('\n')}\n`);
    const width = widthOf(chosen);
    console.log(tableHead(width));
    for (const group of byGroup(chosen)) {
      const { measured, failed } = await measureGroup(group, flags.smoke, folders);
      measurements.push(...measured);
      failures.push(...failed);
      console.log(`\n${[...measured.map((each) => tableRow(each, width)), ...failed.map(failureRow)].join('\n')}`);
    }
  } finally {
    folders.remove();
  }
  const ratios = ratiosOf(measurements);
  if (ratios.length > 0)
    console.log(
      `\nmedian against median, the middle one of the rounds of this run\n\n${ratioLines(ratios).join('\n')}`,
    );
  if (flags.json !== undefined) {
    const result = {
      machine,
      smoke: flags.smoke,
      time: new Date().toISOString(),
      results: measurements,
      ratios,
      failures: failures.map(({ name, error }) => ({
        name,
        message: error instanceof Error ? error.message : String(error),
      })),
    };
    writeFileSync(flags.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  for (const { name, error } of failures) console.error(`\n${name} failed:`, error);
  return failures.length > 0 ? 1 : 0;
}

function choose({ smoke, only, list }: Flags, scenarios: readonly Scenario[]): readonly Scenario[] {
  const names = new Set(scenarios.map(({ name }) => name));
  // Without this, nobody could ask for table-100 and not get table-10000.
  const fits = (name: string, part: string): boolean => (names.has(part) ? name === part : name.includes(part));
  const named = scenarios.filter(({ name }) => only.length === 0 || only.some((part) => fits(name, part)));
  const chosen = named.filter(({ large }) => list || !(smoke && large));
  if (chosen.length > 0) return chosen;
  throw new UsageError(
    named.length > 0
      ? `${named.map(({ name }) => name).join(', ')}: too large for a smoke run`
      : `no scenario has ${only.map((part) => JSON.stringify(part)).join(' or ')} in its name; --list shows them`,
  );
}

function byGroup(scenarios: readonly Scenario[]): readonly Scenario[][] {
  const groups = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const group = groupOf(scenario.name);
    groups.set(group, [...(groups.get(group) ?? []), scenario]);
  }
  return [...groups.values()];
}

/** Round by round; a scenario that threw has no further round. */
async function measureGroup(
  group: readonly Scenario[],
  smoke: boolean,
  folders: Folders,
): Promise<{ measured: Measurement[]; failed: Failure[] }> {
  const rounds = new Map<Scenario, Round[]>(group.map((scenario) => [scenario, []]));
  const failed: Failure[] = [];
  for (let round = 0; round < roundsOf(smoke); round += 1) {
    for (const [scenario, before] of rounds) {
      try {
        before.push(await measureRound(scenario, { smoke, folder: () => folders.make() }));
      } catch (error) {
        failed.push({ name: scenario.name, error });
        rounds.delete(scenario);
      }
      folders.clear();
    }
  }
  return { measured: [...rounds].map(([scenario, all]) => summarise(scenario, all)), failed };
}

/** Does what needs a path from the command line. */
function usable<T>(flag: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be used: ${(error as Error).message}`);
  }
}
