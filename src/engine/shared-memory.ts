// Where the records of a batch are written: memory that both threads see, so that a batch goes to the owner without
// being copied on the game loop. Node's own encoder writes there; that of the Web may not. Before it:
// core/patch/record-writer.ts, which asks here.

import type { RecordMemory } from '../core/patch/record-writer.ts';

export const SHARED_MEMORY: RecordMemory = {
  allocate: (bytes) => Buffer.from(new SharedArrayBuffer(bytes)),
  again: (buffer) => Buffer.from(buffer),
  encode: (text, bytes, at) => (bytes as Buffer).write(text, at, 'utf8'),
};
