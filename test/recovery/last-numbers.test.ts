// Files of a shard with right checksums that say that it has counted to the end: what was opened, published or written most often.

import { expect, it } from 'vitest';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { assertNumbers } from '#storage/sqlite/recovery/last-numbers.ts';
import { ShardReader } from '#storage/sqlite/recovery/shard-reader.ts';
import { commit, openOwner, SHARD, toldNothing } from '../fault/shard-script.ts';
import { MemoryFolder } from './memory-folder.ts';

/** A shard with a game, and a segment behind its journal that begins like this. */
async function shardWith(start: {
  readonly epoch?: number;
  readonly generation?: number;
  readonly firstFrame?: number;
}) {
  const folder = new MemoryFolder();
  const owner = await openOwner(folder);
  commit(owner, { a: 1 }, toldNothing());
  owner.abandon();
  const bytes = folder.bytesOf(folder.paths('segment-')[0] as string);
  const shardUuid = bytes.toString('hex', 16, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const previousChain = bytes.readUInt32LE(bytes.indexOf('FRM1') + 40);
  const journal = Journal.create(folder, SHARD, {
    shardUuid,
    generation: 9,
    epoch: 1,
    firstFrame: 2,
    previousChain,
    ...start,
  });
  journal.close();
  return folder;
}

const empty = (name: string) => async (): Promise<MemoryFolder> =>
  (await shardWith({})).with(`${SHARD}/${name}`, Buffer.alloc(0));

const LAST: { readonly [story: string]: () => Promise<MemoryFolder> } = {
  'a segment of owner 2^32 - 1': () => shardWith({ epoch: 2 ** 32 - 1 }),
  'a segment of generation 2^53 - 1': () => shardWith({ generation: 2 ** 53 - 1 }),
  'the lease of owner 2^32 - 1': empty('OWNER-4294967295'),
  'the lease of an owner that no segment can have': empty('OWNER-9999999999'),
  'the last manifest that has a name': empty('MANIFEST-9999999999'),
  'the last image that has a name': empty('image-9999999999.sqlite'),
};

it.each(Object.keys(LAST))('[R18] %s: DAMAGED with the number, and nothing is changed', async (story) => {
  const folder = await (LAST[story] as () => Promise<MemoryFolder>)();
  const before = [...folder.files].filter(([path]) => !path.includes('OWNER-'));
  for (let time = 0; time < 2; time += 1) {
    const error = await openOwner(folder).then(
      () => 'it was opened',
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'DAMAGED' });
    expect(String(error)).toMatch(/\d{10,16}.*orrery salvage/);
  }
  expect([...folder.files].filter(([path]) => !path.includes('OWNER-'))).toEqual(before);
});

it.each([{ epoch: 2 ** 32 - 3 }, { generation: 2 ** 33 - 2 }])(
  '[R18] with %j it is opened twice more',
  async (start) => {
    const folder = await shardWith(start);
    for (let time = 0; time < 2; time += 1) (await openOwner(folder)).abandon();
    await expect(openOwner(folder)).rejects.toMatchObject({ code: 'DAMAGED' });
    // Whoever only looks needs no number.
    const reader = await ShardReader.open(folder, SHARD, 0);
    expect(reader.game('a')?.seq).toBe(0);
    reader.close();
  },
);

it('[R18] frames are counted to 2^52', () => {
  expect(() => assertNumbers({ generation: 1, firstFrame: 2 ** 52 }, SHARD)).not.toThrow();
  expect(() => assertNumbers({ generation: 1, firstFrame: 2 ** 52 + 1 }, SHARD)).toThrow(/frame 4503599627370496, /);
});
