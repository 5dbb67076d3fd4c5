// `orrery replay` of games that keep less than every step.

import { join } from 'node:path';
import type { Operation } from 'fast-json-patch';
import fastJsonPatch from 'fast-json-patch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineGame, openOrrery } from '#index.ts';
import { emptyFolder, orrery, removeFolders } from '../command-line.ts';
import { documentsOf } from './recorded.ts';

const counter = defineGame('counter', {
  version: 1,
  history: 'commands',
  persistence: { strategy: 'snapshot', snapshotEvery: { records: 5 }, keepSnapshots: 100 },
  initial: () => ({ count: 0, log: [] as number[] }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
      draft.log.push(draft.count);
    },
  },
});

let directory: string;
const states: unknown[] = [];

beforeAll(async () => {
  directory = join(emptyFolder(), 'data');
  await using open = await openOrrery({ directory, games: [counter] });
  const game = await open.open(counter, 'c');
  states.push(game.toJSON());
  for (let by = 1; by <= 33; by += 1) {
    await game.dispatch('add', by).durable;
    states.push(game.toJSON());
  }
});
afterAll(removeFolders);

interface Step {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly commands: readonly unknown[];
  readonly patches: readonly Operation[];
}

it('[PC13] goes from snapshot to snapshot where there are no steps, and leaves no moment out that is kept', async () => {
  const ended = await orrery('replay', directory, 'c', '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  const steps = documentsOf(ended.stdout) as Step[];
  expect(steps.length).toBeGreaterThan(3);
  expect(steps.length).toBeLessThan(33);
  expect(steps.at(-1)?.lastSeq).toBe(33);
  let state: unknown;
  let seq: number | undefined;
  for (const { firstSeq, lastSeq, patches } of steps) {
    if (seq !== undefined) expect(firstSeq).toBe(seq + 1);
    state ??= structuredClone(states[firstSeq - 1]);
    state = fastJsonPatch.applyPatch(state, patches, true).newDocument;
    expect(state).toEqual(states[lastSeq]);
    seq = lastSeq;
    const at = await orrery('show', directory, 'c', '--at', String(lastSeq), '--json');
    expect(documentsOf(at.stdout)).toMatchObject([{ seq: lastSeq, value: states[lastSeq] }]);
  }
});

it('[PC13] tells what changed between two snapshots as changes, and that the commands are not kept', async () => {
  const ended = await orrery('replay', directory, 'c');
  expect(ended.stdout).toContain('its commands are not kept');
  expect(ended.stdout).toMatch(/^ {6}~ \d+ -> \d+$/m);
  expect(ended.stdout).not.toContain('(the whole state)');
});

it('[PC13] keeps to a range of such moments', async () => {
  const ended = await orrery('replay', directory, 'c', '--from', '12', '--to', '20', '--json');
  const steps = documentsOf(ended.stdout) as Step[];
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.every(({ lastSeq }) => lastSeq >= 12 && lastSeq <= 20)).toBe(true);
});
