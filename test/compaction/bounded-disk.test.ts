// A long run under a clock of its own, through a whole owner: what retention lets go really leaves the disk, and the journal
// with it. The states are worked out here, from the seq alone.

import { expect, it } from 'vitest';
import { checkPersistence, type Persistence } from '#core/game/persistence.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { openOwner } from '../fault/shard-script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { isFull } from '../sampling.ts';

const START = 1_700_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const BATCH = 1_000;
/** Three commands a tick, a tick every two seconds. */
const TICK_MS = 2 * SECOND;
const CELLS = 300;

const tickOf = (seq: number): number => Math.floor(seq / 3);
const timeOf = (seq: number): number => START + tickOf(seq) * TICK_MS;

/** Of each cell, the last seq that wrote it: seq s writes cell s modulo their number. */
function stateAt(seq: number): string {
  const cells = Array.from({ length: CELLS }, (_, cell) => (seq < cell ? 0 : seq - ((seq - cell) % CELLS)));
  return JSON.stringify({ n: seq, cells });
}

function linesOf(firstSeq: number, lastSeq: number): string {
  let text = '';
  for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
    const head = `{"g":"g","s":${seq},"k":${tickOf(seq)},"t":${timeOf(seq)}`;
    text +=
      seq === 0
        ? `${head},"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],${stateAt(0)}]]}\n`
        : `${head},"c":"count","a":{"to":${seq}},"d":[["=",["n"],${seq}],["=",["cells",${seq % CELLS}],${seq}]]}\n`;
  }
  return text;
}

function commit(owner: Owner, firstSeq: number, lastSeq: number): void {
  const payload = new Uint8Array(new TextEncoder().encode(linesOf(firstSeq, lastSeq)));
  owner.commit({ payload, count: lastSeq - firstSeq + 1, spans: [{ game: 'g', firstSeq, lastSeq }] });
}

interface Sample {
  readonly image: number;
  readonly journal: number;
}

function sizes(folder: MemoryFolder): Sample {
  const sum = (start: string): number => folder.paths(start).reduce((bytes, path) => bytes + folder.size(path), 0);
  return { image: Math.max(...folder.paths('image-').map((path) => folder.size(path))), journal: sum('segment-') };
}

/** A checkpoint every five batches; the sizes after each. */
async function run(persistence: Persistence, records: number): Promise<{ folder: MemoryFolder; samples: Sample[] }> {
  const folder = new MemoryFolder();
  const retentions = new Map([['counter', checkPersistence('counter', persistence)]]);
  const owner = await openOwner(folder, { retentions, granularities: new Map([['counter', 'commands']]), sliceMs: 50 });
  commit(owner, 0, 0);
  const samples: Sample[] = [];
  for (let batch = 0; batch * BATCH < records; batch += 1) {
    commit(owner, batch * BATCH + 1, (batch + 1) * BATCH);
    while (owner.compact().compactionLagBytes > 0);
    if (batch % 5 < 4) continue;
    while (owner.checkpoint() === undefined);
    samples.push(sizes(folder));
  }
  owner.close();
  return { folder, samples };
}

const policies: { readonly [name: string]: Persistence } = {
  tiers: {
    tiers: [
      { every: 'step', forMs: HOUR },
      { every: 'tick', forMs: 6 * HOUR },
      { every: { ms: MINUTE }, forMs: 12 * HOUR },
    ],
  },
  'a number of records': { keepRecords: 10_000, strategy: 'events' },
  'snapshots alone': { strategy: 'snapshot', snapshotEvery: { records: 2_000 }, keepSnapshots: 20 },
};

/** The others settle sooner: these tiers after 65,000 records. With figures all of them run as long. */
const LONG = isFull || process.env['ORRERY_FIGURES'] ? 200_000 : 140_000;
const recordsOf = (name: string): number => (name === 'tiers' || process.env['ORRERY_FIGURES'] ? LONG : 60_000);

for (const [name, persistence] of Object.entries(policies)) {
  const records = recordsOf(name);
  it(`[RT3] ${records} records with ${name}: image and journal stop growing, and what is left is exact`, async () => {
    const { folder, samples } = await run(persistence, records);
    if (process.env['ORRERY_FIGURES']) console.log(name, JSON.stringify(samples.filter((_, at) => at % 4 === 3)));
    const half = samples.slice(samples.length / 2, samples.length / 2 + 3);
    for (const size of ['image', 'journal'] as const) {
      const early = half.map((sample) => sample[size]);
      const late = samples.slice(-3).map((sample) => sample[size]);
      expect(Math.max(...late), `${size}: ${early} and ${late}`).toBeLessThan(1.1 * Math.max(...early));
    }

    const owner = await openOwner(folder, { sliceMs: 50 });
    const [row] = owner.list();
    expect(row?.seq).toBe(records);
    expect(row?.firstSeq).toBeGreaterThan(0);
    const page = owner.past('g', {}, 1e9);
    const ends = page?.steps.map(({ lastSeq }) => lastSeq) ?? [];
    expect(ends.length).toBeGreaterThan(10);
    for (const seq of ends.filter((_, index) => index % Math.ceil(ends.length / 20) === 0)) {
      const pieces = owner.stateAt('g', { seq }, false)?.pieces ?? [];
      expect(new TextDecoder().decode(pieces[0])).toBe(`[null,${stateAt(seq)}]`);
    }
    owner.abandon();
  });
}

it('[RT3] with everything kept the same run grows and grows: the measure is one', async () => {
  const { samples } = await run({}, 50_000);
  expect(samples.at(-1)?.image).toBeGreaterThan(3 * (samples[1]?.image as number));
});
