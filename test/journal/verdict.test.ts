import { describe, expect, test } from 'vitest';
import { decide, type FrameFault, STOPS, type Stop, VERDICTS, type Verdict } from '#storage/sqlite/journal/verdict.ts';

describe('torn or damaged', () => {
  const stops: Stop[] = ['end of file', 'bad frame', 'impossible frame'];

  test('[J12] the verdict of every combination of stop, seal and acknowledgement', () => {
    const table: Record<string, Verdict> = {};
    for (const stop of stops) {
      for (const sealed of [false, true]) {
        for (const acknowledged of [false, true]) {
          table[`${stop} ${sealed} ${acknowledged}`] = decide({ stop, sealed, acknowledged });
        }
      }
    }
    expect(table).toEqual({
      'end of file false false': 'clean',
      'end of file false true': 'damaged',
      'end of file true false': 'sealed',
      'end of file true true': 'damaged',
      'bad frame false false': 'torn',
      'bad frame false true': 'damaged',
      'bad frame true false': 'torn',
      'bad frame true true': 'damaged',
      'impossible frame false false': 'damaged',
      'impossible frame false true': 'damaged',
      'impossible frame true false': 'damaged',
      'impossible frame true true': 'damaged',
    });
    expect(Object.keys(VERDICTS)).toHaveLength(Object.keys(table).length);
  });

  test('[J12] an acknowledged frame that is not there is damage, whatever stands in its place', () => {
    for (const stop of stops) {
      for (const sealed of [false, true]) expect(decide({ stop, sealed, acknowledged: true })).toBe('damaged');
    }
  });

  test('[J12] only what no crash can leave is damage without an acknowledgement', () => {
    const faults = Object.keys(STOPS) as FrameFault[];
    const damage = faults.filter((f) => decide({ stop: STOPS[f], sealed: false, acknowledged: false }) === 'damaged');
    expect(damage.toSorted()).toEqual(['frame behind the seal', 'unknown kind']);
  });
});
