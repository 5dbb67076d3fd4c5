// What a parent knows of games that its children play, from their output alone, and the promises held against it.

import { createHash } from 'node:crypto';
import { Oracle } from './oracle.ts';

interface Known {
  readonly oracle: Oracle;
  /** Undefined while nobody has been promised that the game is there. */
  acknowledged: number | undefined;
  sent: number;
}

export interface Recovery {
  readonly replayedFrames: number;
  readonly tornBytes: number;
}

export class Chronicle {
  readonly recoveries: Recovery[] = [];
  /** Commands that children were told are durable, and commands recovered that nobody had been told about. */
  acknowledged = 0;
  beyond = 0;
  readonly #games = new Map<string, Known>();
  readonly #violations: string[] = [];

  /** Takes in one line of a child's output. */
  line(text: string): void {
    const space = text.indexOf(' ');
    if (space < 0) return;
    const value: unknown = JSON.parse(text.slice(space + 1));
    switch (text.slice(0, space)) {
      case 'recovery':
        this.recoveries.push(value as Recovery);
        break;
      case 'listed':
        this.#listed(value as { [game: string]: number });
        break;
      case 'found':
        this.#found(...(value as [string, number, number, string]));
        break;
      case 'sent':
        for (const [game, seq] of Object.entries(value as object)) this.#known(game).sent = seq;
        break;
      case 'durable':
        for (const [game, seq] of Object.entries(value as object)) this.#durable(game, seq);
        break;
      default:
        this.#violations.push(`a child said ${JSON.stringify(text.slice(0, 200))}`);
    }
  }

  /** The state that a game must have at a seq at which it was found: whole JSON, for a parent that opens it itself. */
  expected(game: string, seq: number): { readonly json: string; readonly tick: number } {
    const { oracle } = this.#known(game);
    oracle.advanceTo(seq);
    return { json: oracle.json(), tick: oracle.tick };
  }

  /** What was not as promised since the last time this was asked. */
  violations(): string[] {
    return this.#violations.splice(0);
  }

  #known(game: string): Known {
    let known = this.#games.get(game);
    if (!known) {
      known = { oracle: new Oracle(game), acknowledged: undefined, sent: 0 };
      this.#games.set(game, known);
    }
    return known;
  }

  /** Acknowledged is a subset of recovered, and what was recovered had been sent. */
  #listed(games: { readonly [game: string]: number }): void {
    for (const [game, known] of this.#games) {
      const seq = games[game];
      if (seq === undefined) {
        if (known.acknowledged !== undefined)
          this.#violations.push(`${game} is gone: ${known.acknowledged} was acknowledged`);
        known.sent = 0;
        continue;
      }
      const acknowledged = known.acknowledged ?? 0;
      if (seq < acknowledged) this.#violations.push(`${game}: seq ${seq} recovered, ${acknowledged} was acknowledged`);
      if (seq > known.sent) this.#violations.push(`${game}: seq ${seq} recovered, only ${known.sent} was ever sent`);
      this.beyond += Math.max(0, seq - acknowledged);
      known.acknowledged = seq;
      known.sent = seq;
    }
  }

  /** The state is the fold of exactly the deeds up to that seq. */
  #found(game: string, seq: number, tick: number, sha: string): void {
    const expected = this.expected(game, seq);
    if (tick !== expected.tick)
      this.#violations.push(`${game} at seq ${seq}: tick ${tick} in place of ${expected.tick}`);
    if (sha === createHash('sha256').update(expected.json).digest('hex')) return;
    this.#violations.push(`${game} at seq ${seq}: the state is not what its commands make`);
  }

  #durable(game: string, seq: number): void {
    const known = this.#known(game);
    this.acknowledged += Math.max(0, seq - (known.acknowledged ?? 0));
    known.acknowledged = Math.max(seq, known.acknowledged ?? 0);
  }
}
