// Commits and their compaction go on while a checkpoint thins the past in slices. Whatever slice the image is exported in, it holds
// whole frames: half of one would be taken in a second time by the next opening.

import { expect, it } from 'vitest';
import { checkPersistence } from '#core/game/persistence.ts';
import { openOwner } from '../fault/shard-script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';

const START = 1_700_000_000_000;
const MINUTE = 60_000;
/** More than a slice takes in. */
const FRAME = 200;

function frameOf(firstSeq: number, lastSeq: number): Parameters<Awaited<ReturnType<typeof openOwner>>['commit']>[0] {
  let text = '';
  for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
    const head = `{"g":"g","s":${seq},"k":${seq},"t":${START + seq * MINUTE}`;
    text +=
      seq === 0
        ? `${head},"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],{"n":0}]]}\n`
        : `${head},"c":"count","d":[["=",["n"],${seq}]]}\n`;
  }
  const payload = new Uint8Array(new TextEncoder().encode(text));
  return { payload, count: lastSeq - firstSeq + 1, spans: [{ game: 'g', firstSeq, lastSeq }] };
}

it('[RT14] an image holds whole frames, in whatever slice of thinning others were compacted in part', async () => {
  const kept = checkPersistence('counter', { tiers: [{ every: { ms: 10 * MINUTE }, forMs: 'ever' }] });
  const retentions = new Map([['counter', kept]]);
  let partly = 0;
  for (let slices = 0; slices < 12; slices += 1) {
    const folder = new MemoryFolder();
    let frames = 3;
    const owner = await openOwner(folder, {
      retentions,
      granularities: new Map([['counter', 'commands']]),
      sliceMs: 0,
    });
    owner.commit(frameOf(0, 0));
    owner.commit(frameOf(1, frames * FRAME));
    while (owner.compact().compactionLagBytes > 0);
    let report = owner.checkpoint();
    for (let slice = 0; slice < slices && !report; slice += 1) report = owner.checkpoint();
    if (!report) {
      partly += 1;
      frames += 1;
      owner.commit(frameOf((frames - 1) * FRAME + 1, frames * FRAME));
      expect(owner.compact().compactionLagBytes).toBeGreaterThan(0);
      while (!report) report = owner.checkpoint();
    }
    owner.abandon();
    const again = await openOwner(folder, { sliceMs: 50 });
    expect(again.recovery.usedPreviousImage, `after ${slices} slices`).toBe(false);
    const [row] = again.list();
    expect(row?.seq, `after ${slices} slices`).toBe(frames * FRAME);
    again.abandon();
  }
  expect(partly).toBeGreaterThan(5);
});
