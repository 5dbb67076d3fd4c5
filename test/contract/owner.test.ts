// The owner without its thread, over a folder in memory: what tests of renewal play on must be a store like the others.

import { OwnerStore } from '../recover/owner-store.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { batchesContract } from './batches.contract.ts';
import { type StoreUnderTest, storeContract } from './store.contract.ts';

/** `end` is what becomes of an owner before the next one opens. */
function making(end: 'close' | 'destroy'): () => Promise<StoreUnderTest> {
  return async () => {
    const folder = new MemoryFolder();
    const stores = [new OwnerStore(folder)];
    return {
      store: stores[0] as OwnerStore,
      reopen: async () => {
        await stores.at(-1)?.[end]();
        const next = new OwnerStore(folder);
        stores.push(next);
        return next;
      },
      cleanup: async () => undefined,
    };
  };
}

storeContract('An owner that closes', making('close'));
batchesContract('An owner that closes', making('close'));
storeContract('An owner that is gone', making('destroy'));
batchesContract('An owner that is gone', making('destroy'));
