// A program: plays the past of recovery-past.ts into an empty folder in the way of one contender, and ends as it is
// told to. recovery.ts runs it.
//
//   node recovery-writer.js CONTENDER FOLDER SYSTEMS TICKS
//
// Its last line of output is JSON: the Standing of the files for Orrery, {} for the others. It ends with SIGKILL, or
// with status 0 where it closes in good order, or with status 75: nothing is wrong, but the files are not as they were
// meant to be.

import { closeSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Orrery, openOrrery, type Receipt } from '../../../src/index.ts';
import { DEFAULTS } from '../../../src/options.ts';
import { type FlatGalaxy, galaxy, plainGalaxy, TICK_COMMANDS, visits } from '../../galaxy.ts';
import { GAME, METAL, Past, type Standing, TICK_RECORDS } from './recovery-past.ts';
import { openSqlite } from './sqlite-peer.ts';

/** How much of what makes a checkpoint due is in the journal when the process is killed. */
const TAIL = 0.95;

/** What the checkpoint before the tail may change about what makes the next one due. */
const ATTEMPTS = 5;

const TRY_AGAIN = 75;

async function writeOrrery(folder: string, systems: number, ticks: number, kill: boolean): Promise<Standing> {
  const orrery = await openOrrery({ directory: folder, games: [galaxy] });
  const game = await orrery.open(galaxy, GAME, systems);
  const created = (await stats(orrery)).journalBytesWritten;
  const ids = visits(systems);
  let tick = 0;
  const playTo = async (end: number): Promise<void> => {
    let before: Receipt | undefined;
    while (tick < end) {
      for (let place = 0; place < TICK_COMMANDS; place += 1) {
        game.dispatch('mine', { system: ids[(tick * TICK_COMMANDS + place) % systems] as string, metal: METAL });
      }
      const last = game.advance();
      tick += 1;
      // Two ticks are under way at a time.
      await before?.durable;
      before = last;
    }
    await before?.durable;
  };
  if (!kill) {
    await playTo(ticks);
    await orrery.close();
    return { snapshot: ticks, image: ticks, journal: ticks };
  }
  await playTo(Math.ceil(ticks / 10));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const tailTicks = await ticksOfTail(orrery, tick, created);
    await playTo(Math.max(tick, ticks - tailTicks));
    await orrery.checkpoint();
    const [image] = await orrery.list();
    if (!image) throw new Error('the game is not there');
    const published = (await stats(orrery)).checkpoints;
    // What it was said to be when the play began may not be what it is with this image.
    if (ticks - tick > (await ticksOfTail(orrery, tick, created))) continue;
    const from = tick;
    await playTo(ticks);
    // One comes every 30 seconds, however short the journal is.
    if ((await stats(orrery)).checkpoints !== published) process.exit(TRY_AGAIN);
    return { snapshot: Math.floor(image.snapshotSeq / TICK_RECORDS), image: from, journal: tick };
  }
  throw new Error('no checkpoint came where one was wanted');
}

async function stats(orrery: Orrery) {
  const [first] = await orrery.stats();
  if (!first) throw new Error('there is no shard');
  return first;
}

/**
 * How many ticks of journal do not make a checkpoint due yet, from the size of those so far. `created` bytes came
 * before.
 */
async function ticksOfTail(orrery: Orrery, ticks: number, created: number): Promise<number> {
  const { journalBytesWritten, imageBytes } = await stats(orrery);
  const due = Math.max(DEFAULTS.checkpointBytes, imageBytes / 2);
  return Math.floor((due * TAIL * ticks) / (journalBytesWritten - created));
}

/** A row for each system and one for each command, a transaction for each tick. */
function writeSqlite(folder: string, systems: number, ticks: number): void {
  const database = openSqlite(join(folder, 'galaxy.sqlite'));
  database.exec(`CREATE TABLE systems (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE history (seq INTEGER PRIMARY KEY, tick INTEGER NOT NULL, name TEXT NOT NULL, args TEXT NOT NULL)`);
  const upsert = database.prepare('INSERT OR REPLACE INTO systems (id, body) VALUES (?, ?)');
  const log = database.prepare('INSERT INTO history (seq, tick, name, args) VALUES (?, ?, ?, ?)');
  const past = new Past(systems);
  database.transaction(() => {
    for (const [id, system] of Object.entries(past.state.systems)) upsert.run(id, JSON.stringify(system));
  })();
  let seq = 0;
  const playTick = database.transaction(() => {
    const tick = past.ticks;
    for (const { system } of past.next()) {
      upsert.run(system, JSON.stringify(past.state.systems[system]));
      seq += 1;
      log.run(seq, tick, 'mine', JSON.stringify({ system, metal: METAL }));
    }
  });
  while (past.ticks < ticks) playTick();
}

/** The state as it stands after the last tick. What the ticks before wrote is no longer there to be read. */
function writeJsonFile(folder: string, systems: number, ticks: number): void {
  writeDurable(join(folder, 'state.json'), [JSON.stringify(new Past(systems).skipTo(ticks).state)]);
}

/** The first state, and the patches of each tick as a line. */
function writeImmer(folder: string, systems: number, ticks: number): void {
  const first: FlatGalaxy = plainGalaxy(systems);
  writeDurable(join(folder, 'state.json'), [JSON.stringify(first)]);
  const past = new Past(systems);
  const lines = Array.from(
    { length: ticks },
    () => `${JSON.stringify(past.next().flatMap(({ patches }) => patches))}\n`,
  );
  writeDurable(join(folder, 'patches.jsonl'), lines);
}

function writeDurable(path: string, texts: readonly string[]): void {
  const file = openSync(path, 'wx');
  for (const text of texts) writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
}

const [contender, folder, systemsText, ticksText] = process.argv.slice(2) as [string, string, string, string];
const [systems, ticks] = [Number(systemsText), Number(ticksText)];
let standing: Standing | object = {};
switch (contender) {
  case 'orrery':
    standing = await writeOrrery(folder, systems, ticks, true);
    break;
  case 'orrery-closed':
    standing = await writeOrrery(folder, systems, ticks, false);
    break;
  case 'better-sqlite3':
    writeSqlite(folder, systems, ticks);
    break;
  case 'json-file':
    writeJsonFile(folder, systems, ticks);
    break;
  case 'immer':
    writeImmer(folder, systems, ticks);
    break;
  default:
    throw new Error(`nobody is called ${contender} here`);
}
writeSync(1, `${JSON.stringify(standing)}\n`);
// Nobody is to put anything in order: what is durable is what there is.
if (contender !== 'orrery-closed') process.kill(process.pid, 'SIGKILL');
