// Projected tables fed with patches alone, held against the same tables computed from whole states.

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import { coalesce } from '#core/patch/coalesce.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { checkProjections, type Projections } from '#core/projection/definition.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { createTable } from '#storage/sqlite/projection/ddl.ts';
import { Projector } from '#storage/sqlite/projection/projector.ts';
import { mutated, mutations, randomPatches, smallState, stateOf, steps } from '../property/states.ts';
import { expectedRows, sorted } from './oracle.ts';

const column = { v: { path: '', type: 'JSON' }, n: { path: 'a', type: 'INTEGER' } } as const;

/** Every form there is, over the keys that the random states have. */
const PROJECTIONS: Projections = {
  whole: { from: '', columns: { a: 'JSON', deep: { path: 'b/a', type: 'JSON' }, n: { path: '1', type: 'INTEGER' } } },
  bs: { from: 'b', columns: { ...column, text: { path: 'b', type: 'TEXT' }, real: { path: 'b/a', type: 'REAL' } } },
  places: { from: 'a/#', columns: { ...column, id: 'INTEGER', list: { path: 'b', type: 'JSON' } } },
  inLists: { from: 'a/#/b/#', key: ['outer', 'inner'], columns: column },
  inLists2: { from: '*/#/#', key: ['top', 'outer', 'inner'], columns: column },
  members: { from: '*/*', key: ['one', 'two'], columns: column },
  below: { from: 'b/*/a', columns: column },
  places2: { from: 'b/*/#', key: ['id', 'place'], columns: column },
  slash: { from: 'a~1b/*', columns: { ...column, length: 'JSON' } },
};

const TABLES = checkProjections(PROJECTIONS);

let database: Database;
let projector: Projector;

beforeAll(async () => {
  database = await Database.open();
  for (const table of TABLES) database.execute(createTable(table));
  projector = new Projector(database, TABLES);
});
afterAll(() => database.close());

/** Text that sql.js would end at a NUL is read as bytes. */
function rowsOf(table: string, game: string): object[] {
  const { game: name, keys, columns } = TABLES.find((each) => each.name === table)!;
  const texts = new Set([
    name,
    ...[...keys, ...columns].filter(({ type }) => /TEXT|JSON/.test(type)).map((each) => each.name),
  ]);
  const all = [name, ...keys.map((each) => each.name), ...columns.map((each) => each.name)];
  const wanted = all.map((each) => (texts.has(each) ? `CAST("${each}" AS BLOB) AS "${each}"` : `"${each}"`));
  const rows = database.all(`SELECT ${wanted.join(', ')} FROM "${table}" WHERE "${name}" = ?`, [game]);
  return sorted(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, cell]) => [
          key,
          cell instanceof Uint8Array ? Buffer.from(cell).toString() : cell,
        ]),
      ),
    ),
  );
}

function expectRows(game: string, state: Json): void {
  for (const { name } of TABLES) expect(rowsOf(name, game), name).toEqual(expectedRows(PROJECTIONS, name, game, state));
}

beforeEach(() => {
  projector.clear('g');
  projector.rebuild('other', { a: [1], b: { a: { a: 1 } } });
});

function apply(patches: readonly Patch[]): void {
  database.transaction(() => projector.apply('g', patches));
}

it('[PJ1] rows fed with the patches of commands are those of the state they lead to', () => {
  fc.assert(
    fc.property(stateOf, fc.array(mutations, { maxLength: 5 }), fc.boolean(), (given, rounds, together) => {
      let state = admit(given, []);
      projector.clear('g');
      apply([{ op: 'replace', path: [], value: state }]);
      expectRows('g', state);
      const all: Patch[] = [];
      for (const changes of rounds) {
        const patches: Patch[] = [];
        state = capture(state, mutated(state, changes), [], patches);
        if (together) all.push(...patches);
        else {
          apply(patches);
          expectRows('g', state);
        }
      }
      apply(coalesce(all));
      expectRows('g', state);
      expectRows('other', { a: [1], b: { a: { a: 1 } } });
    }),
    { numRuns: 250 },
  );
});

it('[PJ1] and with any patches that fit a state, one after the other or merged', () => {
  fc.assert(
    fc.property(smallState, steps, fc.boolean(), (given, changes, merged) => {
      const start = given as unknown as Json;
      const patches = randomPatches(start, changes);
      projector.clear('g');
      apply([{ op: 'replace', path: [], value: start }]);
      if (merged) apply(coalesce(patches));
      else for (const patch of patches) apply([patch]);
      expectRows('g', fold(cloneJson(start), patches) as Json);
    }),
    { numRuns: 250 },
  );
});
