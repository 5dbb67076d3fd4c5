// What a game type may say of its persistence, and what it may not.

import { expect, it } from 'vitest';
import { defineGame, OrreryError } from '#index.ts';

function keptAs(persistence: unknown): unknown {
  return defineGame('counter', {
    version: 1,
    initial: () => ({ n: 0 }),
    commands: {},
    persistence: persistence as object,
  }).persistence;
}

function refused(persistence: unknown): OrreryError {
  try {
    keptAs(persistence);
  } catch (error) {
    expect(error).toBeInstanceOf(OrreryError);
    expect((error as OrreryError).code).toBe('INVALID_GAME_TYPE');
    expect((error as OrreryError).context.type).toBe('counter');
    return error as OrreryError;
  }
  throw new Error(`${JSON.stringify(persistence)} was taken`);
}

const NOTHING_SAID = {
  strategy: 'hybrid',
  snapshotEvery: { records: null, ms: null },
  keepSnapshots: null,
  keepRecords: null,
  compactAt: 2,
  tiers: [],
};

it('[RT4] a game type that says nothing keeps everything; what is said is filled in, frozen, and can be said again', () => {
  expect(keptAs(undefined)).toEqual(NOTHING_SAID);
  expect(keptAs({})).toEqual(NOTHING_SAID);
  expect(keptAs({ strategy: 'snapshot' })).toEqual({ ...NOTHING_SAID, strategy: 'snapshot', keepSnapshots: 10 });
  const full = {
    strategy: 'hybrid',
    snapshotEvery: { records: 100, ms: 60_000 },
    keepSnapshots: 3,
    keepRecords: 5_000,
    compactAt: 0.5,
    tiers: [
      { every: 'step', forMs: 3_600_000 },
      { every: 'tick', forMs: 86_400_000 },
      { every: { ms: 60_000 }, forMs: 864_000_000 },
      { every: { ms: 3_600_000 }, forMs: 'ever' },
    ],
  };
  const kept = keptAs(full);
  expect(kept).toEqual(full);
  expect(keptAs(kept)).toEqual(full);
  expect(keptAs(keptAs({ strategy: 'events' }))).toEqual({ ...NOTHING_SAID, strategy: 'events' });
  for (const part of [kept, (kept as typeof full).tiers, (kept as typeof full).tiers[2]])
    expect(Object.isFrozen(part)).toBe(true);
});

const hour = 3_600_000;
const wrong: readonly (readonly [what: string, persistence: unknown])[] = [
  ['not an object', 7],
  ['a list', []],
  ['an option that there is none of', { keepRecord: 5 }],
  ['an unknown strategy', { strategy: 'all' }],
  ['snapshotEvery as a number', { snapshotEvery: 100 }],
  ['snapshotEvery of something else', { snapshotEvery: { ticks: 5 } }],
  ['no records', { snapshotEvery: { records: 0 } }],
  ['half a record', { snapshotEvery: { records: 1.5 } }],
  ['no snapshots', { keepSnapshots: 0 }],
  ['records below nothing', { keepRecords: -1 }],
  ['records as text', { keepRecords: '100' }],
  ['never compacting', { compactAt: Number.POSITIVE_INFINITY }],
  ['compacting at nothing', { compactAt: 0 }],
  ['compacting at no number', { compactAt: Number.NaN }],
  ['tiers that are not a list', { tiers: { every: 'step', forMs: hour } }],
  ['a tier without an age', { tiers: [{ every: 'step' }] }],
  ['a tier of hours', { tiers: [{ every: 'hour', forMs: hour }] }],
  ['a tier of more', { tiers: [{ every: 'step', forMs: hour, keep: true }] }],
  ['a tier of no time', { tiers: [{ every: { ms: 0 }, forMs: hour }] }],
  ['a tier for no time', { tiers: [{ every: 'step', forMs: 0 }] }],
  [
    'ages that fall',
    {
      tiers: [
        { every: 'step', forMs: hour },
        { every: 'tick', forMs: hour },
      ],
    },
  ],
  [
    'something after ever',
    {
      tiers: [
        { every: 'step', forMs: 'ever' },
        { every: 'tick', forMs: hour },
      ],
    },
  ],
  [
    'finer after coarser',
    {
      tiers: [
        { every: 'tick', forMs: hour },
        { every: 'step', forMs: 'ever' },
      ],
    },
  ],
  [
    'twice the same',
    {
      tiers: [
        { every: 'tick', forMs: hour },
        { every: 'tick', forMs: 'ever' },
      ],
    },
  ],
  [
    'no multiple',
    {
      tiers: [
        { every: { ms: 1000 }, forMs: hour },
        { every: { ms: 1500 }, forMs: 'ever' },
      ],
    },
  ],
  ['seventeen tiers', { tiers: Array.from({ length: 17 }, (_, at) => ({ every: { ms: 2 ** at }, forMs: hour + at })) }],
  ['snapshots of events', { strategy: 'events', snapshotEvery: { records: 5 } }],
  ['kept snapshots of events', { strategy: 'events', keepSnapshots: 5 }],
  ['a threshold of events', { strategy: 'events', compactAt: 5 }],
  ['records of snapshots', { strategy: 'snapshot', keepRecords: 5 }],
  ['tiers of snapshots', { strategy: 'snapshot', tiers: [{ every: 'tick', forMs: 'ever' }] }],
];
for (const [what, persistence] of wrong) {
  it(`[RT4] refused: ${what}`, () => {
    const { message, hint } = refused(persistence);
    expect(message).toContain('`persistence`');
    expect(hint.length).toBeGreaterThan(10);
  });
}
