// What a game type may declare of SQL tables, and what is refused.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { canonical, checkProjections } from '#core/projection/definition.ts';
import { defineGame } from '#index.ts';

const column = { x: 'INTEGER' };

function refusalOf(projections: unknown): { code: string; path: unknown } {
  try {
    checkProjections(projections);
  } catch (error) {
    if (error instanceof OrreryError) return { code: error.code, path: error.context.path };
    throw error;
  }
  throw new Error('it was taken');
}

const BAD: readonly (readonly [string, unknown, string])[] = [
  ['no object', [], ''],
  ['a table of Orrery', { games: { from: 'a', columns: column } }, '/games'],
  ['in other letters', { Patch_Batches: { from: 'a', columns: column } }, '/Patch_Batches'],
  ['a table of SQLite', { sqlite_stat1: { from: 'a', columns: column } }, '/sqlite_stat1'],
  ['a quote in a name', { 'a"; DROP TABLE games; --': { from: 'a', columns: column } }, '/a"; DROP TABLE games; --'],
  ['an empty name', { '': { from: 'a', columns: column } }, '/'],
  ['a long name', { ['a'.repeat(64)]: { from: 'a', columns: column } }, `/${'a'.repeat(64)}`],
  ['one name in two ways of writing', { a: { from: 'a', columns: {} }, A: { from: 'a', columns: {} } }, '/A'],
  ['no from', { a: { columns: column } }, '/a/from'],
  ['an unknown field', { a: { from: 'a', columns: column, where: 'x > 1' } }, '/a'],
  ['a column that is SQL', { a: { from: 'a', columns: { 'x", y': 'INTEGER' } } }, '/a/columns/x", y'],
  ['a column of no type', { a: { from: 'a', columns: { x: 'BLOB' } } }, '/a/columns/x'],
  ['a path that is a function', { a: { from: 'a', columns: { x: { path: () => 1, type: 'TEXT' } } } }, '/a/columns/x'],
  ['a forbidden key', { a: { from: 'a/__proto__/*', columns: column } }, '/a/from'],
  ['a broken escape', { a: { from: 'a~2', columns: column } }, '/a/from'],
  ['a column twice', { a: { from: 'a', columns: { id: 'TEXT' } } }, '/a/columns'],
  ['a column twice in other letters', { a: { from: 'a', columns: { GAME: 'TEXT' } } }, '/a/columns'],
  ['too few keys', { a: { from: 'a/*/b/*', key: ['one'], columns: column } }, '/a/key'],
  ['keys for nothing', { a: { from: '', key: 'id', columns: column } }, '/a/key'],
  ['unique of nothing', { a: { from: 'a', columns: column, unique: [[]] } }, '/a/unique/0'],
  ['unique of a column that is not there', { a: { from: 'a', columns: column, unique: [['y']] } }, '/a/unique/0'],
  ['unique of JSON', { a: { from: 'a', columns: { x: 'JSON' }, unique: [['x']] } }, '/a/unique/0'],
  [
    'a reference to a table of Orrery',
    { a: { from: 'a', columns: column, references: [{ columns: ['game'], table: 'games' }] } },
    '/a/references/0',
  ],
  [
    'a reference to columns that are not unique',
    { a: { from: 'a', columns: column, references: [{ columns: ['x'], table: 'a', to: ['x'] }] } },
    '/a/references/0',
  ],
  [
    'a reference to another type of column',
    {
      a: { from: '', columns: {} },
      b: { from: 'b', columns: column, references: [{ columns: ['x'], table: 'a' }] },
    },
    '/b/references/0',
  ],
];

describe('definitions', () => {
  it.each(BAD)('[PJ3] refused: %s', (_what, projections, path) => {
    expect(refusalOf(projections)).toEqual({ code: 'INVALID_GAME_TYPE', path: `/projections${path}` });
    expect(() =>
      defineGame('kind', { version: 1, initial: () => ({}), commands: {}, projections: projections as never }),
    ).toThrow(
      expect.objectContaining({ code: 'INVALID_GAME_TYPE', context: expect.objectContaining({ type: 'kind' }) }),
    );
  });

  it('[PJ3] names that any text makes are plain words, or the text is refused', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }), fc.string());
    fc.assert(
      fc.property(text, text, text, text, (table, from, name, path) => {
        const projections = Object.fromEntries([
          [table, { from, columns: Object.fromEntries([[name, { path, type: 'TEXT' }]]) }],
        ]);
        try {
          const [checked] = checkProjections(projections);
          for (const each of [table, name]) expect(each).toMatch(/^[A-Za-z][A-Za-z0-9_]*$/);
          expect(checked?.name).toBe(table);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_GAME_TYPE' });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('[PJ3] a definition with everything filled in means the same, and is written in one way', () => {
    const projections = {
      roots: { from: '', game: 'id', columns: { a_b: { path: 'a~1b/c~0d', type: 'JSON' as const } } },
      items: {
        from: 'items',
        columns: { x: 'INTEGER' as const, y: { type: 'REAL' as const } },
        unique: [['x', 'y']],
        references: [{ columns: ['game'], table: 'roots' }],
      },
      parts: { from: 'items/*/parts/#', key: ['item', 'place'], columns: {} },
    };
    const once = canonical(checkProjections(projections));
    expect(canonical(checkProjections(JSON.parse(JSON.stringify(once))))).toEqual(once);
    expect(once['items']).toEqual({
      from: 'items/*',
      game: 'game',
      key: ['id'],
      columns: { x: { path: 'x', type: 'INTEGER' }, y: { path: 'y', type: 'REAL' } },
      unique: [['x', 'y']],
      references: [{ columns: ['game'], table: 'roots', to: ['id'] }],
    });
    const type = defineGame('kind', { version: 1, initial: () => ({}), commands: {}, projections });
    expect(type.projections).toEqual(once);
  });
});
