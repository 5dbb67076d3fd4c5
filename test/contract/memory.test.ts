import { MemoryStore } from '#index.ts';
import { batchesContract } from './batches.contract.ts';
import { pastContract } from './past.contract.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

async function make(): Promise<StoreUnderTest> {
  return {
    store: new MemoryStore(),
    reopen: () => Promise.reject(new Error('a store in memory is gone when it is closed')),
    cleanup: async () => undefined,
  };
}

storeContract('MemoryStore', make);
batchesContract('MemoryStore', make);
pastContract('MemoryStore', make);
