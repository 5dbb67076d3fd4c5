// What is in a pack is what was in the directory: states, history, rows, and a digest that anybody can make again.

import { expect, it } from 'vitest';
import type { PastStep } from '#storage/history-reader.ts';
import type { Files } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { GAME_TABLES } from '#storage/sqlite/image/game-tables.ts';
import { PackPast } from '#storage/sqlite/pack/pack-history.ts';
import { openPack } from '#storage/sqlite/pack/reading.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import {
  commitLines,
  DIRECTORY,
  digestOf,
  FILE,
  forged,
  inOrder,
  makeWorld,
  owned,
  packed,
  raw,
  SOURCE,
  wholeLine,
} from './packed.ts';

const GAME = 'Ωmega, 2';

async function pastOf(files: Files, file = FILE): Promise<PackPast> {
  return new PackPast(await openPack(files, file));
}

async function allSteps(past: PackPast): Promise<PastStep[]> {
  const steps: PastStep[] = [];
  for await (const step of past.steps()) steps.push(step);
  return steps;
}

const SEEDS = [11, 12, 13, 14];

it.each(SEEDS)(
  '[PK1] seed %i: every state of the game and everything that was asked of it is in its pack',
  async (seed) => {
    const { folder, pasts } = await makeWorld(seed, 60, { granularities: new Map([['ledger', 'commands']]) });
    const past = pasts.get(GAME)!;
    const description = await packed(folder);
    expect(description).toMatchObject({
      game: GAME,
      type: 'ledger',
      version: 3,
      seq: 60,
      tick: past.ticks.at(-1),
      source: SOURCE,
    });
    const pack = await pastOf(folder);
    for (let seq = 0; seq <= 60; seq += 1) {
      const { state, tick, tables } = await pack.stateAt({ seq });
      expect([JSON.stringify(state), tick, tables]).toEqual([inOrder(past.states[seq]), past.ticks[seq], ['notes']]);
    }
    const commands = (await allSteps(pack)).flatMap((step) => step.commands);
    expect(commands.map(({ seq, name, args }) => [seq, name, args])).toEqual(
      Array.from({ length: 60 }, (_, at) => [at + 1, `c${(at + 1) % 7}`, { seq: at + 1 }]),
    );
    await pack.close();
  },
);

it.each(SEEDS)('[PK1] seed %i: with steps that are ticks, the pack keeps those of the directory', async (seed) => {
  const { folder, pasts } = await makeWorld(seed, 80);
  const past = pasts.get(GAME)!;
  // Closed in good order: what was left in the journal are rows now, merged by tick.
  (await owned(folder, { granularities: new Map([['ledger', 'ticks']]) })).close();
  await packed(folder);
  const pack = await pastOf(folder);
  const steps = await allSteps(pack);
  expect(steps.at(-1)?.lastSeq).toBe(80);
  for (const { lastSeq } of steps) {
    expect(JSON.stringify((await pack.stateAt({ seq: lastSeq })).state)).toBe(inOrder(past.states[lastSeq]));
  }
  await pack.close();
});

it('[PK1] a pack holds one game: nothing of another, no key of the shard, and every column that there is', async () => {
  const { folder } = await makeWorld(21, 50, { commandIndex: true });
  (await owned(folder, { commandIndex: true })).close();
  await packed(folder);
  const pack = await raw(folder.bytesOf(FILE));
  const image = await raw(folder.bytesOf(folder.paths('image-').at(-1) as string));
  const tables = (from: typeof pack): string[] =>
    from
      .exec("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")[0]!
      .values.map(([name]) => String(name));
  expect(tables(pack)).toEqual(tables(image));
  for (const [table, key] of [
    ['games', 'id'],
    ['snapshots', 'game'],
    ['patch_batches', 'game'],
    ['commands', 'game'],
    ['quarantine', 'game'],
  ] as const) {
    const rows = image.exec(`SELECT * FROM ${table} WHERE ${key} = '${GAME}' ORDER BY 1, 2, 3`)[0]?.values ?? [];
    expect(pack.exec(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)[0]?.values ?? [], table).toEqual(rows);
    if (table !== 'quarantine') expect(rows.length, table).toBeGreaterThan(0);
  }
  const keys = pack.exec('SELECT key FROM meta ORDER BY key')[0]!.values.flat();
  expect(keys).toEqual([
    'pack_created',
    'pack_digest',
    'pack_format',
    'pack_least_reader',
    'pack_source',
    'pack_writer',
  ]);
});

it('[PK1] every table of the schema with something of a game in it is packed with all of its columns', async () => {
  const database = await Database.open();
  const known = new Map(GAME_TABLES.map((table) => [table.name, [...table.columns]]));
  for (const { name } of database.all("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    // A game with records that cannot be read is not packed.
    if (['meta', 'types', 'unreadable_records'].includes(String(name))) continue;
    const columns = database.all('SELECT name FROM pragma_table_info(?)', [name as string]).map((row) => row['name']);
    expect([...(known.get(String(name)) ?? [])].sort(), String(name)).toEqual([...columns].sort());
  }
  const types = database.all("SELECT name FROM pragma_table_info('types')").map((row) => row['name']);
  expect(types).toEqual(['name', 'history', 'retention', 'projections']);
  database.close();
});

it('[PK2] the digest is the one that docs/FORMAT.md describes', async () => {
  const { folder } = await makeWorld(31, 70, { commandIndex: true });
  const { digest } = await packed(folder);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(digestOf(await raw(folder.bytesOf(FILE)))).toBe(digest);
});

it('[PK2] one value in another place, or of another kind, is another digest', async () => {
  const { folder } = await makeWorld(32, 30);
  await packed(folder);
  const bytes = folder.bytesOf(FILE);
  const seen = new Set<string>();
  for (const sql of [
    "UPDATE games SET parent = ''",
    "UPDATE games SET parent = 'n;'",
    'UPDATE games SET parent_seq = 0',
    "UPDATE games SET type = type || 'x'",
    "UPDATE meta SET value = value || ' ' WHERE key = 'pack_writer'",
    "INSERT INTO meta VALUES ('pack_writer2', '')",
    'UPDATE patch_batches SET body = commands, commands = body',
    "INSERT INTO quarantine VALUES ('Ωmega, 2', 1, 2, 3, 'm', 'r')",
    "INSERT INTO quarantine VALUES ('Ωmega, 2', 1, 2, 3, 'mr', '')",
  ]) {
    const database = await raw(bytes);
    database.exec(sql);
    seen.add(digestOf(database));
    await expect(openPack(folder.with(FILE, database.export()), FILE), sql).rejects.toMatchObject({
      code: 'PACK_DAMAGED',
    });
    // Made anew it is a pack again: the digest tells damage from what was written, not who wrote it.
    if (!sql.includes('body')) (await openPack(folder.with(FILE, await forged(bytes, sql)), FILE)).close();
  }
  expect(seen.size).toBe(9);
});

it('[PK1] migrations, recoveries, what was given up and where it was forked are in a pack', async () => {
  const { folder, pasts } = await makeWorld(41, 40);
  const past = pasts.get(GAME)!;
  const owner = await owned(folder);
  commitLines(owner, GAME, [wholeLine(past, GAME, 41, '@migrate', 40), wholeLine(past, GAME, 42, '@recover', 17)], 41);
  owner.close();
  const description = await packed(folder);
  const pack = await pastOf(folder);
  expect(description.seq).toBe(42);
  expect(JSON.stringify((await pack.stateAt({ seq: 41 })).state)).toBe(inOrder(past.states[40]));
  expect(JSON.stringify((await pack.stateAt({ seq: 42 })).state)).toBe(inOrder(past.states[17]));
  expect((await pack.snapshots()).map(({ reason }) => reason)).toEqual(
    expect.arrayContaining(['create', 'migrate', 'recover']),
  );
  await pack.close();
});

it('[PK3] a pack appears whole under its name or not at all, and never in the place of another file', async () => {
  const { folder } = await makeWorld(51, 20);
  await expect(packed(folder, 'nobody')).rejects.toMatchObject({ code: 'GAME_NOT_FOUND', context: { game: 'nobody' } });
  expect(folder.paths('battle')).toEqual([]);
  const taken = folder.with(FILE, Buffer.from('mine'));
  await expect(packed(taken)).rejects.toMatchObject({ code: 'PACK_EXISTS', context: { file: FILE } });
  expect(taken.bytesOf(FILE).toString()).toBe('mine');
  for (const operation of ['createNew', 'write', 'sync', 'read', 'publishNew'] as const) {
    const failing = folder.copy();
    const works = failing[operation].bind(failing) as (...args: unknown[]) => unknown;
    Object.assign(failing, {
      [operation]: (...args: unknown[]) => {
        const [first] = args as [string | { path: string }];
        const path = typeof first === 'string' ? first : first.path;
        if (path.startsWith(FILE)) throw new Error(`${operation} failed`);
        return works(...args);
      },
    });
    await expect(packed(failing)).rejects.toThrow(`${operation} failed`);
    expect(failing.paths('battle'), operation).toEqual([]);
  }
});

it('[PK3] packing reads: nothing of the directory changes', async () => {
  const { folder } = await makeWorld(52, 30);
  const before = new Map([...folder.files].filter(([path]) => path.startsWith(DIRECTORY)));
  await packed(folder);
  expect(new Map([...folder.files].filter(([path]) => path.startsWith(DIRECTORY)))).toEqual(before);
  expect(new MemoryFolder(before).paths()).toEqual(folder.paths().filter((path) => path !== FILE));
});
