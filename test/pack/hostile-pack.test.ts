// Files that are no packs, packs that were damaged on their way, and packs that somebody made by hand who knows how the digest
// is made: refused with a typed error that names the file, before anything in them is used.

import { constants, deflateRawSync, inflateSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { pack as deflate } from '#storage/sqlite/image/body.ts';
import { PackPast } from '#storage/sqlite/pack/pack-history.ts';
import { looksLikePack, openPack } from '#storage/sqlite/pack/reading.ts';
import { provePack } from '#storage/sqlite/pack/unpacking.ts';
import type { MemoryFolder } from '../recovery/memory-folder.ts';
import { digestOf, FILE, forged, makeWorld, owned, packed, raw } from './packed.ts';

let folder: MemoryFolder;
let whole: Buffer;

beforeAll(async () => {
  ({ folder } = await makeWorld(61, 60, {}, 400));
  (await owned(folder)).close();
  await packed(folder);
  whole = folder.bytesOf(FILE);
});

async function refusal(bytes: Uint8Array, use: 'open' | 'prove' = 'open'): Promise<OrreryError> {
  const files = folder.with(FILE, bytes);
  const found = await (use === 'open' ? openPack(files, FILE) : provePack(files, FILE)).then(
    () => 'it was taken',
    (error: unknown) => error,
  );
  expect(found).toBeInstanceOf(OrreryError);
  expect((found as OrreryError).context.file).toBe(FILE);
  return found as OrreryError;
}

async function without(table: string): Promise<Uint8Array> {
  const database = await raw(whole);
  database.exec(`DROP TABLE ${table}`);
  return database.export();
}

it('what is changed below is taken as it is', async () => {
  const { description, close } = await openPack(folder.with(FILE, await forged(whole)), FILE);
  expect(description.seq).toBe(60);
  close();
  expect((await provePack(folder, FILE)).description.seq).toBe(60);
});

it('[PK4] what is no pack is refused by what it is', async () => {
  const image = folder.bytesOf(folder.paths('image-').at(-1) as string);
  for (const [bytes, what] of [
    [Buffer.alloc(0), 'not a pack'],
    [Buffer.from('a text'), 'not a pack'],
    [Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096)]), ''],
    [image, 'an image of a shard or something else'],
    [Buffer.concat([whole, Buffer.alloc(1)]), 'something was written behind it'],
    [await without('commands'), 'no table "commands"'],
  ] as const) {
    const error = await refusal(bytes);
    expect(error.code).toBe('PACK_DAMAGED');
    expect(error.message).toContain(what);
  }
  await expect(openPack(folder, '/home/none.orrery')).rejects.toMatchObject({
    code: 'PACK_NOT_FOUND',
    context: { file: '/home/none.orrery' },
  });
  expect(looksLikePack(folder, FILE)).toBe(true);
  expect(looksLikePack(folder, '/disk/orrery.json')).toBe(false);
  expect(looksLikePack(folder, '/home/none.orrery')).toBe(false);
});

const FORGERIES: { readonly [name: string]: readonly string[] } = {
  'a trigger': ['CREATE TRIGGER evil AFTER INSERT ON games BEGIN DELETE FROM snapshots; END'],
  'a view': ['CREATE VIEW more AS SELECT * FROM games'],
  'one more table': ['CREATE TABLE more (a)'],
  'no game': ['DELETE FROM games'],
  'a second game': [
    "INSERT INTO games SELECT 'second', type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes, patch_bytes, records, patches_in, patches_out, parent, parent_seq, first_seq, thinned FROM games",
  ],
  'snapshots of another game': [
    "INSERT INTO snapshots SELECT 'second', seq, tick, time, version, tables, reason, codec, sha, pieces, body FROM snapshots",
  ],
  'what another game has given up': ["INSERT INTO quarantine VALUES ('second', 1, 2, 3, 'latest', 'none')"],
  'another type': ["INSERT INTO types (name, history) VALUES ('second', 'ticks')"],
  'an id that nobody could type': ["UPDATE games SET id = char(10) || '$(rm)'"],
  'a number that JavaScript cannot hold': ['UPDATE games SET created = 9007199254740993'],
  'the largest number there is': ['UPDATE games SET tick = 9223372036854775807'],
  'a seq below nothing': ['UPDATE snapshots SET seq = -5 WHERE seq = 0'],
  'no format': ["DELETE FROM meta WHERE key = 'pack_format'"],
  'a day that never was': ["UPDATE meta SET value = 'yesterday' WHERE key = 'pack_created'"],
};

it.each(Object.keys(FORGERIES))('[PK4] %s: refused, however right its digest is', async (name) => {
  expect((await refusal(await forged(whole, ...(FORGERIES[name] as readonly string[])))).code).toBe('PACK_DAMAGED');
});

it('[PK4] a later format, of the pack or of its schema, is told from damage', async () => {
  const later = await forged(whole, "UPDATE meta SET value = '2' WHERE key IN ('pack_format', 'pack_least_reader')");
  expect((await refusal(later)).code).toBe('FORMAT_TOO_NEW');
  // One that a reader of today can still read.
  (
    await openPack(
      folder.with(FILE, await forged(whole, "UPDATE meta SET value = '2' WHERE key = 'pack_format'")),
      FILE,
    )
  ).close();
  const database = await raw(whole);
  database.exec('PRAGMA user_version = 999');
  expect((await refusal(database.export())).code).toBe('FORMAT_TOO_NEW');
});

it('[PK5] a byte that was turned on the way: refused, or nothing of what is in the pack has changed', async () => {
  let random = 5;
  const next = (below: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  const digest = digestOf(await raw(whole));
  let refused = 0;
  for (let round = 0; round < 250; round += 1) {
    const bytes = Buffer.from(whole);
    const at = next(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << next(8));
    try {
      (await openPack(folder.with(FILE, bytes), FILE)).close();
      // Asked of SQLite alone: all that was packed is still there.
      expect(digestOf(await raw(bytes))).toBe(digest);
    } catch (error) {
      expect(error).toBeInstanceOf(OrreryError);
      expect(['PACK_DAMAGED', 'FORMAT_TOO_NEW']).toContain((error as OrreryError).code);
      refused += 1;
    }
  }
  // Most of a small file is the empty part of its pages.
  expect(refused).toBeGreaterThan(20);
});

it('[PK5] a pack that was cut short is refused, wherever', async () => {
  for (let length = 0; length < whole.length; length += 997) {
    expect((await refusal(whole.subarray(0, length))).code).toBe('PACK_DAMAGED');
  }
});

const bytesIn = (bytes: Uint8Array): string => `X'${Buffer.from(bytes).toString('hex')}'`;
const body = (json: unknown): string => bytesIn(deflate(typeof json === 'string' ? json : JSON.stringify(json)));

/** Right in form, and wrong in what they say: found when the rows are read, and before a directory sees them. */
const LIES: { readonly [name: string]: () => readonly string[] } = {
  'a snapshot of another state': () => [`UPDATE snapshots SET body = ${body({ stolen: true })} WHERE seq = 0`],
  'a body that does not inflate': () => ["UPDATE patch_batches SET body = X'00112233'"],
  'a body that inflates to 64 MiB of nothing': () => [`UPDATE patch_batches SET body = ${body('\0'.repeat(1 << 26))}`],
  'steps that are no steps': () => [`UPDATE patch_batches SET body = ${body([[1, 2], 'three'])}`],
  'a prototype in a patch': () => [
    `UPDATE patch_batches SET body = ${body([[1, 60, 1, 1, [['=', ['__proto__', 'evil'], 1]]]])} WHERE first_seq = 1`,
  ],
  'a past with a hole in it': () => [
    'DELETE FROM patch_batches WHERE last_seq = (SELECT max(last_seq) FROM patch_batches)',
  ],
  'no beginning': () => ['DELETE FROM snapshots'],
  'a seq that its steps do not come to': () => ['UPDATE games SET seq = seq + 7'],
  'commands that were never given': () => [`UPDATE patch_batches SET commands = ${body([])}`],
};

it.each(Object.keys(LIES))('[PK6] %s: nothing of it goes into a directory', async (name) => {
  const bytes = await forged(whole, ...(LIES[name] as () => readonly string[])());
  expect((await refusal(bytes, 'prove')).code).toBe('PACK_DAMAGED');
});

const DEEP = '[DEEP]';
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** In the place of the arguments of the first command. */
const withArgs = async (args: string): Promise<readonly string[]> => {
  const database = await raw(whole);
  const [found] = database.exec('SELECT commands FROM patch_batches ORDER BY last_seq LIMIT 1');
  const commands = JSON.parse(inflateSync(found?.values[0]?.[0] as Uint8Array).toString('utf8')) as unknown[][];
  database.close();
  (commands[0] as unknown[])[5] = DEEP;
  const text = JSON.stringify(commands).replace(JSON.stringify(DEEP), args);
  return [`UPDATE patch_batches SET commands = ${body(text)} WHERE first_seq = 1`];
};

/** So many MiB of JSON, `[`, spaces and `]`, deflated without ever having them in memory. */
function deflatedSpaces(mebibytes: number): Uint8Array {
  const part = { level: 9, finishFlush: constants.Z_FULL_FLUSH };
  const block = deflateRawSync(Buffer.alloc(1 << 20, ' '), part);
  const blocks = Array.from({ length: mebibytes }, () => block);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(adlerOfSpaces(BigInt(mebibytes << 20)));
  const [begin, ready] = [deflateRawSync('[', part), deflateRawSync(']')];
  return Buffer.concat([Buffer.from([0x78, 0x9c]), begin, ...blocks, ready, end]);
}

/** The Adler-32 of `[`, n spaces and `]`: its two sums in closed form. */
function adlerOfSpaces(n: bigint): number {
  const [first, space, last, prime] = [0x5bn, 0x20n, 0x5dn, 65_521n];
  const low = 1n + first;
  const a = low + n * space + last;
  const b = low + n * low + (space * n * (n + 1n)) / 2n + a;
  return Number(((b % prime) << 16n) | (a % prime));
}

/** Folded, they lead to what they say; and nobody could use the game. */
const USELESS: { readonly [name: string]: () => Promise<readonly string[]> } = {
  'a table that no state has': async () => [`UPDATE games SET tables = '["notes","ghosts"]'`],
  'a table that the state before does not have': async () => [
    `UPDATE snapshots SET tables = '["ghosts"]' WHERE seq = 0`,
  ],
  'a table that is a number': async () => [`UPDATE games SET tables = '["count"]'`],
  'a table that is said to be none': async () => ["UPDATE games SET tables = '[]'"],
  'a table twice': async () => [`UPDATE games SET tables = '["notes","notes"]'`],
  'a version that no state has': async () => ['UPDATE games SET version = 99'],
  'a version below 1': async () => ['UPDATE games SET version = 0', 'UPDATE snapshots SET version = 0'],
  'arguments nested 100,000 deep': () => withArgs(nested(100_000)),
  'arguments nested 1,000,000 deep': () => withArgs(nested(1_000_000)),
  'steps nested 100,000 deep': async () => [`UPDATE patch_batches SET body = ${body(nested(100_000))}`],
  'tables nested 100,000 deep': async () => [`UPDATE games SET tables = '${nested(100_000)}'`],
  'steps that inflate to 600 MiB': async () => [`UPDATE patch_batches SET body = ${bytesIn(deflatedSpaces(600))}`],
  'commands that inflate to 600 MiB': async () => [
    `UPDATE patch_batches SET commands = ${bytesIn(deflatedSpaces(600))}`,
  ],
  'the last seq that can be counted': async () => [
    `UPDATE games SET tick = ${2 ** 53 - 1}, time = 1`,
    `UPDATE patch_batches SET last_tick = ${2 ** 53 - 1}`,
  ],
  'ids of before that are none': async () => [
    `INSERT INTO meta VALUES ('origin:Ωmega, 2', '[{"id":"../../etc","upToSeq":3}]')`,
  ],
  'a row that is listed with other times than it has': async () => ['UPDATE patch_batches SET least_time = 9'],
};

it.each(Object.keys(USELESS))('[PK17] %s: nothing of it goes into a directory', async (name) => {
  const bytes = await forged(whole, ...(await (USELESS[name] as () => Promise<readonly string[]>)()));
  const error = await refusal(bytes, 'prove');
  expect(error.code).toBe('PACK_DAMAGED');
  expect(error.hint).toContain('nothing in it was used');
});

it.each(['a snapshot of another state', 'a body that does not inflate', 'no beginning'])(
  '[PK6] %s: who reads the past is told that the pack is damaged, not a directory',
  async (name) => {
    const files = folder.with(FILE, await forged(whole, ...(LIES[name] as () => readonly string[])()));
    const past = new PackPast(await openPack(files, FILE));
    const read = async (): Promise<void> => {
      await past.stateAt({ seq: past.row.seq });
      for await (const step of past.steps()) expect(step.lastSeq).toBeGreaterThan(0);
      await past.stateAt({ seq: 1 }, { nearest: true });
    };
    await expect(read()).rejects.toMatchObject({ code: 'PACK_DAMAGED', context: { file: FILE } });
    await past.close();
  },
);
