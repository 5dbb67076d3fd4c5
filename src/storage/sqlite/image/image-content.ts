// What an image is made of: all bytes of a database as they were at one moment, given out a part at a time while the
// database goes on. Before it: image.ts, which writes them; after it: the pages of the database, or an array.

import { MessageChannel } from 'node:worker_threads';
import type { FilePages } from '../pages/file-pages.ts';
import { PAGE_BYTES } from '../pages/page-size.ts';
import type { Frozen, PageStore } from '../pages/page-store.ts';

/** Written a part at a time, so that a large image does not hold up commits until it is on disk. */
const PART_BYTES = 4 * 1024 * 1024;

export interface ImageContent {
  readonly bytes: number;
  /** In order. Throws what reading pages throws. */
  parts(): Iterable<Uint8Array>;
  /** The image is on disk: from now on the database may read from it what has not changed since. Takes it over. */
  published(image: FilePages): void;
  /** There is no such image. */
  dropped(): void;
}

export function frozenPages(store: PageStore): ImageContent {
  const frozen = store.freeze();
  return {
    bytes: frozen.count * PAGE_BYTES,
    parts: () => partsOf(frozen),
    published: (image) => store.rebase(image),
    dropped: () => store.thaw(),
  };
}

function* partsOf(frozen: Frozen): Generator<Uint8Array, void> {
  const most = PART_BYTES / PAGE_BYTES;
  for (let first = 0; first < frozen.count; first += most) {
    const count = Math.min(most, frozen.count - first);
    const part = new Uint8Array(count * PAGE_BYTES);
    for (let at = 0; at < count; at += 1) part.set(frozen.read(first + at), at * PAGE_BYTES);
    yield part;
  }
}

export function wholeContent(bytes: Uint8Array): ImageContent {
  return {
    bytes: bytes.length,
    *parts() {
      for (let at = 0; at < bytes.length; at += PART_BYTES) yield bytes.subarray(at, at + PART_BYTES);
    },
    published(image) {
      image.close();
      giveBack(bytes);
    },
    dropped: () => giveBack(bytes),
  };
}

/** What is smaller may stay until it is collected. */
const WORTH_GIVING_BACK = 1024 * 1024;

/**
 * Memory of the size of the image goes back to the system now: an owner that has nothing to do collects no garbage.
 * What was sent to a port that nobody has is gone with the port.
 */
function giveBack({ buffer, length }: Uint8Array): void {
  if (length < WORTH_GIVING_BACK || length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(undefined, [buffer]);
  port1.close();
  port2.close();
}
