// Merged steps taken apart again: their commands are known, so with the game type at hand they can be run from the
// state before, and every moment between can be read. Before it: any HistoryReader and a game type; after it: whoever
// asks for such a moment.

import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { cloneJson } from '../../core/patch/apply.ts';
import type { JsonObject, Patch } from '../../core/patch/patch.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from '../../storage/history-reader.ts';
import type { Opening } from '../../storage/openings.ts';
import { checkMomentOptions } from '../../storage/range.ts';
import { SideBySide } from './comparison.ts';
import { reasonNotToRun } from './reenact.ts';
import { Replica, randomOriginAt } from './replica.ts';

/**
 * A past in which every command is a step of its own, wherever today's code makes of a merged step what was recorded.
 * Where it does not, a step stays merged, and moments inside it are not kept.
 */
export class ExpandedPast implements HistoryReader {
  readonly #past: HistoryReader;
  readonly #type: AnyGameType;

  /** `type` is that of the game, in the version that its newest state has. */
  constructor(past: HistoryReader, type: AnyGameType) {
    this.#past = past;
    this.#type = type;
  }

  get row(): GameInfo {
    return this.#past.row;
  }

  /** Throws MOMENT_NOT_KEPT; its cause says why the step around the moment could not be taken apart. */
  async stateAt(moment: Moment, options: MomentOptions = {}): Promise<StateAt> {
    checkMomentOptions(this.row.id, options);
    try {
      return await this.#past.stateAt(moment);
    } catch (error) {
      if (!(error instanceof OrreryError && error.code === 'MOMENT_NOT_KEPT')) throw error;
      const inside = await this.#inside(moment, error);
      if (inside instanceof OrreryError) {
        if (options.nearest === true) return this.#past.stateAt(moment, options);
        throw inside;
      }
      return inside;
    }
  }

  async *steps(range: StepRange = {}): AsyncGenerator<PastStep, void, undefined> {
    for await (const step of this.#past.steps(range)) {
      const parts = await this.#expanded(step);
      if (parts instanceof OrreryError) yield step;
      else yield* this.#within(range.backwards === true ? parts.reverse() : parts, range);
    }
  }

  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#past.snapshots();
  }

  idAt(seq: number): string {
    return this.#past.idAt?.(seq) ?? this.#past.row.id;
  }

  get seed(): GameSeed | undefined {
    return this.#past.seed;
  }

  get importedSeq(): number {
    return this.#past.importedSeq ?? -1;
  }

  get openings(): readonly Opening[] {
    return this.#past.openings ?? [];
  }

  close(): Promise<void> {
    return this.#past.close();
  }

  /** The state at a moment inside a merged step, or why there is none. */
  async #inside(moment: Moment, error: OrreryError): Promise<StateAt | OrreryError> {
    const { before, after } = error.context as { before?: number; after?: number };
    // Before the first moment or after the newest there is nothing to take apart.
    if (before === undefined || after === undefined) return error;
    for await (const step of this.#past.steps({ fromSeq: before + 1, toSeq: after })) {
      const seq = seqOf(moment, step);
      if (seq === undefined || seq < step.firstSeq || seq > step.lastSeq) continue;
      const start = await this.#past.stateAt({ seq: step.firstSeq - 1 });
      const parts = this.#takeApart(step, start);
      if (parts instanceof OrreryError) return because(error, parts);
      // It has been shown to be what was recorded, and leads to the state itself, with its tables.
      const replica = new Replica(start, this.#type, randomOriginAt(this, step.firstSeq));
      for (const command of step.commands) if (command.seq <= seq) replica.run(command);
      const { tick, time } = parts.find(({ lastSeq }) => lastSeq === seq) as PastStep;
      const state = cloneJson(replica.toJSON()) as JsonObject;
      return { ...start, seq, tick, time, tables: replica.tables, state };
    }
    return error;
  }

  async #expanded(step: PastStep): Promise<PastStep[] | OrreryError> {
    if (step.firstSeq === step.lastSeq) return [step];
    if (reasonNotToRun(step)) return notRunnable(this.row.id, step);
    return this.#takeApart(step, await this.#past.stateAt({ seq: step.firstSeq - 1 }));
  }

  /** The state is not changed. */
  #takeApart(step: PastStep, start: StateAt): PastStep[] | OrreryError {
    if (start.version !== this.#type.version || reasonNotToRun(step)) return notRunnable(start.game, step);
    const replica = new Replica(start, this.#type, randomOriginAt(this, step.firstSeq));
    const parts: PastStep[] = [];
    const rerun: Patch[] = [];
    try {
      for (const command of step.commands) {
        const { seq, tick, time } = command;
        const patches = replica.run(command);
        rerun.push(...patches);
        // Frozen parts of a state that goes on: whoever gets a step may change it.
        parts.push({ firstSeq: seq, lastSeq: seq, tick, time, commands: [command], patches: copied(patches) });
      }
      const sides = new SideBySide(cloneJson(start.state) as JsonObject);
      const [found] = sides.step(copied(step.patches), rerun, () => replica.tables).discrepancies;
      return found ? differs(start.game, step) : parts;
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code === 'INTERNAL') throw error;
      return differs(start.game, step, error);
    }
  }

  *#within(parts: readonly PastStep[], range: StepRange): Generator<PastStep> {
    const { fromSeq = 0, fromTick = 0, fromTime = Number.NEGATIVE_INFINITY } = range;
    const { toSeq = Infinity, toTick = Infinity, toTime = Infinity } = range;
    for (const part of parts) {
      const { lastSeq, tick, time } = part;
      if (lastSeq < fromSeq || lastSeq > toSeq || tick < fromTick || tick > toTick) continue;
      if (time >= fromTime && time <= toTime) yield part;
    }
  }
}

/** The seq in a step that a moment means. */
function seqOf(moment: Moment, { commands }: PastStep): number | undefined {
  if (moment.seq !== undefined) return moment.seq;
  if (moment.tick !== undefined) return commands.findLast(({ tick }) => tick <= moment.tick)?.seq;
  return commands.findLast(({ time }) => time <= (moment.time as number))?.seq;
}

function copied(patches: readonly Patch[]): Patch[] {
  return patches.map((patch) =>
    patch.op === 'remove'
      ? { op: 'remove', path: [...patch.path] }
      : { ...patch, path: [...patch.path], value: cloneJson(patch.value) },
  );
}

function notRunnable(game: string, { firstSeq, lastSeq }: PastStep): OrreryError {
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `the commands of seq ${firstSeq} to ${lastSeq} cannot be run again`,
    hint: 'They were made by another version of the game type, by anonymous recipes, or are not kept.',
    context: { game, before: firstSeq - 1, after: lastSeq },
  });
}

function differs(game: string, { firstSeq, lastSeq }: PastStep, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `the commands of seq ${firstSeq} to ${lastSeq} do something else today than they did`,
    hint: '`orrery verify` tells the difference.',
    context: { game, before: firstSeq - 1, after: lastSeq },
    cause,
  });
}

function because(error: OrreryError, cause: OrreryError): OrreryError {
  const { code, what, hint, context } = error;
  return new OrreryError({ code, what, hint, context, cause });
}
