// Lists whose places mean something: boards, grids, slots. A change of a place is told where it is.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, JsonObject, Patch } from '#core/patch/patch.ts';
import { squaresIn } from '#core/patch/square.ts';
import { patchesOf } from './captured.ts';

/** What is told of a list under a key that became another. */
function told(before: readonly unknown[], after: readonly unknown[]): readonly Patch[] {
  return patchesOf({ list: before }, { list: structuredClone(after) });
}

const replaced = (path: readonly (string | number)[], value: Json): Patch => ({
  op: 'replace',
  path: ['list', ...path],
  value,
});

const cells = (text: string): string[] => [...text];
const SHIP = 'a ship with a name that takes more than a line, so that it is costly to write twice, or three times';

describe('a fixed board', () => {
  test('[P22] is told in place when that takes no more patches', () => {
    expect(told(cells('X---'), cells('XX-O'))).toEqual([replaced([1], 'X'), replaced([3], 'O')]);
    expect(told(cells('--------'), cells('-X----O-'))).toEqual([replaced([1], 'X'), replaced([6], 'O')]);
    expect(told(cells('X-------'), cells('---X----'))).toEqual([replaced([0], '-'), replaced([3], 'X')]);
    expect(told([1, 2, 3, 4, 5, 6], [2, 1, 3, 4, 5, 6])).toEqual([replaced([0], 2), replaced([1], 1)]);
  });

  test('[P22] also when its places are objects or lists, in which only what differs is told', () => {
    const row = (text: string) => cells(text).map((piece) => ({ piece }));
    expect(told(row('X---'), row('XX-O'))).toEqual([replaced([1, 'piece'], 'X'), replaced([3, 'piece'], 'O')]);
    const grid = (...rows: string[]) => rows.map(cells);
    expect(told(grid('---', '---', '---'), grid('X--', '---', '--O'))).toEqual([
      replaced([0, 0], 'X'),
      replaced([2, 2], 'O'),
    ]);
  });

  test('[P22] however long it is, and in a part of a list that has grown elsewhere', () => {
    const board = (...at: number[]) => Array.from({ length: 300 }, (_, index) => (at.includes(index) ? 'X' : '-'));
    expect(told(board(7), board(8, 200))).toEqual([replaced([7], '-'), replaced([8], 'X'), replaced([200], 'X')]);
    const other = Array.from({ length: 60 }, (_, index) => index);
    expect(told([...cells('X---'), ...other], [...cells('XX-O'), ...other, 60])).toEqual([
      replaced([1], 'X'),
      replaced([3], 'O'),
      { op: 'add', path: ['list', 64], value: 60 },
    ]);
    const [first, second] = [cells('X---'), cells('XX-O')];
    expect(told([...first, ...other, ...first], [...second, ...other, ...second])).toEqual(
      [1, 3, 65, 67].map((at) => replaced([at], at % 2 === 1 && (at === 1 || at === 65) ? 'X' : 'O')),
    );
  });

  test('[P22] is not told in place when that is longer', () => {
    // A queue.
    expect(told([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]).map(({ op }) => op)).toEqual(['remove', 'add']);
    // Two that changed places: in place each of their fields would be written.
    const [some, other] = [
      { id: 'a', x: 1, y: 2 },
      { id: 'b', x: 3, y: 4 },
    ];
    const rest = Array.from({ length: 20 }, (_, n) => ({ id: `${n}`, x: n, y: n }));
    expect(told([some, other, ...rest], [other, some, ...rest])).toHaveLength(2);
    // Two long texts that changed places, of which only one has to be written.
    const patches = told([SHIP, `not ${SHIP}`, ...cells('------')], [`not ${SHIP}`, SHIP, ...cells('------')]);
    expect(patches.map(({ op }) => op).sort()).toEqual(['add', 'remove']);
    expect(JSON.stringify(patches).length).toBeLessThan(2 * SHIP.length);
  });

  test('[P22] what stays keeps its identity, and a state that was seen stays frozen', () => {
    const base = admit({ list: cells('X---').map((piece) => ({ piece, at: { deep: 1 } })) }, []);
    const before = (base as { list: readonly JsonObject[] }).list;
    const after = structuredClone(before) as { piece: string }[];
    after[1]!.piece = 'X';
    after[3]!.piece = 'O';
    const list = (capture(base, { list: after }, [], []) as { list: readonly JsonObject[] }).list;
    expect(list[2]).toBe(before[2]);
    expect(list[3]!['at']).toBe(before[3]!['at']);
    Object.freeze(before);
    const seen = (capture(base, { list: after }, [], []) as { list: readonly JsonObject[] }).list;
    expect([Object.isFrozen(seen), Object.isFrozen(seen[1]), Object.isFrozen(seen[1]!['at'])]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('[P22] takes no more patches than places that changed, whatever changed', () => {
    const cell = fc.constantFrom('X', 'O', '-', '-', '-');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }).chain((length) => {
          const board = fc.array(cell, { minLength: length, maxLength: length });
          return fc.tuple(board, fc.array(fc.tuple(fc.nat(length - 1), cell), { maxLength: 12 }));
        }),
        ([before, changes]) => {
          const after = before.slice();
          for (const [at, piece] of changes) after[at] = piece;
          const places = before.filter((piece, index) => piece !== after[index]).length;
          expect(told(before, after).length).toBeLessThanOrEqual(places);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the squares of an alignment', () => {
  const run = (base: number, next: number, length: number) => ({ base, next, length });
  const numbers = (length: number, first = 0) => Array.from({ length }, (_, at) => first + at);

  test('[P22] lie where runs come back to the shift that they left', () => {
    expect(squaresIn([run(0, 0, 2), run(3, 3, 1)], [1, 2, 3, 4], [1, 2, 9, 4])).toEqual([]);
    expect(squaresIn([run(1, 0, 4)], numbers(5), numbers(4, 1))).toEqual([]);
    expect(squaresIn([run(0, 1, 3)], cells('---X'), cells('X---'))).toEqual([
      { ...run(0, 0, 4), first: 0, last: 1, different: [0, 3], isShort: true },
    ]);
    const [before, after] = [cells('XY----Za'), cells('XYX---Za!')];
    expect(squaresIn([run(0, 0, 2), run(2, 3, 3), run(6, 6, 2)], before, after)).toEqual([
      { ...run(2, 2, 4), first: 1, last: 2, different: [0], isShort: true },
    ]);
  });

  test('[P22] are not looked for over any number of runs', () => {
    const runs = Array.from({ length: 200 }, (_, at) => run(2 * at, 2 * at + 1 + at, 1));
    expect(squaresIn(runs, numbers(1000), numbers(1000))).toEqual([]);
  });

  test('[P22] are none when more differs than the runs leave to write', () => {
    expect(squaresIn([run(1, 0, 3)], [1, 2, 3, 4], [2, 3, 4, 5])).toEqual([]);
  });

  test('[P22] are short when nothing that came is longer than a patch that removes', () => {
    for (const [piece, isShort] of [
      ['O', true],
      [7, true],
      [null, true],
      [SHIP, false],
      [{ piece: 'O' }, false],
      [['O'], false],
    ] as const) {
      const [square] = squaresIn([run(0, 1, 3)], cells('---X'), [piece, ...cells('---')]);
      expect(square).toMatchObject({ different: [0, 3], isShort });
    }
  });
});

test('[P22] what may not stand on a board is refused where it stands', () => {
  for (const given of [Number.NaN, -0, undefined, Symbol('x'), '\ud800', new Date(0)]) {
    const base = admit({ list: cells('X---') }, []);
    const after = { list: ['X', given, '-', 'O'] };
    const out: Patch[] = [];
    expect(() => capture(base, after, [], out)).toThrow(/path "\/list\/1"/);
    expect(out).toEqual([]);
  }
});
