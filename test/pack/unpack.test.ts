// A game out of a pack in a shard: whole, beside the others, under the id that was asked for, and playing on.

import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { checkPersistence } from '#core/game/persistence.ts';
import type { PastStep } from '#storage/history-reader.ts';
import { idAt } from '#storage/origins.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readOrigins } from '#storage/sqlite/image/origins.ts';
import { PackPast } from '#storage/sqlite/pack/pack-history.ts';
import { openPack } from '#storage/sqlite/pack/reading.ts';
import { provePack } from '#storage/sqlite/pack/unpacking.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf, stateAt } from '../fault/shard-script.ts';
import type { MemoryFolder } from '../recovery/memory-folder.ts';
import { CONFIG, commitLines, DIRECTORY, FILE, inOrder, makeWorld, owned, packed, wholeLine } from './packed.ts';

const GAME = 'Ωmega, 2';

/** A shard that has a game of its own, and the pack of another world beside it. */
async function elsewhere(from: MemoryFolder): Promise<MemoryFolder> {
  const { MemoryFolder: Folder } = await import('../recovery/memory-folder.ts');
  const folder = new Folder([
    [`${DIRECTORY}/orrery.json`, CONFIG],
    [FILE, from.bytesOf(FILE)],
  ]);
  const owner = await owned(folder);
  owner.commit(batchOf([{ game: 'own', firstSeq: 0, lastSeq: 9 }]));
  owner.abandon();
  return folder;
}

async function unpack(owner: Owner, folder: MemoryFolder, as?: string, token = 'once'): Promise<string> {
  const { id, bytes } = await provePack(folder, FILE, as);
  await owner.import({ game: id, bytes, token });
  return id;
}

function stateOf(owner: Owner, game: string, seq: number): string {
  const moment = owner.stateAt(game, { seq }, false);
  const texts = moment!.pieces.map((piece) => JSON.parse(new TextDecoder().decode(piece)) as [string | null, object]);
  const [, state] = texts[0] as [null, { [key: string]: object }];
  for (const [table, entities] of texts.slice(1)) Object.assign(state[table as string] as object, entities);
  return JSON.stringify(state);
}

async function history(folder: MemoryFolder): Promise<PastStep[]> {
  const pack = new PackPast(await openPack(folder, FILE));
  const steps: PastStep[] = [];
  for await (const step of pack.steps()) steps.push(step);
  await pack.close();
  return steps;
}

it.each([71, 72])(
  '[PK7] seed %i: the game is there with every state and command, and plays on; the others are as they were',
  async (seed) => {
    const { folder: from, pasts } = await makeWorld(seed, 60, { granularities: new Map([['ledger', 'commands']]) });
    await packed(from);
    const past = pasts.get(GAME)!;
    const folder = await elsewhere(from);
    let owner = await owned(folder);
    expect(await unpack(owner, folder)).toBe(GAME);
    for (const when of ['at once', 'opened again', 'closed and opened']) {
      expect(
        owner.list().map(({ id, seq }) => [id, seq]),
        when,
      ).toEqual(
        [
          ['own', 9],
          [GAME, 60],
        ].sort(),
      );
      for (let seq = 0; seq <= 60; seq += 6)
        expect(inOrder(stateOf(owner, GAME, seq)), when).toBe(inOrder(past.states[seq]));
      expect(owner.past(GAME, {}, 1e6)?.steps, when).toEqual(await history(from));
      expect(JSON.parse(stateOf(owner, 'own', 9)), when).toEqual(stateAt(9));
      if (when === 'at once') owner.abandon();
      else owner.close();
      owner = await owned(folder);
    }
    commitLines(owner, GAME, [wholeLine(past, GAME, 61, '@recover', 30)], 61);
    owner.commit(batchOf([{ game: 'own', firstSeq: 10, lastSeq: 12 }]));
    owner.abandon();
    owner = await owned(folder);
    expect(inOrder(stateOf(owner, GAME, 61))).toBe(inOrder(past.states[30]));
    expect(JSON.parse(stateOf(owner, 'own', 12))).toEqual(stateAt(12));
    owner.close();
  },
);

it('[PK7] a wide state that is kept in pieces comes through, cut anew', async () => {
  const { folder: from, pasts } = await makeWorld(75, 40, {}, 60_000);
  await packed(from);
  const past = pasts.get(GAME)!;
  expect(past.states.at(-1)!.length).toBeGreaterThan(128 * 1024);
  const folder = await elsewhere(from);
  const owner = await owned(folder);
  await unpack(owner, folder);
  // As a truth value: a difference of megabytes is no message. Tables of wide states are in the order of their ids.
  expect(isDeepStrictEqual(JSON.parse(stateOf(owner, GAME, 40)), JSON.parse(past.states[40] as string))).toBe(true);
  const { stateBytes } = owner.list().find(({ id }) => id === GAME)!;
  expect(stateBytes).toBeGreaterThan(0);
  owner.close();
});

it('[PK7] a game whose history was thinned and whose beginning is gone comes through', async () => {
  const options = {
    retentions: new Map([
      ['ledger', checkPersistence('ledger', { keepRecords: 20, tiers: [{ every: 'tick', forMs: 'ever' }] })],
    ]),
  };
  const { folder: from, pasts } = await makeWorld(76, 120, options);
  for (let time = 0; time < 4; time += 1) {
    const thinning = await owned(from, options);
    while (thinning.checkpoint() === undefined);
    thinning.close();
  }
  await packed(from);
  const folder = await elsewhere(from);
  const owner = await owned(folder);
  await unpack(owner, folder);
  const row = owner.list().find(({ id }) => id === GAME);
  expect(row?.firstSeq).toBeGreaterThan(0);
  const steps = await history(from);
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.length).toBeLessThan(60);
  for (const { lastSeq } of steps)
    expect(inOrder(stateOf(owner, GAME, lastSeq))).toBe(inOrder(pasts.get(GAME)?.states[lastSeq]));
  owner.close();
});

it('[PK8] an id that is taken is refused, and nothing at all changes', async () => {
  const { folder: from } = await makeWorld(81, 30);
  await packed(from);
  const folder = await elsewhere(from);
  const owner = await owned(folder);
  const before = new Map(folder.files);
  await expect(unpack(owner, folder, 'own')).rejects.toMatchObject({ code: 'GAME_EXISTS', context: { game: 'own' } });
  expect(new Map(folder.files)).toEqual(before);
  await unpack(owner, folder);
  const after = new Map(folder.files);
  await expect(unpack(owner, folder, undefined, 'again')).rejects.toMatchObject({ code: 'GAME_EXISTS' });
  expect(new Map(folder.files)).toEqual(after);
  await expect(provePack(folder, FILE, 'no/slash')).rejects.toMatchObject({ code: 'INVALID_GAME_ID' });
  owner.close();
});

it('[PK8] asked again after its answer got lost, an owner that has the game says so', async () => {
  const { folder: from } = await makeWorld(82, 30);
  await packed(from);
  const folder = await elsewhere(from);
  let owner = await owned(folder);
  await unpack(owner, folder);
  owner.abandon();
  owner = await owned(folder);
  expect(await unpack(owner, folder)).toBe(GAME);
  owner.close();
});

it('[PK8] what is not durable yet in the journal counts: a game that was created a moment ago is not overwritten', async () => {
  const { folder: from } = await makeWorld(83, 30);
  await packed(from);
  const folder = await elsewhere(from);
  const owner = await owned(folder);
  owner.commit(batchOf([{ game: 'new', firstSeq: 0, lastSeq: 1 }]));
  await expect(unpack(owner, folder, 'new')).rejects.toMatchObject({ code: 'GAME_EXISTS' });
  expect(JSON.parse(stateOf(owner, 'new', 1))).toEqual(stateAt(1));
  owner.close();
});

it('[PK9] a renamed game remembers under which id each part of its past was played, over any number of packs', async () => {
  const { folder: from, pasts } = await makeWorld(91, 30);
  await packed(from);
  const folder = await elsewhere(from);
  let owner = await owned(folder);
  await unpack(owner, folder, 'second');
  commitLines(owner, 'second', [wholeLine(pasts.get(GAME)!, 'second', 31, '@recover', 3)], 31);
  owner.close();
  await packed(folder, 'second', '/home/second.orrery');
  const { bytes } = await provePack(folder, '/home/second.orrery', 'third');
  owner = await owned(folder);
  await owner.import({ game: 'third', bytes, token: 'third' });
  owner.close();
  const database = await Database.open(folder.bytesOf(folder.paths('image-').at(-1) as string));
  const origins = readOrigins(database, 'third');
  expect(origins).toEqual([
    { id: GAME, upToSeq: 30 },
    { id: 'second', upToSeq: 31 },
  ]);
  expect([1, 30, 31, 32].map((seq) => idAt(origins, 'third', seq))).toEqual([GAME, GAME, 'second', 'third']);
  expect(readOrigins(database, 'own')).toEqual([]);
  database.close();
});

it('[PK10] an image that would be too large is refused, and the shard is as it was', async () => {
  const { folder: from } = await makeWorld(92, 600);
  await packed(from);
  const folder = await elsewhere(from);
  const size = folder.bytesOf(folder.paths('image-').at(-1) as string).length;
  const owner = await owned(folder, { maxImageBytes: size + 8000 });
  const failure = await unpack(owner, folder).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OrreryError);
  expect((failure as OrreryError).code).toBe('IMAGE_TOO_LARGE');
  expect(owner.list().map(({ id }) => id)).toEqual(['own']);
  // The id is free, and the journal goes on.
  owner.commit(batchOf([{ game: GAME, firstSeq: 0, lastSeq: 2 }]));
  owner.close();
  const again = await owned(folder);
  expect(JSON.parse(stateOf(again, GAME, 2))).toEqual(stateAt(2));
  again.close();
});
