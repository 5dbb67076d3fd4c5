// The oracle: batches one after the other, and what every game must be after each. Nothing of src/ is asked what is right.
// play.ts adds a batch when it is sent and moves on when it is acknowledged; what an opened shard holds is compared here.

/** What one game has come to: its newest seq, and the fold of everything up to it. */
export interface Standing {
  readonly seq: number;
  readonly fold: string;
}

export type Standings = ReadonlyMap<string, Standing>;

/** One record of a batch. */
export interface Line {
  readonly game: string;
  readonly seq: number;
  /** No two batches that were ever sent have the same. */
  readonly tag: string;
  /** How many more bytes it takes. */
  readonly filler: number;
}

/** How records are written and folded: the full engine knows JSON and patches, the one without SQL knows less. */
export interface Dialect {
  write(line: Line): string;
  fold(before: Standing | undefined, line: Line): string;
}

/** A history: the batch that came last, and the history before it. */
export class Chain {
  readonly before: Chain | undefined;
  readonly lines: readonly Line[];
  readonly standings: Standings;

  private constructor(before: Chain | undefined, lines: readonly Line[], standings: Standings) {
    this.before = before;
    this.lines = lines;
    this.standings = standings;
  }

  static empty(): Chain {
    return new Chain(undefined, [], new Map());
  }

  with(lines: readonly Line[], dialect: Dialect): Chain {
    const standings = new Map(this.standings);
    for (const line of lines) {
      standings.set(line.game, { seq: line.seq, fold: dialect.fold(standings.get(line.game), line) });
    }
    return new Chain(this, lines, standings);
  }

  nextSeq(game: string): number {
    return (this.standings.get(game)?.seq ?? -1) + 1;
  }

  isWhatWasFound(found: Standings): boolean {
    if (found.size !== this.standings.size) return false;
    for (const [game, standing] of this.standings) {
      const other = found.get(game);
      if (other?.seq !== standing.seq || other.fold !== standing.fold) return false;
    }
    return true;
  }

  /** How many batches back this history was what was found; undefined when it never was. */
  stepsBackTo(found: Standings): number | undefined {
    let steps = 0;
    for (let chain: Chain | undefined = this; chain !== undefined; chain = chain.before) {
      if (chain.isWhatWasFound(found)) return steps;
      steps += 1;
    }
    return undefined;
  }
}

export function describe(standings: Standings): string {
  const games = [...standings].map(([game, { seq, fold }]) => `${game} at ${seq} (${String(fold).slice(0, 40)})`);
  return games.length === 0 ? 'no game' : games.join(', ');
}
