// Re-execution on helper threads: a long game of the example, and which difference counts when several are found.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadGameTypes } from '#history/rerun/games-module.ts';
import { hooksOf, RerunThreads } from '#history/rerun/threads.ts';
import { defineGame, OrreryError, openOrrery, table } from '#index.ts';
import { Bots, botNames, mapOf } from '../../examples/galactic-war/bots.ts';
import { type Galaxy, galaxy, give } from '../../examples/galactic-war/galaxy.ts';
import { binary, fingerprint } from '../cli/command-line.ts';
import { smallSetup } from '../example/small-galaxy.ts';
import { Workshop } from './played.ts';

const workshop = new Workshop();
afterAll(() => workshop.clean());

const TICKS = 10_000;
const INDEX = new URL('../../dist/src/index.js', import.meta.url).href;
const GALAXY = new URL('../../dist/examples/galactic-war/galaxy.js', import.meta.url).href;

/** Bots play a small galaxy; everything is durable in the end. */
async function playGalaxy(directory: string): Promise<Galaxy> {
  await using orrery = await openOrrery({ directory, games: [galaxy] });
  const game = await orrery.open(galaxy, 'andromeda', smallSetup(12));
  const bots = new Bots({ players: botNames(3), seed: 5, map: mapOf(game.state) });
  for (let tick = 0; tick < TICKS; tick += 1) {
    game.advance();
    if (tick % 500 === 0) await orrery.flush();
    // Orders in every other tick: the ticks between show that time alone changes things.
    const order = tick % 2 === 0 ? bots.next(game.state, game.tick) : undefined;
    if (!order) continue;
    try {
      give(game, order);
    } catch (error) {
      if (!(error instanceof OrreryError && error.code === 'COMMAND_REFUSED')) throw error;
    }
  }
  return game;
}

const counterType = defineGame('counter', {
  version: 1,
  initial: () => ({ count: 0, marks: table<{ at: number; note: string }>() }),
  commands: {
    mark(draft, id: string) {
      draft.marks.set(id, { at: draft.count, note: 'x'.repeat(200) });
    },
  },
  onTick(draft) {
    draft.count += 1;
  },
});

/** The same as a module; what a tick adds is what the text says. */
const counter = (added: string): string => `
  export const counter = defineGame('counter', {
    version: 1,
    initial: () => ({ count: 0, marks: table() }),
    commands: { mark(draft, id) { draft.marks.set(id, { at: draft.count, note: 'x'.repeat(200) }); } },
    onTick(draft, context) { draft.count += ${added}; },
  });`;

describe('helper threads', () => {
  it('[RR10] ten thousand ticks of the example are made again as they were recorded', async () => {
    const directory = workshop.folder;
    const { seq } = await playGalaxy(directory);
    const past = await workshop.past(directory, 'andromeda');
    const threads = await RerunThreads.start(GALAXY, { threads: 2 });
    const told: number[] = [];
    try {
      const found = await threads.verify(
        past,
        { kind: 'directory', directory },
        { onProgress: ({ done }) => told.push(done) },
      );
      expect(found.difference).toBeUndefined();
      expect(found).toMatchObject({ game: 'andromeda', type: 'galaxy', fromSeq: 1, toSeq: seq, commands: seq });
      // A tick is one step, but for those that a flush or a full row cut in two.
      expect(found.steps).toBeGreaterThanOrEqual(TICKS);
      expect(found.steps).toBeLessThan(TICKS * 1.01);
      expect(told.at(-1)).toBe(seq);
      expect(told).toEqual([...told].sort((a, b) => a - b));
    } finally {
      await threads.close();
    }
  });

  it('[RR11] of several differences the earliest is the one that is told, and it is the same with one thread', async () => {
    const directory = await workshop.play(counterType, 'a', async (game) => {
      for (let tick = 1; tick <= 3000; tick += 1) {
        game.advance();
        game.dispatch('mark', `m${tick % 40}`);
        if (tick % 400 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    const past = await workshop.past(directory, 'a');
    expect((await past.snapshots()).length).toBeGreaterThan(2);
    const changed = workshop.module(counter('(context.tick === 700 || context.tick > 1500 ? 2 : 1)'));
    for (const count of [1, 3]) {
      const threads = await RerunThreads.start(changed, { threads: count });
      const found = await threads.verify(past, { kind: 'directory', directory });
      await threads.close();
      expect(found.difference).toMatchObject({ seq: 1399, tick: 700, command: '@tick', path: '/count', recorded: 700 });
      expect(found.difference).toMatchObject({ rerun: 701, randomUse: [], isUnstable: false });
    }
  });

  it('[RR12] a module that is not there, does not load, or has no such type is a typed error, and threads end', async () => {
    const directory = await workshop.play(counterType, 'a', (game) => void game.advance());
    const past = await workshop.past(directory, 'a');
    const attempt = async (module: string): Promise<unknown> => {
      const threads = await RerunThreads.start(module, { threads: 1 });
      try {
        return await threads.verify(past, { kind: 'directory', directory });
      } catch (error) {
        return error;
      } finally {
        await threads.close();
      }
    };
    const nowhere = `file://${workshop.folder}/nowhere.mjs`;
    expect(await attempt(nowhere)).toMatchObject({ code: 'GAMES_MODULE', what: expect.stringContaining('not there') });
    const failing = workshop.module('throw new Error("cannot start");');
    expect(await attempt(failing)).toMatchObject({
      code: 'GAMES_MODULE',
      message: expect.stringContaining('cannot start'),
    });
    const empty = workshop.module('export const nothing = 1;');
    expect(await attempt(empty)).toMatchObject({ code: 'GAMES_MODULE', what: expect.stringContaining('no game type') });
    const other = workshop.module(counter('1').replace("'counter'", "'other'"));
    expect(await attempt(other)).toMatchObject({ code: 'GAMES_MODULE', context: { type: 'counter' } });
    expect(await attempt(workshop.module(counter('1')))).toMatchObject({ commands: 1, difference: undefined });
    await expect(RerunThreads.start(GALAXY, { threads: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });

  it('[RR14] a module that opens an orrery is refused before it has, in a thread and on this one, awaited or not', async () => {
    const directory = await workshop.play(counterType, 'a', (game) => void game.advance());
    const past = await workshop.past(directory, 'a');
    const before = fingerprint(directory);
    const opening = `import { openOrrery } from ${JSON.stringify(INDEX)};
      const opened = openOrrery({ directory: ${JSON.stringify(directory)}, games: [counter] });`;
    const ways = { awaited: 'await opened;', ignored: '', forgiven: 'opened.catch(() => undefined);' };
    for (const [way, code] of Object.entries(ways)) {
      const module = workshop.module(`${counter('1')}\n${opening}\n${code}`);
      const refused = {
        code: 'GAMES_MODULE',
        what: 'the module opens an orrery when it is imported',
        hint: expect.stringContaining('in a module of their own'),
        context: { directory },
      };
      const threads = await RerunThreads.start(module, { threads: 1 });
      await expect(threads.verify(past, { kind: 'directory', directory }), way).rejects.toMatchObject(refused);
      await threads.close();
      await expect(loadGameTypes(module, '/'), way).rejects.toMatchObject(refused);
    }
    expect(fingerprint(directory)).toEqual(before);
    // Who is not that module may open one, meanwhile as well.
    const waiting = workshop.module(`${counter('1')}\nawait new Promise((resolve) => setTimeout(resolve, 300));`);
    const types = loadGameTypes(waiting, '/');
    await (await openOrrery({ directory, games: [counterType] })).close();
    expect(await types).toHaveLength(1);
    await using open = await openOrrery({ directory, games: [counterType] });
    expect((await open.load(counterType, 'a')).tick).toBe(1);
  });

  it('[RR14] what else rejects while a module is imported is heard by who listens, and ends the process where nobody does', () => {
    const games = fileURLToPath(workshop.module(`${counter('1')}\nawait new Promise((r) => setTimeout(r, 200));`));
    const program = (listens: boolean): string => `
      const { loadGameTypes } = await import(${JSON.stringify(INDEX)});
      ${listens ? "process.on('unhandledRejection', (reason) => console.log('heard', reason.message));" : ''}
      setTimeout(() => Promise.reject(new Error('of the program')), 20);
      const both = [loadGameTypes(${JSON.stringify(games)}, '/'), loadGameTypes(${JSON.stringify(games)}, '/')];
      console.log((await Promise.all(both)).flat().length);`;
    const run = (listens: boolean) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', program(listens)], { encoding: 'utf8' });
    expect(run(true)).toMatchObject({ status: 0, stdout: 'heard of the program\n2\n' });
    const alone = run(false);
    expect(alone).toMatchObject({ status: 1, stdout: '' });
    expect(alone.stderr).toContain('of the program');
  });

  it('[RR19] threads load modules as the thread that asks does: by its --import, --require, --loader and --conditions', async () => {
    const directory = await workshop.play(counterType, 'a', (game) => void game.advance());
    const folder = mkdtempSync(join(workshop.folder, 'conditions-'));
    writeFileSync(
      join(folder, 'package.json'),
      '{"type":"module","imports":{"#step":{"special":"./one.js","default":"./two.js"}}}',
    );
    writeFileSync(join(folder, 'one.js'), 'export const step = 1;');
    writeFileSync(join(folder, 'two.js'), 'export const step = 2;');
    writeFileSync(
      join(folder, 'games.js'),
      `import { defineGame, table } from ${JSON.stringify(INDEX)};\nimport { step } from '#step';\n${counter('step')}`,
    );
    const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
    const verify = (...flags: string[]) =>
      spawnSync(process.execPath, [...flags, main, 'verify', directory, '--games', join(folder, 'games.js')], {
        encoding: 'utf8',
      });
    expect(verify('--conditions', 'special')).toMatchObject({
      status: 0,
      stdout: 'a: same: 1 command in 1 step made again\n',
    });
    expect(verify('-C', 'special').status).toBe(0);
    expect(verify('--conditions=special').status).toBe(0);
    expect(verify().stdout).toContain('different');
    const others = ['--enable-source-maps', '--max-old-space-size=100', '--inspect=0', '--stack-size', '900'];
    const hooks = [
      '-r',
      './a.cjs',
      '--import=./b.mjs',
      '--loader',
      './c.mjs',
      '--experimental-strip-types',
      '-C',
      'special',
    ];
    expect(hooksOf([...others, ...hooks, ...others])).toEqual(hooks);
  });

  it('[RR14] what a module has left running does not keep a command from ending', async () => {
    const directory = await workshop.play(counterType, 'a', (game) => void game.advance());
    const module = fileURLToPath(workshop.module(`${counter('1')}\nsetInterval(() => undefined, 10);`));
    const ended = await binary('verify', directory, '--games', module);
    expect(ended).toMatchObject({ status: 0, stdout: 'a: same: 1 command in 1 step made again\n' });
  });

  it('[RR12] a command that ends its thread is an error, and not the end of the process', async () => {
    const directory = await workshop.play(counterType, 'a', (game) => void game.advance());
    const past = await workshop.past(directory, 'a');
    const threads = await RerunThreads.start(workshop.module(counter('process.exit(3)')), { threads: 1 });
    await expect(threads.verify(past, { kind: 'directory', directory })).rejects.toMatchObject({ code: 'INTERNAL' });
    await threads.close();
  });
});
