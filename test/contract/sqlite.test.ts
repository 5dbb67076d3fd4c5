import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../src/store/sqlite.ts';
import { pastContract } from './past.contract.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

async function make(): Promise<StoreUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-store-'));
  const made = (): SqliteStore =>
    new SqliteStore(join(directory, 'shard-00'), 0, {
      workerUrl: undefined,
      grains: { kind: 'commands' },
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

storeContract('SqliteStore', make);
pastContract('SqliteStore', make);
