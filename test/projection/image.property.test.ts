// Projected tables in published images, whatever a shard went through: held against tables computed from the states that the
// test itself remembers, at the seq the image says it is at.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import { canonical, checkProjections, type Projections } from '#core/projection/definition.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import { mutated, mutations, stateOf } from '../property/states.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { expectedRows, sorted } from './oracle.ts';

const FOLDER = '/memory/shard-00';

/** What the first type declares, one after the other: a changed definition makes the tables anew. */
const LOOSE: readonly Projections[] = [
  {
    roots: { from: '', columns: { a: 'JSON', n: { path: 'b/a', type: 'INTEGER' } } },
    bs: {
      from: 'b',
      columns: { v: { path: '', type: 'JSON' }, text: { path: 'a', type: 'TEXT' } },
      references: [{ columns: ['game'], table: 'roots' }],
    },
    items: { from: 'a/#', columns: { id: 'INTEGER', v: { path: '', type: 'JSON' } } },
  },
  {
    roots: { from: '', columns: { c: 'JSON' } },
    members: { from: '*/*', key: ['one', 'two'], columns: { v: { path: '', type: 'JSON' } } },
  },
  {},
];
/** What the second type declares: its states may break it. */
const STRICT: Projections = {
  places: { from: 'a/#', columns: { id: 'INTEGER' }, unique: [['game', 'id']] },
  others: { from: 'b', columns: { v: { path: '', type: 'JSON' } } },
};

const TYPES: { readonly [game: string]: string } = { one: 'loose', two: 'loose', three: 'strict' };

class Shard {
  folder = new MemoryFolder();
  readonly #states = new Map<string, Json[]>();
  #definition = 0;
  #owner: Owner | undefined;

  async open(): Promise<void> {
    const options: OwnerOptions = {
      directory: FOLDER,
      shard: 0,
      granularities: new Map([
        ['loose', 'ticks'],
        ['strict', 'commands'],
      ]),
      sliceMs: 1000,
      checkpointBytes: 1 << 20,
      maxImageBytes: 1 << 26,
      commandIndex: false,
      projections: new Map([
        ['loose', canonical(checkProjections(LOOSE[this.#definition]))],
        ['strict', STRICT],
      ]),
    };
    this.#owner = await Owner.open(this.folder, options);
  }

  get owner(): Owner {
    if (!this.#owner) throw new Error('not open');
    return this.#owner;
  }

  create(game: string, state: Json): void {
    this.#states.set(game, [state]);
    const whole: Patch = { op: 'replace', path: [], value: state };
    this.#commit({
      ...moment(game, 0),
      command: '@create',
      type: TYPES[game] as string,
      version: 1,
      tables: [],
      patches: [whole],
    });
  }

  change(game: string, next: Json, whole: boolean): void {
    const states = this.#states.get(game) as Json[];
    const seq = states.length;
    const patches: Patch[] = [];
    const state = capture(states.at(-1) as Json, next, [], patches);
    states.push(state);
    if (!whole) this.#commit({ ...moment(game, seq), command: 'change', patches });
    else {
      const all: Patch = { op: 'replace', path: [], value: state };
      this.#commit({ ...moment(game, seq), command: '@migrate', version: 2, tables: [], patches: [all] });
    }
  }

  newest(game: string): Json {
    return (this.#states.get(game) as Json[]).at(-1) as Json;
  }

  publish(): void {
    while (this.owner.checkpoint() === undefined);
  }

  /** As after a crash, with another definition if need be, and without the newest image if need be. */
  async reopen(how: 'close' | 'crash' | 'lose', redefine: boolean): Promise<void> {
    if (how === 'close') this.owner.close();
    else this.owner.abandon();
    if (how === 'lose') {
      const images = this.folder.paths('image-');
      // The newest is no database any more; the one before, and its longer journal, stand in.
      if (images.length > 1) this.folder = this.folder.with(images.at(-1) as string, Buffer.from('nothing'));
    }
    if (redefine) this.#definition = (this.#definition + 1) % LOOSE.length;
    await this.open();
  }

  async check(): Promise<void> {
    const database = await Database.open(this.folder.bytesOf(this.folder.paths('image-').at(-1) as string));
    try {
      for (const { id, seq } of database.all('SELECT id, seq FROM games')) {
        const state = this.#states.get(String(id))?.[Number(seq)] as Json;
        const strict = TYPES[String(id)] === 'strict';
        const projections = strict ? STRICT : (LOOSE[this.#definition] as Projections);
        const broken = strict && isBroken(state);
        for (const table of Object.keys(projections)) {
          const due = broken ? [] : expectedRows(projections, table, String(id), state);
          expect(rowsOf(database, table, String(id)), `${table} of ${String(id)} at ${String(seq)}`).toEqual(due);
        }
        const faults = database.all('SELECT value FROM meta WHERE key = ?', [`projection_fault/${String(id)}`]);
        expect(faults.length).toBe(broken ? 1 : 0);
      }
      expect(database.all('PRAGMA foreign_key_check')).toEqual([]);
      expect(database.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
      const names = database.all("SELECT name FROM sqlite_schema WHERE type = 'table'").map(({ name }) => String(name));
      const foreign = names.filter((name) => LOOSE.some((each) => name in each) && !(name in LOOSE[this.#definition]!));
      expect(foreign).toEqual([]);
    } finally {
      database.close();
    }
  }

  #commit(record: Record): void {
    const payload = new TextEncoder().encode(`${encodeRecord(record)}\n`);
    const { game, seq } = record;
    this.owner.commit({ payload, count: 1, spans: [{ game, firstSeq: seq, lastSeq: seq }] });
  }
}

function moment(game: string, seq: number): Pick<Record, 'game' | 'seq' | 'tick' | 'time'> {
  return { game, seq, tick: seq >> 1, time: 1_700_000_000_000 + seq };
}

/** Whether two places of the list have the same number for `id`. */
function isBroken(state: Json): boolean {
  const list = (state as { a?: Json }).a;
  if (!Array.isArray(list)) return false;
  const ids = list.map((each: unknown) => (each as { id?: unknown } | null)?.id);
  const shown = ids
    .map((id) => (id === true ? 1 : id === false ? 0 : id))
    .filter((id) => typeof id === 'number' && Number.isSafeInteger(id));
  return new Set(shown).size < shown.length;
}

function rowsOf(database: Database, table: string, game: string): object[] {
  // Bytes: sql.js ends text at its first NUL.
  const columns = database.all('SELECT name, type FROM pragma_table_info(?)', [table]);
  const wanted = columns.map(({ name, type }) =>
    type === 'TEXT' ? `CAST("${name}" AS BLOB) AS "${name}"` : `"${name}"`,
  );
  const rows = database.all(`SELECT ${wanted.join(', ')} FROM "${table}" WHERE game = ?`, [game]);
  const plain = (cell: unknown): unknown => (cell instanceof Uint8Array ? Buffer.from(cell).toString() : cell);
  return sorted(rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, plain(cell)]))));
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      game: fc.constantFrom(...Object.keys(TYPES)),
      by: mutations,
      whole: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('reopen' as const),
      how: fc.constantFrom('close' as const, 'crash' as const, 'lose' as const),
      redefine: fc.boolean(),
    }),
  },
);

it('[PJ2] every image that is published has the rows of the states it holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(stateOf, stateOf, stateOf), fc.array(step, { maxLength: 16 }), async (states, steps) => {
      const shard = new Shard();
      await shard.open();
      for (const [index, game] of Object.keys(TYPES).entries()) shard.create(game, admit(states[index], []));
      for (const each of steps) {
        if (each.do === 'change')
          shard.change(each.game, mutated(shard.newest(each.game), each.by) as Json, each.whole && each.by.length > 4);
        else if (each.do === 'compact') shard.owner.compact();
        else if (each.do === 'publish') shard.publish();
        else await shard.reopen(each.how, each.redefine);
        if (each.do === 'publish' || each.do === 'reopen') await shard.check();
      }
      shard.owner.close();
      await shard.check();
    }),
    { numRuns: 40 },
  );
});
