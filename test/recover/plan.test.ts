// The modes of recovery and their fallbacks, on pasts that are said by hand.

import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { Lineage, type SeqRange } from '#history/recover/lineage.ts';
import { type Plan, planRecovery, type RecoveryMode } from '#history/recover/plan.ts';
import { Probe, type Soundness } from '#history/recover/probe.ts';
import { type Said, SpokenPast } from './spoken-past.ts';

const notWell = new OrreryError({ code: 'INVARIANT_FAILED', what: 'it is not well', hint: 'Look at it.' });
const soundness: Soundness = ({ state }) => (state['ok'] === true ? undefined : notWell);

/** One step a seq; marks: `s` a snapshot, `d` a damaged snapshot, `x` a damaged step, `!` unsound, `r` a recovery. */
function past(...marks: readonly string[]): SpokenPast {
  const said = marks.map<Said>((mark, seq) => ({
    firstSeq: seq,
    lastSeq: seq,
    state: { ok: !mark.includes('!'), n: seq },
    recovered: mark.includes('r'),
    isDamaged: mark.includes('x'),
    ...(mark.includes('s') ? { snapshot: 'whole' } : mark.includes('d') ? { snapshot: 'damaged' } : {}),
  }));
  return new SpokenPast(said);
}

async function plan(
  said: SpokenPast,
  modes: readonly RecoveryMode[],
  givenUp: readonly SeqRange[] = [],
  notLoadable?: OrreryError,
): Promise<Plan> {
  const probe = new Probe(
    { past: said, expanded: said },
    soundness,
    new Lineage(0, said.row.seq, givenUp),
    await said.snapshots(),
  );
  return planRecovery({ past: said, probe, notLoadable }, modes);
}

it('[FR1] latest: a sound game needs nothing; an unsound one fails, and says why', async () => {
  expect(await plan(past('s', '', ''), ['latest'])).toMatchObject({ state: { seq: 2 }, needed: false, tried: [] });
  const failure = await plan(past('s', '', '!'), ['latest']).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'RECOVERY_FAILED',
    context: { game: 'a', tried: [{ mode: 'latest', code: 'INVARIANT_FAILED', what: 'it is not well' }] },
  });
});

it('[FR1] latest: a damaged snapshot costs nothing while an older one leads to the same state', async () => {
  const found = await plan(past('s', '', 'd', ''), ['latest']);
  expect(found).toMatchObject({ state: { seq: 3, state: { ok: true, n: 3 } }, needed: true });
  // The record of a recovery carries the state that its snapshot has.
  const carried = await plan(past('s', 'x', 'dr', ''), ['latest'], [{ firstSeq: 1, lastSeq: 1 }]);
  expect(carried).toMatchObject({ state: { seq: 3, state: { ok: true, n: 3 } }, needed: true });
  await expect(plan(past('s', 'x', 'd', ''), ['latest'])).rejects.toMatchObject({ code: 'RECOVERY_FAILED' });
});

it('[FR1] a game that does not load needs its record, even if its past reads well', async () => {
  const notLoadable = new OrreryError({ code: 'DAMAGED', what: 'a piece is not JSON', hint: 'Recover it.' });
  expect(await plan(past('s', ''), ['latest'], [], notLoadable)).toMatchObject({ needed: true, problem: notLoadable });
});

it('[FR2] snapshot: the newest that is whole and sound', async () => {
  expect(await plan(past('s', '', 's', '', 's', ''), ['snapshot'])).toMatchObject({ state: { seq: 4 }, needed: true });
  expect(await plan(past('s', '', 's', 'x', 'd', 's!', ''), ['snapshot'])).toMatchObject({ state: { seq: 2 } });
  await expect(plan(past('s!', '', 's!'), ['snapshot'])).rejects.toMatchObject({ code: 'RECOVERY_FAILED' });
});

it('[FR2] what an earlier recovery gave up is no place to go back to', async () => {
  const said = past('s', '', 's', '!', 'rs', '!');
  expect(await plan(said, ['snapshot'], [{ firstSeq: 2, lastSeq: 3 }])).toMatchObject({ state: { seq: 4 } });
  const worse = past('s', '', 's', '!', 'rd!', '!');
  expect(await plan(worse, ['snapshot'], [{ firstSeq: 2, lastSeq: 3 }])).toMatchObject({ state: { seq: 0 } });
  // By its seq it can still be asked for.
  expect(await plan(worse, [{ to: { seq: 2 } }], [{ firstSeq: 2, lastSeq: 3 }])).toMatchObject({ state: { seq: 2 } });
});

it('[FR3] a point in time: that moment, if it is kept and sound', async () => {
  expect(await plan(past('s', '', '', '!'), [{ to: { seq: 1 } }])).toMatchObject({ state: { seq: 1 }, needed: true });
  expect(await plan(past('s', '', 'd', ''), [{ to: { seq: 3 } }])).toMatchObject({ state: { seq: 3 }, needed: true });
  await expect(plan(past('s', ''), [{ to: { seq: -1 } }])).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
  await expect(plan(past('s', '!'), [{ to: { seq: 1 } }])).rejects.toMatchObject({ code: 'RECOVERY_FAILED' });
});

it('[FR4] before-error: the last sound moment, and the record that ended it', async () => {
  const found = await plan(past('s', '', '', '!', '!', '!'), ['before-error']);
  expect(found).toMatchObject({
    state: { seq: 2 },
    problem: { code: 'INVARIANT_FAILED' },
    firstUnsound: { seq: 3, tick: 3, command: 'say' },
  });
  const damaged = await plan(past('s', '', 'x', '', ''), ['before-error']);
  expect(damaged).toMatchObject({ state: { seq: 1 }, problem: { code: 'DAMAGED' }, firstUnsound: { seq: 2 } });
  expect(await plan(past('s', ''), ['before-error'])).toMatchObject({ needed: false, state: { seq: 1 } });
});

it('[FR5] fallbacks are tried in their order, and the plan says what was tried', async () => {
  const found = await plan(past('s', '', 's', '!', '!'), ['latest', { to: { seq: 9 } }, 'snapshot', 'before-error']);
  expect(found).toMatchObject({
    used: 'snapshot',
    state: { seq: 2 },
    tried: [
      { mode: 'latest', error: { code: 'INVARIANT_FAILED' } },
      { mode: { to: { seq: 9 } }, error: { code: 'MOMENT_NOT_KEPT' } },
    ],
  });
});

it('[FR5] a failure that says nothing about the game is no reason to try the next', async () => {
  const said = past('s', '');
  said.stateAt = () => Promise.reject(new OrreryError({ code: 'IO_FAILED', what: 'the disk is away', hint: 'Wait.' }));
  await expect(plan(said, ['latest', 'snapshot'])).rejects.toMatchObject({ code: 'IO_FAILED' });
});
