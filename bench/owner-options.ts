// The options of a shard's owner as openOrrery gives them, for scenarios that run an owner without its thread.

import { DEFAULTS } from '../src/options.ts';
import type { OwnerOptions } from '../src/storage/sqlite/worker/protocol.ts';

export function ownerOptions(directory: string): OwnerOptions {
  return {
    directory,
    shard: 0,
    granularities: new Map([['galaxy', 'ticks']]),
    sliceMs: DEFAULTS.flushIntervalMs / 2,
    checkpointBytes: DEFAULTS.checkpointBytes,
    maxImageBytes: DEFAULTS.maxImageBytes,
    commandIndex: DEFAULTS.commandIndex,
  };
}
