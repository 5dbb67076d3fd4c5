// A shard as one examination sees it: its files as they were when it began, and the manifest that counts.

import type { Files } from '../files.ts';
import type { Manifest } from '../image/manifest.ts';
import type { Listing } from '../recovery/read-shard.ts';
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
