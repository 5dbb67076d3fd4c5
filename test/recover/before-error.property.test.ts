// The search for the first error, against looking at every moment there is.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { findTurn } from '#history/recover/before-error.ts';
import { Lineage, type SeqRange } from '#history/recover/lineage.ts';
import { Probe, type Soundness, type Unsound } from '#history/recover/probe.ts';
import { type Said, SpokenPast } from './spoken-past.ts';

/** What happens next: a step of some seqs, or going back to a moment (a share of those there are). */
interface Event {
  readonly size: number;
  readonly ok: boolean;
  readonly isDamaged: boolean;
  readonly snapshot: 'whole' | 'damaged' | undefined;
  readonly back: number | undefined;
}

interface Story {
  readonly said: readonly Said[];
  readonly givenUp: readonly SeqRange[];
}

const soundness: Soundness = ({ state }) =>
  state['ok'] === true
    ? undefined
    : new OrreryError({ code: 'INVARIANT_FAILED', what: 'it is not well', hint: 'Look at it.' });

function eventOf(damage: boolean, ok: fc.Arbitrary<boolean>): fc.Arbitrary<Event> {
  const never = fc.constant(false);
  return fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    ok,
    isDamaged: damage ? fc.integer({ min: 0, max: 9 }).map((n) => n === 0) : never,
    snapshot: fc.constantFrom(undefined, undefined, undefined, 'whole', damage ? 'damaged' : 'whole'),
    back: fc.option(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { freq: 8, nil: undefined }),
  });
}

function tell(events: readonly Event[], begin = true): Story {
  const said: Said[] = [{ firstSeq: 0, lastSeq: 0, state: { ok: begin, n: 0 }, snapshot: 'whole' }];
  const givenUp: SeqRange[] = [];
  for (const { size, ok, isDamaged, snapshot, back } of events) {
    const seq = (said.at(-1) as Said).lastSeq;
    if (back === undefined) {
      const state = { ok, n: seq + size };
      said.push({ firstSeq: seq + 1, lastSeq: seq + size, state, isDamaged, ...(snapshot ? { snapshot } : {}) });
      continue;
    }
    const to = said[Math.floor(back * said.length)] as Said;
    if (to.lastSeq < seq) givenUp.push({ firstSeq: to.lastSeq + 1, lastSeq: seq });
    said.push({ firstSeq: seq + 1, lastSeq: seq + 1, state: to.state, recovered: true, snapshot: 'whole' });
  }
  return { said, givenUp };
}

/** Of each moment that was not given up: whether the game could go on from it, by looking at all that leads to it. */
function judge({ said, givenUp }: Story): { readonly lastSeq: number; readonly sound: boolean; readonly kept: Said }[] {
  const lived = said.filter(({ lastSeq }) => !givenUp.some((gap) => gap.firstSeq <= lastSeq && lastSeq <= gap.lastSeq));
  let readable = false;
  return lived.map((kept) => {
    if (kept.snapshot === 'whole') readable = true;
    else if (kept.isDamaged) readable = false;
    // A recovery is said whole in its own record, whatever came before.
    else if (kept.recovered) readable = true;
    return { lastSeq: kept.lastSeq, sound: readable && kept.state['ok'] === true, kept };
  });
}

async function probeOf(story: Story): Promise<{ past: SpokenPast; probe: Probe }> {
  const past = new SpokenPast(story.said);
  const lineage = new Lineage(0, past.row.seq, story.givenUp);
  return { past, probe: new Probe({ past: past, expanded: past }, soundness, lineage, await past.snapshots()) };
}

it('[FR10] trouble that stays is found at its first record, in a number of looks that grows with the logarithm', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventOf(false, fc.constant(true)), { maxLength: 60 }),
      fc.array(eventOf(false, fc.constant(false)), { minLength: 1, maxLength: 60 }),
      async (well, ill) => {
        const story = tell([...well, ...ill.map((event) => ({ ...event, back: undefined }))]);
        const { past, probe } = await probeOf(story);
        const newest = (await probe.at(past.row.seq)) as Unsound;
        const turn = await findTurn(probe, newest);
        const judged = judge(story);
        const first = judged.findIndex(({ sound }) => !sound);
        expect(turn?.good.state.seq).toBe(judged[first - 1]?.lastSeq);
        expect(turn?.firstBadSeq).toBe(judged[first]?.lastSeq);
        expect(turn?.problem.code).toBe('INVARIANT_FAILED');
        expect(turn?.good.state.state).toEqual(judged[first - 1]?.kept.state);
        const looks = 3 * Math.log2(probe.snapshots.length + 1) + Math.log2(probe.lineage.length + 1) + 4;
        expect(past.looks).toBeLessThanOrEqual(looks);
      },
    ),
    { numRuns: 600 },
  );
});

it('[FR11] trouble that comes and goes, and damage anywhere: what is found is sound, and the next moment is not', async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventOf(true, fc.boolean()), { minLength: 1, maxLength: 50 }),
      eventOf(true, fc.constant(false)),
      fc.boolean(),
      async (events, last, begin) => {
        const story = tell([...events, { ...last, back: undefined }], begin);
        const { past, probe } = await probeOf(story);
        const newest = await probe.at(past.row.seq);
        expect(newest.problem).toBeDefined();
        const turn = await findTurn(probe, newest as Unsound);
        const judged = judge(story);
        if (!turn) {
          // Nothing that could be begun from: no snapshot whose moment is sound.
          expect(judged.filter(({ sound, kept }) => sound && kept.snapshot !== undefined)).toEqual([]);
          return;
        }
        found += 1;
        const at = judged.findIndex(({ lastSeq }) => lastSeq === turn.good.state.seq);
        expect(judged[at]).toMatchObject({ sound: true });
        expect(judged[at + 1]).toMatchObject({ sound: false });
        expect(turn.good.state.state).toEqual(judged[at]?.kept.state);
        expect(turn.firstBadSeq).toBeGreaterThan(turn.good.state.seq);
        expect(turn.firstBadSeq).toBeLessThanOrEqual(judged[at + 1]?.lastSeq as number);
      },
    ),
    { numRuns: 1500 },
  );
  expect(found).toBeGreaterThan(500);
});

it('[FR12] a lineage is every seq that was not given up', () => {
  const range = fc.tuple(fc.nat(40), fc.nat(12)).map(([firstSeq, more]) => ({ firstSeq, lastSeq: firstSeq + more }));
  fc.assert(
    fc.property(
      fc.nat(10),
      fc.nat(30),
      fc.array(range, { maxLength: 6 }),
      fc.nat(45),
      fc.nat(45),
      (first, more, gaps, a, b) => {
        const last = first + more;
        const lineage = new Lineage(first, last, gaps);
        const given = (seq: number) => gaps.some((gap) => gap.firstSeq <= seq && seq <= gap.lastSeq);
        const wanted = Array.from({ length: more + 1 }, (_, at) => first + at).filter((seq) => !given(seq));
        expect(Array.from({ length: lineage.length }, (_, place) => lineage.seqAt(place))).toEqual(wanted);
        for (let seq = 0; seq < 50; seq += 1) {
          expect(lineage.placeOf(seq)).toBe(wanted.includes(seq) ? wanted.indexOf(seq) : undefined);
        }
        const within = lineage
          .within(a, b)
          .flatMap(({ firstSeq, lastSeq }) => Array.from({ length: lastSeq - firstSeq + 1 }, (_, at) => firstSeq + at));
        expect(within).toEqual(wanted.filter((seq) => seq > a && seq <= b));
        expect(() => lineage.seqAt(lineage.length)).toThrow(RangeError);
      },
    ),
    { numRuns: 500 },
  );
});
