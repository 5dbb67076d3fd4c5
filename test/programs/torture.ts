// npm run torture: looks at as many states that a crash can leave as it is told, kills as many processes, and says what it
// covered. The last line is for machines; the exit code is 1 when a promise was broken.

import { parseArgs } from 'node:util';
import { type KillReport, killLoop, nothingKilled } from '../fault/kill-loop.ts';
import { type CrewOrders, type Outcome, simulate, tellFinding } from '../fault/simulator/crew.ts';
import type { EngineKind } from '../fault/simulator/engine.ts';
import { MUTANTS } from '../fault/simulator/mutants.ts';
import type { Case } from '../fault/simulator/simulation.ts';
import type { TallyData } from '../fault/simulator/tally.ts';

const USAGE = `npm run torture -- [options]

  --states N        states of the disk to open a shard from, without SQL
  --full-states N   states to open it from with everything; one in 150 of --states unless given
  --kills N         processes to kill
  --seconds N       stop after so long
  --seed N          of everything that is by dice (1)
  --threads N       (one for each processor)
  --replay CASE     what a violation has printed
  --mutant NAME     with this thing wrong in the engine, to see it caught; see test/fault/simulator/mutants.ts

Without --states, --full-states and --kills: 300000 states and 200 kills. With --seconds and without a number of states, it
looks at states until then. A run that would look at nothing ends with 2, one that came to nothing with 1.`;

/** A directory of its own for so many kills: a longer history only takes longer to open. */
const KILLS_A_ROUND = 250;
const FULL_SHARE = 150;
const NEWS_EVERY_SECONDS = 10;

const { values } = parseArgs({
  options: {
    states: { type: 'string' },
    'full-states': { type: 'string' },
    kills: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string' },
    replay: { type: 'string' },
    mutant: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

function count(name: 'states' | 'full-states' | 'kills' | 'seconds' | 'seed' | 'threads'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  console.error(`--${name} takes a whole number, not ${text}.\n\n${USAGE}`);
  process.exit(2);
}

const mutant = MUTANTS.find(({ name }) => name === values.mutant);
if (values.mutant !== undefined && !mutant) {
  console.error(`There is no such mutant. There are:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`);
  process.exit(2);
}

const began = performance.now();
const seconds = count('seconds') ?? Number.POSITIVE_INFINITY;
const seed = count('seed') ?? 1;
const threads = count('threads');
let states = 0;
let violations = 0;

function secondsLeft(): number {
  return seconds - (performance.now() - began) / 1000;
}

function tellRate(kind: EngineKind): (tally: TallyData, elapsed: number) => void {
  let told = 0;
  return (tally, elapsed) => {
    if (elapsed - told < NEWS_EVERY_SECONDS) return;
    told = elapsed;
    console.log(`${kind}: ${tellCounts(tally, elapsed)}`);
  };
}

function tellCounts({ states: seen, points, workloads }: TallyData, elapsed: number): string {
  const rate = Math.round(seen / elapsed);
  return `${seen} states in ${elapsed.toFixed(1)} s (${rate} a second), ${points} crash points of ${workloads} workloads`;
}

async function look(kind: EngineKind, orders: Omit<CrewOrders, 'kind' | 'seed'>): Promise<void> {
  const { edits = [], lies = [] } = mutant ?? {};
  const crew = { kind, seed, progress: tellRate(kind), edits, lies, ...orders, ...(threads ? { threads } : {}) };
  tell(kind, await simulate(crew));
}

function tell(kind: EngineKind, { tally, findings, seconds: elapsed }: Outcome): void {
  console.log(`${kind} engine: ${tellCounts(tally, elapsed)}`);
  for (const [about, counts] of Object.entries(tally.counts)) {
    const parts = Object.entries(counts).sort(([, left], [, right]) => right - left);
    console.log(`  ${about}: ${parts.map(([what, times]) => `${what} ${times}`).join('; ')}`);
  }
  for (const finding of findings) console.log(tellFinding(finding, kind));
  states += tally.states;
  violations += findings.length;
}

async function kill(most: number): Promise<KillReport> {
  const report = nothingKilled();
  const start = performance.now();
  const isOver = (): boolean => report.kills >= most || secondsLeft() <= 0;
  for (let round = 0; !isOver() && report.violations.length === 0; round += 1) {
    await killLoop(seed * 1_000_003 + round, KILLS_A_ROUND, report, isOver);
    console.log(`kills: ${report.kills} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  const { killedWhile, violations: found, ...counts } = report;
  const parts = Object.entries(killedWhile).map(([doing, times]) => `${doing} ${times}`);
  console.log(`kills while ${parts.join('; ')}`);
  console.log(
    `  ${Object.entries(counts)
      .map(([what, times]) => `${what} ${times}`)
      .join('; ')}`,
  );
  for (const each of found) console.log(`VIOLATION ${each}`);
  violations += found.length;
  return report;
}

const wanted = { states: count('states'), full: count('full-states'), kills: count('kills') };
const nothingWanted = Object.values(wanted).every((each) => each === undefined);
const isTimed = seconds < Number.POSITIVE_INFINITY;
const noNumber = wanted.states === undefined && wanted.full === undefined && !wanted.kills;
const endless = isTimed && noNumber;
const plainStates = wanted.states ?? (endless ? Number.POSITIVE_INFINITY : nothingWanted ? 300_000 : 0);
const fullStates = wanted.full ?? (mutant ? 0 : Math.ceil(plainStates / FULL_SHARE));
const kills = wanted.kills ?? (nothingWanted && !isTimed ? 200 : 0);
if (!values.replay && plainStates + fullStates + kills === 0) {
  console.error(`These options leave nothing to look at.\n\n${USAGE}`);
  process.exit(2);
}

let killed = 0;
if (values.replay) {
  const { kind, ...each } = JSON.parse(values.replay) as Case & { kind: EngineKind };
  await look(kind, { states: Number.POSITIVE_INFINITY, cases: [each], threads: 1 });
} else {
  // The full engine gets its share of the time first: what is left is for the others.
  if (fullStates > 0) await look('full', { states: fullStates, seconds: seconds / 10 });
  if (plainStates > 0)
    await look('plain', { states: plainStates, seconds: kills > 0 ? secondsLeft() / 2 : secondsLeft() });
  if (kills > 0) killed = (await kill(kills)).kills;
}
// A case that breaks a promise at once has looked at no state, and what it has found counts.
const cameToNothing = states + killed + violations === 0;
if (cameToNothing) console.error('Nothing was looked at in the time that was given.');
console.log(`states=${states} kills=${killed} violations=${violations}`);
process.exit(violations > 0 || cameToNothing ? 1 : 0);
