// A shard counts its owners, its files and its frames up by one, and nobody comes to the end of these numbers: but
// files can say that somebody did, with every checksum right. Then no owner can go on. Before it: lease.ts and
// open-shard.ts, which have found the highest of each; after it: nothing, if one is too high.

import { OrreryError } from '../../../core/errors.ts';

/** The segment header has 32 bits for it. */
const MOST_EPOCHS = 2 ** 32 - 1;
/**
 * Names of manifests and images have ten digits. An owner that begins here can still publish a thousand million times.
 */
const MOST_GENERATIONS = 2 ** 33;
/** Half of what a number can count. */
const MOST_FRAMES = 2 ** 52;

/** Of the owner about to begin. Throws DAMAGED. */
export function assertEpoch(epoch: number, directory: string): void {
  if (epoch > MOST_EPOCHS) throw ended(directory, `it had owner ${epoch - 1}, and they count to ${MOST_EPOCHS}`);
}

/** Of the segment about to begin. Throws DAMAGED. */
export function assertNumbers(
  start: { readonly generation: number; readonly firstFrame: number },
  directory: string,
): void {
  const { generation, firstFrame } = start;
  if (generation > MOST_GENERATIONS) {
    throw ended(directory, `it had a file of generation ${generation - 1}, and they count to ${MOST_GENERATIONS}`);
  }
  if (firstFrame > MOST_FRAMES) {
    throw ended(directory, `it had frame ${firstFrame - 1}, and they count to ${MOST_FRAMES}`);
  }
}

function ended(directory: string, what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `a file of the shard says what cannot be: ${what}`,
    hint: '`orrery check --explain` lists the files. Put the one with that number back from a backup, or use `orrery salvage`.',
    context: { directory },
  });
}
