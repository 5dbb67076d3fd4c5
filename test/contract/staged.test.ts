// What tests of the commit queue play on must be a store like the others.

import { StagedStore } from '../engine/staged-store.ts';
import { batchesContract } from './batches.contract.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

class StagedInMemory extends StagedStore {
  override readonly capabilities = { durable: false, images: true };
}

const make = async (): Promise<StoreUnderTest> => ({
  store: new StagedInMemory(),
  reopen: () => Promise.reject(new Error('a store in memory is gone when it is closed')),
  cleanup: async () => undefined,
});

storeContract('StagedStore', make);
batchesContract('StagedStore', make);
