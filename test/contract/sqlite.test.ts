import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { expect, it, onTestFinished } from 'vitest';
import { SqliteStore } from '#storage/sqlite/sqlite-store.ts';
import type { StoredGame } from '#storage/store.ts';
import { workerFile } from '#storage/worker-file.ts';
import { batchesContract } from './batches.contract.ts';
import { assembled, batchOf, create } from './handmade.ts';
import { pastContract } from './past.contract.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

async function make(): Promise<StoreUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-store-'));
  const made = (): SqliteStore =>
    new SqliteStore(join(directory, 'shard-00'), 0, {
      workerUrl: workerFile('shard-owner'),
      pool: Piscina,
      granularities: new Map([['kind', 'commands']]),
      sliceMs: 10,
      checkpointBytes: 1 << 20,
      maxImageBytes: 1 << 26,
      commandIndex: false,
    });
  const stores = [made()];
  return {
    store: stores[0] as SqliteStore,
    reopen: async () => {
      await stores.at(-1)?.close();
      const next = made();
      stores.push(next);
      return next;
    },
    cleanup: async () => {
      for (const store of stores) await store.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

it('[S11] [DT6] the pieces of a wide game go ahead from the thread, each as it will be needed, and the answer has none', async () => {
  const { store, cleanup } = await make();
  onTestFinished(cleanup);
  await store.open();
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`id-${at}`, { at, text: 'x'.repeat(40) }]));
  await store.commit(batchOf([create('g', { wide }, ['wide'])]));
  const ahead: Uint8Array[] = [];
  const stored = await store.load('g', { take: (piece) => ahead.push(piece), discard: () => ahead.splice(0) });
  expect(stored?.pieces).toEqual([]);
  expect(ahead.length).toBeGreaterThan(3);
  expect(stored?.stateBytes).toBe(ahead.reduce((sum, { length }) => sum + length, 0));
  expect(JSON.parse(assembled({ ...(stored as StoredGame), pieces: ahead }) as string)).toEqual({ wide });
});

storeContract('SqliteStore', make);
batchesContract('SqliteStore', make);
pastContract('SqliteStore', make);
