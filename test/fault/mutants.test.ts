// The simulator proves itself: the protocol with one thing wrong in it is caught, for every thing in the table, and the protocol
// as it is comes through the same.

import { expect, it } from 'vitest';
import { BROAD, type CrewOrders, simulate } from './simulator/crew.ts';
import { MUTANTS, type Mutant } from './simulator/mutants.ts';

/** Each must be caught within so many states. */
const BOUND = 40_000;
const SEED = 7;

function ordersFor({ edits = [], lies = [], damage, workload }: Mutant): CrewOrders {
  return {
    kind: 'plain',
    states: BOUND,
    seed: SEED,
    threads: 1,
    shorten: false,
    edits,
    lies,
    limits: damage ? { ...BROAD, damageEvery: 1 } : BROAD,
    ...(workload ? { cases: [{ seed: SEED, workload }] } : {}),
  };
}

for (const mutant of MUTANTS) {
  it(`[X6] caught: ${mutant.name}`, async () => {
    const { findings, tally } = await simulate(ordersFor(mutant));
    expect(findings.length, `not caught in ${tally.states} states`).toBeGreaterThan(0);
  });
}

it('[X6] the protocol as it is comes through what each of them is caught by', async () => {
  const ways = MUTANTS.filter(({ damage, workload }) => damage || workload).map(ordersFor);
  for (const orders of [ordersFor({ name: 'by dice' }), ...ways]) {
    const { findings } = await simulate({ ...orders, edits: [], lies: [], states: BOUND / 4 });
    expect(findings).toEqual([]);
  }
});

it('[X7] what was found is told as short as it could be made, and can be played again', async () => {
  const mutant = MUTANTS.find(({ name }) => name === 'a segment whose name is not made durable') as Mutant;
  const first = await simulate(ordersFor(mutant));
  const short = await simulate({ ...ordersFor(mutant), shorten: true });
  const [found] = first.findings;
  const [finding] = short.findings;
  if (!found || !finding) throw new Error('not caught');
  expect(finding.workload.steps.length).toBeLessThanOrEqual(found.workload.steps.length);
  expect(finding.workload.steps.length).toBeLessThanOrEqual(2);
  expect(finding.story.some((line) => line.startsWith('lost: ') && line.includes('segment-'))).toBe(true);
  const { seed, workload } = finding;
  const again = await simulate({ ...ordersFor(mutant), cases: [{ seed, workload }] });
  expect(again.findings).toEqual([finding]);
});
