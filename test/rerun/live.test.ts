// Re-execution asked of a running orrery: on its own thread, beside it, and for moments inside merged steps.

import fastJsonPatch from 'fast-json-patch';
import { afterAll, expect, it } from 'vitest';
import { verify } from '#history/rerun/verify.ts';
import { defineGame, MemoryStore, openOrrery, type Table, table } from '#index.ts';
import { ask } from '../history/ask.ts';
import { Workshop } from './played.ts';

const { applyPatch } = fastJsonPatch;

const workshop = new Workshop();
afterAll(() => workshop.clean());

interface State {
  count: number;
  marks: Table<{ at: number }>;
}

const counter = (step: number) =>
  defineGame('counter', {
    version: 1,
    initial: (): State => ({ count: 0, marks: table() }),
    commands: {
      mark(draft, id: string, context) {
        draft.marks.set(id, { at: draft.count + Math.floor(context.random() * 100) });
      },
    },
    onTick(draft) {
      draft.count += step;
    },
  });

const other = defineGame('other', { version: 1, initial: () => ({ n: 0 }), commands: {} });

const module = (step: number): URL =>
  new URL(
    workshop.module(`
  export default [defineGame('counter', {
    version: 1,
    initial: () => ({ count: 0, marks: table() }),
    commands: {
      mark(draft, id, context) { draft.marks.set(id, { at: draft.count + Math.floor(context.random() * 100) }); },
    },
    onTick(draft) { draft.count += ${step}; },
  }), defineGame('other', { version: 1, initial: () => ({ n: 0 }), commands: {} })];`),
  );

it('[RR13] a live orrery verifies one game or all, here and on threads, while it is open', async () => {
  const type = counter(1);
  await using orrery = await openOrrery({ directory: `${workshop.folder}/live`, games: [type, other], shards: 2 });
  const games = [await orrery.open(type, 'a'), await orrery.open(type, 'b')];
  await orrery.open(other, 'c');
  for (const game of games) {
    for (let tick = 0; tick < 30; tick += 1) {
      game.advance();
      game.dispatch('mark', `m${tick % 7}`);
    }
  }
  for (const options of [{}, { module: module(1), threads: 2 }]) {
    const found = await orrery.verify(options);
    expect(found.map(({ game, commands, difference }) => [game, commands, difference])).toEqual([
      ['a', 60, undefined],
      ['b', 60, undefined],
      ['c', 0, undefined],
    ]);
  }
  const changed = await ask(orrery, 'b').verify({ module: module(2), threads: 1 });
  expect(changed).toMatchObject({
    game: 'b',
    difference: { seq: 1, tick: 1, command: '@tick', path: '/count', rerun: 2 },
  });
  await expect(ask(orrery, 'nobody').verify()).rejects.toMatchObject({ code: 'GAME_NOT_FOUND' });
});

it('[RR13] where nothing is on disk the work is done on this thread, and threads are refused', async () => {
  const type = counter(1);
  await using orrery = await openOrrery({
    directory: `${workshop.folder}/memory`,
    games: [type],
    store: () => new MemoryStore(),
  });
  const game = await orrery.open(type, 'a');
  game.advance();
  expect(await ask(orrery, 'a').verify()).toMatchObject({ commands: 1, difference: undefined });
  await expect(ask(orrery, 'a').verify({ module: module(1) })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  const tried = await ask(orrery, 'a').try({ commands: [{ advance: 5 }, { command: 'mark', args: 'x' }] });
  expect(tried).toMatchObject({ accepted: 6, state: { count: 6 } });
  expect(game.seq).toBe(1);
});

it('[RR20] a live orrery gives moments inside a tick by running its commands again, unless that is not wanted', async () => {
  const type = counter(1);
  await using orrery = await openOrrery({ directory: `${workshop.folder}/inside`, games: [type] });
  const game = await orrery.open(type, 'a');
  const states: unknown[] = [JSON.parse(JSON.stringify(game.state))];
  const remember = (): void => void states.push(JSON.parse(JSON.stringify(game.state)));
  for (let tick = 0; tick < 5; tick += 1) {
    game.advance();
    remember();
    for (const id of ['x', 'y']) {
      game.dispatch('mark', id);
      remember();
    }
  }
  await orrery.flush();
  await orrery.checkpoint();
  const inside = { code: 'MOMENT_NOT_KEPT' };
  await expect(ask(orrery, 'a').at({ seq: 5 }, { expand: false })).rejects.toMatchObject(inside);
  await expect(ask(orrery, 'a').diff(0, 5, { expand: false })).rejects.toMatchObject(inside);
  for (const [seq, state] of states.entries()) {
    expect((await ask(orrery, 'a').at(seq)).state).toEqual(state);
    const { operations } = await ask(orrery, 'a').diff(0, seq);
    expect(applyPatch(structuredClone(states[0]), structuredClone([...operations])).newDocument).toEqual(state);
  }
  expect(await ask(orrery, 'a').at(5, { nearest: true })).toMatchObject({ seq: 3 });
  await ask(orrery, 'a').fork({ at: 5, as: 'inside' });
  expect((await orrery.load(type, 'inside')).toJSON()).toEqual(states[5]);
});

it('[RR22] blame names the command inside a tick, and says so where it cannot', async () => {
  const type = counter(1);
  await using orrery = await openOrrery({ directory: `${workshop.folder}/blame`, games: [type] });
  const game = await orrery.open(type, 'a');
  for (let tick = 0; tick < 4; tick += 1) {
    game.advance();
    for (const player of ['ada', 'bob', 'cyd']) game.dispatch('mark', player === 'bob' ? 'x' : player, { player });
  }
  await orrery.flush();
  const named = [];
  for await (const entry of ask(orrery, 'a').blame('/marks/x')) named.push([entry.seq, entry.command, entry.player]);
  expect(named).toEqual([15, 11, 7, 3].map((seq) => [seq, 'mark', 'bob']));
  const merged = [];
  for await (const entry of ask(orrery, 'a').blame('/marks/x', { expand: false }))
    merged.push([entry.seq, entry.merged]);
  expect(merged).toEqual([16, 12, 8, 4].map((seq) => [seq, true]));
  game.advance();
  game.update((draft) => void draft.marks.set('x', { at: -1 }), { player: 'eve' });
  await orrery.flush();
  for await (const entry of ask(orrery, 'a').blame('/marks/x')) {
    expect(entry).toMatchObject({ seq: 18, merged: true, command: undefined });
    expect(entry.commands.map(({ name }) => name)).toEqual(['@tick', '@update']);
    break;
  }
});

it('[RR6] over a recovery and a migration each part is run with the code of its version, as far as it is there', async () => {
  const directory = `${workshop.folder}/versions`;
  const old = counter(1);
  await workshop.playOn(directory, old, 'a', (game) => {
    for (let tick = 0; tick < 10; tick += 1) {
      game.advance();
      game.dispatch('mark', `m${tick}`);
    }
  });
  const { initial, commands, onTick } = counter(2);
  const next = defineGame('counter', {
    initial,
    commands,
    onTick: onTick as NonNullable<typeof onTick>,
    version: 2,
    migrations: {
      1: (state: { count: number }) => {
        state.count *= 1000;
      },
    },
  });
  await using orrery = await openOrrery({ directory, games: [next] });
  const game = await orrery.open(next, 'a');
  for (let tick = 0; tick < 5; tick += 1) game.advance();
  await ask(orrery, 'a').recover({ mode: { to: { seq: 23 } } });
  for (let tick = 0; tick < 4; tick += 1) game.advance();
  await orrery.flush();
  // 20 records of version 1, the migration, 5 ticks, the recovery, 4 ticks.
  expect(game.seq).toBe(31);
  const alone = await ask(orrery, 'a').verify();
  expect(alone).toMatchObject({ commands: 9, skipped: { version: 20, whole: 2 }, difference: undefined });
  const past = await ask(orrery, 'a').reader();
  expect(await verify(past, [next, old])).toMatchObject({ commands: 29, skipped: { version: 0, whole: 2 } });
  const wrong = await verify(past, [next, counter(3)]);
  expect(wrong.difference).toMatchObject({ seq: 1, recorded: 1, rerun: 3 });
  const { difference } = await verify(past, [
    { ...next, onTick: counter(9).onTick as NonNullable<typeof next.onTick> },
  ]);
  expect(difference).toMatchObject({ seq: 22, recorded: 10_002, rerun: 10_009 });
  await expect(verify(past, [old])).rejects.toMatchObject({ code: 'GAMES_MODULE' });
});
