// A thread says of an image what is said on the spot, and when there is no thread it is said on the spot.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, openOrrery } from '#index.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { CHECKER_IN_PLACE, type ImageCheck, type ImageChecker, WAITING } from '#storage/sqlite/image/image-check.ts';
import { CheckerThread } from '#storage/sqlite/worker/checker-thread.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';

const PROVER = new URL('../../dist/workers/image-checker.js', import.meta.url);
const NOWHERE = new URL('../../dist/workers/there-is-no-such-worker.js', import.meta.url);

let database: Database;
let folder: string;
beforeEach(async () => {
  database = await Database.open();
  folder = mkdtempSync(join(tmpdir(), 'orrery-proof-'));
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** As the owner does it: a slice, then whatever else has come. */
async function check(checker: ImageChecker, path: string): Promise<{ proof: ImageCheck; waits: number }> {
  const proving = checker.check(nodeFiles, path, database);
  for (let waits = 0; ; waits += 1) {
    const step = proving.next();
    if (step.done) return { proof: { ...step.value, sha256: new Uint8Array(step.value.sha256) }, waits };
    await turn();
  }
}

async function onTheSpot(path: string): Promise<ImageCheck> {
  return (await check(CHECKER_IN_PLACE, path)).proof;
}

it('[PT1] a thread says what is said on the spot: of an image, of one that is damaged, of no image, of nothing', async () => {
  const image = database.export();
  const torn = image.slice();
  torn.fill(0xff, 4096, 4200);
  const files = { image, torn, noise: Buffer.alloc(9000, 7), nothing: new Uint8Array(0) };
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const { proof, waits } = await check(new CheckerThread(PROVER, 0), path);
    expect(proof, name).toEqual(await onTheSpot(path));
    expect(proof.verdict === 'ok', name).toBe(name === 'image');
    expect(waits, name).toBeGreaterThan(0);
  }
});

it('[PT2] a small image, and one that no thread can prove, is proved on the spot', async () => {
  const path = join(folder, 'image');
  writeFileSync(path, database.export());
  const expected = await onTheSpot(path);
  expect(await check(new CheckerThread(PROVER), path)).toEqual({ proof: expected, waits: 0 });
  expect((await check(new CheckerThread(NOWHERE, 0), path)).proof).toEqual(expected);
});

it('[PT3] a file that cannot be read fails as it does on the spot', async () => {
  const checker = new CheckerThread(PROVER, 0);
  await expect(check(checker, join(folder, 'missing'))).rejects.toMatchObject({ name: 'OrreryError' });
});

it('[PT5] an owner that only waits for the thread ends its slice, however long it may last', async () => {
  const slow: ImageChecker = {
    *check(...given) {
      for (let wait = 0; wait < 5; wait += 1) yield WAITING;
      return yield* CHECKER_IN_PLACE.check(...given);
    },
  };
  const owner = await Owner.open(
    nodeFiles,
    {
      directory: join(folder, 'shard'),
      shard: 0,
      granularities: new Map(),
      sliceMs: 60_000,
      checkpointBytes: 1e9,
      maxImageBytes: 1e9,
      commandIndex: false,
    },
    slow,
  );
  let slices = 1;
  while (!owner.checkpoint()) slices += 1;
  expect(slices).toBe(6);
  owner.abandon();
});

it('[PT4] an image large enough for a thread is published while commands go on, and holds what it should', async () => {
  const archive = defineGame('archive', {
    version: 1,
    initial: () => ({ entries: 0, note: randomBytes(4_500_000).toString('base64') }),
    commands: {
      enter(draft) {
        draft.entries += 1;
      },
    },
  });
  const options = { directory: join(folder, 'archive'), games: [archive] };
  const orrery = await openOrrery(options);
  const game = await orrery.open(archive, 'a');
  let published = false;
  const publishing = orrery.checkpoint().finally(() => {
    published = true;
  });
  while (!published) await game.dispatch('enter').durable;
  const [report] = await publishing;
  expect(report?.imageBytes).toBeGreaterThan(4 * 1024 * 1024);
  const { seq, state } = game;
  await orrery.close();
  const reopened = await openOrrery(options);
  expect((await reopened.load(archive, 'a')).state).toEqual(state);
  expect(state.entries).toBe(seq);
  await reopened.close();
});
