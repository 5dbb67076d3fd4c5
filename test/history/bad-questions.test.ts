// Questions of a past that a program without types may ask: every one of them is a typed error, and none of them is answered
// as if something else had been asked.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineGame, type Orrery, openOrrery } from '#index.ts';
import { ask } from './ask.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ total: 0 }),
  commands: {
    add(draft, by: number) {
      draft.total += by;
    },
  },
});

let orrery: Orrery;
const directory = mkdtempSync(join(tmpdir(), 'orrery-questions-'));

beforeAll(async () => {
  // Of several shards the id says which: it is needed before anything is known of the game.
  orrery = await openOrrery({ directory, games: [counter], shards: 2 });
  const game = await orrery.open(counter, 'g');
  for (let by = 1; by <= 3; by += 1) game.dispatch('add', by, { player: 'ada' });
  await orrery.flush();
});

afterAll(async () => {
  await orrery.close();
  rmSync(directory, { recursive: true, force: true });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What nobody with types can pass. */
const anything = (value: unknown): never => value as never;

it('[PA23] an id that is no string is INVALID_GAME_ID, whatever is asked and however many shards there are', async () => {
  for (const id of [5, null, undefined, {}, ['g']].map(anything)) {
    for (const question of [
      () => ask(orrery, id).reader(),
      () => ask(orrery, id).at(0),
      () => ask(orrery, id).diff(0, 1),
      () => all(ask(orrery, id).entries()),
      () => all(ask(orrery, id).blame('/total')),
      () => all(ask(orrery, id).replay()),
      () => ask(orrery, id).try(),
      () => ask(orrery, id).fork({ at: 0, as: 'new' }),
      () => ask(orrery, id).recover({ mode: 'latest' }),
      () => ask(orrery, id).quarantine(),
    ]) {
      await expect(question(), `${String(question)} of ${String(id)}`).rejects.toMatchObject({
        code: 'INVALID_GAME_ID',
      });
    }
  }
});

it('[PA18] a path that is neither a pointer nor a list of keys and indexes is INVALID_POINTER', async () => {
  for (const path of [5, null, {}, true, [1.5], [-1], [null], [['total']], [{}], [Symbol('total')]].map(anything)) {
    const invalid = { code: 'INVALID_POINTER' };
    await expect(all(ask(orrery, 'g').blame(path))).rejects.toMatchObject(invalid);
    await expect(all(ask(orrery, 'g').entries({ path }))).rejects.toMatchObject(invalid);
    if (path !== null) await expect(ask(orrery, 'g').diff(0, 1, { path })).rejects.toMatchObject(invalid);
  }
  await expect(all(ask(orrery, 'g').blame(anything(undefined)))).rejects.toMatchObject({ code: 'INVALID_POINTER' });
});

it('[PA18] options that are none and filters that could match nothing are INVALID_OPTION', async () => {
  for (const query of [
    null,
    5,
    { player: 5 },
    { player: [null] },
    { command: {} },
    { command: null },
    { backwards: 'no' },
  ]) {
    const told = { code: 'INVALID_OPTION', context: { game: 'g' } };
    await expect(all(ask(orrery, 'g').entries(anything(query))), JSON.stringify(query)).rejects.toMatchObject(told);
  }
  for (const options of [null, 5].map(anything)) {
    for (const question of [
      () => ask(orrery, 'g').at(0, options),
      () => ask(orrery, 'g').diff(0, 1, options),
      () => all(ask(orrery, 'g').blame('/total', options)),
      () => all(ask(orrery, 'g').replay(options)),
      () => ask(orrery, 'g').try(options),
    ]) {
      await expect(question(), String(question)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
  }
  for (const bound of ['from', 'to']) {
    for (const value of [-1, 1.5, Number.NaN, '1', null, { seq: 1, tick: 1 }]) {
      const told = { code: 'INVALID_OPTION', context: { game: 'g' } };
      await expect(all(ask(orrery, 'g').blame('/total', { [bound]: value })), bound).rejects.toMatchObject(told);
    }
  }
  expect(await all(ask(orrery, 'g').entries({ player: ['ada'], command: 'add', backwards: true }))).toHaveLength(3);
});

it('[RR7] [RR31] bounds of verify and of what is tried are checked as well; a plain number is a seq', async () => {
  const verified = ask(orrery, 'g').verify({ from: -1 });
  await expect(verified).rejects.toMatchObject({ code: 'INVALID_OPTION', context: { game: 'g' } });
  await expect(ask(orrery, 'g').verify({ to: anything('x') })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(ask(orrery, 'g').try({ to: 0.5 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  for (const trial of [null, 5, 'add'].map(anything)) {
    await expect(ask(orrery, 'g').try({ commands: [trial] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  }
  expect(await ask(orrery, 'g').try({ at: 1, commands: [{ command: 'add', args: 5 }] })).toMatchObject({
    from: { seq: 1 },
    state: { total: 6 },
  });
});

it('[FR23] a fork of a game that is not there, onto its own id, is GAME_NOT_FOUND', async () => {
  await expect(ask(orrery, 'nobody').fork({ at: 0, as: 'nobody' })).rejects.toMatchObject({ code: 'GAME_NOT_FOUND' });
  await expect(ask(orrery, 'g').fork({ at: 0, as: 'g' })).rejects.toMatchObject({ code: 'GAME_EXISTS' });
  expect((await orrery.list()).map(({ id }) => id)).toEqual(['g']);
});

it('[FR13] the remedy for a wrong option of a recovery is that of the option', async () => {
  for (const [options, what, hint] of [
    [{ mode: { to: 5 } }, '{"to":5} is no mode', '{ to: { seq: 1200 } }'],
    [{ mode: 'latest', reason: 5 }, '`reason`', 'in words'],
    [{ mode: 'latest', check: 5 }, '`check`', '(state) =>'],
    [{ mode: 'latest', fallback: 'snapshot' }, '`fallback`', "['snapshot']"],
  ] as const) {
    const told = expect.stringContaining(what) as unknown;
    const remedy = expect.stringContaining(hint) as unknown;
    await expect(ask(orrery, 'g').recover(anything(options))).rejects.toMatchObject({ message: told, hint: remedy });
  }
});
