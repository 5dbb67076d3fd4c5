// A past that is kept in arrays: a game plays, and its records stay as they came. No code of history/ or compaction/ has a part in
// it, so what is run again can be held against it.

import { OrreryError } from '#core/errors.ts';
import { GameActor } from '#core/game/actor.ts';
import type { AnyGameType } from '#core/game/define.ts';
import type { AnyGame } from '#core/game/game.ts';
import { GameRandomness } from '#core/game/randomness.ts';
import type { Receipt } from '#core/game/recording.ts';
import { GameSeed } from '#core/game/seed.ts';
import { fold } from '#core/patch/apply.ts';
import type { JsonObject } from '#core/patch/patch.ts';
import type { Record } from '#core/patch/record.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from '#storage/history-reader.ts';

export class RememberedPast implements HistoryReader {
  readonly #actor: GameActor;
  readonly records: Record[] = [];
  readonly #type: AnyGameType;
  readonly #snapshotsEvery: number;
  #clock = 1_700_000_000_000;

  constructor(type: AnyGameType, id: string, work: (game: AnyGame) => void, snapshotsEvery = 16) {
    this.#type = type;
    this.#snapshotsEvery = snapshotsEvery;
    const append = (record: Record): Receipt => {
      this.records.push(structuredClone(record));
      return { seq: record.seq, tick: record.tick, durable: Promise.resolve() };
    };
    const now = (): number => (this.#clock += 7);
    const failed = (error: unknown): never => {
      throw error;
    };
    this.#actor = new GameActor(id, type, {
      ready: () => undefined,
      append,
      notifyWhen: 'accepted',
      subscriberFailed: failed,
      now,
      randomness: new GameRandomness(id),
    });
    this.#actor.create(undefined);
    work(this.game);
  }

  get game(): AnyGame {
    return this.#actor.game;
  }

  get seed(): GameSeed | undefined {
    return GameSeed.of(this.records[0]?.seed);
  }

  get row(): GameInfo {
    const { id, type, version } = { id: this.game.id, type: this.#type.name, version: this.#type.version };
    const { seq, tick, tableNames: tables } = this.#actor;
    return { id, type, version, seq, tick, tables, firstSeq: 0 } as unknown as GameInfo;
  }

  async stateAt(moment: Moment, { nearest = false }: MomentOptions = {}): Promise<StateAt> {
    const by = moment.seq !== undefined ? 'seq' : moment.tick !== undefined ? 'tick' : 'time';
    const asked = moment[by] as number;
    const at = this.records.findLast((record) => record[by] <= asked);
    const step = at && this.#steps().find(({ lastSeq }) => lastSeq >= at.seq);
    const kept = at?.seq === 0 || step?.lastSeq === at?.seq;
    const before = step && step.firstSeq - 1;
    if (!at || (by !== 'time' && asked > this.game[by]) || (!kept && !nearest)) {
      const context = { game: this.game.id, [by]: asked, before, after: step?.lastSeq };
      throw new OrreryError({ code: 'MOMENT_NOT_KEPT', what: 'it is not kept', hint: 'Ask for another.', context });
    }
    return this.fold(kept ? at.seq : (before as number));
  }

  /** The state after any record, whatever is merged. */
  fold(seq: number): StateAt {
    const { id, version, tables } = this.row;
    const { tick, time } = this.records[seq] as Record;
    const patches = structuredClone(this.records.slice(0, seq + 1)).flatMap((record) => record.patches);
    return {
      game: id,
      type: this.#type.name,
      version,
      seq,
      tick,
      time,
      tables,
      state: fold(undefined, patches) as JsonObject,
    };
  }

  async *steps(range: StepRange = {}): AsyncGenerator<PastStep, void, undefined> {
    const { fromSeq = 1, toSeq = Number.MAX_SAFE_INTEGER, backwards = false } = range;
    const steps = this.#steps().filter(({ firstSeq, lastSeq }) => lastSeq >= fromSeq && firstSeq <= toSeq);
    yield* structuredClone(backwards ? steps.reverse() : steps);
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    const { version } = this.#type;
    return this.#steps()
      .filter(
        ({ lastSeq, firstSeq }) =>
          Math.floor(lastSeq / this.#snapshotsEvery) > Math.floor((firstSeq - 1) / this.#snapshotsEvery),
      )
      .map(({ lastSeq: seq, tick, time }) => ({ seq, tick, time, version, reason: 'size' }));
  }

  async close(): Promise<void> {}

  #steps(): PastStep[] {
    const steps: PastStep[] = [];
    for (const { seq, tick, time, command: name, player, args, nonce, patches } of this.records.slice(1)) {
      const command = { seq, tick, time, name, player, args, ...(nonce === undefined ? {} : { nonce }) };
      const open = steps.at(-1);
      if (open && this.#type.history === 'ticks' && open.tick === tick) {
        const { firstSeq, commands } = open;
        const merged = { firstSeq, lastSeq: seq, tick, time, commands: [...commands, command] };
        steps[steps.length - 1] = { ...merged, patches: [...open.patches, ...patches] };
      } else {
        steps.push({ firstSeq: seq, lastSeq: seq, tick, time, commands: [command], patches });
      }
    }
    return steps;
  }
}
