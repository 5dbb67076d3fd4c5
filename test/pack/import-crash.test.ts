// The process or its machine stops at every operation on the disk while a game out of a pack is taken in, or the disk fails there:
// the game is there as a whole or not at all, nothing else has changed, and whatever is played afterwards is never met by an
// image that does not know the game.

import { beforeAll, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { type ProvenGame, provePack } from '#storage/sqlite/pack/unpacking.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { readPast } from '../contract/pages.ts';
import { batchOf, openOwner, stateAt } from '../fault/shard-script.ts';
import { diskFailure, type Interference, type Moment, VolatileDisk } from '../fault/volatile-disk.ts';
import { FILE, makeWorld, packed, wholeLine } from './packed.ts';

const GAME = 'Ωmega, 2';
const SEQ = 24;

/** Not an error that anything could be done about: nothing runs any more. */
class PowerIsGone extends Error {}

let game: ProvenGame;
let finalState: string;
let next: string;

beforeAll(async () => {
  const { folder, pasts } = await makeWorld(101, SEQ);
  await packed(folder);
  game = await provePack(folder, FILE);
  const past = pasts.get(GAME)!;
  finalState = past.states[SEQ] as string;
  next = wholeLine(past, GAME, SEQ + 1, '@recover', SEQ);
});

/** A shard in the middle of its life: an image, a segment behind it, and a frame that is in no image. */
async function preparedDisk(): Promise<VolatileDisk> {
  const disk = new VolatileDisk();
  const owner = await openOwner(disk);
  owner.commit(batchOf([{ game: 'own', firstSeq: 0, lastSeq: 5 }]));
  while (owner.checkpoint() === undefined);
  owner.commit(batchOf([{ game: 'own', firstSeq: 6, lastSeq: 9 }]));
  owner.abandon();
  return disk;
}

/** Lets the nth operation that changes anything, or reads back, do this at that moment. */
function strike(
  disk: VolatileDisk,
  nth: number,
  moment: Moment,
  forEver: boolean,
  thrown: (path: string) => Error,
): () => boolean {
  let count = 0;
  let struck = false;
  const interference: Interference = (operation, at, path) => {
    if (!struck) {
      if (at !== moment || ['list', 'exists'].includes(operation)) return;
      count += 1;
      if (count < nth) return;
      struck = true;
    } else if (!forEver) return;
    throw thrown(path);
  };
  disk.interference = interference;
  return () => struck;
}

function letGo(owner: Owner): void {
  try {
    owner.abandon();
  } catch (error) {
    if (!(error instanceof PowerIsGone)) throw error;
  }
}

function expectWhole(owner: Owner, story: string, mustBeThere: boolean): boolean {
  const rows = new Map(owner.list().map((row) => [row.id, row]));
  expect(rows.get('own')?.seq, `${story}: the other game`).toBe(9);
  const [own] = owner.load('own')?.pieces ?? [];
  expect(new TextDecoder().decode(own), `${story}: the other game`).toBe(JSON.stringify([null, stateAt(9)]));
  const row = rows.get(GAME);
  if (mustBeThere) expect(row, story).toBeDefined();
  if (!row) {
    expect(owner.load(GAME), story).toBeUndefined();
    return false;
  }
  expect(row.seq, story).toBe(SEQ);
  const state = owner.stateAt(GAME, { seq: SEQ }, false)!.pieces.map((piece) => new TextDecoder().decode(piece));
  const plain = JSON.parse(state[0] as string)[1] as { notes: object };
  for (const piece of state.slice(1)) Object.assign(plain.notes, JSON.parse(piece)[1]);
  expect(JSON.stringify(plain), story).toBe(finalState);
  expect(readPast((range) => owner.past(GAME, range, 1000)).commands.length, story).toBe(SEQ);
  return true;
}

const stops = { 'power cut': 'cutPower', kill: 'kill' } as const;

for (const moment of ['before', 'half'] as const) {
  for (const how of ['power cut', 'kill'] as const) {
    it(`[PK11] a ${how} ${moment === 'half' ? 'half-way through any write' : 'at any operation'}: there as a whole or not at all`, async () => {
      let there = 0;
      let nth = 1;
      for (; ; nth += 1) {
        const disk = await preparedDisk();
        const owner = await openOwner(disk);
        const story = `${how} ${moment} operation ${nth}`;
        const struck = strike(disk, nth, moment, true, () => new PowerIsGone());
        let answered = false;
        try {
          await owner.import({ game: GAME, bytes: game.bytes, token: 'once' });
          answered = true;
          owner.close();
        } catch (error) {
          if (!(error instanceof PowerIsGone)) throw error;
        }
        if (!struck()) break;
        letGo(owner);
        disk[stops[how]]();
        let after = await openOwner(disk);
        const isThere = expectWhole(after, story, answered);
        if (isThere) {
          there += 1;
          // It is played, and the newest image rots before there is another.
          after.commit({
            payload: new Uint8Array(new TextEncoder().encode(`${next}\n`)),
            count: 1,
            spans: [{ game: GAME, firstSeq: SEQ + 1, lastSeq: SEQ + 1 }],
          });
          letGo(after);
          const rotten = disk.copy();
          const newest = rotten
            .names()
            .filter((name) => name.includes('/image-') && name.endsWith('.sqlite'))
            .at(-1) as string;
          const handle = rotten.openWrite(newest);
          rotten.write(handle, new Uint8Array([0xff, 0xff, 0xff, 0xff]), 4096 + 100);
          rotten.dataSync(handle);
          const opened = await openOwner(rotten).catch((error: unknown) => error);
          if (opened instanceof OrreryError) {
            // Nothing stands in for it yet: then the file is to blame, and nothing is taken for a game that never was.
            expect(opened.context.file, story).toBe(newest);
          } else {
            expect((opened as Owner).list().find(({ id }) => id === GAME)?.seq, story).toBe(SEQ + 1);
            letGo(opened as Owner);
          }
        } else {
          // And then once more, in peace.
          await after.import({ game: GAME, bytes: game.bytes, token: 'once more' });
          expectWhole(after, `${story}, and once more`, true);
          letGo(after);
        }
        disk[stops[how]]();
        after = await openOwner(disk);
        expect(after.list().find(({ id }) => id === GAME)?.seq, story).toBe(isThere ? SEQ + 1 : SEQ);
        after.close();
      }
      console.log(`${how} ${moment}: ${nth - 1} places, in ${there} of them the game was there`);
      expect(nth).toBeGreaterThan(moment === 'half' ? 5 : 20);
      expect(there).toBeGreaterThan(0);
      expect(there).toBeLessThan(nth - 1);
    });
  }
}

for (const [moment, errno] of [
  ['before', 'ENOSPC'],
  ['half', 'EIO'],
  ['after', 'EIO'],
] as const) {
  it(`[PK12] the disk fails (${errno}, ${moment}) at any operation: the answer says what is the case, and the id is free or taken accordingly`, async () => {
    let nth = 1;
    for (; ; nth += 1) {
      const disk = await preparedDisk();
      let owner = await openOwner(disk);
      const story = `${errno} ${moment} operation ${nth}`;
      const struck = strike(disk, nth, moment, false, (path) => diskFailure(errno, path));
      let failure: unknown;
      try {
        await owner.import({ game: GAME, bytes: game.bytes, token: 'once' });
      } catch (error) {
        failure = error;
      }
      if (!struck()) break;
      disk.interference = undefined;
      if (failure !== undefined && !(failure instanceof OrreryError)) throw failure;
      const code = (failure as OrreryError | undefined)?.code;
      if (code === 'OWNER_DIED' || owner.isBroken) {
        // Undecided: the commit queue opens the shard again and asks again.
        letGo(owner);
        owner = await openOwner(disk);
        await owner.import({ game: GAME, bytes: game.bytes, token: 'once' });
      } else if (code !== undefined) {
        expect(['DISK_FULL', 'IO_FAILED', 'DAMAGED'], story).toContain(code);
        expect(expectWhole(owner, story, false), story).toBe(false);
        // Somebody makes another game of that id: nothing of the one that did not come in is in its way.
        owner.commit(batchOf([{ game: GAME, firstSeq: 0, lastSeq: 4 }]));
        letGo(owner);
        disk.cutPower();
        owner = await openOwner(disk);
        expect(owner.list().find(({ id }) => id === GAME)?.seq, story).toBe(4);
        owner.close();
        continue;
      }
      expectWhole(owner, story, true);
      letGo(owner);
      disk.cutPower();
      owner = await openOwner(disk);
      expectWhole(owner, `${story}, after a power cut`, true);
      owner.close();
    }
    expect(nth).toBeGreaterThan(3);
  });
}
