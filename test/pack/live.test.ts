// Packs out of and into an orrery that is playing, with its threads: the loop goes on, and nobody gets in between.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { verify } from '#history/rerun/verify.ts';
import { defineGame, MemoryStore, openOrrery } from '#index.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { openPackPast } from '#storage/sqlite/pack/pack-history.ts';
import { ask } from '../history/ask.ts';
import { match, mine } from '../programs/mine.ts';

const folder = mkdtempSync(join(tmpdir(), 'orrery-pack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function place(): { directory: string; file: string } {
  count += 1;
  return { directory: join(folder, `data-${count}`), file: join(folder, `game-${count}.orrery`) };
}

it('[PK13] everything accepted before the call is in the pack, and what comes meanwhile changes nothing of it', async () => {
  const { directory, file } = place();
  await using orrery = await openOrrery({ directory, games: [mine, match], shards: 2 });
  const ore = await orrery.open(mine, 'ore', ['north', 'south']);
  for (let metal = 1; metal <= 50; metal += 1) ore.dispatch('dig', { seam: 'north', metal }, { player: 'ada' });
  const state = JSON.stringify(ore.state);
  const packing = orrery.pack('ore', file);
  for (let metal = 1; metal <= 20; metal += 1) ore.dispatch('dig', { seam: 'south', metal });
  const packed = await packing;
  expect(packed).toMatchObject({ game: 'ore', type: 'mine', version: 3, bytes: readFileSync(file).length });
  expect(packed.seq).toBeGreaterThanOrEqual(50);
  const past = await openPackPast(file);
  expect(JSON.stringify((await past.stateAt({ seq: 50 })).state)).toBe(state);
  await past.close();
  await expect(orrery.pack('ore', file)).rejects.toMatchObject({ code: 'PACK_EXISTS' });
  await orrery.pack('ore', file, { force: true });
  await expect(orrery.pack('nobody', place().file)).rejects.toMatchObject({ code: 'GAME_NOT_FOUND' });
});

it('[PK13] a game comes into a directory that is being played in, and is opened and played like any other', async () => {
  const { directory, file } = place();
  const there = place().directory;
  let state: string;
  {
    await using orrery = await openOrrery({ directory, games: [mine] });
    const ore = await orrery.open(mine, 'ore', ['north', 'south']);
    for (let metal = 1; metal <= 30; metal += 1) ore.dispatch('dig', { seam: 'north', metal });
    state = JSON.stringify(ore.state);
    await orrery.pack('ore', file);
  }
  {
    await using orrery = await openOrrery({ directory: there, games: [mine, match], shards: 3 });
    const final = await orrery.open(match, 'final');
    final.dispatch('goal', { team: 'red' });
    const rows = await Promise.all(['ore', 'ore two', 'ore three'].map((as) => orrery.unpack(file, { as })));
    expect(rows.map(({ id, seq, type }) => [id, seq, type])).toEqual([
      ['ore', 30, 'mine'],
      ['ore two', 30, 'mine'],
      ['ore three', 30, 'mine'],
    ]);
    await expect(orrery.unpack(file)).rejects.toMatchObject({ code: 'GAME_EXISTS', context: { game: 'ore' } });
    final.dispatch('goal', { team: 'blue' });
    const two = await orrery.load(mine, 'ore two');
    expect(JSON.stringify(two.state)).toBe(state);
    await two.dispatch('dig', { seam: 'south', metal: 7 }).durable;
    expect(await (await ask(orrery, 'ore two').reader()).stateAt({ seq: 17 })).toMatchObject({
      seq: 17,
      game: 'ore two',
    });
  }
  await using again = await openOrrery({ directory: there, games: [mine, match] });
  expect((await again.load(mine, 'ore two')).state.seams.get('south')?.metal).toBe(7);
  expect(JSON.stringify((await again.load(mine, 'ore')).state)).toBe(state);
  expect((await again.load(match, 'final')).state.score).toEqual({ red: 1, blue: 1 });
});

it('[PK13] whoever creates a game of that id at the same time: one of the two has it, and the other is told', async () => {
  const { directory, file } = place();
  await using orrery = await openOrrery({ directory, games: [mine] });
  const ore = await orrery.open(mine, 'ore', ['north']);
  ore.dispatch('dig', { seam: 'north', metal: 5 });
  await orrery.pack('ore', file);
  for (const first of ['open', 'unpack'] as const) {
    const as = `race ${first}`;
    const acts = {
      open: () => orrery.open(mine, as, ['other']),
      unpack: () => orrery.unpack(file, { as }),
    };
    const second = first === 'open' ? 'unpack' : 'open';
    const [one, other] = await Promise.allSettled<unknown>([acts[first](), acts[second]()]);
    const unpacked = (first === 'unpack' ? one : other) as PromiseSettledResult<unknown>;
    const game = await orrery.load(mine, as);
    if (unpacked.status === 'fulfilled') expect([game.seq, game.state.total]).toEqual([1, 5]);
    else {
      expect(unpacked.reason).toMatchObject({ code: 'GAME_EXISTS' });
      expect([game.seq, game.state.seams.has('other')]).toEqual([0, true]);
    }
    await game.dispatch('tell', 'on').durable;
  }
});

it('[PK9] a renamed game, played on, is verified with the id of the time: in the directory, beside it, and in a pack of it', async () => {
  const lot = defineGame('lot', {
    version: 1,
    initial: () => ({ drawn: [] as number[] }),
    commands: {
      draw(draft, _args: undefined, context) {
        draft.drawn.push(context.random());
      },
    },
  });
  const { directory, file } = place();
  const there = place().directory;
  const second = place().file;
  {
    await using orrery = await openOrrery({ directory, games: [lot] });
    const game = await orrery.open(lot, 'first');
    for (let turn = 0; turn < 20; turn += 1) {
      game.dispatch('draw', undefined);
      game.advance();
    }
    await orrery.pack('first', file);
  }
  await using orrery = await openOrrery({ directory: there, games: [lot] });
  await orrery.unpack(file, { as: 'second' });
  const game = await orrery.load(lot, 'second');
  for (let turn = 0; turn < 20; turn += 1) {
    game.dispatch('draw', undefined);
    game.advance();
  }
  await orrery.flush();
  await orrery.pack('second', second);
  const types = new Map([[1, lot]]);
  for (const past of [
    await ask(orrery, 'second').reader(),
    await openDirectoryPast(there, 'second'),
    await openPackPast(second),
  ]) {
    const { difference, commands } = await verify(past, types);
    expect([difference, commands]).toEqual([undefined, 80]);
    expect([past.idAt?.(40), past.idAt?.(41)]).toEqual(['first', 'second']);
    await past.close();
  }
});

it('[PK13] what cannot be: no file, a file that is no pack, a store that has no directory, after the end', async () => {
  const { directory, file } = place();
  const orrery = await openOrrery({ directory, games: [mine] });
  await orrery.open(mine, 'ore', ['north']);
  await expect(orrery.unpack(file)).rejects.toMatchObject({ code: 'PACK_NOT_FOUND', context: { file } });
  const config = join(directory, 'orrery.json');
  await expect(orrery.unpack(config)).rejects.toMatchObject({ code: 'PACK_DAMAGED', context: { file: config } });
  await expect(orrery.pack('ore', join(folder, 'none', 'x.orrery'))).rejects.toMatchObject({ code: 'IO_FAILED' });
  await orrery.pack('ore', file);
  await orrery.close();
  await expect(orrery.unpack(file, { as: 'late' })).rejects.toMatchObject({ code: 'CLOSED' });
  const late = place().file;
  await expect(orrery.pack('ore', late)).rejects.toMatchObject({ code: 'CLOSED' });
  expect(existsSync(late)).toBe(false);
  await using memory = await openOrrery({
    directory: place().directory,
    games: [mine],
    store: () => new MemoryStore(),
  });
  await memory.open(mine, 'ore', ['north']);
  await expect(memory.pack('ore', late)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(memory.unpack(file, { as: 'other' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
