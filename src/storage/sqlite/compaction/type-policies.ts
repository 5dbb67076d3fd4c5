// How the games of each type are kept: as the program says that has opened the shard, else as the program said that
// opened it last with the type's code. Compaction asks; worker/owner.ts has what is said written down.

import type { Database } from '../image/database.ts';
import { readType, writeType } from '../image/types.ts';
import type { Granularity } from './pending-row.ts';
import { decodeRetention, KEEP_ALL, type Retention } from './retention.ts';

export interface TypePolicy {
  readonly history: Granularity;
  readonly retention: Retention;
}

/** Of a type that nobody ever said anything of: that way nothing is lost. */
const UNKNOWN: TypePolicy = { history: 'commands', retention: KEEP_ALL };

export class TypePolicies {
  readonly #database: Database;
  readonly #granularityOf: (type: string) => Granularity | undefined;
  readonly #retentionOf: (type: string) => Retention | undefined;
  readonly #recorded = new Map<string, TypePolicy>();

  constructor(
    database: Database,
    granularityOf: (type: string) => Granularity | undefined,
    retentionOf: (type: string) => Retention | undefined = () => undefined,
  ) {
    this.#database = database;
    this.#granularityOf = granularityOf;
    this.#retentionOf = retentionOf;
  }

  granularityOf(type: string): Granularity {
    return this.#granularityOf(type) ?? this.#recordedOf(type).history;
  }

  retentionOf(type: string): Retention {
    return this.#retentionOf(type) ?? this.#recordedOf(type).retention;
  }

  /** Writes down what the program said of these types. False when it stood there already. */
  record(types: readonly string[]): boolean {
    let isNews = false;
    for (const type of types) {
      const history = this.#granularityOf(type);
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
            history: isGranularity(stored.history) ? stored.history : UNKNOWN.history,
            retention: (stored.retention === undefined ? undefined : decodeRetention(stored.retention)) ?? KEEP_ALL,
          }
        : UNKNOWN;
      this.#recorded.set(type, policy);
    }
    return policy;
  }
}

function isGranularity(history: string): history is Granularity {
  return history === 'commands' || history === 'ticks' || history === 'batches';
}
