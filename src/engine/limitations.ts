// What a store could not do and goes on without, as its reports name it: games of which it cannot do all that their
// types ask, and files it cannot write or remove. The log warns of each once, until it is as it should be again. Before
// it: orrery.ts, with every report.

import type { Logger } from 'pino';
import { type ErrorData, errorFromData } from '../core/errors.ts';

interface Report {
  readonly unprojected?: readonly string[];
  readonly unthinned?: readonly string[];
  readonly untidy?: ErrorData;
}

const WARNINGS = {
  unprojected: "is in none of its type's SQL tables: its state breaks what they declare unique",
  unthinned: 'keeps more of its past than its type says: a row of it cannot be read; `orrery check --explain` names it',
} as const;

export class Limitations {
  readonly #logger: Logger;
  readonly #told = new Map<string, readonly string[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tell(shard: number, report: Report): void {
    for (const what of ['unprojected', 'unthinned'] as const) {
      const key = `${shard} ${what}`;
      const games = report[what] ?? [];
      const known = this.#told.get(key) ?? [];
      for (const game of games) if (!known.includes(game)) this.#logger.warn({ shard, game }, WARNINGS[what]);
      this.#told.set(key, games);
    }
    this.#tellUntidy(shard, report);
  }

  #tellUntidy(shard: number, { untidy }: Report): void {
    const key = `${shard} untidy`;
    if (untidy && !this.#told.has(key)) {
      this.#logger.warn(
        { shard, code: untidy.code },
        `everything is durable, and something was left undone: ${errorFromData(untidy).message}`,
      );
    }
    if (untidy) this.#told.set(key, []);
    else this.#told.delete(key);
  }
}
