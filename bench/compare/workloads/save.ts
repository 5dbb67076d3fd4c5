// W5: code that has nothing but its whole state, about 1 MB of JSON in a mutable object of its own, changes three
// fields of it and saves. For Orrery that is game.save(state), which finds the difference; the others write all of it
// down.
//
// Figures: saveMicroseconds is the whole time of the game loop for a save, in the call and in what follows until it is
// durable; callMicroseconds the median of the calls alone; stringifyMicroseconds is JSON.stringify of the same state,
// done in between in the same process; ratio is saveMicroseconds / stringifyMicroseconds. All but the call are means,
// so that garbage collection is in them. stateBytes, saves.

import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { defineGame, openOrrery } from '../../../src/index.ts';
import { type FlatGalaxy, galaxy, idOf, plainGalaxy, type System } from '../../galaxy.ts';
import { median } from '../../measure.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import { openSqlite } from './sqlite-peer.ts';

const SYSTEMS = 4_700;
const WARM_UP = 30;
const MEASURE_MS = 3_000;
const LEAST_SAVES = 5;

const GAME = 'andromeda';

/** The same galaxy with its systems in a plain record of objects. */
const recordGalaxy = defineGame('record-galaxy', {
  version: 1,
  history: 'ticks',
  initial: (systems: number): FlatGalaxy => plainGalaxy(systems),
  commands: {},
});

interface Saver {
  /** Resolves when the state is durable. */
  save(state: FlatGalaxy): Promise<void> | void;
  /**
   * Ends it, and reads back what a new process would: the text of the state, and how many saves there were, if kept.
   */
  finish(): Promise<{ readonly text: string; readonly saves?: number }>;
}

type OpenSaver = (folder: string) => Promise<Saver>;

async function orreryRecord(folder: string): Promise<Saver> {
  const options = { directory: folder, games: [recordGalaxy] };
  const orrery = await openOrrery(options);
  const game = await orrery.open(recordGalaxy, GAME, SYSTEMS);
  return {
    save: (state) => game.save(state).durable,
    async finish() {
      await orrery.close();
      await using reopened = await openOrrery(options);
      const { state, seq } = await reopened.load(recordGalaxy, GAME);
      return { text: JSON.stringify(state), saves: seq };
    },
  };
}

async function orreryTable(folder: string): Promise<Saver> {
  const options = { directory: folder, games: [galaxy] };
  const orrery = await openOrrery(options);
  const game = await orrery.open(galaxy, GAME, SYSTEMS);
  return {
    save: (state) => game.save(state).durable,
    async finish() {
      await orrery.close();
      await using reopened = await openOrrery(options);
      const { state, seq } = await reopened.load(galaxy, GAME);
      return { text: JSON.stringify(state), saves: seq };
    },
  };
}

/**
 * The text in one row, replaced in a transaction of its own. Which fields changed it does not know, nor what was
 * before.
 */
async function sqlite(folder: string): Promise<Saver> {
  const file = join(folder, 'states.sqlite');
  const database = openSqlite(file);
  database.exec('CREATE TABLE states (game TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
  const write = database.prepare('INSERT OR REPLACE INTO states (game, body) VALUES (?, ?)');
  return {
    save: (state) => void write.run(GAME, JSON.stringify(state)),
    async finish() {
      database.close();
      const reopened = openSqlite(file);
      const row = reopened.prepare('SELECT body FROM states WHERE game = ?').get(GAME) as { body: string };
      reopened.close();
      return { text: row.body };
    },
  };
}

/** A new file beside the old one, made durable, put in its place, and the folder made durable. Nothing of it blocks. */
async function jsonFile(folder: string): Promise<Saver> {
  const file = join(folder, 'state.json');
  const syncing = async (handle: FileHandle, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  return {
    async save(state) {
      const text = JSON.stringify(state);
      const temporary = await open(`${file}.new`, 'w');
      await syncing(temporary, () => temporary.writeFile(text));
      await rename(`${file}.new`, file);
      await syncing(await open(folder, 'r'), async () => undefined);
    },
    finish: async () => ({ text: await readFile(file, 'utf8') }),
  };
}

const SAVERS: Readonly<Record<string, OpenSaver>> = {
  orrery: orreryRecord,
  'orrery-table': orreryTable,
  'better-sqlite3': sqlite,
  'json-file': jsonFile,
};

async function run({ contender }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const opener = SAVERS[contender];
  if (!opener) throw new Error(`nobody is called ${contender} here`);
  const saver = await opener(folder);
  const state = plainGalaxy(SYSTEMS);
  let saves = 0;
  const change = (): void => {
    saves += 1;
    (state.systems[idOf((saves * 7919) % SYSTEMS)] as System).metal += 1;
    (state.systems[idOf((saves * 104_729) % SYSTEMS)] as System).crew += 1;
    state.treasury.water = saves;
  };
  const warmUp = smoke ? 1 : WARM_UP;
  while (saves < warmUp) {
    change();
    await saver.save(state);
    JSON.stringify(state);
  }
  const calls: number[] = [];
  const stringifying: number[] = [];
  // What the loop did in the measured time that is not saving: making the change, and the stringify to compare with.
  let besides = 0;
  const loop = new LoopTime();
  const end = performance.now() + (smoke ? 0 : MEASURE_MS);
  while (performance.now() < end || calls.length < LEAST_SAVES) {
    const began = performance.now();
    change();
    const changed = performance.now();
    const saved = saver.save(state);
    const called = performance.now();
    await saved;
    const durable = performance.now();
    if (JSON.stringify(state).length < 2 ** 19) throw new Error('the state is not what it was meant to be');
    const stringified = performance.now();
    calls.push((called - changed) * 1000);
    stringifying.push((stringified - durable) * 1000);
    besides += (changed - began + stringified - durable) * 1000;
  }
  const busy = loop.busyMicroseconds - besides;
  const finished = await saver.finish();
  const text = JSON.stringify(state);
  if (finished.text !== text) throw new Error('what was saved last does not come back');
  if (finished.saves !== undefined && finished.saves !== saves) {
    throw new Error(`${finished.saves} of ${saves} saves are in the history`);
  }
  const saveMicroseconds = busy / calls.length;
  const stringifyMicroseconds = stringifying.reduce((sum, each) => sum + each, 0) / stringifying.length;
  return {
    saveMicroseconds,
    callMicroseconds: median(calls),
    stringifyMicroseconds,
    ratio: saveMicroseconds / stringifyMicroseconds,
    stateBytes: Buffer.byteLength(text),
    saves: calls.length,
  };
}

export const wholeSave: Workload = {
  name: 'W5',
  title:
    'a whole state of 1 MB saved with three changed fields, until it is durable; orrery with the systems in a plain record, orrery-table in a table; the peers keep the newest state only',
  sizes: [SYSTEMS],
  sizeUnit: 'systems',
  contenders: () => Object.keys(SAVERS),
  run,
};
