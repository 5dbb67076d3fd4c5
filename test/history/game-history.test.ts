// The history of a game as one object: what it answers in a running program and from a pack, what it refuses, and when it is over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineGame, type GameHistory, openOrrery, openPack, table } from 'orrery';
import { afterEach, beforeEach, expect, expectTypeOf, it } from 'vitest';
import { GameHistory as HistoryClass } from '#history/game/game-history.ts';
import { rejection } from '../game/galaxy.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-game-history-'));
  file = join(directory, 'counter.orrery');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const counterWith = (factor: number) =>
  defineGame('counter', {
    version: 1,
    initial: () => ({ total: 0, players: table<{ points: number }>({}) }),
    commands: {
      add(draft, { player, points }: { player: string; points: number }) {
        draft.total += points * factor;
        draft.players.set(player, { points: (draft.players.get(player)?.points ?? 0) + points * factor });
      },
    },
  });
const counter = counterWith(1);
const other = defineGame('other', { version: 1, initial: () => ({}), commands: {} });
const PLAYERS = ['ada', 'bob', 'ada'] as const;

async function played() {
  const orrery = await openOrrery({ directory: join(directory, 'data'), games: [counter, other] });
  const game = await orrery.open(counter, 'g');
  for (const [index, player] of PLAYERS.entries()) game.dispatch('add', { player, points: index + 1 }, { player });
  await orrery.flush();
  return { orrery, game };
}

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of entries) found.push(each);
  return found;
}

/** What every question comes to, as data. */
async function answersOf(past: GameHistory<unknown>): Promise<object> {
  const replayed = (await all(past.replay())).map(({ seq, state }) => ({ seq, state }));
  const { id, type, seq } = past.info;
  return {
    info: { id, type, seq },
    at: await past.at(2),
    diff: (await past.diff(1, { seq: 3 })).operations,
    entries: await all(past.entries()),
    blame: await all(past.blame('/players/ada/points')),
    replayed,
    verify: await past.verify(),
    tried: (await past.try({ at: 1, commands: [{ command: 'add', args: { player: 'eve', points: 5 } }] })).state,
    quarantine: await past.quarantine(),
    snapshots: await past.snapshots(),
  };
}

it('[GH1] the history of a running game and that of its pack answer the same', async () => {
  const { orrery } = await played();
  await (await orrery.history('g')).recover({ mode: { to: { seq: 2 } } });
  await orrery.checkpoint();
  await orrery.pack('g', file);
  const live = await answersOf(await orrery.history('g'));
  await orrery.close();
  const pack = await openPack(file, { games: counter });
  expect(await answersOf(pack)).toEqual(live);
  expect(live).toMatchObject({ info: { id: 'g', type: 'counter', seq: 4 }, quarantine: [{ firstSeq: 3, lastSeq: 3 }] });
  await pack.close();
});

it('[GH2] a game type types the states, and an id of another type is GAME_TYPE_MISMATCH', async () => {
  const { orrery } = await played();
  const past = await orrery.history(counter, 'g');
  const { state } = await past.at(3);
  expectTypeOf(state).toEqualTypeOf<{ total: number; players: { [id: string]: { points: number } } }>();
  expect(state).toEqual({ total: 6, players: { ada: { points: 4 }, bob: { points: 2 } } });
  const error = await rejection('GAME_TYPE_MISMATCH', orrery.history(other, 'g'));
  expect(error.context).toMatchObject({ game: 'g' });
  await rejection('GAME_NOT_FOUND', orrery.history(counter, 'nobody'));
  await rejection('INVALID_GAME_TYPE', orrery.history({ name: 'counter' } as never, 'g'));
  await rejection('INVALID_OPTION', orrery.history('g' as never, { limit: 1 } as never));
  for (const id of ['', undefined, null, 5]) await rejection('INVALID_GAME_ID', orrery.history(id as never));
  await orrery.close();
});

it('[GH3] a question sees what is durable when it is asked, also of a history that was opened before', async () => {
  const { orrery, game } = await played();
  const past = await orrery.history('g');
  expect(past.info.seq).toBe(3);
  await game.dispatch('add', { player: 'eve', points: 1 }).durable;
  expect(await all(past.entries({ player: 'ada', backwards: true, limit: 1 }))).toMatchObject([{ seq: 3 }]);
  expect(past.info.seq).toBe(4);
  expect((await past.at(4)).state).toMatchObject({ total: 7 });
  game.dispatch('add', { player: 'eve', points: 1 });
  expect(await past.verify()).toMatchObject({ toSeq: 5, commands: 5 });
  await orrery.close();
});

it('[GH4] verify and try run the code that they are given, and refuse what is no code', async () => {
  const { orrery } = await played();
  await orrery.pack('g', file);
  for (const past of [await orrery.history('g'), await openPack(file)]) {
    const games = counterWith(2);
    expect(await past.verify({ games })).toMatchObject({ different: 1 });
    expect((await past.try({ at: 0, games: [games] })).state).toMatchObject({ total: 12 });
    await rejection('INVALID_OPTION', past.verify({ games: [{}] as never }));
    await rejection('INVALID_OPTION', past.try({ games: null as never }));
    await rejection('INVALID_OPTION', past.try(null as never));
    await rejection('INVALID_OPTION', past.verify({ games, module: 'games.js' }));
    await past.close();
  }
  await rejection('INVALID_OPTION', openPack(file, { games: 'counter' as never }));
  await rejection('INVALID_OPTION', openPack(file, { types: [] } as never));
  const without = await openPack(file);
  await rejection('GAMES_MODULE', without.verify());
  await without.close();
  await orrery.close();
});

it('[GH5] on a pack, fork and recover are READ_ONLY and say what to do', async () => {
  const { orrery } = await played();
  await orrery.pack('g', file);
  await orrery.close();
  const past = await openPack(file);
  for (const asked of [() => past.fork({ at: 1, as: 'h' }), () => past.recover({ mode: 'latest' })]) {
    const error = await rejection('READ_ONLY', asked());
    expect(error.hint).toContain('orrery.unpack');
    expect(error.context).toMatchObject({ file });
  }
  await past.close();
});

const QUESTIONS: { readonly [name: string]: (past: GameHistory) => Promise<unknown> } = {
  at: (past) => past.at(1),
  diff: (past) => past.diff(0, 1),
  entries: (past) => past.entries().next(),
  blame: (past) => past.blame('/total').next(),
  replay: (past) => past.replay().next(),
  verify: (past) => past.verify(),
  try: (past) => past.try(),
  fork: (past) => past.fork({ at: 1, as: 'h' }),
  recover: (past) => past.recover({ mode: 'latest' }),
  quarantine: (past) => past.quarantine(),
  snapshots: (past) => past.snapshots(),
};

it('[GH6] after close, and after the orrery was closed, every question is CLOSED, also the next entry of one begun before', async () => {
  const { orrery } = await played();
  await orrery.pack('g', file);
  for (const past of [await orrery.history('g'), await openPack(file, { games: counter })]) {
    const begun = past.entries();
    await begun.next();
    const asked = past.at(3);
    await past.close();
    expect(await asked).toMatchObject({ seq: 3 });
    await past.close();
    await rejection('CLOSED', begun.next());
    for (const question of Object.values(QUESTIONS)) await rejection('CLOSED', question(past));
    expect(past.info.id).toBe('g');
  }
  const past = await orrery.history('g');
  await orrery.close();
  for (const question of Object.values(QUESTIONS)) await rejection('CLOSED', question(past));
  await rejection('CLOSED', orrery.history('g'));
});

it('[GH7] a history is frozen, has the methods that are documented and nothing else, and cannot be made', async () => {
  const { orrery } = await played();
  const past = await orrery.history('g');
  expect(Object.isFrozen(past)).toBe(true);
  expect(Reflect.ownKeys(past)).toEqual([]);
  expect(Reflect.ownKeys(HistoryClass.prototype).map(String).sort()).toEqual(
    [String(Symbol.asyncDispose), 'close', 'constructor', 'entries', 'info', ...Object.keys(QUESTIONS)]
      .filter((name, index, names) => names.indexOf(name) === index)
      .sort(),
  );
  expect(() => Reflect.construct(past.constructor, [Symbol('made by the engine'), {}, {}])).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  );
  await orrery.close();
});
