// How the games of each type are kept: as the program says that has opened the shard, else as the program said that opened it
// last with the type's code. Compaction asks; worker/owner.ts has what is said written down.

import type { Database } from '../image/database.ts';
import { readType, writeType } from '../image/types.ts';
import type { Grain } from './pending-row.ts';
import { decodeRetention, KEEP_ALL, type Retention } from './retention.ts';

export interface TypePolicy {
  readonly history: Grain;
  readonly retention: Retention;
}

/** Of a type that nobody ever said anything of: that way nothing is lost. */
const UNKNOWN: TypePolicy = { history: 'commands', retention: KEEP_ALL };

export class TypePolicies {
  readonly #database: Database;
  readonly #grainOf: (type: string) => Grain | undefined;
  readonly #retentionOf: (type: string) => Retention | undefined;
  readonly #recorded = new Map<string, TypePolicy>();

  constructor(
    database: Database,
    grainOf: (type: string) => Grain | undefined,
    retentionOf: (type: string) => Retention | undefined = () => undefined,
  ) {
    this.#database = database;
    this.#grainOf = grainOf;
    this.#retentionOf = retentionOf;
  }

  grainOf(type: string): Grain {
    return this.#grainOf(type) ?? this.#recordedOf(type).history;
  }

  retentionOf(type: string): Retention {
    return this.#retentionOf(type) ?? this.#recordedOf(type).retention;
  }

  /** Writes down what the program said of these types. False when it stood there already. */
  record(types: readonly string[]): boolean {
    let isNews = false;
    for (const type of types) {
      const history = this.#grainOf(type);
      const kept = this.#retentionOf(type);
      // Who has a directory but no code has nothing to say.
      if (history === undefined || kept === undefined) continue;
      const retention = JSON.stringify(kept);
      const known = readType(this.#database, type);
      if (known?.history === history && known.retention === retention) continue;
      writeType(this.#database, type, { history, retention });
      isNews = true;
    }
    return isNews;
  }

  #recordedOf(type: string): TypePolicy {
    let policy = this.#recorded.get(type);
    if (!policy) {
      const stored = readType(this.#database, type);
      policy = stored
        ? {
            history: isGrain(stored.history) ? stored.history : UNKNOWN.history,
            retention: (stored.retention === undefined ? undefined : decodeRetention(stored.retention)) ?? KEEP_ALL,
          }
        : UNKNOWN;
      this.#recorded.set(type, policy);
    }
    return policy;
  }
}

function isGrain(history: string): history is Grain {
  return history === 'commands' || history === 'ticks' || history === 'batches';
}
