// Opens a history to read it, wherever it is kept. Before it: the command line, or a thread that runs commands again;
// after it: sqlite/directory-history.ts and pack/pack-history.ts.

import type { Source } from './history/rerun/source.ts';
import type { HistoryReader } from './storage/history-reader.ts';
import { openDirectoryPast } from './storage/sqlite/directory-history.ts';
import { openPackPast } from './storage/sqlite/pack/pack-history.ts';

/** Throws GAME_NOT_FOUND, NOT_AN_ORRERY_DIRECTORY, PACK_NOT_FOUND, PACK_DAMAGED, DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
export function openSource(source: Source, game: string): Promise<HistoryReader> {
  return source.kind === 'pack' ? openPackPast(source.file) : openDirectoryPast(source.directory, game);
}
