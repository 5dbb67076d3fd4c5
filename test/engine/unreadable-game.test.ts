// A record of a game that is in memory turns out to be unreadable in the store: the game is told, loudly, and the others go on.

import { expect, it } from 'vitest';
import { json, refusal, rejection } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, settled } from './harbour.ts';

it('[UR9] a live game takes no more commands, what was accepted of it is kept, and nothing else notices', async () => {
  const { orrery, store, game, told } = await harbour();
  const failures: string[] = [];
  orrery.on('gameFailed', (error, id) => failures.push(`${id} ${error.code} ${String(error.context.seq)}`));
  const other = (await orrery.open(ledger, 'h')) as Ledger;
  await add(game).durable;
  const line = Buffer.from('{"g":"g","s":2,"k":0,"t":NaN,"c":"@update","d":[["=",["n"],2]]}\n');
  const spans = [{ game: 'g', firstSeq: 2, lastSeq: 2 }];
  const { unreadableGames = 0 } = await store.inner.commit({ payload: new Uint8Array(line), count: 1, spans });
  expect(unreadableGames).toBe(1);
  store.left = { ...store.left, unreadableGames };
  // The game knows nothing of it before the store next answers.
  await add(other).durable;
  await settled();
  expect(failures).toEqual(['g GAME_UNREADABLE 2']);
  const before = json(game);
  for (const refused of [() => add(game), () => game.save(game.state), () => game.advance()])
    expect(refusal('GAME_UNREADABLE', refused).context).toMatchObject({ game: 'g', seq: 2, frame: 4 });
  expect([json(game), game.seq]).toEqual([before, 1]);
  await add(other).durable;
  await settled();
  expect(failures).toHaveLength(1);
  expect(told).toEqual([]);
  expect(orrery.health.state).toBe('ok');
  expect((await orrery.stats())[0]?.unreadable).toMatchObject([{ game: 'g', seq: 2, records: 1 }]);
  expect((await orrery.list()).find(({ id }) => id === 'g')).toMatchObject({ seq: 1, unreadable: { seq: 2 } });
  await rejection('GAME_UNREADABLE', store.inner.load('g'));
  await orrery.close();
  expect(store.calls).toContain('close');
});
