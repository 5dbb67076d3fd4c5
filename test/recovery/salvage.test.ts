// What is recovered of a shard that does not open: for every kind of damage a prefix of each game, never a wrong state, and no
// silence about what is missing. `npm test` does a sample of the damage: test/sampling.ts.

import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openShard } from '#storage/sqlite/recovery/open-shard.ts';
import { readableShardOf } from '#storage/sqlite/recovery/readable-shard.ts';
import { gamesOf, lostBehind, type SalvagedGame, salvageGame } from '#storage/sqlite/salvage/salvage.ts';
import { writeSalvaged } from '#storage/sqlite/salvage/salvage-rows.ts';
import { openOwner, SHARD, stateAt } from '../fault/shard-script.ts';
import { inSample, share } from '../sampling.ts';
import { MemoryFolder } from './memory-folder.ts';
import { flips, makeSmallShard, type SmallShard, type Standing } from './small-shard.ts';

let small: SmallShard;
beforeAll(async () => {
  small = await makeSmallShard();
});

function newest(start: string, back = 0): string {
  return small.folder.paths(start).at(-1 - back) as string;
}

interface Salvaged {
  readonly games: ReadonlyMap<string, SalvagedGame>;
  /** Frames that are missing behind the newest image that could be used. */
  readonly lost: readonly string[];
  readonly damaged: readonly string[];
}

/** Recovers what is left, writes it down again, and reads every state and every command of it back. */
async function salvage(files: MemoryFolder, story: string): Promise<Salvaged> {
  const remains = await readableShardOf(files, SHARD);
  const shard = await openShard(new MemoryFolder(), SHARD, 0, { granularityOf: () => 'commands', commandIndex: false });
  try {
    const games = gamesOf([remains]).map((id) => salvageGame(id, [remains]));
    for (const game of games) {
      if (game.seq < 0) continue;
      writeSalvaged(shard, game);
      const row = shard.compaction.game(game.id);
      // Which type a game is of, one row says and nothing else.
      const type = game.image?.proven === false ? 'counter' : row?.type;
      const found = `${type} ${row?.version} ${row?.seq} ${row?.tick} ${row?.created} ${row?.records} ${JSON.stringify(shard.compaction.fold(game.id)?.state)}`;
      const { seq } = game;
      const due = `counter 1 ${seq} ${Math.floor(seq / 3)} 1700000000000 ${seq} ${JSON.stringify(stateAt(seq))}`;
      if (found !== due) throw new Error(`${story}: ${game.id} is ${found} in place of ${due}`);
      const history = [...shard.compaction.commands(game.id, 0, seq)].map((command) => command.seq);
      if (history.join() !== Array.from({ length: seq }, (_, at) => at + 1).join())
        throw new Error(`${story}: the history of ${game.id} is ${history.join()}`);
    }
    const [image] = remains.images.toSorted((left, right) => right.frame - left.frame);
    return {
      games: new Map(games.map((game) => [game.id, game])),
      lost: lostBehind(remains, image).map(({ first, last }) => `${first} to ${last}`),
      damaged: remains.faults.map(({ file }) => file),
    };
  } finally {
    for (const { database } of remains.images) database.close();
    shard.journal?.close();
    shard.database.close();
  }
}

/** No more than there was; and what is said to be whole is. Gives the games that lack something. */
function lacking(salvaged: Salvaged, due: Standing, story: string): string[] {
  const lack: string[] = [];
  for (const [id, { seq, knownSeq, whole }] of salvaged.games) {
    const acknowledged = due.get(id);
    if (acknowledged === undefined) {
      // A bit in the list of games can give one another name: then nothing of it may be said to have been found.
      if (seq < 0 && whole !== 'yes') continue;
      throw new Error(`${story}: there was no ${id}`);
    }
    if (seq > acknowledged || knownSeq > acknowledged) throw new Error(`${story}: ${id} never had seq ${knownSeq}`);
    if (whole === 'yes' && seq < acknowledged)
      throw new Error(`${story}: ${id} ends at ${seq} and is said to be whole`);
    if (seq < acknowledged) lack.push(id);
  }
  for (const id of due.keys()) {
    if (salvaged.games.has(id)) continue;
    if (salvaged.lost.length === 0) throw new Error(`${story}: ${id} is gone and nothing is said to be lost`);
    lack.push(id);
  }
  return lack.sort();
}

/** Offset of each frame of a segment. */
function framesOf(bytes: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 64; at < bytes.length; at += 48 + Math.ceil(bytes.readUInt32LE(at + 8) / 8) * 8) offsets.push(at);
  return offsets;
}

function gamesIn(bytes: Buffer, frame: number): string[] {
  const payload = bytes.subarray(frame + 48, frame + 48 + bytes.readUInt32LE(frame + 8)).toString('utf8');
  const ids = payload
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { g: string }).g);
  return [...new Set(ids)].sort();
}

it('[SV1] of a shard that nothing is wrong with, everything, and nothing is said to be damaged or lost', async () => {
  const salvaged = await salvage(small.folder, 'whole');
  expect(lacking(salvaged, small.acknowledged, 'whole')).toEqual([]);
  expect(salvaged).toMatchObject({ lost: [], damaged: [] });
  for (const game of salvaged.games.values()) expect(game).toMatchObject({ whole: 'yes', fault: undefined });
});

describe('the journal', () => {
  it('[SV2] one bit of every third byte: only games with a record in that frame lose anything, and from that record on', async () => {
    const path = newest('segment-');
    const bytes = small.folder.bytesOf(path);
    const frames = framesOf(bytes);
    const outcomes = { nothing: 0, some: 0 };
    const third = { only: (at: number) => at % 3 === 0, oneIn: 8 };
    for (const [story, flipped, at] of flips(bytes, 'every byte', third)) {
      const salvaged = await salvage(small.folder.with(path, flipped), story);
      const frame = frames.findLast((offset) => offset <= at);
      const isLast = frame === frames.at(-1);
      const due = isLast ? small.butTheLast : small.acknowledged;
      if (isLast && salvaged.games.get('a')?.seq === small.acknowledged.get('a')) continue;
      const lack = lacking(salvaged, due, story);
      outcomes[lack.length === 0 ? 'nothing' : 'some'] += 1;
      // The header of a segment and those of frames with another behind them are told by the rest.
      if (frame === undefined || at < frame + 48) expect(lack, story).toEqual([]);
      else expect(gamesIn(bytes, frame), story).toEqual(expect.arrayContaining(lack));
      if (lack.length > 0) expect(salvaged.lost, story).toHaveLength(1);
    }
    expect(outcomes.some).toBeGreaterThan(share(100, 8));
  });

  it('[SV2] cut at any byte: whole batches up to there', async () => {
    const path = newest('segment-');
    const bytes = small.folder.bytesOf(path);
    for (let length = 0; length < bytes.length; length += 7) {
      if (!inSample(length / 7, 5)) continue;
      const story = `cut to ${length}`;
      const { games } = await salvage(small.folder.with(path, bytes.subarray(0, length)), story);
      for (const [id, { seq }] of games) expect(seq, story).toBeLessThanOrEqual(small.acknowledged.get(id) ?? -1);
    }
    const gone = await salvage(small.folder.with(path, undefined), 'gone');
    expect(gone.lost).toEqual(['4 to 4']);
    expect(gone.games.get('a')).toMatchObject({ whole: 'unknown', seq: 3 });
  });

  it('[SV3] the older image and its longer journal tell what the newest image would have told', async () => {
    const [older, image] = [newest('segment-', 1), newest('image-')];
    const damaged = small.folder.with(image, Buffer.from(small.folder.bytesOf(image)).fill(0, 5_000, 9_000));
    const without = await salvage(damaged, 'newest image damaged');
    expect(lacking(without, small.acknowledged, 'newest image damaged')).toEqual([]);
    expect(without).toMatchObject({ lost: [], damaged: [basename(image)] });
    const third = { seed: 5, only: (at: number) => at % 3 === 0, oneIn: 5 };
    for (const [story, flipped] of flips(small.folder.bytesOf(older), 'every byte', third)) {
      const salvaged = await salvage(damaged.with(older, flipped), story);
      const lack = lacking(salvaged, small.acknowledged, story);
      expect(lack.length === 0, story).toBe(salvaged.lost.length === 0);
    }
  });
});

describe('manifests and images', () => {
  it('[SV4] without any manifest, or with none that can be read, everything', async () => {
    for (const content of [undefined, Buffer.alloc(0), Buffer.from('{}\n00000000\n')]) {
      const files = small.folder.with(newest('MANIFEST-', 1), content).with(newest('MANIFEST-'), content);
      const salvaged = await salvage(files, 'no manifest');
      expect(lacking(salvaged, small.acknowledged, 'no manifest')).toEqual([]);
      for (const { image } of salvaged.games.values()) expect(image?.proven ?? false).toBe(false);
    }
  });

  it('[SV5] without any image: every game that was created in a frame that is left', async () => {
    const files = small.folder.with(newest('image-'), undefined).with(newest('image-', 1), undefined);
    const salvaged = await salvage(files, 'no image');
    // The first frame is in no file any more.
    expect(salvaged.lost).toEqual(['1 to 1']);
    expect(lacking(salvaged, small.acknowledged, 'no image')).toEqual(['a', 'b']);
    expect(salvaged.games.get('a')).toMatchObject({ seq: -1, knownSeq: 6, whole: 'no' });
    expect(salvaged.games.get('c')).toMatchObject({ seq: 2, whole: 'yes', image: undefined });
  });

  it('[SV6] an image that nothing vouches for is taken game by game, each as far as its own rows prove it', async () => {
    const [image, older, segment] = [newest('image-'), newest('image-', 1), newest('segment-', 1)];
    const alone = small.folder.with(older, undefined).with(segment, undefined);
    const bytes = small.folder.bytesOf(image);
    const outcomes = { whole: 0, part: 0, none: 0 };
    // Most of a small image is empty pages.
    const only = (at: number): boolean => at % 11 === 10 && bytes[at] !== 0;
    for (const [story, flipped] of flips(bytes, 'every byte', { seed: 11, only, oneIn: 10 })) {
      const salvaged = await salvage(alone.with(image, flipped), story);
      const lack = lacking(salvaged, small.acknowledged, story);
      outcomes[lack.length === 0 ? 'whole' : lack.length < small.acknowledged.size ? 'part' : 'none'] += 1;
      expect(salvaged.damaged, story).toContain(basename(image));
    }
    expect(outcomes.whole).toBeGreaterThan(0);
    expect(outcomes.part).toBeGreaterThan(share(20, 10));
  });

  it('[SV7] any two or three files damaged at once, by seed', async () => {
    let random = 20_261;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    for (let round = 0; round < share(300, 5); round += 1) {
      let files = small.folder.copy();
      let story = `round ${round}:`;
      for (let damage = 0; damage < 2 + next(2); damage += 1) {
        const paths = files.paths().filter((path) => /(MANIFEST|image|segment)-/.test(path));
        const path = paths[next(paths.length)] as string;
        const bytes = Buffer.from(files.bytesOf(path));
        const way = ['flip', 'zero', 'cut', 'gone', 'other'][next(5)];
        const at = next(bytes.length);
        story += ` ${way} ${basename(path)} at ${at}`;
        if (way === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
        if (way === 'zero') bytes.fill(0, at, Math.min(bytes.length, at + 512));
        const other = paths[next(paths.length)] as string;
        const content = way === 'cut' ? bytes.subarray(0, at) : way === 'other' ? files.bytesOf(other) : bytes;
        files = files.with(path, way === 'gone' ? undefined : content);
      }
      // Without a whole manifest, or behind a cut, nothing may tell that there was more.
      const { games } = await salvage(files, story);
      for (const [id, { seq }] of games) {
        if (seq > (small.acknowledged.get(id) ?? -2)) throw new Error(`${story}: ${id} never had seq ${seq}`);
      }
    }
  });

  it('[SV8] a wide state, whose snapshot is stored in pieces, with the manifest and without', async () => {
    const wide = new MemoryFolder();
    const owner = await openOwner(wide);
    const entities = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, at) => [`e${at}`, { n: at, text: 'x'.repeat(90) }]),
    );
    const create = {
      g: 'wide',
      s: 0,
      k: 0,
      t: 1,
      c: '@create',
      y: 'wide',
      v: 1,
      b: ['entities'],
      d: [['=', [], { entities }]],
    };
    const change = { g: 'wide', s: 1, k: 1, t: 2, c: 'change', d: [['=', ['entities', 'e7', 'n'], 70]] };
    const send = (record: { s: number }): unknown =>
      owner.commit({
        payload: new Uint8Array(Buffer.from(`${JSON.stringify(record)}\n`, 'utf8')),
        count: 1,
        spans: [{ game: 'wide', firstSeq: record.s, lastSeq: record.s }],
      });
    send(create);
    while (owner.checkpoint() === undefined);
    send(change);
    owner.abandon();
    const due = JSON.stringify({ entities: { ...entities, e7: { n: 70, text: 'x'.repeat(90) } } });
    let without = wide.copy();
    for (const path of wide.paths('MANIFEST-')) without = without.with(path, undefined);
    for (const [files, proven] of [
      [wide, true],
      [without, false],
    ] as const) {
      const remains = await readableShardOf(files, SHARD);
      const game = salvageGame('wide', [remains]);
      expect(game).toMatchObject({ seq: 1, imageSeq: 0, whole: 'yes', image: { proven } });
      const shard = await openShard(new MemoryFolder(), SHARD, 0, {
        granularityOf: () => 'commands',
        commandIndex: false,
      });
      writeSalvaged(shard, game);
      expect(JSON.stringify(shard.compaction.fold('wide')?.state)).toBe(due);
      const pieces = shard.compaction.load('wide')?.pieces ?? [];
      const loaded = pieces.map((piece) => JSON.parse(Buffer.from(piece).toString('utf8')) as [string | null, object]);
      const found = Object.assign(
        {},
        ...loaded.filter(([table]) => table === 'entities').map(([, part]) => part),
      ) as object;
      expect(found).toEqual((JSON.parse(due) as { entities: object }).entities);
      for (const { database } of [...remains.images, shard]) database.close();
      shard.journal?.close();
    }
  });
});
