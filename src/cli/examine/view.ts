// A shard as one examination sees it: its files as they were when it began, and the manifest that counts.

import type { Manifest } from '../../image/manifest.ts';
import type { Files } from '../../journal/files.ts';
import type { Listing } from '../../recovery/read-shard.ts';
import type { Findings } from './finding.ts';

/** `thorough`: the parts are also held against each other, which takes two to three times as long. */
export type Depth = 'usual' | 'thorough';

export interface ShardView {
  readonly depth: Depth;
  /** Read before anything was made of them, so that they all belong together. */
  readonly files: Files;
  readonly folder: string;
  /** Its number in the directory. */
  readonly shard: number;
  readonly listing: Listing;
  readonly manifest: Manifest;
  readonly findings: Findings;
}
