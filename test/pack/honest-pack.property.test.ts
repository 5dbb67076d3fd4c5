// Games of every kind that Orrery writes, kept and thinned out by rules that change: each is packed, taken elsewhere under another
// id, packed there and taken again, and nothing of it is refused or lost.

import { expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import type { JsonObject } from '#core/patch/patch.ts';
import { assemble } from '#storage/assemble.ts';
import { provePack } from '#storage/sqlite/pack/unpacking.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import { type Dice, dice } from '../programs/script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { type AnyPast, anyPast } from './any-past.ts';
import { CONFIG, DIRECTORY, owned, packed } from './packed.ts';

/** More with PACK_PASTS=2000; one again with PACK_SEED. */
const PASTS = Number(process.env['PACK_PASTS'] ?? 12);
const ONLY = process.env['PACK_SEED'];

const POLICIES: readonly Persistence[] = [
  {},
  { snapshotEvery: { records: 5 } },
  { snapshotEvery: { ms: 20 }, keepSnapshots: 2 },
  { strategy: 'snapshot', snapshotEvery: { records: 7 }, keepSnapshots: 3 },
  { strategy: 'events' },
  { keepRecords: 20 },
  { tiers: [{ every: 'tick', forMs: 'ever' }] },
  {
    tiers: [
      { every: 'step', forMs: 30 },
      { every: 'tick', forMs: 60 },
      { every: { ms: 10 }, forMs: 'ever' },
    ],
  },
  {
    tiers: [
      { every: 'step', forMs: 20 },
      { every: { ms: 40 }, forMs: 200 },
    ],
    snapshotEvery: { records: 11 },
  },
];
const SQL = { fleet: { from: 'ships', columns: { text: 'TEXT' as const, list: 'JSON' as const } } };

/** How a program of the moment has the type: the next one may have it otherwise. */
function someOptions(roll: Dice): Partial<OwnerOptions> {
  return {
    granularities: new Map([['type', (['commands', 'ticks', 'batches'] as const)[roll(3)] as 'ticks']]),
    retentions: new Map([['type', checkPersistence('type', POLICIES[roll(POLICIES.length)])]]),
    commandIndex: roll(2) === 0,
    projections: new Map(roll(3) === 0 ? [['type', SQL]] : []) as never,
  };
}

/** From here on nothing more of the past goes. */
const KEEPING: Partial<OwnerOptions> = {
  granularities: new Map([['type', 'commands']]),
  retentions: new Map([['type', checkPersistence('type', {})]]),
};

const empty = (): MemoryFolder => new MemoryFolder([[`${DIRECTORY}/orrery.json`, CONFIG]]);

function commitTexts(owner: Owner, game: string, some: AnyPast['lines']): void {
  const span = { game, firstSeq: some[0]?.firstSeq as number, lastSeq: some.at(-1)?.lastSeq as number };
  const payload = new Uint8Array(new TextEncoder().encode(some.map(({ text }) => `${text}\n`).join('')));
  owner.commit({ payload, count: some.length, spans: [span] });
}

/** Beside a game that cannot be read. */
async function played(roll: Dice): Promise<{ readonly folder: MemoryFolder; readonly state: JsonObject }> {
  const folder = empty();
  const { lines, state } = anyPast('game', 'type', 20 + roll(100), roll);
  let owner = await owned(folder, someOptions(roll));
  commitTexts(owner, 'held', [{ text: '{"g":"held","s":0,"t":"never"}', firstSeq: 0, lastSeq: 0 }]);
  for (let from = 0; from < lines.length; ) {
    const some = lines.slice(from, from + 1 + roll(15));
    from += some.length;
    commitTexts(owner, 'game', some);
    if (roll(4) === 0) while (owner.checkpoint() === undefined);
    if (roll(8) !== 0) continue;
    owner[roll(2) === 0 ? 'close' : 'abandon']();
    owner = await owned(folder, someOptions(roll));
  }
  owner.close();
  return { folder, state };
}

async function stateOf(owner: Owner, game: string): Promise<unknown> {
  const stored = owner.load(game);
  return (await assemble(stored?.pieces ?? [], stored?.tables ?? [])).toJSON();
}

function historyOf(owner: Owner, game: string): unknown {
  const page = owner.past(game, { backwards: false }, 1000);
  return { steps: page?.steps, seed: page?.seed };
}

/** Through packs, from one directory to the next, each time under another id. */
async function wander(roll: Dice): Promise<number> {
  const { folder, state } = await played(roll);
  let [here, game] = [folder, 'game'];
  const first = await owned(here, KEEPING);
  const [steps, snapshots] = [historyOf(first, game), first.snapshots(game)];
  first.close();
  await expect(packed(here, 'held', '/home/held.orrery')).rejects.toMatchObject({ code: 'GAME_UNREADABLE' });
  for (let round = 0; round < 3; round += 1) {
    const file = `/home/${round}.orrery`;
    await packed(here, game, file);
    const there = empty();
    const as = `${game}${round}`;
    const proven = await provePack(here, file, as);
    const owner = await owned(there, KEEPING);
    await owner.import({ game: as, bytes: proven.bytes, token: 'once' });
    expect(await stateOf(owner, as)).toEqual(state);
    expect(historyOf(owner, as)).toEqual(steps);
    expect(owner.snapshots(as)).toEqual(snapshots);
    owner.close();
    [here, game] = [there, as];
  }
  return snapshots?.length ?? 0;
}

it('[PK18] a pack of any game that Orrery has written is taken, as often as it is handed on', {
  timeout: 600_000,
}, async () => {
  const seeds = ONLY === undefined ? Array.from({ length: PASTS }, (_, index) => index + 1) : [Number(ONLY)];
  for (const seed of seeds) {
    try {
      expect(await wander(dice(seed))).toBeGreaterThan(0);
    } catch (error) {
      throw new Error(`PACK_SEED=${seed}`, { cause: error });
    }
  }
});
