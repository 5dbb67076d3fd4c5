// An orrery that only looks: writes nothing, not a byte, whatever it is asked and whatever state the directory is in, and works
// beside the process that plays.

import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineGame, type Orrery, type OrreryError, openOrrery, runLoop, table } from '#index.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { Onlooker } from '#storage/sqlite/worker/onlooker.ts';
import { ask } from '../history/ask.ts';

const harbour = defineGame('harbour', {
  version: 2,
  initial: () => ({ ships: table<{ cargo: number }>(), day: 0 }),
  commands: {
    dock(draft, name: string) {
      draft.ships.set(name, { cargo: draft.day });
      draft.day += 1;
    },
  },
  onTick(draft) {
    draft.day += 1;
  },
  migrations: { 1: (state) => state },
});
const older = defineGame('harbour', { ...harbour, version: 1, migrations: {} });
const quiet = pino({ level: 'silent' });

let place: string;
let directory: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'orrery-read-only-'));
  directory = join(place, 'data');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function openToPlay(games = [harbour]): Promise<Orrery> {
  return openOrrery({ directory, games, logger: quiet, shards: 2 });
}

function openToLook(): Promise<Orrery> {
  return openOrrery({ directory, games: [harbour], logger: quiet, readOnly: true });
}

/** Names, kinds, sizes, times and contents of everything below a folder. */
function everything(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mtimeMs, ctimeMs, size, mode } = lstatSync(path);
      return [name, mtimeMs, ctimeMs, size, mode, lstatSync(path).isFile() ? readFileSync(path, 'base64') : ''];
    });
}

async function play(): Promise<void> {
  await using orrery = await openToPlay();
  for (const id of ['alpha', 'beta', 'gamma']) {
    const game = await orrery.open(harbour, id);
    for (const ship of ['argo', 'beagle', 'cutty']) game.dispatch('dock', `${id} ${ship}`);
    await game.advance().durable;
  }
  await orrery.checkpoint();
  await (await orrery.load(harbour, 'alpha')).dispatch('dock', 'late').durable;
}

/** As a process leaves it that was killed in the middle of play: a lock, a journal that no image has, a torn tail. */
async function leaveKilled(): Promise<void> {
  await play();
  const orrery = await openToPlay();
  const game = await orrery.load(harbour, 'beta');
  for (let ship = 0; ship < 20; ship += 1) await game.dispatch('dock', `more ${ship}`).durable;
  const left = join(place, 'left');
  cpSync(directory, left, { recursive: true });
  await orrery.close();
  rmSync(directory, { recursive: true });
  cpSync(left, directory, { recursive: true });
  rmSync(left, { recursive: true });
  writeFileSync(join(directory, 'shard-00', 'segment-0000009999.journal.0123456789ab.tmp'), 'half a segment');
  for (const shard of ['shard-00', 'shard-01']) {
    const segment = readdirSync(join(directory, shard)).findLast((name) => /^segment-\d+\.journal$/.test(name));
    writeFileSync(join(directory, shard, String(segment)), 'half a frame', { flag: 'a' });
  }
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

/** Everything that an orrery can be asked. A method that is in neither list fails the test. */
const READS: { readonly [method: string]: (orrery: Orrery) => unknown } = {
  recovery: ({ recovery }) => recovery.length,
  health: ({ health }) => health.state,
  loaded: (orrery) => [...orrery.loaded()].map(({ id }) => id),
  load: async (orrery) => (await orrery.load(harbour, 'beta')).state.day,
  open: async (orrery) => (await orrery.open(harbour, 'beta')).seq,
  list: async (orrery) => (await orrery.list()).map(({ id, seq }) => [id, seq]),
  history: async (orrery) => (await orrery.history('alpha')).info.seq,
  info: async (orrery) => (await orrery.history('alpha')).info.id,
  snapshots: (orrery) => ask(orrery, 'alpha').snapshots(),
  at: async (orrery) => (await ask(orrery, 'alpha').at(2)).state,
  entries: async (orrery) => {
    const steps: unknown[] = [];
    for await (const step of ask(orrery, 'alpha').entries()) steps.push(step);
    return steps.length > 0;
  },
  replay: async (orrery) => {
    let count = 0;
    for await (const _ of ask(orrery, 'alpha').replay()) count += 1;
    return count > 0;
  },
  diff: async (orrery) => (await ask(orrery, 'alpha').diff(1, 4)) !== undefined,
  blame: async (orrery) => {
    let count = 0;
    for await (const _ of ask(orrery, 'alpha').blame('/day')) count += 1;
    return count > 0;
  },
  verify: async (orrery) => (await ask(orrery, 'alpha').verify()).commands,
  try: async (orrery) => (await ask(orrery, 'alpha').try({ at: 1 })) !== undefined,
  quarantine: (orrery) => ask(orrery, 'alpha').quarantine(),
  pack: async (orrery) => (await orrery.pack('alpha', join(place, `alpha-${Math.random()}.orrery`))).game,
  flush: (orrery) => orrery.flush(),
  stats: async (orrery) => (await orrery.stats()).map(({ frames, records }) => frames + records),
  metrics: async (orrery) => (await orrery.metrics()).total.records,
  on: (orrery) => orrery.on('degraded', () => undefined) === orrery,
  off: (orrery) => orrery.off('degraded', () => undefined) === orrery,
};
const WRITES: { readonly [method: string]: (orrery: Orrery, pack: string) => unknown } = {
  open: (orrery) => orrery.open(harbour, 'a new one'),
  fork: (orrery) => ask(orrery, 'alpha').fork({ at: 1, as: 'a fork' }),
  recover: (orrery) => ask(orrery, 'alpha').recover({ mode: 'to', at: 1, reason: 'to see' } as never),
  unpack: (orrery, pack) => orrery.unpack(pack, { as: 'from a pack' }),
  pack: (orrery) => orrery.pack('alpha', join(directory, 'alpha.orrery')),
  submit: (orrery) => orrery.submit('alpha', { baseSeq: 1, state: { ships: {}, day: 0 } }),
  migrateAll: (orrery) => orrery.migrateAll(),
  checkpoint: (orrery) => orrery.checkpoint(),
  runLoop: async (orrery) => runLoop(orrery, { hz: 20 }),
  dispatch: async (orrery) => (await orrery.load(harbour, 'alpha')).dispatch('dock', 'never'),
  update: async (orrery) =>
    (await orrery.load(harbour, 'alpha')).update((draft) => {
      draft.day += 1;
    }),
  save: async (orrery) => (await orrery.load(harbour, 'alpha')).save({ ships: {}, day: 0 }),
  advance: async (orrery) => (await orrery.load(harbour, 'alpha')).advance(),
};
const ENDS = ['close', 'constructor'];

function methodsOf(...objects: readonly object[]): string[] {
  const names = new Set<string>();
  for (const object of objects) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(object))) names.add(name);
  }
  return [...names];
}

describe.each([
  ['closed', play],
  ['killed', leaveKilled],
] as const)('a directory that was left %s', (_how, leave) => {
  it('[RO1] [RO2] looking writes nothing, whatever would write throws READ_ONLY and changes nothing, all that reads answers as ever', async () => {
    await leave();
    const before = everything(directory);
    const orrery = await openToLook();
    const methods = methodsOf(orrery, await orrery.history('alpha'));
    expect(methods.filter((name) => !(name in READS) && !(name in WRITES) && !ENDS.includes(name))).toEqual([]);
    const pack = join(place, 'pack.orrery');
    await orrery.pack('gamma', pack);
    const answers = new Map<string, unknown>();
    for (const [name, ask] of Object.entries(READS)) answers.set(name, await ask(orrery));
    const game = await orrery.load(harbour, 'alpha');
    const [state, seq] = [JSON.stringify(game.state), game.seq];
    for (const [name, ask] of Object.entries(WRITES)) {
      const error = await Promise.resolve(ask(orrery, pack)).then(
        () => undefined,
        (caught: OrreryError) => caught,
      );
      expect(error, name).toMatchObject({ code: 'READ_ONLY', hint: expect.stringContaining('readOnly') });
    }
    expect([JSON.stringify(game.state), game.seq]).toEqual([state, seq]);
    expect((await orrery.list()).map(({ id }) => id)).toEqual(['alpha', 'beta', 'gamma']);
    for (const [name, ask] of Object.entries(READS)) {
      if (name !== 'loaded') expect(await ask(orrery), name).toEqual(answers.get(name));
    }
    await orrery.close();
    expect(everything(directory)).toEqual(before);
    await expect(orrery.list()).rejects.toEqual(code('CLOSED'));

    // Somebody who may write finds the same.
    await using writable = await openOrrery({ directory, games: [harbour], logger: quiet });
    for (const name of ['load', 'open', 'list', 'at', 'diff', 'verify', 'entries', 'replay']) {
      expect(await READS[name]?.(writable), name).toEqual(answers.get(name));
    }
  });
});

it('[RO3] beside the process that plays: it sees what was written when it opened, and disturbs nobody', async () => {
  await play();
  await using player = await openToPlay();
  const game = await player.load(harbour, 'alpha');
  await game.dispatch('dock', 'before').durable;
  await using looker = await openToLook();
  await using another = await openToLook();
  const { seq } = game;
  await game.dispatch('dock', 'after').durable;
  await player.checkpoint();
  await player.checkpoint();
  expect((await looker.load(harbour, 'alpha')).seq).toBe(seq);
  expect((await ask(another, 'alpha').at(seq)).state).toMatchObject({ ships: { before: {} } });
  await using later = await openToLook();
  expect((await later.load(harbour, 'alpha')).state.ships.has('after')).toBe(true);
  expect(player.health.state).toBe('ok');
  await game.dispatch('dock', 'at last').durable;
});

it('[RO4] nothing is made where there is nothing, and options that do not go together are refused', async () => {
  await expect(openToLook()).rejects.toEqual(code('NOT_AN_ORRERY_DIRECTORY'));
  expect(existsSync(directory)).toBe(false);
  await play();
  const options = { directory, games: [harbour], logger: quiet, readOnly: true };
  await expect(openOrrery({ ...options, shards: 3 })).rejects.toEqual(code('SHARD_COUNT_MISMATCH'));
  await expect(openOrrery({ ...options, store: () => undefined as never })).rejects.toEqual(code('INVALID_OPTION'));
  rmSync(join(directory, 'shard-01'), { recursive: true });
  await expect(openToLook()).rejects.toEqual(code('SHARD_MISSING'));
});

it('[RO5] a game of an older version is not migrated: opening it says so, and its state can be read as it is', async () => {
  {
    await using orrery = await openToPlay([older as never]);
    await orrery.open(older as never, 'old');
  }
  const before = everything(directory);
  await using orrery = await openToLook();
  await expect(orrery.open(harbour, 'old')).rejects.toMatchObject({
    code: 'READ_ONLY',
    what: expect.stringContaining('from version 1 to 2; history(id)'),
    context: { game: 'old' },
  });
  expect(await ask(orrery, 'old').at(0)).toMatchObject({ version: 1, state: { day: 0 } });
  expect(everything(directory)).toEqual(before);
});

it('[RO6] a shard that was never finished being made holds nothing, and in the thread too nothing is written', async () => {
  const onlooker = await Onlooker.open(nodeFiles, {
    directory: place,
    shard: 0,
    granularities: new Map(),
    sliceMs: 1,
    checkpointBytes: 1,
    maxImageBytes: 1,
    commandIndex: false,
  });
  expect(await onlooker.answer({ kind: 'list' })).toEqual([]);
  expect(await onlooker.answer({ kind: 'load', game: 'any' })).toBeUndefined();
  expect(await onlooker.answer({ kind: 'snapshots', game: 'any' })).toBeUndefined();
  expect(await onlooker.answer({ kind: 'stats' })).toMatchObject({ epoch: 0, generation: 0, imageBytes: 0 });
  for (const kind of ['compact', 'checkpoint'] as const) {
    await expect(onlooker.answer({ kind })).rejects.toEqual(code('READ_ONLY'));
  }
  expect(onlooker.doIdleWork()).toBe(false);
  await onlooker.answer({ kind: 'close' });
  expect(readdirSync(place)).toEqual([]);
});
