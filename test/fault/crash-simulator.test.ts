// A shard is opened from the states that a crash can leave of its disk, hundreds of thousands of them, in a copy of the project
// where recovery runs without waiting: test/fault/simulator/. npm run torture does the same for as long as it is told.

import { afterAll, expect, it } from 'vitest';
import { share } from '../sampling.ts';
import { BROAD, type CrewOrders, type Outcome, simulate, tellFinding } from './simulator/crew.ts';
import type { Limits } from './simulator/explore.ts';
import type { Step, Workload } from './simulator/workload.ts';

// A sample is larger than the bound within which mutants.test.ts has every known fault caught.
const STATES = Number(process.env['ORRERY_CRASH_STATES'] ?? share(300_000, 6));
const FULL_STATES = Number(process.env['ORRERY_CRASH_FULL_STATES'] ?? share(2_000, 4));
const SEED = Number(process.env['ORRERY_CRASH_SEED'] ?? 1);
/** So long as nothing hangs: by itself it takes a minute or two, and others may want the same cores. */
const LIMIT = { timeout: 30 * 60_000 };

/** Every state of every crash point of a workload, and of no crash after it. */
const EVERYTHING: Limits = {
  pointEvery: 1,
  statesAPoint: 1 << 16,
  statesOfSmall: 1 << 16,
  makingEvery: 1,
  sequelEvery: 1e9,
  recoveryEvery: 1e9,
  statesAgain: 0,
  damageEvery: 1e9,
};

const commit = (game: string, filler = 0): Step => ({ do: 'commit', batch: { games: { [game]: 1 }, filler } });
const batch = { games: { b: 1 }, filler: 0 };
const SMALL: readonly Workload[] = [
  { steps: [], fault: undefined },
  { steps: [commit('a'), commit('a', 1500), commit('b', 40)], fault: undefined },
  { steps: [commit('a'), { do: 'checkpoint', slice: 2, batch }, commit('a')], fault: undefined },
  { steps: [commit('a'), { do: 'kill' }, commit('a')], fault: undefined },
  { steps: [commit('a'), { do: 'close' }, commit('a')], fault: undefined },
  {
    steps: [commit('a'), { do: 'takeover', deed: 'commit', amid: 'deed', nth: 2, batch, afterwards: 'commit' }],
    fault: undefined,
  },
  {
    steps: [commit('a'), commit('b')],
    fault: { errno: 'EIO', moment: 'before', nth: 2, lasting: false, calls: ['dataSync'] },
  },
];

const summary: string[] = [];
afterAll(() => console.log(summary.join('\n')));

async function look(what: string, orders: CrewOrders): Promise<Outcome> {
  const outcome = await simulate(orders);
  const { states, points, workloads } = outcome.tally;
  const rate = Math.round(states / outcome.seconds);
  summary.push(
    `crash simulator, ${what}: ${states} states in ${outcome.seconds.toFixed(1)} s (${rate} a second), ` +
      `${points} crash points of ${workloads} workloads`,
  );
  expect(outcome.findings.map((finding) => tellFinding(finding, orders.kind)).join('\n')).toBe('');
  return outcome;
}

function expectCovered({ tally }: Outcome, about: string, what: readonly string[]): void {
  for (const each of what) expect(tally.counts[about]?.[each] ?? 0, `${about}: ${each}`).toBeGreaterThan(0);
}

it('[X1] every state that a crash can leave of a small workload opens whole', async () => {
  const cases = SMALL.map((workload, seed) => ({ seed, workload }));
  const outcome = await look('everything', { kind: 'plain', states: 1e9, seed: SEED, limits: EVERYTHING, cases });
  expect(outcome.tally.workloads).toBe(cases.length);
  expect(Object.keys(outcome.tally.counts['crash points'] ?? {})).toEqual(['crash 1, all states']);
  expect(outcome.tally.states).toBeGreaterThan(1000);
});

it('[X1] and every state of a few commits, with SQL', async () => {
  const cases = [{ seed: 1, workload: SMALL[1] as Workload }];
  const limits = { ...EVERYTHING, makingEvery: 1e9 };
  const outcome = await look('everything, with SQL', { kind: 'full', states: 1e9, seed: SEED, limits, cases });
  expect(Object.keys(outcome.tally.counts['crash points'] ?? {})).toEqual(['crash 1, all states']);
  expect(outcome.tally.states).toBeGreaterThan(50);
});

it('[X14] no room for the image or the segment of an opening, from any call on: crashed there and opened again, nothing is lost', async () => {
  const calls = ['createNew', 'write', 'dataSync', 'sync', 'publishNew', 'link', 'syncDirectory'] as const;
  const steps: readonly Step[] = [
    commit('a'),
    { do: 'checkpoint', slice: 2, batch },
    commit('a', 600),
    { do: 'kill' },
    { do: 'kill' },
    commit('b'),
    { do: 'kill' },
    commit('a'),
  ];
  const cases = Array.from({ length: 90 }, (_, at) => ({
    seed: at,
    workload: { steps, fault: { errno: 'ENOSPC', moment: 'before', nth: 10 + at, lasting: true, calls } as const },
  }));
  const limits = { ...BROAD, pointEvery: 2, makingEvery: 1e9, statesAPoint: 4, statesOfSmall: 4 };
  const outcome = await look('no room to open', { kind: 'plain', states: 1e9, seed: SEED, limits, cases });
  expect(outcome.tally.workloads).toBe(cases.length);
  expectCovered(outcome, 'degraded openings', ['without an image', 'without a segment']);
});

it(`[X2] [X3] [X4] what was promised before a crash is kept in ${STATES} states, without SQL`, LIMIT, async () => {
  const outcome = await look('without SQL', { kind: 'plain', states: STATES, seed: SEED });
  expect(outcome.tally.states).toBeGreaterThanOrEqual(STATES);
  if (STATES < 50_000) return;
  // A run that came past none of these would prove less than it says.
  const doing = ['opening', 'commit', 'compact', 'checkpoint', 'close', 'kill', 'takeover'];
  expectCovered(outcome, 'crashed while', doing);
  expectCovered(outcome, 'crashed after', ['create', 'write', 'link', 'unlink', 'rename', 'sync', 'sync directory']);
  expectCovered(outcome, 'states', ['after crash 1', 'after crash 2', 'after crash 3']);
  expectCovered(outcome, 'recoveries', [
    'of a shard that was not finished being made',
    'that replayed',
    'that cut a torn tail',
    'with nothing to replay',
  ]);
  expectCovered(outcome, 'damage', ['bit: refused', 'bit with a stand-in: nothing missing', 'foreign file: refused']);
  const errnos = Object.keys(outcome.tally.counts['faults'] ?? {}).map((fault) => fault.slice(0, fault.indexOf(' ')));
  expect([...new Set(errnos)].sort()).toEqual(['EIO', 'EMFILE', 'ENOSPC', 'EROFS']);
});

it(`[X2] [X3] and in ${FULL_STATES} states with SQL`, LIMIT, async () => {
  const outcome = await look('with SQL', { kind: 'full', states: FULL_STATES, seed: SEED });
  expect(outcome.tally.states).toBeGreaterThanOrEqual(FULL_STATES);
});

it('[X5] the same seed gives the same states', async () => {
  const orders = { kind: 'plain', states: 3000, seed: 5, threads: 1, limits: BROAD } as const;
  const first = await look('once', orders);
  const second = await look('and again', orders);
  expect(second.tally).toEqual(first.tally);
});
