// Whether JSON from a pack can be parsed in the memory that is left. V8 does not stop a JSON.parse that runs out of
// memory, it ends the process; and a few kilobytes of a pack inflate to millions of empty lists. Asked by row-proof.ts
// before anything is parsed.

import { getHeapStatistics } from 'node:v8';
import { OrreryError } from '../../../core/errors.ts';

/** Less cannot fill any heap that Node starts with. */
const SMALL_BYTES = 2 ** 20;
/** The least that V8 needs for an empty list or object, and for the place of a value in one. */
const CONTAINER_BYTES = 40;
const PLACE_BYTES = 8;

/**
 * `json` in UTF-8. Throws OUT_OF_MEMORY when the least that its values take is more than half of what is left: they are
 * used as well.
 */
export function assertRoomFor(json: Uint8Array): void {
  if (json.length < SMALL_BYTES) return;
  const { heap_size_limit: most, used_heap_size: used } = getHeapStatistics();
  if (leastBytesOf(json) * 2 > most - used) throw tooLarge();
}

/** Signs inside texts count as well: a text takes as much as its signs. */
function leastBytesOf(json: Uint8Array): number {
  let bytes = json.length;
  for (const sign of json) {
    if (sign === 0x5b || sign === 0x7b) bytes += CONTAINER_BYTES;
    else if (sign === 0x2c || sign === 0x3a) bytes += PLACE_BYTES;
  }
  return bytes;
}

/** `cause` is what ended the thread, if anything did. */
export function tooLarge(cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'OUT_OF_MEMORY',
    what: 'the game of the pack takes more memory than Node may have',
    hint: 'Start Node with a larger --max-old-space-size, or keep less of the past (`persistence` of the game type) before packing. Nothing was changed.',
    ...(cause === undefined ? {} : { cause }),
  });
}
