// Where a past that is to be run again is kept, in words that cross to a thread: each thread opens it for itself, and only
// reads. Before it: the command line or a live orrery; after it: past/digest-past.ts and pack/pack-past.ts.

import { openPackPast } from '../pack/pack-past.ts';
import { openDirectoryPast } from '../past/digest-past.ts';
import type { Past } from '../past/past.ts';

export type Source =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'pack'; readonly file: string };

/** Throws GAME_NOT_FOUND, NOT_AN_ORRERY_DIRECTORY, PACK_NOT_FOUND, PACK_DAMAGED, DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
export function openSource(source: Source, game: string): Promise<Past> {
  return source.kind === 'pack' ? openPackPast(source.file) : openDirectoryPast(source.directory, game);
}
