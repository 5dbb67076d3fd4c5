// Patches gathered and merged as text do what they did one by one.

import { expect, it } from 'vitest';
import { fold } from '#core/patch/apply.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { decodePatches, encodePatches } from '#core/patch/record.ts';
import { ByteText } from '#storage/sqlite/compaction/byte-text.ts';
import { LatestPatches } from '#storage/sqlite/compaction/latest-patches.ts';
import { PatchScan } from '#storage/sqlite/compaction/patch-scan.ts';
import { PatchText } from '#storage/sqlite/compaction/patch-text.ts';
import { dice } from '../programs/script.ts';
import { changeWide, wideState } from './wide-state.ts';

const SEED = Number(process.env['ORRERY_COMPACTION_SEED'] ?? 1);

/** As a record of the journal has them. */
function add(text: PatchText | LatestPatches, patches: readonly Patch[]): void {
  const bytes = Buffer.from(`{"d":${encodePatches(patches)}}`, 'utf8');
  const found = new PatchScan();
  expect(found.scan(bytes, 5)).toBe(true);
  expect(found.count).toBe(patches.length);
  text.add(bytes, found);
}

function merged(text: PatchText): Patch[] {
  const out = new ByteText();
  const count = text.writeMerged(out);
  const patches = decodePatches(JSON.parse(`[${out.view().toString('utf8')}]`));
  expect(patches.length).toBe(count);
  return patches;
}

for (const [title, onlyValues] of [
  ['values that are replaced', true],
  ['changes of every kind', false],
] as const) {
  it(`[DT3] ${title}: merged they give the state that was, in whole and after each settling (seed ${SEED})`, () => {
    let shorter = 0;
    for (let round = 0; round < 300; round += 1) {
      const roll = dice(SEED * 10_000 + round);
      const state = wideState(roll);
      const before = JSON.stringify(state);
      const text = new PatchText();
      const latest = new LatestPatches();
      let given = 0;
      for (let command = roll(40); command > 0; command -= 1) {
        const patches = Array.from({ length: roll(4) }, () => changeWide(state, roll, onlyValues)).flat();
        const isParsed = roll(20) === 0;
        for (const gathering of [text, latest]) {
          if (isParsed) gathering.addParsed(patches);
          else add(gathering, patches);
        }
        given += patches.length;
        if (roll(15) === 0) text.settle();
      }
      for (const patches of [merged(text), text.parse(), latest.parse()]) {
        expect(JSON.stringify(fold(JSON.parse(before), patches)), `round ${round}`).toBe(JSON.stringify(state));
        expect(patches.length).toBeLessThanOrEqual(given);
      }
      if (merged(text).length < given) shorter += 1;
    }
    expect(shorter).toBeGreaterThan(100);
  });
}

it('[DT3] of each place the last value is left, where its first stood', () => {
  const text = new PatchText();
  const latest = new LatestPatches();
  const set = (path: (string | number)[], value: Json): Patch => ({ op: 'replace', path, value });
  for (const gathering of [text, latest]) {
    add(gathering, [set(['a', 'x'], 1), set(['b', 'x'], 2)]);
    add(gathering, [set(['a', 'x'], 3), set(['c', 'x'], 'y')]);
    add(gathering, [set(['b', 'x'], null)]);
  }
  for (const patches of [merged(text), latest.parse()])
    expect(patches).toEqual([set(['a', 'x'], 3), set(['b', 'x'], null), set(['c', 'x'], 'y')]);
});

it('[DT3] a value with an inside is not taken for one without', () => {
  const set = (path: string[], value: Json): Patch => ({ op: 'replace', path, value });
  const cases: Patch[][] = [
    [set(['a', 'x'], 1), set(['a'], { x: 0 }), set(['a', 'x'], 2)],
    [set(['a'], { x: 0 }), set(['a', 'x'], 2), set(['a'], { x: 5 })],
    [set(['a', 'x'], 7), set(['a'], 3)],
    [
      { op: 'remove', path: ['a', 'x'] },
      { op: 'add', path: ['a', 'x'], value: 1 },
    ],
    [set(['a', 'x'], 1), set([], { a: { x: 4 } }), set(['a', 'x'], 9)],
  ];
  for (const patches of cases) {
    const text = new PatchText();
    const latest = new LatestPatches();
    add(text, patches);
    add(latest, patches);
    const state = (): unknown => ({ a: { x: 8, y: 1 }, b: 2 });
    expect(JSON.stringify(fold(state(), merged(text)))).toBe(JSON.stringify(fold(state(), patches)));
    expect(JSON.stringify(fold(state(), latest.parse()))).toBe(JSON.stringify(fold(state(), patches)));
  }
});
