// Options that somebody misspelt, or that are of another function: each public function refuses them by name, and does nothing.

import { describe, expect, it } from 'vitest';
import { ExpandedPast } from '#history/rerun/expand.ts';
import { tryOut } from '#history/rerun/trial.ts';
import { verify } from '#history/rerun/verify.ts';
import { defineGame, MemoryStore, type Orrery, runLoop } from '#index.ts';
import { ask } from '../history/ask.ts';
import { galaxy, open, play, refusal, rejection } from './galaxy.ts';

type Ask = (orrery: Orrery, options: never) => Promise<unknown>;

/** Every function of an orrery that has options, with some that are right. */
const functions: readonly (readonly [name: string, right: object, ask: Ask])[] = [
  ['entries', { from: 2 }, (orrery, options) => ask(orrery, 'g').entries(options).next()],
  ['at', { nearest: true }, (orrery, options) => ask(orrery, 'g').at(1, options)],
  ['diff', { expand: false, path: '/treasury' }, (orrery, options) => ask(orrery, 'g').diff(0, 1, options)],
  ['blame', { from: 0 }, (orrery, options) => ask(orrery, 'g').blame('/treasury', options).next()],
  ['replay', { from: 0, to: 1 }, (orrery, options) => ask(orrery, 'g').replay(options).next()],
  ['verify', { from: 1 }, (orrery, options) => ask(orrery, 'g').verify(options)],
  ['try', { at: 0 }, (orrery, options) => ask(orrery, 'g').try(options)],
  ['migrateAll', { games: ['g'] }, (orrery, options) => orrery.migrateAll(options)],
  ['submit', { state: {}, baseSeq: 9 }, (orrery, options) => orrery.submit('g', options)],
  ['fork', { at: 0, as: 'f' }, (orrery, options) => ask(orrery, 'g').fork(options)],
  ['recover', { mode: 'latest' }, (orrery, options) => ask(orrery, 'g').recover(options)],
  ['pack', { force: true }, (orrery, options) => orrery.pack('g', './not-used', options)],
  ['unpack', { as: 'h' }, (orrery, options) => orrery.unpack('./not-there', options)],
  ['close', { timeoutMs: 1000 }, (orrery, options) => orrery.close(options)],
];

async function recorded(): Promise<{ readonly orrery: Orrery; readonly store: MemoryStore }> {
  const store = new MemoryStore();
  const orrery = await open([galaxy], { on: store });
  await (await orrery.open(galaxy, 'g')).dispatch('spend', 1).durable;
  return { orrery, store };
}

describe('options of functions', () => {
  it.each(functions)(
    '[OP8] %s refuses options that it does not have, by name, and does nothing',
    async (name, right, ask) => {
      const { orrery, store } = await recorded();
      const error = await rejection('INVALID_OPTION', ask(orrery, { ...right, least: 5 } as never));
      expect(error.what).toBe(`${name} has no option "least"`);
      expect(error.hint).toContain(Object.keys(right)[0]);
      await rejection('INVALID_OPTION', ask(orrery, 7 as never));
      await rejection('INVALID_OPTION', ask(orrery, null as never));
      expect((await store.list()).map(({ id, seq }) => [id, seq])).toEqual([['g', 1]]);
      expect(orrery.health.state).toBe('ok');
    },
  );

  it.each([
    ['at', { nearest: 'yes' }],
    ['diff', { expand: 1 }],
    ['entries', { backwards: 'no' }],
    ['replay', { nearest: 0 }],
    ['verify', { onProgress: true }],
    ['pack', { force: 'yes' }],
    ['close', { timeoutMs: 'soon' }],
    ['close', { timeoutMs: -1 }],
    ['close', { timeoutMs: Number.NaN }],
  ])('[OP8] %s refuses %o', async (name, options) => {
    const { orrery } = await recorded();
    const call = functions.find(([each]) => each === name)?.[2] as Ask;
    const error = await rejection('INVALID_OPTION', call(orrery, options as never));
    expect(error.what).toContain(Object.keys(options)[0]);
  });

  it('[OP8] so do a past, a command, a loop, a type, a moment, and an event that there is not', async () => {
    const { orrery } = await recorded();
    const game = await orrery.open(galaxy, 'g');
    const past = await ask(orrery, 'g').reader();
    const expanded = new ExpandedPast(past, galaxy);
    for (const each of [past, expanded]) {
      await rejection('INVALID_OPTION', each.stateAt({ seq: 1 }, { near: true } as never));
      await rejection('INVALID_OPTION', each.steps({ least: 1 } as never).next());
    }
    await rejection('INVALID_OPTION', verify(past, galaxy, { fromSeq: 1 } as never));
    await rejection('INVALID_OPTION', tryOut(past, galaxy, { fromSeq: 1 } as never));
    await rejection('INVALID_OPTION', ask(orrery, 'g').at({ seq: 1, nearest: true } as never));
    for (const options of [{ plyer: 'ada' }, { player: 'ada', as: 'ada' }, 'ada', null, 1]) {
      refusal('INVALID_OPTION', () => game.dispatch('spend', 1, options as never));
      refusal('INVALID_OPTION', () => game.update(() => {}, options as never));
      refusal('INVALID_OPTION', () => game.save(game.state, options as never));
    }
    expect(game.seq).toBe(1);
    for (const options of [{ hz: 20, catchup: 1 }, null, 20]) {
      refusal('INVALID_OPTION', () => runLoop(orrery, options as never));
    }
    refusal('INVALID_OPTION', () => orrery.on('degrade' as never, () => undefined));
    refusal('INVALID_OPTION', () => orrery.off('toString' as never, () => undefined));
    const misspelt = { version: 1, initial: () => ({}), commands: {}, invariant: {} };
    const error = refusal('INVALID_GAME_TYPE', () => defineGame('misspelt', misspelt as never));
    expect(error.message).toContain('"invariant"');
    expect(defineGame('another', galaxy).name).toBe('another');
  });

  it('[OP8] options that are undefined are left out', async () => {
    const { orrery } = await recorded();
    const all = { from: undefined, player: undefined, path: undefined } as never;
    expect((await ask(orrery, 'g').entries(all).next()).value?.seq).toBe(1);
    expect((await ask(orrery, 'g').at(1, { nearest: undefined } as never)).seq).toBe(1);
  });

  it('[OP9] a reason has a bound', async () => {
    const { orrery } = await recorded();
    const error = await rejection(
      'INVALID_OPTION',
      ask(orrery, 'g').recover({ mode: 'latest', reason: 'x'.repeat(4097) }),
    );
    expect(error.context).toEqual({ game: 'g' });
    await ask(orrery, 'g').recover({ mode: 'latest', reason: 'x'.repeat(4096) });
  });
});

it('[FR36] a fork asks for one game, not for a list of all', async () => {
  const { game, orrery, store } = await play(galaxy);
  const asked: string[] = [];
  store.list = async () => {
    asked.push('list');
    return [];
  };
  await ask(orrery, game.id).fork({ at: 0, as: 'f' });
  await rejection('GAME_EXISTS', ask(orrery, game.id).fork({ at: 0, as: 'f' }));
  expect(asked).toEqual([]);
});
