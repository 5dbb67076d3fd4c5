// How much memory the thread that owns a shard may have, and what is told when it was not enough. Before it: the
// options of openOrrery and the flags of Node; after it: owner-thread.ts.
//
// A flag of Node (--max-old-space-size) bounds the heap of every thread of the process, and goes before the bound of
// one thread. Memory of the database lies outside of that heap.

import { OrreryError } from '../../core/errors.ts';
import type { OwnerRequest } from './worker/protocol.ts';

/** What a record of so many bytes of JSON may come to in a heap, at its worst: very many, very small objects. */
const HEAP_PER_BYTE = 16;

const MIB = 2 ** 20;

/**
 * The bound that Node was started with, in MiB, if it was. Of several the last counts, and the command line goes last.
 */
export function heapFlagMb(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions = process.env['NODE_OPTIONS'] ?? '',
): number | undefined {
  const flags = [nodeOptions, ...execArgv].join(' ');
  const last = [...flags.matchAll(/--max[-_]old[-_]space[-_]size[= ](\d+)/g)].at(-1);
  const megabytes = Number(last?.[1]);
  return megabytes > 0 ? megabytes : undefined;
}

/** Bytes of JSON that a record may have for an owner with so much memory. */
export function largestRecord(megabytes: number): number {
  return Math.floor((megabytes * MIB) / HEAP_PER_BYTE);
}

const DOING: { readonly [kind in OwnerRequest['kind']]?: string } = {
  open: 'while it opened the shard and replayed the journal',
  commit: 'while it wrote records',
  compact: 'while it took records into the database',
  checkpoint: 'while it published an image',
  load: 'while it loaded a game',
  stateAt: 'over the state of a game at a moment',
  past: 'over the past of a game',
  import: 'while it took a game in',
};

/** `game` is the one that it was about, or that the largest record since the last checkpoint was of. */
export function outOfMemory(
  shard: number,
  kind: OwnerRequest['kind'] | undefined,
  game: string | undefined,
  memoryMb: number | undefined,
  cause: unknown,
): OrreryError {
  const flag = heapFlagMb();
  const remedy =
    flag !== undefined
      ? `Raise --max-old-space-size, with which Node was started (${flag}): it bounds every thread`
      : memoryMb !== undefined
        ? `Raise \`ownerMemoryMb\` (${memoryMb})`
        : 'Set `ownerMemoryMb`, or start Node with --max-old-space-size';
  return new OrreryError({
    code: 'OWNER_DIED',
    what: `the thread that owns the shard ran out of memory ${(kind && DOING[kind]) ?? 'between two requests'}`,
    hint: `${remedy}. Nothing that was acknowledged is lost: it is on disk, and opens with more memory.`,
    context: { shard, ...(game === undefined ? {} : { game }), outOfMemory: true },
    cause,
  });
}
