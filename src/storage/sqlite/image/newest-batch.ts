// Which batch a shard has taken in last, told by its bytes: the only batch that may come again.
// compaction/compaction.ts notes it for every frame and keeps it in the image; worker/next-batch.ts asks.

import type { BatchMark } from '../../batch-mark.ts';

const [BYTES, CRC] = ['newest_batch_bytes', 'newest_batch_crc'];
const COUNT = /^(0|[1-9]\d{0,9})$/;

/** As rows of `meta`. */
export function markRows(mark: BatchMark | undefined): { readonly [key: string]: number } {
  return mark ? { [BYTES]: mark.bytes, [CRC]: mark.crc } : {};
}

/** Undefined when `meta` says nothing of it: an older Orrery wrote the image, or it has never had a batch. */
export function markIn(meta: ReadonlyMap<string, string>): BatchMark | undefined {
  const [bytes = '', crc = ''] = [meta.get(BYTES), meta.get(CRC)];
  return COUNT.test(bytes) && COUNT.test(crc) ? { bytes: Number(bytes), crc: Number(crc) } : undefined;
}
