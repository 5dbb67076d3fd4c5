// Journals and images that are whole by every checksum and hold what Orrery never wrote. Whatever reads them says so, with an
// error of its own, in bounded time; nothing of it reaches a state, and nothing of it changes JavaScript.

import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { fold } from '#core/patch/apply.ts';
import { decodePatches, decodeRecord } from '#core/patch/record.ts';
import { assemble } from '#storage/assemble.ts';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf, commit, openOwner, SHARD, toldNothing } from '../fault/shard-script.ts';
import { processorMs } from '../processor-time.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { LINES, PATCHES, VALUES } from './corpus.ts';
import { differences, intrinsics } from './intrinsics.ts';

const before = intrinsics();
/** No hostile input may cost more than this, on a slow machine. */
const BOUND_MS = 5_000;

afterAll(() => {
  expect(differences(before, intrinsics())).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** What a thing that must fail throws. */
async function refusal(story: string, body: () => unknown): Promise<OrreryError> {
  const began = processorMs();
  try {
    await body();
  } catch (error) {
    if (!(error instanceof OrreryError))
      throw new Error(`${story}: threw ${String(error).slice(0, 200)}`, { cause: error });
    expect(['DAMAGED', 'PATCH_INVALID', 'GAME_UNREADABLE'], `${story}: ${error.message.slice(0, 300)}`).toContain(
      error.code,
    );
    expect(processorMs() - began, story).toBeLessThan(BOUND_MS);
    return error;
  }
  throw new Error(`${story}: was taken`);
}

/** A shard with a game `a` at seq 0 whose journal ends with these lines. */
async function shardWith(lines: readonly string[], codec: 'plain' | 'deflate' = 'plain'): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  const owner = await openOwner(folder);
  commit(owner, { a: 1 }, toldNothing());
  owner.abandon();
  const [segment] = folder.paths('segment-');
  const payload = Buffer.from(`${lines.join('\n')}\n`, 'utf8');
  return codec === 'plain'
    ? appended(folder, segment as string, payload, lines.length, codec)
    : appended(folder, segment as string, deflateSync(payload), lines.length, codec);
}

/** Writes a frame as an owner would, whatever it holds: in a segment of its own. */
function appended(
  folder: MemoryFolder,
  segment: string,
  payload: Uint8Array,
  count: number,
  codec: 'plain' | 'deflate',
): MemoryFolder {
  const bytes = folder.bytesOf(segment);
  const frame = bytes.indexOf('FRM1');
  const start = {
    shardUuid: bytes.toString('hex', 16, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    generation: 9,
    epoch: 1,
    firstFrame: 2,
    previousChain: bytes.readUInt32LE(frame + 40),
  };
  const journal = Journal.create(folder, SHARD, start);
  journal.append([payload], count, codec);
  journal.sync();
  journal.close();
  return folder;
}

async function openAndLoad(folder: MemoryFolder): Promise<void> {
  const owner: Owner = await openOwner(folder.copy());
  try {
    for (const { id } of owner.list()) owner.load(id);
  } finally {
    owner.abandon();
  }
}

it('what is put into the journal below would be taken if it were what Orrery writes', async () => {
  const line = Buffer.from(batchOf([{ game: 'a', firstSeq: 1, lastSeq: 1 }]).payload)
    .toString('utf8')
    .trimEnd();
  for (const codec of ['plain', 'deflate'] as const) await openAndLoad(await shardWith([line], codec));
});

describe('the journal', () => {
  it.each(Object.keys(PATCHES))('[HO1] patches: %s', async (name) => {
    const line = `{"g":"a","s":1,"k":0,"t":0,"c":"x","d":${PATCHES[name]}}`;
    await refusal(name, async () => openAndLoad(await shardWith([line])));
    await refusal(name, () => fold({ n: 0, log: [] }, decodePatches(JSON.parse(PATCHES[name] as string)), 'owned'));
  });

  it.each(Object.keys(LINES))('[HO1] records: %s', async (name) => {
    if (name === 'nothing') {
      // An empty line is nothing at all.
      expect(() => decodeRecord('')).toThrow(OrreryError);
      return;
    }
    const folder = await shardWith([LINES[name] as string]);
    if (/arguments/.test(name)) {
      // Arguments are no part of a state: nobody walks them, and the state is what it was.
      await openAndLoad(folder).catch((error: unknown) => expect(error).toBeInstanceOf(OrreryError));
      return;
    }
    await refusal(name, () => openAndLoad(folder));
  });

  it.each(Object.keys(VALUES))('[HO1] a game created as %s', async (name) => {
    const line = `{"g":"new","s":0,"k":0,"t":0,"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],{"n":${VALUES[name]}}]]}`;
    await refusal(name, async () => openAndLoad(await shardWith([line])));
  });

  it('[UR4] a frame that does not unpack stops the shard with its number', async () => {
    const folder = new MemoryFolder();
    const owner = await openOwner(folder);
    commit(owner, { a: 1 }, toldNothing());
    owner.abandon();
    const [segment] = folder.paths('segment-');
    const broken = appended(folder, segment as string, Buffer.from('no zlib'), 1, 'deflate');
    const error = await refusal('no zlib', () => openAndLoad(broken));
    expect(error.message).toMatch(/does not unpack.*frame 2/);
  });

  it('[HO2] a frame that inflates to 64 MiB of nothing', async () => {
    for (const filler of [' ', '[', '{"a":', '\n']) {
      const bomb = filler.repeat(Math.floor((64 * 1024 * 1024) / filler.length));
      const heap = process.memoryUsage().rss;
      const folder = await shardWith([`${bomb}x`], 'deflate');
      await refusal(`64 MiB of ${JSON.stringify(filler)}`, () => openAndLoad(folder));
      expect(process.memoryUsage().rss - heap).toBeLessThan(2 ** 30);
    }
  });
});

describe('the image', () => {
  let folder: MemoryFolder;
  beforeAll(async () => {
    folder = new MemoryFolder();
    const owner = await openOwner(folder);
    const told = toldNothing();
    commit(owner, { a: 6 }, told);
    while (owner.checkpoint() === undefined);
    owner.abandon();
  });

  /** Both images rewritten by hand, and the manifest made to agree. */
  async function rewritten(change: (database: Database) => void): Promise<MemoryFolder> {
    const copy = folder.copy();
    const path = copy.paths('MANIFEST-').at(-1) as string;
    const manifest: Manifest = decodeManifest(copy.bytesOf(path), path);
    const file = copy.paths('image-').at(-1) as string;
    const database = await Database.open(copy.bytesOf(file));
    change(database);
    const bytes = database.export();
    database.close();
    const [newest] = manifest.images;
    const images = [{ ...newest, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') }];
    return copy.with(file, bytes).with(path, encodeManifest({ ...manifest, images } as Manifest));
  }

  it.each(Object.keys(VALUES))('[HO3] a snapshot with %s', async (name) => {
    const json = `{"n":${VALUES[name]},"log":[]}`;
    const damaged = await rewritten((database) => {
      database.run('DELETE FROM patch_batches WHERE game = ?', ['a']);
      database.run('UPDATE snapshots SET body = ?, sha = ?, codec = 1, seq = 5, pieces = NULL', [
        deflateSync(json),
        sha256(json),
      ]);
    });
    await refusal(name, () => openAndLoad(damaged));
  });

  it.each(Object.keys(PATCHES))('[HO3] steps with patches: %s', async (name) => {
    const damaged = await rewritten((database) => {
      database.run('UPDATE patch_batches SET body = ?, codec = 1', [deflateSync(`[[1,5,1,0,${PATCHES[name]}]]`)]);
    });
    await refusal(name, () => openAndLoad(damaged));
  });

  it('[HO3] bodies and columns that are of another shape', async () => {
    const bodies = [
      'null',
      '{}',
      '[null]',
      '[1]',
      '["abcde"]',
      '[[1,5,1,0]]',
      '[[1,5,1,0,null]]',
      '[["1","5",1,0,[]]]',
      '[',
      '',
    ];
    for (const body of bodies) {
      const damaged = await rewritten((database) => {
        database.run('UPDATE patch_batches SET body = ?, codec = 1', [deflateSync(body)]);
      });
      await refusal(`steps ${body}`, () => openAndLoad(damaged));
    }
    for (const body of [Buffer.alloc(0), Buffer.from('no zlib'), deflateSync('[]').subarray(0, 5)]) {
      const damaged = await rewritten((database) => {
        database.run('UPDATE patch_batches SET body = ?', [body]);
      });
      await refusal(`steps ${body.toString('hex')}`, () => openAndLoad(damaged));
    }
    for (const tables of ['', 'null', '{}', '[1]', '["__proto__"]', '["n"]', '["log"]', '["missing"]']) {
      const damaged = await rewritten((database) => {
        database.run('UPDATE games SET tables = ?', [tables]);
      });
      await refusal(`tables ${tables}`, () => openAndLoad(damaged));
    }
  });

  it('[HO4] bodies that inflate to 64 MiB', async () => {
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
    expect(bomb.length).toBeLessThan(70_000);
    const heap = process.memoryUsage().rss;
    const steps = await rewritten((database) => {
      database.run('UPDATE patch_batches SET body = ?, codec = 1', [bomb]);
    });
    await refusal('steps', () => openAndLoad(steps));
    const snapshots = await rewritten((database) => {
      database.run('UPDATE snapshots SET body = ?, codec = 1, pieces = NULL', [bomb]);
    });
    await refusal('snapshots', () => openAndLoad(snapshots));
    expect(process.memoryUsage().rss - heap).toBeLessThan(2 ** 30);
  });
});

describe('a wide state, which is loaded in pieces', () => {
  const filler = 'x'.repeat(90);
  const table = Array.from({ length: 4_000 }, (_, index) => `"e${index}":{"n":${index},"text":"${filler}"}`);
  const creation = `{"g":"wide","s":0,"k":0,"t":0,"c":"@create","y":"counter","v":1,"b":["entities"],"d":[["=",[],{"n":0,"entities":{${table.join()}}}]]}`;

  async function loadWith(patches: string): Promise<void> {
    const owner = await openOwner(new MemoryFolder());
    try {
      const send = (seq: number, line: string): unknown =>
        owner.commit({
          payload: new Uint8Array(Buffer.from(`${line}\n`, 'utf8')),
          count: 1,
          spans: [{ game: 'wide', firstSeq: seq, lastSeq: seq }],
        });
      send(0, creation);
      while (owner.checkpoint() === undefined);
      send(1, `{"g":"wide","s":1,"k":0,"t":0,"c":"x","d":${patches}}`);
      const stored = owner.load('wide');
      expect(stored?.pieces.length).toBeGreaterThan(3);
      await assemble(stored?.pieces ?? [], stored?.tables ?? []);
    } finally {
      owner.abandon();
    }
  }

  it('[HO6] is taken as it is', () => loadWith('[["=",["entities","e7","n"],8]]'));

  it.each(Object.keys(VALUES))('[HO6] an entity with %s', async (name) => {
    await refusal(name, () => loadWith(`[["=",["entities","e7","n"],${VALUES[name]}]]`));
    await refusal(name, () => loadWith(`[["+",["entities","new"],{"n":${VALUES[name]}}]]`));
  });

  it.each(['__proto__', 'constructor', 'prototype', '\\ud800'])('[HO6] an entity called %s', async (id) => {
    await refusal(id, () => loadWith(`[["+",["entities","${id}"],{"n":1}]]`));
    await refusal(id, () => loadWith(`[["+",["entities","e7","${id}"],{"n":1}]]`));
  });

  it('[HO6] an entity that is not there, a table that is not, places that are none', async () => {
    const all = [
      '[["=",["entities","nobody","n"],1]]',
      '[["-",["entities","nobody"]]]',
      '[["+",["entities","e7"],{"n":1}]]',
      '[["=",["entities","e7","missing"],1]]',
      '[["=",["entities",7,"n"],1]]',
      '[["=",["others","e7","n"],1]]',
      '[["-",["entities"]]]',
      '[["=",["entities"],[]]]',
      '[["=",["entities","e7","n","deeper"],1]]',
    ];
    for (const patches of all) await refusal(patches, () => loadWith(patches));
  });
});

describe('fuzz', () => {
  const segment = fc.oneof(
    fc.constantFrom<unknown>('__proto__', 'constructor', 'prototype', 'length', 'toString', 'n', 'log', null, true),
    fc.integer({ min: -2, max: 4 }),
    fc.constantFrom<unknown>(4_294_967_295, 2 ** 53, 0.5),
    fc.string(),
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc
      .constantFrom(...Object.values(VALUES).filter((json) => json.length < 1_000))
      .map((json) => JSON.parse(json) as unknown),
  );
  const patch = fc.oneof(
    fc.tuple(fc.constantFrom('+', '='), fc.array(segment, { maxLength: 4 }), value),
    fc.tuple(fc.constant('-'), fc.array(segment, { maxLength: 4 })),
    fc.jsonValue({ maxDepth: 3 }),
  );

  it('[HO5] any patches fold to JSON, or are refused; what they fold to can be written and read again', () => {
    fc.assert(
      fc.property(fc.array(patch, { maxLength: 6 }), (patches) => {
        let state: unknown = { n: 0, log: [1, { deep: [] }] };
        try {
          state = fold(state, decodePatches(JSON.parse(JSON.stringify(patches))), 'owned');
        } catch (error) {
          expect(error).toBeInstanceOf(OrreryError);
          return;
        }
        const text = JSON.stringify(state);
        expect(JSON.stringify(fold(undefined, [{ op: 'replace', path: [], value: JSON.parse(text) as never }]))).toBe(
          text,
        );
        expect(text).not.toMatch(/"(__proto__|constructor|prototype)":/);
      }),
      { numRuns: 3_000 },
    );
    expect(differences(before, intrinsics())).toEqual([]);
  });
});
