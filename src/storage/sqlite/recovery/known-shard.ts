// Whether what is in a shard's folder is the shard that its record speaks of, and all of it. Before it: read-shard.ts,
// which says what is there, and shard-record.ts, which says what was; after it: an owner or a reader.

import { OrreryError, type OrreryErrorCode } from '../../../core/errors.ts';
import type { ImageEntry } from '../image/manifest.ts';
import type { ShardContents } from './read-shard.ts';
import type { ShardRecord } from './shard-record.ts';

/** What is compared of a shard that can be read. */
export type Found = Pick<ShardContents, 'manifest'> & { readonly tail: { readonly last: { readonly frame: number } } };

/** How a shard came to be less than, or other than, what was recorded of it. */
export interface Discrepancy {
  readonly code: Extract<OrreryErrorCode, 'SHARD_MISSING' | 'SHARD_REPLACED' | 'SHARD_OLDER'>;
  readonly what: string;
}

/** Undefined when everything that was recorded is there. It may have gone on since. */
export function discrepancyOf(record: ShardRecord, { manifest, tail }: Found): Discrepancy | undefined {
  if (manifest.shard !== record.shard) {
    return {
      code: 'SHARD_REPLACED',
      what: `the folder is that of another shard (${manifest.shard}, not ${record.shard})`,
    };
  }
  const recorded = new Map(record.images.map((image) => [image.generation, image]));
  for (const { generation, frame, chain } of manifest.images) {
    const image = recorded.get(generation);
    if (image === undefined || (image.frame === frame && image.chain === chain)) continue;
    const what = `the folder is a copy of the shard that has gone on in another way (image ${generation} is not the one recorded)`;
    return { code: 'SHARD_REPLACED', what };
  }
  const { frame } = tail.last;
  // Frames tell, not manifests: the newest of these may be damaged, and the one before stands in. But not for one that
  // names a single image: a game came with it for which there is no journal.
  const oldest = record.images.at(-1) as ImageEntry;
  if (frame >= record.durableFrame && manifest.generation >= oldest.generation) return undefined;
  return {
    code: 'SHARD_OLDER',
    what:
      `the shard is older than it was: it ends with frame ${frame} and generation ${manifest.generation}, ` +
      `and frame ${record.durableFrame} and generation ${record.generation} were durable`,
  };
}

/** Of a shard that was made once, and whose folder holds nothing or is not there. */
export const MISSING: Discrepancy = {
  code: 'SHARD_MISSING',
  what: 'the shard is gone: its folder holds nothing, and it was made and recorded',
};

/** Of a shard without a record, beside others that hold games. */
export const NEVER_RECORDED: Discrepancy = {
  code: 'SHARD_MISSING',
  what: 'the shard is gone: its folder holds nothing, and all shards were made before any of the others got its games',
};

export function refusal({ code, what }: Discrepancy, folder: string, shard: number): OrreryError {
  return new OrreryError({
    code,
    what,
    hint:
      `Put the folder and its record back, both from the same backup. \`orrery accept DIRECTORY --shard ${shard}\` tells what ` +
      'there is and what would be given up, and takes the shard as it stands when told to. Nothing was changed.',
    context: { shard, file: folder },
  });
}

/** Folders that were put back in each other's place are whole, each by itself, and hold the wrong games. */
export function assertNumber(folder: string, shard: number, number: string | undefined): void {
  if (number === String(shard)) return;
  throw new OrreryError({
    code: 'SHARD_REPLACED',
    what: `the folder is that of shard ${number}, not of shard ${shard}`,
    hint: 'Put the folders of the shards back in their places. Nothing was changed.',
    context: { shard, file: folder },
  });
}
