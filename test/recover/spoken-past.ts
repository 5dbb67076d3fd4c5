// A past that is said by hand, with damage where it is said to be: what a HistoryReader gives is decided here without any code of
// src/ but the errors, so that it can be held against what is searched in it.

import { OrreryError } from '#core/errors.ts';
import type { JsonObject } from '#core/patch/patch.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
} from '#storage/history-reader.ts';

/** One visible moment: the state after the seqs up to lastSeq. */
export interface Said {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly state: JsonObject;
  /** It is the record of a recovery, and carries the whole state. */
  readonly recovered?: boolean;
  readonly isDamaged?: boolean;
  readonly snapshot?: 'whole' | 'damaged';
}

export class SpokenPast implements HistoryReader {
  readonly row: GameInfo;
  /** How often a state was asked for. */
  looks = 0;
  readonly #said: readonly Said[];

  /** The first has seq 0 and a snapshot. */
  constructor(said: readonly Said[]) {
    this.#said = said;
    this.row = {
      id: 'a',
      type: 'spoken',
      version: 1,
      tables: [],
      seq: said.at(-1)?.lastSeq ?? 0,
    } as unknown as GameInfo;
  }

  async stateAt(moment: Moment, { nearest = false }: MomentOptions = {}): Promise<StateAt> {
    this.looks += 1;
    const asked = moment.seq ?? 0;
    const at = this.#said.findLastIndex(({ lastSeq }) => lastSeq <= asked);
    const said = this.#said[at];
    if (!said || (said.lastSeq !== asked && !nearest)) throw failure('MOMENT_NOT_KEPT');
    const from = this.#said.slice(0, at + 1).findLastIndex(({ snapshot }) => snapshot !== undefined);
    if (this.#said[from]?.snapshot === 'damaged') throw failure('DAMAGED');
    if (this.#said.slice(from + 1, at + 1).some(({ isDamaged }) => isDamaged)) throw failure('DAMAGED');
    const moments = { seq: said.lastSeq, tick: said.lastSeq, time: said.lastSeq };
    return { game: 'a', type: 'spoken', version: 1, ...moments, tables: [], state: structuredClone(said.state) };
  }

  async *steps({ fromSeq = 0, toSeq = Number.MAX_SAFE_INTEGER } = {}): AsyncGenerator<PastStep, void, undefined> {
    for (const { firstSeq, lastSeq, state, recovered, isDamaged } of this.#said.slice(1)) {
      if (lastSeq < fromSeq || firstSeq > toSeq) continue;
      if (isDamaged) throw failure('DAMAGED');
      const name = recovered ? '@recover' : 'say';
      const command = { seq: lastSeq, tick: lastSeq, time: lastSeq, name, player: undefined, args: undefined };
      yield {
        firstSeq,
        lastSeq,
        tick: lastSeq,
        time: lastSeq,
        commands: [command],
        // Only a recovery is whole: the others change every key that is there.
        patches: recovered
          ? [{ op: 'replace', path: [], value: structuredClone(state) }]
          : Object.keys(state).map((key) => ({ op: 'replace', path: [key], value: state[key] ?? null })),
      };
    }
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#said
      .filter(({ snapshot }) => snapshot !== undefined)
      .map(({ lastSeq, recovered }) => ({
        seq: lastSeq,
        tick: lastSeq,
        time: lastSeq,
        version: 1,
        reason: recovered ? 'recover' : 'size',
      }));
  }

  async close(): Promise<void> {}
}

function failure(code: 'DAMAGED' | 'MOMENT_NOT_KEPT'): OrreryError {
  return new OrreryError({ code, what: 'said to be so', hint: 'It was said so.' });
}
