// What an orrery is asked that has to do with versions of game types and with writers who are behind. Before it: orrery.ts,
// which knows the games; after it: submission.ts and migrate-all.ts.

import type { AnyGameType } from '../../core/game/define.ts';
import type { LoadedGames } from '../../engine/loaded-games.ts';
import { type Code, Reruns } from '../rerun/reruns.ts';
import { type MigrateAllOptions, type MigrationReport, migrateAll } from './migrate-all.ts';
import { type Submission, type SubmissionReceipt, submitTo } from './submission.ts';

export abstract class Succession extends Reruns {
  readonly #types: Code['types'];
  readonly #loadedGames: LoadedGames;

  constructor(code: Code, loadedGames: LoadedGames) {
    super(code);
    this.#types = code.types;
    this.#loadedGames = loadedGames;
  }

  /**
   * Takes a whole state that was made from an older one, by a program that does not hold the game: a service, a tool, a
   * colleague's older version. If nothing else has changed since `baseSeq`, it becomes the game's state, as with `save`;
   * otherwise, or when it is of an older version, the game type's `resolve` says what becomes of it.
   *
   * @throws OrreryError GAME_NOT_FOUND, CONFLICT (with the paths of both sides; nothing changed), GAME_VERSION (it is of a newer
   * version), MOMENT_NOT_KEPT (the base cannot be read), INVALID_OPTION, and what `open`, migrations and `save` throw.
   */
  async submit(id: string, submission: Submission): Promise<SubmissionReceipt> {
    const loadedGames = this.#loadedGames;
    loadedGames.assertWritable('nothing can be submitted');
    // What the writer began from may lie inside a merged step.
    const openPast = (game: string) => this.expanded(game);
    return submitTo({ types: this.#types, loadedGames, openPast }, id, submission);
  }

  /**
   * Takes every stored game of an older version up to that of its type, one after the other, as opening it would. A game that
   * fails stays as it was, and the report says why.
   *
   * @throws OrreryError GAME_NOT_FOUND, CLOSED.
   */
  async migrateAll(options?: MigrateAllOptions): Promise<MigrationReport> {
    this.#loadedGames.assertWritable('a migration is a record');
    const load = (type: AnyGameType, id: string) => this.#loadedGames.open(type, id, undefined);
    return migrateAll({ types: this.#types, list: () => this.list(), load }, options);
  }
}
