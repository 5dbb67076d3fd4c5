import { MemoryStore } from '../../src/index.ts';
import { storeContract } from './store.contract.ts';

storeContract('MemoryStore', async () => {
  const store = new MemoryStore();
  return {
    store,
    reopen: () => Promise.reject(new Error('a store in memory is gone when it is closed')),
    cleanup: async () => undefined,
  };
});
