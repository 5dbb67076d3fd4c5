// Whether there is memory for what a frame holds. A thread whose memory runs out little by little ends by itself; when one large
// piece finds no place, Node ends the whole process. So that is looked at before. Before it: whoever takes a frame in.

import { getHeapStatistics } from 'node:v8';
import { OrreryError } from '../errors.ts';

/** Smaller frames find their place, or the thread ends by itself. */
const LARGE_BYTES = 1024 * 1024;

/** What a large record takes at the least, for a byte of it: its text, and what is parsed from it. */
const HEAP_PER_BYTE = 4;

const LINE_FEED = 0x0a;

/** Throws OUT_OF_MEMORY with the game whose record is the longest. */
export function assertRoom(payload: Uint8Array, room = roomLeft): void {
  if (payload.length < LARGE_BYTES) return;
  const line = longestLine(payload);
  const needed = line.length * HEAP_PER_BYTE;
  const left = room();
  if (needed <= left) return;
  // The id stands first: docs/FORMAT.md.
  const head = Buffer.from(line.subarray(0, 1024)).toString('utf8');
  const id = /^\{"g":("(?:[^"\\]|\\.)*")/.exec(head)?.[1];
  throw new OrreryError({
    code: 'OUT_OF_MEMORY',
    what: `a record of ${line.length} bytes needs at least ${needed} bytes of memory, and ${left} are left`,
    hint: 'Raise `ownerMemoryMb`, or start Node with a larger --max-old-space-size. Nothing is lost.',
    context: id === undefined ? {} : { game: JSON.parse(id) as string },
  });
}

function roomLeft(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return limit - used;
}

function longestLine(payload: Uint8Array): Uint8Array {
  let longest = payload.subarray(0, 0);
  for (let start = 0; start < payload.length; ) {
    const found = payload.indexOf(LINE_FEED, start);
    const end = found < 0 ? payload.length : found;
    if (end - start > longest.length) longest = payload.subarray(start, end);
    start = end + 1;
  }
  return longest;
}
