// W6: a galaxy of 100,000 systems with 500,000 `mine` commands behind it, 1,000,000 patches, is opened by a fresh
// process after the one that played it was killed with its journal at its longest; orrery-closed is the same past after
// a close in good order. recovery-writer.ts makes the files, once for a version of the code, and each trial gets a copy
// of them.
//
// Figures: recoveryMilliseconds until the state can be read (openMilliseconds of it is openOrrery), loopMilliseconds of
// it the game loop was busy. Orrery's also have parseMilliseconds, JSON.parse in the same process of the bytes that a
// recovery cannot do without: the newest snapshot, the steps in the image since, the journal since the image; ratio
// against that; parseHistoryMilliseconds and ratioHistory for the state and the records of the whole past. parsedBytes,
// tailBytes (the part of the journal in them), replayedRecords, directoryBytes.

import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { applyPatches, enablePatches, type Patch } from 'immer';
import { openOrrery } from '../../../src/index.ts';
import { type FlatGalaxy, galaxy, type System, TICK_COMMANDS } from '../../galaxy.ts';
import { median } from '../../measure.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import { type KeptFiles, keptFiles } from './recovery-files.ts';
import { GAME, METAL, Past, seqAfter } from './recovery-past.ts';
import { openSqlite } from './sqlite-peer.ts';

const SYSTEMS = 100_000;
const COMMANDS = 500_000;
const SMOKE_SYSTEMS = 1_000;
const SMOKE_COMMANDS = 5_000;

/** How often the JSON is parsed: the figure is the median. */
const PARSES = 3;

/** Patches that Immer applies in one go: each copies the record of systems once. */
const IMMER_TICKS = 250;

/** What recovery gives: a way to look at a system, and how long parts of it took. */
interface Recovered {
  readonly system: (id: string) => System | undefined;
  readonly figures?: Figures;
  /** Checks that the past is there as well. Throws otherwise. */
  readonly checkHistory?: () => void | Promise<void>;
  readonly close?: () => void | Promise<void>;
}

async function orrery(folder: string, ticks: number): Promise<Recovered> {
  const began = performance.now();
  const opened = await openOrrery({ directory: folder, games: [galaxy] });
  const openMilliseconds = performance.now() - began;
  const game = await opened.load(galaxy, GAME);
  const { systems } = game.state;
  return {
    system: (id) => systems.get(id) as System | undefined,
    figures: { openMilliseconds, replayedRecords: opened.recovery[0]?.replayedRecords ?? 0 },
    async checkHistory() {
      if (game.seq !== seqAfter(ticks)) throw new Error(`the last seq is ${game.seq} after ${ticks} ticks`);
      let commands = 0;
      let metal = 0;
      for await (const { name, args } of (await opened.history(GAME)).entries()) {
        if (name !== 'mine') continue;
        commands += 1;
        metal += (args as { metal: number }).metal;
      }
      checkSums(commands, metal, ticks);
    },
    close: () => opened.close(),
  };
}

function sqlite(folder: string, ticks: number): Recovered {
  const database = openSqlite(join(folder, 'galaxy.sqlite'));
  const systems: { [id: string]: System } = {};
  for (const row of database.prepare('SELECT id, body FROM systems').iterate()) {
    const { id, body } = row as { id: string; body: string };
    systems[id] = JSON.parse(body) as System;
  }
  return {
    system: (id) => systems[id],
    checkHistory() {
      const row = database.prepare("SELECT count(*) AS commands, sum(args ->> 'metal') AS metal FROM history").get();
      const { commands, metal } = row as { commands: number; metal: number };
      checkSums(commands, metal, ticks);
    },
    close: () => database.close(),
  };
}

function jsonFile(folder: string): Recovered {
  const { systems } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as FlatGalaxy;
  return { system: (id) => systems[id] };
}

/** The first state and all patches since, applied many ticks at a time, which is far cheaper than one by one. */
function immer(folder: string): Recovered {
  enablePatches();
  let state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as FlatGalaxy;
  const lines = readFileSync(join(folder, 'patches.jsonl'), 'utf8').trimEnd().split('\n');
  for (let tick = 0; tick < lines.length; tick += IMMER_TICKS) {
    const patches = lines.slice(tick, tick + IMMER_TICKS).flatMap((line) => JSON.parse(line) as Patch[]);
    state = applyPatches(state, patches);
  }
  return { system: (id) => state.systems[id] };
}

const RECOVERIES: Readonly<Record<string, (folder: string, ticks: number) => Recovered | Promise<Recovered>>> = {
  orrery,
  'orrery-closed': orrery,
  'better-sqlite3': sqlite,
  'json-file': jsonFile,
  immer,
};

async function run({ contender }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const recover = RECOVERIES[contender];
  if (!recover) throw new Error(`nobody is called ${contender} here`);
  const systems = smoke ? SMOKE_SYSTEMS : SYSTEMS;
  const ticks = (smoke ? SMOKE_COMMANDS : COMMANDS) / TICK_COMMANDS;
  const kept = await keptFiles(contender, systems, ticks);
  const directory = join(folder, 'copy');
  cpSync(kept.data, directory, { recursive: true });
  const directoryBytes = bytesIn(directory);

  const loop = new LoopTime();
  const began = performance.now();
  const recovered = await recover(directory, ticks);
  const recoveryMilliseconds = performance.now() - began;
  const loopMilliseconds = loop.busyMicroseconds / 1000;

  const { state } = new Past(systems).skipTo(ticks);
  for (const [id, expected] of Object.entries(state.systems)) {
    if (JSON.stringify(recovered.system(id)) !== JSON.stringify(expected)) throw new Error(`${id} is not as it was`);
  }
  await recovered.checkHistory?.();
  await recovered.close?.();
  const figures = { recoveryMilliseconds, loopMilliseconds, directoryBytes, ...recovered.figures };
  if (!kept.json) return figures;
  const tail = JSON.parse(readFileSync(kept.json.tail, 'utf8')) as unknown[][];
  const records = tail.reduce((sum, { length }) => sum + length, 0);
  if (recovered.figures?.['replayedRecords'] !== records) {
    throw new Error(`${recovered.figures?.['replayedRecords']} records were replayed, and not ${records}`);
  }
  return { ...figures, ...parsed(kept.json, recoveryMilliseconds) };
}

function parsed({ snapshot, steps, tail, history }: NonNullable<KeptFiles['json']>, recovery: number): Figures {
  globalThis.gc?.();
  const needed = [snapshot, steps, tail].map((path) => readFileSync(path));
  const parseMilliseconds = medianOf(PARSES, () => {
    for (const bytes of needed) JSON.parse(bytes.toString('utf8'));
  });
  const lines = readFileSync(history)
    .toString('latin1')
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(line, 'latin1'));
  const parseHistoryMilliseconds = medianOf(1, () => {
    for (const bytes of lines) JSON.parse(bytes.toString('utf8'));
  });
  return {
    parseMilliseconds,
    ratio: recovery / parseMilliseconds,
    parseHistoryMilliseconds,
    ratioHistory: recovery / parseHistoryMilliseconds,
    parsedBytes: needed.reduce((sum, { length }) => sum + length, 0),
    tailBytes: (needed[2] as Buffer).length,
  };
}

function medianOf(times: number, work: () => void): number {
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const began = performance.now();
    work();
    taken.push(performance.now() - began);
  }
  return median(taken);
}

function checkSums(commands: number, metal: number, ticks: number): void {
  if (commands === ticks * TICK_COMMANDS && metal === commands * METAL) return;
  throw new Error(`the history has ${commands} commands that mined ${metal}`);
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export const recovery: Workload = {
  name: 'W6',
  title:
    'a galaxy of 100,000 systems with 1,000,000 patches of history opened after a kill, until its state can be read; orrery-closed after a close in good order',
  sizes: [SYSTEMS],
  sizeUnit: 'systems',
  contenders: () => Object.keys(RECOVERIES),
  run,
};
