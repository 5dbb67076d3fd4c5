// Packs with one thing changed and every checksum right: refused, with nothing touched; or taken in, and then every question
// is answered, today and after a restart, and the game plays on.

import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { checkPersistence } from '#core/game/persistence.ts';
import { encodeRecord } from '#core/patch/record.ts';
import { blameOf } from '#history/blame.ts';
import { diffOf } from '#history/difference.ts';
import { assemble } from '#storage/assemble.ts';
import { DirectoryPast } from '#storage/sqlite/directory-history.ts';
import { provePack } from '#storage/sqlite/pack/unpacking.ts';
import { proveGame } from '#storage/sqlite/recovery/game-proof.ts';
import { ShardReader } from '#storage/sqlite/recovery/shard-reader.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import { randomPast } from '../compaction/records.ts';
import { batchOf } from '../fault/shard-script.ts';
import { dice } from '../programs/script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { mutate } from './mutator.ts';
import { CONFIG, commitLines, DIRECTORY, FILE, owned, packed, SHARD } from './packed.ts';

const GAME = 'g';
const AGAIN = '/home/again.orrery';
/** More with PACK_MUTATIONS=5000; one again with PACK_SEED. */
const MUTATIONS = Number(process.env['PACK_MUTATIONS'] ?? 16);
const ONLY = process.env['PACK_SEED'];

const SQL = { notes: { from: '', columns: { count: 'INTEGER' as const, list: 'JSON' as const } } };
const WORLDS: { readonly [name: string]: { readonly options: Partial<OwnerOptions>; readonly width: number } } = {
  'every command, with an index and SQL tables': {
    options: {
      granularities: new Map([['ledger', 'commands']]),
      commandIndex: true,
      projections: new Map([['ledger', SQL]]) as never,
      retentions: new Map([['ledger', checkPersistence('ledger', { snapshotEvery: { records: 9 } })]]),
    },
    width: 20,
  },
  'thinned out': {
    options: {
      granularities: new Map([['ledger', 'ticks']]),
      retentions: new Map([
        [
          'ledger',
          checkPersistence('ledger', {
            keepRecords: 30,
            tiers: [
              { every: 'step', forMs: 9 },
              { every: { ms: 8 }, forMs: 'ever' },
            ],
          }),
        ],
      ]),
    },
    width: 20,
  },
  'snapshots alone': {
    options: {
      retentions: new Map([
        ['ledger', checkPersistence('ledger', { strategy: 'snapshot', snapshotEvery: { records: 7 } })],
      ]),
      granularities: new Map([['ledger', 'commands']]),
    },
    width: 20,
  },
};

/** A game that was played, migrated, recovered, given a secret and a parent, and packed. */
async function packOf({
  options,
  width,
}: {
  readonly options: Partial<OwnerOptions>;
  readonly width: number;
}): Promise<Buffer> {
  const folder = new MemoryFolder([[`${DIRECTORY}/orrery.json`, CONFIG]]);
  const owner = await owned(folder, options);
  const past = randomPast(GAME, 'ledger', 40, dice(5), width);
  const [first, ...rest] = past.lines;
  const created = { ...JSON.parse(first as string), a: { fork: { game: 'parent', seq: 7 } }, r: '0a'.repeat(16) };
  const { d, b, ...head } = created as { d: unknown; b: unknown };
  commitLines(owner, GAME, [JSON.stringify({ ...head, b, d })]);
  commitLines(owner, GAME, rest, 1);
  const state = JSON.parse(past.states[30] as string) as never;
  const whole = (seq: number, command: string, version: number, args: object) =>
    encodeRecord({
      game: GAME,
      seq,
      tick: past.ticks.at(-1) as number,
      time: 1_700_000_000_000 + seq,
      command,
      args: args as never,
      version,
      tables: ['notes'],
      patches: [{ op: 'replace', path: [], value: state }],
    });
  const drawn = (seq: number) =>
    encodeRecord({ game: GAME, seq, tick: 50, time: 1_700_000_000_000 + seq, command: 'draw', nonce: 77, patches: [] });
  commitLines(owner, GAME, [whole(41, '@migrate', 4, { from: 3, to: 4 })], 41);
  commitLines(
    owner,
    GAME,
    [whole(42, '@recover', 4, { mode: 'latest', reason: 'a test', from: 30, givenUp: [31, 41] })],
    42,
  );
  commitLines(owner, GAME, [drawn(43), drawn(44), drawn(45)], 43);
  for (let time = 0; time < 2; time += 1) while (owner.checkpoint() === undefined);
  owner.close();
  await packed(folder, GAME);
  // Renamed, so that it has an origin.
  const there = await elsewhere(folder.bytesOf(FILE));
  const other = await owned(there, options);
  const proven = await provePack(there, FILE, 'renamed');
  await other.import({ game: 'renamed', bytes: proven.bytes, token: 'once' });
  other.close();
  await packed(there, 'renamed', AGAIN);
  return there.bytesOf(AGAIN);
}

async function elsewhere(pack: Uint8Array): Promise<MemoryFolder> {
  const folder = new MemoryFolder([
    [`${DIRECTORY}/orrery.json`, CONFIG],
    [FILE, Buffer.from(pack)],
  ]);
  const owner = await owned(folder);
  owner.commit(batchOf([{ game: 'own', firstSeq: 0, lastSeq: 4 }]));
  owner.close();
  return folder;
}

const fingerprint = (folder: MemoryFolder): string =>
  JSON.stringify([...folder.files].map(([path, bytes]) => [path, bytes.toString('base64')]));

async function attempt(pack: Uint8Array): Promise<'refused' | 'taken'> {
  const folder = (await elsewhere(pack)).copy();
  const before = fingerprint(folder);
  let proven: Awaited<ReturnType<typeof provePack>>;
  try {
    proven = await provePack(folder, FILE);
  } catch (error) {
    expect(error).toBeInstanceOf(OrreryError);
    const { code, what, context } = error as OrreryError;
    expect(['PACK_DAMAGED', 'FORMAT_TOO_NEW'], `${code}: ${what}`).toContain(code);
    expect(context.file).toBe(FILE);
    expect(what.length).toBeGreaterThan(10);
    expect(fingerprint(folder)).toBe(before);
    return 'refused';
  }
  const { id } = proven;
  let owner = await owned(folder, { commandIndex: true });
  try {
    await owner.import({ game: id, bytes: proven.bytes, token: 'once' });
  } catch (error) {
    // Another game has the id.
    expect(error).toMatchObject({ code: 'GAME_EXISTS' });
    owner.abandon();
    return 'refused';
  }
  for (const when of ['at once', 'opened again', 'closed and opened']) {
    await questions(owner, id);
    while (owner.checkpoint() === undefined);
    if (when === 'at once') owner.abandon();
    else owner.close();
    await readers(folder, id);
    owner = await owned(folder, { commandIndex: true });
  }
  owner.close();
  await packed(folder, id, AGAIN);
  await provePack(folder, AGAIN);
  return 'taken';
}

/** Everything that an orrery asks an owner about a game; then the game plays on. */
async function questions(owner: Owner, id: string): Promise<void> {
  const row = owner.list().find((each) => each.id === id);
  expect(row).toBeDefined();
  const stored = owner.load(id);
  const state = await assemble(stored?.pieces ?? [], stored?.tables ?? []);
  expect(state.tableNames).toEqual(row?.tables);
  const steps = pages(owner, id, false);
  expect(pages(owner, id, true).reverse()).toEqual(steps);
  const moments = [row?.firstSeq as number, ...steps.map(({ lastSeq }) => lastSeq)];
  for (const seq of moments) {
    const at = owner.stateAt(id, { seq }, false);
    await assemble(at?.pieces ?? [], at?.tables ?? []);
    for (const moment of [{ tick: at?.tick as number }, { time: at?.time as number }]) {
      try {
        owner.stateAt(id, moment, false);
      } catch (error) {
        expect(error).toMatchObject({ code: 'MOMENT_NOT_KEPT' });
      }
    }
  }
  owner.snapshots(id);
  await owner.answer({ kind: 'quarantine', game: id });
  const { seq, tick } = row as { seq: number; tick: number };
  const next = { game: id, seq: seq + 1, tick: tick + 1, time: 1_800_000_000_000, command: 'on', patches: [] };
  commitLines(owner, id, [encodeRecord(next)], seq + 1);
  expect(owner.load(id)?.seq).toBe(seq + 1);
}

function pages(owner: Owner, id: string, backwards: boolean) {
  const steps = [];
  for (let range: object | undefined = { backwards }; range; ) {
    const page = owner.past(id, range, 7);
    steps.push(...(page?.steps ?? []));
    range = page?.next === undefined ? undefined : backwards ? { backwards, toSeq: page.next } : { fromSeq: page.next };
  }
  return steps;
}

/** Everything that reads a directory beside its owner. */
async function readers(folder: MemoryFolder, id: string): Promise<void> {
  const reader = await ShardReader.open(folder, SHARD, 0);
  const stored = reader.past(id);
  if (!stored || !reader.contents) throw new Error('the game is not there');
  expect(proveGame(reader.contents, stored.row).fault).toBeUndefined();
  const past = new DirectoryPast(stored, () => undefined);
  const { firstSeq, seq } = past.row;
  await diffOf(past, { seq: firstSeq }, { seq });
  for await (const entry of blameOf(past, '/count')) expect(entry.tick).toBeGreaterThanOrEqual(0);
  reader.close();
}

describe.each(Object.keys(WORLDS))('[PK17] %s', (name) => {
  let whole: Buffer;

  it('[PK17] as it is it is taken', async () => {
    whole = await packOf(WORLDS[name] as (typeof WORLDS)[string]);
    expect(await attempt(whole)).toBe('taken');
  });

  it('[PK17] with one thing changed it is refused, or every question is answered', { timeout: 600_000 }, async () => {
    const counts = { refused: 0, taken: 0 };
    const seeds = ONLY === undefined ? Array.from({ length: MUTATIONS }, (_, index) => index + 1) : [Number(ONLY)];
    for (const seed of seeds) {
      const { bytes, told } = await mutate(whole, dice(seed));
      try {
        counts[await attempt(bytes)] += 1;
      } catch (error) {
        throw new Error(`PACK_SEED=${seed}: ${told}`, { cause: error });
      }
    }
    console.log(`[PK17] ${name}: ${counts.refused} refused, ${counts.taken} taken`);
    expect(counts.refused + counts.taken).toBe(seeds.length);
  });
});
