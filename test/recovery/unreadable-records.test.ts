// Records that cannot be read, in frames whose checksums are right: as a defect, another Orrery or a hand may have written them.
// Their own game is unavailable, by name; nothing of it is lost, and the other games of the shard go on.

import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { readUnreadable } from '#storage/sqlite/image/unreadable-records.ts';
import { openShard } from '#storage/sqlite/recovery/open-shard.ts';
import { type ReadableShard, readableShardOf } from '#storage/sqlite/recovery/readable-shard.ts';
import { gamesOf, type SalvagedGame, salvageGame } from '#storage/sqlite/salvage/salvage.ts';
import { writeSalvaged } from '#storage/sqlite/salvage/salvage-rows.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf, commit, openOwner, SHARD, stateAt, toldNothing } from '../fault/shard-script.ts';
import { readJournal, readRecord } from '../journal/reader.ts';
import { MemoryFolder } from './memory-folder.ts';
import { WRONG } from './wrong-records.ts';

const LINE_FEED = Buffer.from('\n');

/** Lines as a batch: what is in them is nobody's business until they are compacted. */
function send(
  owner: Owner,
  lines: readonly (string | Uint8Array)[],
  spans: readonly (readonly [string, number])[],
): void {
  const payload = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), LINE_FEED]));
  owner.commit({
    payload: new Uint8Array(payload),
    count: lines.length,
    spans: spans.map(([game, seq]) => ({ game, firstSeq: seq, lastSeq: seq })),
  });
}

const lineOf = (game: string, seq: number): string =>
  Buffer.from(batchOf([{ game, firstSeq: seq, lastSeq: seq }]).payload)
    .toString('utf8')
    .trimEnd();

/** `a` up to seq 3 and `b` up to seq 2; then a record of `a` that is wrong, and two of each behind it. All are acknowledged. */
async function shardWith(
  wrong: string | Uint8Array,
): Promise<{ readonly folder: MemoryFolder; readonly owner: Owner }> {
  const folder = new MemoryFolder();
  const owner = await openOwner(folder);
  commit(owner, { a: 4, b: 3 }, toldNothing());
  send(
    owner,
    [wrong, lineOf('b', 3)],
    [
      ['a', 4],
      ['b', 3],
    ],
  );
  send(
    owner,
    [lineOf('a', 5), lineOf('b', 4)],
    [
      ['a', 5],
      ['b', 4],
    ],
  );
  return { folder, owner };
}

function refused(work: () => unknown): OrreryError {
  try {
    work();
  } catch (error) {
    if (error instanceof OrreryError) return error;
    throw error;
  }
  throw new Error('was taken');
}

/** What an owner has of both games. `held` are the lines of `a` that it keeps. */
function expectStanding(owner: Owner, story: string, held: number, b = 4): void {
  const error = refused(() => owner.load('a'));
  expect(error.code, story).toBe('GAME_UNREADABLE');
  expect(error.context, story).toMatchObject({ game: 'a', frame: 2, records: held });
  expect(error.message, story).toMatch(/cannot be read .*frame 2.*orrery check/s);
  const [a, other, ...none] = owner.list();
  expect(none, story).toEqual([]);
  expect(a, story).toMatchObject({ id: 'a', seq: 3, unreadable: { records: held, frame: 2 } });
  expect(other, story).toMatchObject({ id: 'b', seq: b });
  expect(other, story).not.toHaveProperty('unreadable');
  const [piece] = owner.load('b')?.pieces ?? [];
  expect(JSON.parse(new TextDecoder().decode(piece)), story).toEqual([null, stateAt(b)]);
  // What comes before it is still there.
  const past = owner.stateAt('a', { seq: 3 }, false);
  expect(JSON.parse(new TextDecoder().decode(past?.pieces[0])), story).toEqual([null, stateAt(3)]);
  expect(
    owner.past('a', {}, 10)?.steps.flatMap(({ commands }) => commands.map(({ seq }) => seq)),
    story,
  ).toEqual([1, 2, 3]);
  expect(owner.stats().load.unreadableGames, story).toBe(1);
}

function checkpoint(owner: Owner): void {
  while (owner.checkpoint() === undefined);
}

/** Lines of each game in the whole journal, by a reader that shares no code with the engine. */
function written(folder: MemoryFolder): Map<string, Buffer[]> {
  const segments = new Map(folder.paths('segment-').map((path) => [Number(path.slice(-18, -8)), folder.bytesOf(path)]));
  const [first] = folder.paths('segment-');
  const uuid = folder
    .bytesOf(first as string)
    .toString('hex', 16, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const { frames, verdict } = readJournal(segments, uuid, { frame: 0, chain: 0 }, 0);
  expect(['clean', 'sealed']).toContain(verdict);
  const lines = new Map<string, Buffer[]>();
  for (const { payload } of frames) {
    const bytes = Buffer.from(payload);
    for (let start = 0, end = bytes.indexOf('\n'); end >= 0; start = end + 1, end = bytes.indexOf('\n', start)) {
      const line = bytes.subarray(start, end);
      const game = String(readRecord(line).game);
      lines.set(game, [...(lines.get(game) ?? []), line]);
    }
  }
  return lines;
}

async function heldIn(folder: MemoryFolder): Promise<Buffer[]> {
  const database = await Database.open(folder.bytesOf(folder.paths('image-').at(-1) as string));
  try {
    return [...readUnreadable(database, 'a')].map(({ line }) => line);
  } finally {
    database.close();
  }
}

function close({ images }: ReadableShard): void {
  for (const { database } of images) database.close();
}

describe.each(Object.keys(WRONG))('a record with %s', (what) => {
  const wrong = WRONG[what] as string | Buffer;

  it('[UR1] leaves the other games alone, while it is written, after a kill, over checkpoints and in a new owner', async () => {
    const { folder, owner } = await shardWith(wrong);
    const all = written(folder).get('a')?.slice(4);
    expectStanding(owner, 'live', 2);
    const killed = folder.copy();
    checkpoint(owner);
    expectStanding(owner, 'after a checkpoint', 2);
    // What was accepted goes on being kept, and so does the other game.
    send(
      owner,
      [lineOf('a', 6), lineOf('b', 5)],
      [
        ['a', 6],
        ['b', 5],
      ],
    );
    expectStanding(owner, 'gone on', 3, 5);
    owner.close();
    const again = await openOwner(folder);
    expectStanding(again, 'opened', 3, 5);
    expect(again.recovery.unreadable).toMatchObject([{ game: 'a', records: 3 }]);
    send(again, [lineOf('b', 6)], [['b', 6]]);
    checkpoint(again);
    again.close();
    expect(await heldIn(folder)).toEqual([...(all ?? []), Buffer.from(lineOf('a', 6))]);
    const recovered = await openOwner(killed);
    expectStanding(recovered, 'killed', 2);
    recovered.close();
    expect(await heldIn(killed)).toEqual(all);
  });

  it('[UR5] is taken over by salvage as it stands, from the journal and from an image', async () => {
    const { folder, owner } = await shardWith(wrong);
    const lines = written(folder).get('a') as Buffer[];
    const killed = folder.copy();
    checkpoint(owner);
    owner.close();
    for (const from of [killed, folder]) {
      const remains = await readableShardOf(from, SHARD);
      const target = new MemoryFolder();
      const shard = await openShard(target, SHARD, 0, { granularityOf: () => 'commands', commandIndex: false });
      try {
        const games = gamesOf([remains]).map((id) => salvageGame(id, [remains])) as [SalvagedGame, SalvagedGame];
        expect(games[1]).toMatchObject({ id: 'b', seq: 4, whole: 'yes' });
        expect(games[0]).toMatchObject({ id: 'a', seq: 3, whole: 'held' });
        const kept = games[0].lines.length + games[0].held.length + (games[0].image ? 4 : 0);
        expect(kept).toBe(lines.length);
        expect(remains.lostLines).toEqual([]);
        for (const game of games) writeSalvaged(shard, game);
        expect([...readUnreadable(shard.database, 'a')].map(({ line }) => line)).toEqual(lines.slice(4));
        expect(shard.compaction.fold('a')?.state).toEqual(stateAt(3));
        expect(() => shard.compaction.assertReadable('a')).toThrow(
          expect.objectContaining({ code: 'GAME_UNREADABLE' }),
        );
      } finally {
        close(remains);
        shard.journal?.close();
        shard.database.close();
      }
    }
  });
});

it('[UR2] a game whose first record cannot be read is there by name, and no other game gets its id', async () => {
  const folder = new MemoryFolder();
  const owner = await openOwner(folder);
  commit(owner, { b: 1 }, toldNothing());
  send(owner, ['{"g":"a","s":0,"k":0,"t":NaN,"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],{}]]}'], [['a', 0]]);
  send(owner, [lineOf('a', 1)], [['a', 1]]);
  for (const each of [owner, await openOwner(folder.copy())]) {
    expect(refused(() => each.load('a'))).toMatchObject({ code: 'GAME_UNREADABLE', context: { game: 'a', seq: 0 } });
    expect(refused(() => each.past('a', {}, 1)).code).toBe('GAME_UNREADABLE');
    expect(refused(() => each.stateAt('a', { seq: 0 }, false)).code).toBe('GAME_UNREADABLE');
    expect(refused(() => each.snapshots('a')).code).toBe('GAME_UNREADABLE');
    expect(each.list()).toMatchObject([
      { id: 'a', seq: -1, type: '', unreadable: { seq: 0, lastSeq: 1, records: 2 } },
      { id: 'b', seq: 0 },
    ]);
    // A game of that id would begin anew with seq 0.
    expect(() => send(each, [lineOf('a', 0)], [['a', 0]])).toThrow(/seq 0/);
    expect(each.list()[0]?.unreadable?.records).toBe(2);
    each.close();
  }
});

it('[UR3] what can be read by now is taken in at the next opening, up to the first that cannot', async () => {
  const { folder, owner } = await shardWith(WRONG['a time that is NaN'] as string);
  send(
    owner,
    [WRONG['no patches'] as string, lineOf('b', 5)],
    [
      ['a', 6],
      ['b', 5],
    ],
  );
  owner.close();
  const mended = await rewritten(folder, (database) => {
    database.run('UPDATE unreadable_records SET line = ? WHERE ordinal = 1', [Buffer.from(lineOf('a', 4))]);
  });
  const half = await openOwner(mended);
  expect(half.list()[0]).toMatchObject({ id: 'a', seq: 5, unreadable: { seq: 4, records: 1 } });
  expect(half.stateAt('a', { seq: 5 }, false)?.seq).toBe(5);
  checkpoint(half);
  half.close();
  const whole = await rewritten(mended, (database) => {
    database.run('UPDATE unreadable_records SET line = ?', [Buffer.from(lineOf('a', 6))]);
  });
  for (let opening = 0; opening < 2; opening += 1) {
    const again = await openOwner(whole);
    expect(again.list()[0]).not.toHaveProperty('unreadable');
    expect(new TextDecoder().decode(again.load('a')?.pieces[0])).toBe(JSON.stringify([null, stateAt(6 + opening)]));
    send(again, [lineOf('a', 7 + opening)], [['a', 7 + opening]]);
    again.close();
  }
});

it.each([
  ['no JSON', '{"g":5'],
  ['no game', '{"s":4,"k":1,"t":1,"c":"count","d":[]}'],
  ['an empty game', '{"g":"","s":4,"k":1,"t":1,"c":"count","d":[]}'],
  ['a game that is no text', '{"g":7,"s":4,"k":1,"t":1,"c":"count","d":[]}'],
  ['a game with a lone surrogate', '{"g":"\\ud800","s":4,"k":1,"t":1,"c":"count","d":[]}'],
  ['nothing', ''],
  ['null', 'null'],
])(
  '[UR4] a line that names no game stops the shard with the number of its frame, and salvage says it is lost: %s',
  async (_, line) => {
    const { folder, owner } = await shardWith(line);
    expect(refused(() => owner.load('b'))).toMatchObject({ code: 'DAMAGED', context: { frame: 2 } });
    owner.abandon();
    await expect(openOwner(folder.copy())).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringMatching(/names no game \[frame 2\]/) as string,
    });
    const remains = await readableShardOf(folder, SHARD);
    expect(remains.lostLines).toMatchObject([
      { what: expect.stringMatching(/^frame 2 has a line that is no record/) as string },
    ]);
    close(remains);
  },
);

it('[UR6] a kill at any step of a checkpoint with held lines, and of the opening after it, loses none of them', async () => {
  const { folder, owner } = await shardWith(WRONG['a time that is a fraction'] as string);
  const lines = written(folder).get('a')?.slice(4);
  owner.abandon();
  let calls = 0;
  for (let stop = 1; ; stop += 1) {
    const copy = folder.copy();
    const dying = await openOwner(killedAfter(copy, Number.POSITIVE_INFINITY, () => (calls += 1)));
    dying.abandon();
    const rest = folder.copy();
    let died = false;
    try {
      const killed = await openOwner(killedAfter(rest, stop));
      send(killed, [lineOf('b', 5)], [['b', 5]]);
      checkpoint(killed);
      killed.close();
    } catch {
      died = true;
    }
    const again = await openOwner(rest);
    expect(
      refused(() => again.load('a')),
      `killed at call ${stop}`,
    ).toMatchObject({ code: 'GAME_UNREADABLE' });
    again.close();
    expect(await heldIn(rest), `killed at call ${stop}`).toEqual(lines);
    if (!died) break;
  }
  expect(calls).toBeGreaterThan(10);
});

it('[UR7] patches that lead to no state cost only their own game, also when a snapshot of it is due', async () => {
  const folder = new MemoryFolder();
  const snapshotEvery = { records: 2, ms: null };
  const retention = {
    strategy: 'hybrid',
    snapshotEvery,
    keepSnapshots: null,
    keepRecords: null,
    compactAt: 2,
    tiers: [],
  };
  const owner = await openOwner(folder, { retentions: new Map([['counter', retention as never]]) });
  commit(owner, { a: 1, b: 1 }, toldNothing());
  for (let seq = 1; seq <= 6; seq += 1) {
    const line = `{"g":"a","s":${seq},"k":1,"t":1,"c":"count","d":[["=",["missing","x"],1]]}`;
    send(
      owner,
      [line, lineOf('b', seq)],
      [
        ['a', seq],
        ['b', seq],
      ],
    );
  }
  checkpoint(owner);
  for (const each of [owner, await openOwner(folder.copy())]) {
    expect(refused(() => each.load('a')).code).toBe('PATCH_INVALID');
    expect(each.load('b')?.seq).toBe(6);
    each.close();
  }
});

/** The image rewritten by hand, and the manifest made to agree. */
async function rewritten(folder: MemoryFolder, change: (database: Database) => void): Promise<MemoryFolder> {
  const path = folder.paths('MANIFEST-').at(-1) as string;
  const manifest: Manifest = decodeManifest(folder.bytesOf(path), path);
  const file = folder.paths('image-').at(-1) as string;
  const database = await Database.open(folder.bytesOf(file));
  change(database);
  const bytes = database.export();
  database.close();
  const [newest] = manifest.images;
  const images = [{ ...newest, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') }];
  return folder.with(file, bytes).with(path, encodeManifest({ ...manifest, images } as Manifest));
}

/** A folder that does so many calls and then no more, as for a process that was killed. */
function killedAfter(folder: MemoryFolder, calls: number, counted: () => void = () => {}): MemoryFolder {
  let left = calls;
  return new Proxy(folder, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        counted();
        left -= 1;
        if (left < 0) throw new Error('killed');
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}
