// Packs out of and into an orrery that is playing. Before it: orrery.ts; after it: thread.ts for the work that would
// hold up the game loop, and the owner of the game's shard, which takes a game in.

import { randomUUID } from 'node:crypto';
import { resolve, sep } from 'node:path';
import { OrreryError } from './core/errors.ts';
import { checkGameId } from './core/game/id.ts';
import { assertOptions, type OptionsOf } from './core/option-check.ts';
import type { LoadedGames } from './engine/loaded-games.ts';
import type { GameInfo } from './storage/game-info.ts';
import { part } from './storage/late-import.ts';
import type { PackOptions } from './storage/sqlite/pack/packing.ts';
import type { PackDescription } from './storage/sqlite/pack/reading.ts';
import type { ProvenGame } from './storage/sqlite/pack/unpacking.ts';

export interface UnpackOptions {
  /** The id that the game is to have. Default: the one that it had. */
  readonly as?: string;
}

const PACK: OptionsOf<PackOptions> = { force: 'boolean' };
const UNPACK: OptionsOf<UnpackOptions> = { as: 'checked' };

/** Where an orrery keeps its games and finds its threads. */
interface PackPlace {
  /** Undefined for a store of the user's own. */
  readonly directory: string | undefined;
  readonly workerUrl: URL | undefined;
}

/** Everything of the game that was accepted when this was called is in the pack. */
export async function packLive(
  loadedGames: LoadedGames,
  { directory, workerUrl }: PackPlace,
  game: string,
  file: string,
  options: PackOptions = {},
): Promise<PackDescription> {
  checkGameId(game);
  assertOptions('pack', options, PACK, { game });
  const { force = false } = options;
  if (directory === undefined) throw noDirectory();
  // The process may stand elsewhere by the time it is written.
  const whole = resolve(file);
  if (isInside(whole, directory)) loadedGames.assertWritable('the pack would come to lie in its directory', game);
  const commitQueue = loadedGames.commitQueueOf(game);
  await commitQueue.flush();
  // Says whether anything is still open.
  await commitQueue.request(async () => undefined);
  const { inThread } = await part(() => import('./storage/sqlite/pack/thread.ts'));
  return inThread({ kind: 'pack', directory, game, file: whole, force }, workerUrl);
}

/** Resolves when the game is durable. A pack that was proved already is taken as it is. */
export async function unpackLive(
  loadedGames: LoadedGames,
  { workerUrl }: PackPlace,
  pack: string | ProvenGame,
  options: UnpackOptions = {},
): Promise<GameInfo> {
  assertOptions('unpack', options, UNPACK);
  const { as } = options;
  const { id, bytes } = typeof pack === 'string' ? await proved(resolve(pack), as, workerUrl) : pack;
  const commitQueue = loadedGames.commitQueueOf(id);
  const token = randomUUID();
  return loadedGames.exclusively(id, async () => {
    // One question: between two the orrery may be closed, and a game that is there would be told as CLOSED.
    const row = await commitQueue.request((store) => {
      if (!store.import) throw noDirectory();
      return store.import({ game: id, bytes, token });
    });
    // The image that has the game has none behind it yet. If the next one fails, the commit queue tells, and goes on
    // trying.
    commitQueue.checkpoint().catch(() => undefined);
    return row;
  });
}

/** Code for packs is loaded with the first: most programs make none. */
async function proved(file: string, as: string | undefined, workerUrl: URL | undefined): Promise<ProvenGame> {
  const { inThread } = await part(() => import('./storage/sqlite/pack/thread.ts'));
  return inThread({ kind: 'prove', file, as }, workerUrl);
}

function isInside(file: string, directory: string): boolean {
  return file.startsWith(`${resolve(directory)}${sep}`);
}

function noDirectory(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'this orrery keeps its games in a store of its own, not in a directory',
    hint: 'Packs are made from directories, and go into them.',
  });
}
