// Where a past that is to be run again is kept, in words that cross to a thread: each thread opens it for itself, and only
// reads. Before it: the command line or a live orrery; after it: sqlite/directory-history.ts and pack/pack-history.ts.

import type { Past } from './storage/history-reader.ts';
import { openDirectoryPast } from './storage/sqlite/directory-history.ts';
import { openPackPast } from './storage/sqlite/pack/pack-history.ts';

export type Source =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'pack'; readonly file: string };

/** Throws GAME_NOT_FOUND, NOT_AN_ORRERY_DIRECTORY, PACK_NOT_FOUND, PACK_DAMAGED, DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
export function openSource(source: Source, game: string): Promise<Past> {
  return source.kind === 'pack' ? openPackPast(source.file) : openDirectoryPast(source.directory, game);
}
