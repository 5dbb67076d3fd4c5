// A list of 10,000 items that is pushed, shifted and spliced for hundreds of ticks: what is written, to the journal and to the
// rows, goes by what was changed and not by how long the list is.

import { expect, it } from 'vitest';
import { capture } from '#core/patch/capture.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { openOwner } from '../fault/shard-script.ts';
import { VolatileDisk } from '../fault/volatile-disk.ts';
import { share } from '../sampling.ts';

const ITEMS = 10_000;
/** Figures are means of a tick: fewer ticks say the same, less often. */
const TICKS = share(1_000, 4);

interface Item {
  readonly id: number;
  readonly name: string;
}

function item(id: number): Item {
  return { id, name: `item ${id}` };
}

/** The four commands of a tick, each from one list to the next. */
const COMMANDS: readonly ((list: Item[], tick: number) => void)[] = [
  (list, tick) => list.push(item(ITEMS + tick * 3)),
  (list) => list.shift(),
  (list, tick) => list.splice((tick * 7919) % (ITEMS - 10), 1, item(ITEMS + tick * 3 + 1), item(ITEMS + tick * 3 + 2)),
  (list, tick) => list.splice((tick * 104_729) % (ITEMS - 10), 1),
];

for (const history of ['commands', 'ticks', 'batches'] as const) {
  it(`[I7] history ${history}: patches and bytes go by the change, not by the list`, async () => {
    const owner: Owner = await openOwner(new VolatileDisk(), { granularities: new Map([['queue', history]]) });
    let lines: string[] = [];
    let seq = 0;
    const record = (tick: number, patches: Patch[], create = {}): void => {
      lines.push(
        encodeRecord({ game: 'q', seq, tick, time: 1_700_000_000_000 + tick, command: 'c', patches, ...create }),
      );
    };
    const send = (firstSeq: number): void => {
      const payload = new Uint8Array(Buffer.from(`${lines.join('\n')}\n`, 'utf8'));
      owner.commit({ payload, count: lines.length, spans: [{ game: 'q', firstSeq, lastSeq: seq }] });
      lines = [];
    };

    let list = Array.from({ length: ITEMS }, (_, id) => item(id));
    let base: Json = capture(null, { list }, [], []);
    record(0, [{ op: 'replace', path: [], value: base }], {
      command: '@create',
      type: 'queue',
      version: 1,
      tables: [],
    });
    send(0);
    const before = owner.stats().journalBytesWritten;
    for (let tick = 1; tick <= TICKS; tick += 1) {
      const first = seq + 1;
      for (const command of COMMANDS) {
        list = [...list];
        command(list, tick);
        const patches: Patch[] = [];
        base = capture(base, { list }, [], patches);
        // What did not change keeps its identity, as it does in a draft.
        list = [...(base as unknown as { list: Item[] }).list];
        seq += 1;
        record(tick, patches);
      }
      send(first);
    }
    while (owner.checkpoint() === undefined);

    const journal = (owner.stats().journalBytesWritten - before) / TICKS;
    const [row] = owner.list();
    const patchesIn = (row?.patchesIn ?? 0) / TICKS;
    const patchesOut = (row?.patchesOut ?? 0) / TICKS;
    const rows = (row?.patchBytes ?? 0) / TICKS;
    console.log(
      `list of ${ITEMS}, history ${history}, a tick: ${patchesIn} patches captured, ${patchesOut} in rows, ` +
        `${journal.toFixed(0)} bytes of journal, ${rows.toFixed(0)} of JSON in rows`,
    );
    // One each for push, shift and removal; a splice that replaces changes an item key by key and adds another.
    expect(patchesIn).toBeLessThan(8);
    expect(patchesOut).toBeLessThanOrEqual(patchesIn);
    expect(journal).toBeLessThan(800);
    // With every command a step of its own, each tick has four times its seqs, tick and time.
    expect(rows).toBeLessThan(history === 'commands' ? 400 : 300);
    const text = owner
      .load('q')
      ?.pieces.map((piece) => Buffer.from(piece).toString('utf8'))
      .join('');
    expect(text).toBe(JSON.stringify([null, { list }]));
    owner.close();
  });
}
