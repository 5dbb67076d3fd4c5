// Whether there is memory for a record that has to be parsed. A thread whose memory runs out little by little ends by
// itself; when one large piece finds no place, Node ends the whole process. So that is looked at before. Before it:
// whoever parses a line.

import { getHeapStatistics } from 'node:v8';
import { OrreryError } from '../../../core/errors.ts';
import { nameOfLine } from '../../line-name.ts';

/** Smaller records find their place, or the thread ends by itself. */
const LARGE_BYTES = 1024 * 1024;

/** A line below this has not taken a thread's memory. */
export const HEAVY_BYTES = 64 * 1024;

/** What a large record may take in one piece, or in several that are there together, for a byte of it. */
const HEAP_PER_BYTE = 4;

/** Of a line, within which it names its game: docs/FORMAT.md. */
const HEAD_BYTES = 4096;

/** Throws OUT_OF_MEMORY with the game whose record it is. */
export function assertRoom(line: Uint8Array, room = roomLeft): void {
  if (line.length < LARGE_BYTES) return;
  const needed = line.length * HEAP_PER_BYTE;
  const left = room();
  if (needed <= left) return;
  const game = gameOfLine(line);
  throw new OrreryError({
    code: 'OUT_OF_MEMORY',
    what: `a record of ${line.length} bytes may take ${needed} bytes of memory, and ${left} are left`,
    hint: 'Raise `ownerMemoryMb`, or start Node with a larger --max-old-space-size. Nothing is lost.',
    context: game === undefined ? {} : { game },
  });
}

/** The one that a line begins with. */
export function gameOfLine(line: Uint8Array): string | undefined {
  return nameOfLine(line.subarray(0, HEAD_BYTES))?.game;
}

function roomLeft(): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return limit - used;
}
