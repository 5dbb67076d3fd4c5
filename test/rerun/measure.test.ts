// What verification counts as a difference, and how far it goes: numbers that are near enough, and what comes behind a difference.

import { afterAll, describe, expect, it } from 'vitest';
import type { AnyGame } from '#core/game/game.ts';
import { RerunThreads } from '#history/rerun/threads.ts';
import { type Verification, type VerifyOptions, verify } from '#history/rerun/verify.ts';
import { defineGame, type Table, table } from '#index.ts';
import { Workshop } from './played.ts';

const workshop = new Workshop();
afterAll(() => workshop.clean());

interface State {
  orbit: { x: number; y: number };
  probes: Table<{ speed: number; trail: number[] }>;
  trail: number[];
  name: string;
  [key: string]: unknown;
}

/** Numbers of the recorded run times `factor`; `more` is done besides. */
function probes(factor: number, more: (draft: State, step: number) => void = () => undefined) {
  return defineGame('probes', {
    version: 1,
    history: 'commands',
    initial: (): State => ({ orbit: { x: 1, y: 2 }, probes: table(), trail: [], name: 'none' }),
    commands: {
      fly(draft, step: number) {
        draft.orbit.x = (draft.orbit.x * 1.01 + step / 3) * factor;
        draft.orbit = { x: draft.orbit.x, y: draft.orbit.y * factor };
        draft.trail.unshift(draft.orbit.x);
        if (draft.trail.length > 4) draft.trail.pop();
        const id = `p${step % 5}`;
        const probe = draft.probes.get(id);
        if (!probe) draft.probes.set(id, { speed: step * factor, trail: [step / 7] });
        else if (step % 11 === 0) draft.probes.delete(id);
        else {
          probe.speed *= 1.1 * factor;
          probe.trail.push(probe.speed);
        }
        // A table whose whole content is given anew, and a key that comes and goes.
        if (step % 13 === 0) draft.probes = table({ only: { speed: step * factor, trail: [] } });
        if (step % 2 === 0) draft['marks'] = [step * factor];
        else delete draft['marks'];
        more(draft, step);
      },
    },
  });
}

const STEPS = 120;
const recorded = probes(1);
const play = (game: AnyGame): void => {
  for (let step = 1; step <= STEPS; step += 1) game.dispatch('fly', step);
};

let directory: string | undefined;
async function verified(code: ReturnType<typeof probes>, options: VerifyOptions): Promise<Verification> {
  directory ??= await workshop.play(recorded, 'a', play);
  return verify(await workshop.past(directory, 'a'), code, options);
}

describe('tolerance', () => {
  it('[RR15] numbers within it pass, step by step from what was recorded, and are counted', async () => {
    const rounded = probes(1 + 1e-13);
    const strict = await verified(rounded, {});
    expect(strict).toMatchObject({ steps: 0, different: 1, difference: { seq: 1 } });
    expect(strict.difference?.message).toMatch(/, which differs by 1\.0e-13 of it\.$/);
    // Without beginning anew at each step they would be 1e-11 apart in the end.
    const passed = await verified(rounded, { tolerance: 1e-12 });
    expect(passed).toMatchObject({ steps: STEPS, commands: STEPS, tolerated: STEPS, different: 0, differences: [] });
    expect(await verified(rounded, { tolerance: 1e-14 })).toMatchObject({ different: 1, difference: { seq: 1 } });
    expect(await verified(recorded, { tolerance: 1e-12 })).toMatchObject({ steps: STEPS, tolerated: 0, different: 0 });
  });

  it('[RR15] whatever is not a number, or is there on one side alone, is a difference all the same', async () => {
    const ways: readonly [(draft: State) => void, object][] = [
      [
        (draft) => void Object.assign(draft, { name: 'another' }),
        { path: '/name', recorded: 'none', rerun: 'another' },
      ],
      [(draft) => void draft.trail.push(5), { path: '/trail/4', recorded: undefined, rerun: 5 }],
      [(draft) => void draft.probes.set('new', { speed: 1, trail: [] }), { path: '/probes/new', recorded: undefined }],
      [(draft) => void Object.assign(draft.orbit, { y: draft.orbit.y + 1e-6 }), { path: '/orbit/y', recorded: 2 }],
    ];
    for (const [change, difference] of ways) {
      const code = probes(1 + 1e-13, (draft, step) => step === 30 && change(draft));
      const found = await verified(code, { tolerance: 1e-9 });
      expect(found).toMatchObject({ steps: 29, tolerated: 29, different: 1, difference: { seq: 30, ...difference } });
    }
  });

  it('[RR15] a tolerance that is none is refused', async () => {
    for (const tolerance of [-1, 1, 2, Number.NaN, '0.1' as unknown as number]) {
      await expect(verified(recorded, { tolerance })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    await expect(verified(recorded, { all: 1 as unknown as boolean })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('all differences', () => {
  const seqsOf = ({ differences }: Verification): number[] => differences.map(({ seq }) => seq);

  it('[RR16] behind a difference it goes on from what was recorded', async () => {
    const code = probes(1, (draft, step) => {
      if ([5, 6, 40, STEPS].includes(step)) draft.name = `changed ${step}`;
      if (step === 70) throw new Error('not today');
    });
    const first = await verified(code, {});
    expect(first).toMatchObject({ steps: 4, different: 1, difference: { seq: 5 } });
    expect(seqsOf(first)).toEqual([5]);
    const all = await verified(code, { all: true });
    expect(all).toMatchObject({ steps: STEPS - 5, commands: STEPS - 5, different: 5, difference: { seq: 5 } });
    expect(seqsOf(all)).toEqual([5, 6, 40, 70, STEPS]);
    expect(all.differences.map(({ kind }) => kind)).toEqual(['state', 'state', 'state', 'refused', 'state']);
    expect(all.differences[1]).toMatchObject({ recorded: 'none', rerun: 'changed 6' });
  });

  it('[RR16] all are counted, and the first hundred told', async () => {
    const code = probes(1, (draft) => void Object.assign(draft, { name: 'changed' }));
    const all = await verified(code, { all: true });
    expect(all).toMatchObject({ steps: 0, different: STEPS });
    expect(seqsOf(all)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('[RR16] threads find the same, in the same order', async () => {
    const long = await workshop.play(counter('1'), 'b', (game) => {
      for (let step = 1; step <= 3000; step += 1) game.dispatch('count', { by: step, pad: 'x'.repeat(200) });
    });
    const past = await workshop.past(long, 'b');
    expect((await past.snapshots()).length).toBeGreaterThan(4);
    const changed = 'by % 500 === 1 ? 1.5 : 1 + 1e-14';
    const options = { all: true, tolerance: 1e-12 };
    const alone = await verify(past, counter(changed), options);
    expect(seqsOf(alone)).toEqual([1, 501, 1001, 1501, 2001, 2501]);
    expect(alone).toMatchObject({ steps: 2994, tolerated: 2994, different: 6 });
    const module = workshop.module(`export const type = defineGame('counter', { version: 1, history: 'commands',
      initial: () => ({ sum: 0.5, pad: '' }), commands: { count(draft, { by, pad }) {
        draft.sum = (by + 0.5) * (${changed}); draft.pad = pad + by; } } });`);
    const threads = await RerunThreads.start(module, { threads: 2 });
    expect(await threads.verify(past, { kind: 'directory', directory: long }, options)).toEqual(alone);
    await threads.close();
  });
});

function counter(factor: string) {
  const of = new Function('by', `return ${factor};`) as (by: number) => number;
  return defineGame('counter', {
    version: 1,
    history: 'commands',
    initial: () => ({ sum: 0.5, pad: '' }),
    commands: {
      count(draft, { by, pad }: { by: number; pad: string }) {
        draft.sum = (by + 0.5) * of(by);
        draft.pad = pad + by;
      },
    },
  });
}
