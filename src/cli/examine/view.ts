// A shard as one examination sees it: its files as they were when it began, and the manifest that counts.

import type { Manifest } from '../../image/manifest.ts';
import type { Files } from '../../journal/files.ts';
import type { Listing } from '../../recovery/read-shard.ts';
import type { Findings } from './finding.ts';

export interface ShardView {
  /** Read before anything was made of them, so that they all belong together. */
  readonly files: Files;
  readonly folder: string;
  /** Its number in the directory. */
  readonly shard: number;
  readonly listing: Listing;
  readonly manifest: Manifest;
  readonly findings: Findings;
}
