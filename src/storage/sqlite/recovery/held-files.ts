// Files of a shard that were read into memory before anything was made of them. While somebody reads, the owner of the
// shard may publish an image and remove what is older: what is held stays. For shard-reader.ts and whoever else only
// looks.

import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { type Listing, listShard } from './read-shard.ts';

/**
 * Reads the named files at once. The result gives them as they were, passes every other reading on, and writes nothing.
 * A file that cannot be read now is left for later: whoever needs it meets the error then.
 */
export function holdFiles(files: Files, directory: string, names: readonly string[]): Files {
  const held = new Map<string, Uint8Array>();
  for (const name of names) {
    try {
      held.set(name, files.read(`${directory}/${name}`));
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error;
    }
  }
  const lookUp = (path: string): Uint8Array | undefined => {
    const slash = path.lastIndexOf('/');
    return held.get(path.slice(slash + 1));
  };
  return {
    list: (path) => files.list(path),
    exists: (path) => lookUp(path) !== undefined || files.exists(path),
    size: (path) => lookUp(path)?.length ?? files.size(path),
    read: (path, limit) => lookUp(path)?.subarray(0, limit) ?? files.read(path, limit),
    openRead: refuse,
    readAt: refuse,
    identity: refuse,
    follow: refuse,
    openFolder: refuse,
    makeDirectory: refuse,
    createNew: refuse,
    openWrite: refuse,
    write: refuse,
    dataSync: refuse,
    sync: refuse,
    truncate: refuse,
    close: refuse,
    rename: refuse,
    publishNew: refuse,
    link: refuse,
    remove: refuse,
    syncDirectory: refuse,
  };
}

/**
 * Whether manifests, images or segments have come or gone. What looked like damage may then have been the gap between
 * two looks, and is worth another.
 */
export function hasChanged(files: Files, directory: string, before: Listing): boolean {
  const now = listShard(files, directory);
  return (['manifests', 'images', 'segments'] as const).some((kind) => now[kind].join() !== before[kind].join());
}

function refuse(): never {
  throw new OrreryError({
    code: 'INTERNAL',
    what: 'a reader was about to change a shard',
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}
