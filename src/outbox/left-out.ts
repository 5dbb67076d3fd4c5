// Games of which a store cannot do all that their types ask, as its reports name them: the log warns of each once, until it is
// as it should be again. Before it: orrery.ts, with every report.

import type { Logger } from 'pino';

interface Report {
  readonly unprojected?: readonly string[];
  readonly unthinned?: readonly string[];
}

const WARNINGS = {
  unprojected: "is in none of its type's SQL tables: its state breaks what they declare unique",
  unthinned: 'keeps more of its past than its type says: a row of it cannot be read; `orrery doctor` names it',
} as const;

export class LeftOut {
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
  }
}
