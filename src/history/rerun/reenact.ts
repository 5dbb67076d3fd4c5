// The recorded commands of a game, run again step by step beside what was recorded. Before it: a HistoryReader and the
// game types of today's code; after it: verify.ts, which counts, and explanation.ts, which tells of the first step that
// came out differently.

import { OrreryError } from '../../core/errors.ts';
import type { Patch } from '../../core/patch/patch.ts';
import { PATCH, SAVE, TICK, UPDATE } from '../../core/patch/record.ts';
import type { HistoryReader, PastStep, StateAt } from '../../storage/history-reader.ts';
import { type Discrepancy, SideBySide } from './comparison.ts';
import type { TypeVersions } from './games-module.ts';
import { Replica, randomOriginAt } from './replica.ts';

/**
 * Why a step was not run again: it was recorded under a version of the game type that the code does not have; an
 * anonymous recipe or a saved state is in it; a whole state stands for what happened; its commands are not kept.
 */
export type Skipped = 'version' | 'anonymous' | 'whole' | 'not kept';

export type Outcome =
  /** Tolerated: but for numbers that were near enough. */
  | { readonly kind: 'same'; readonly step: PastStep; readonly isTolerated: boolean }
  | { readonly kind: 'skipped'; readonly step: PastStep; readonly why: Skipped }
  | {
      readonly kind: 'different';
      readonly step: PastStep;
      /** Of the state that the step was recorded under. */
      readonly version: number;
      /** Empty when a command was refused, or the recorded patches do not fit. */
      readonly discrepancies: readonly Discrepancy[];
      readonly failure: Failure | undefined;
    };

export interface Failure {
  /** What was recorded does not fit the state it was recorded for. */
  readonly isDamage: boolean;
  readonly seq: number;
  readonly error: OrreryError;
}

/** How the recorded past and the one that comes out now are held together. */
export interface Comparing {
  readonly fromSeq: number;
  readonly toSeq: number;
  /**
   * By how much numbers may differ, as a part of the larger one. A step that is within it goes on from what was
   * recorded.
   */
  readonly tolerance: number;
  /** Whether to go on behind a difference, from what was recorded. */
  readonly goesOn: boolean;
}

/** The state at which the next step begins, on both sides. */
interface Stage {
  seq: number;
  readonly version: number;
  readonly sides: SideBySide;
  /** Undefined when the code does not have that version. */
  readonly replica: Replica | undefined;
}

/**
 * Each visible step that ends in fromSeq <= seq <= toSeq, oldest first, down to the first that came out differently:
 * from there on the two pasts have nothing to do with each other, unless both are to begin anew with what was recorded.
 * What was recorded and fits nothing is the end in any case.
 *
 * @throws OrreryError what the past throws: DAMAGED, MOMENT_NOT_KEPT.
 */
export async function* reenact(
  past: HistoryReader,
  types: TypeVersions,
  { fromSeq, toSeq, tolerance, goesOn }: Comparing,
): AsyncGenerator<Outcome, void, undefined> {
  const first = Math.max(fromSeq - 1, past.row.firstSeq);
  const begin = (at: StateAt): Stage => stageAt(at, past, types, tolerance);
  let stage = begin(await past.stateAt({ seq: first }, { nearest: true }));
  for await (const step of past.steps({ fromSeq: stage.seq + 1, toSeq })) {
    if (step.lastSeq <= stage.seq) continue;
    if (stage.replica && past.idAt && past.idAt(step.firstSeq) !== stage.replica.id) {
      stage = begin(await past.stateAt({ seq: stage.seq }));
    }
    const isWhole = step.patches.some(({ path }) => path.length === 0);
    if (isWhole || step.firstSeq !== stage.seq + 1) {
      stage = begin(await past.stateAt({ seq: step.lastSeq }));
      yield { kind: 'skipped', step, why: step.commands.length === 0 ? 'not kept' : 'whole' };
      continue;
    }
    const outcome = play(stage, step);
    stage.seq = step.lastSeq;
    yield outcome;
    if (outcome.kind !== 'different') continue;
    if (!goesOn || outcome.failure?.isDamage) return;
    stage = begin(await past.stateAt({ seq: step.lastSeq }));
  }
}

function stageAt(at: StateAt, past: HistoryReader, types: TypeVersions, tolerance: number): Stage {
  const type = types.get(at.version);
  const replica = type && new Replica(at, type, randomOriginAt(past, at.seq + 1));
  return { seq: at.seq, version: at.version, sides: new SideBySide(at.state, tolerance), replica };
}

function play({ sides, replica, version }: Stage, step: PastStep): Outcome {
  // The patches are not even needed: the next state that is looked at is a whole one.
  if (!replica) return { kind: 'skipped', step, why: 'version' };
  const why = reasonNotToRun(step);
  const rerun: Patch[] = [];
  for (const command of why ? [] : step.commands) {
    try {
      rerun.push(...replica.run(command));
    } catch (thrown) {
      const failure = { isDamage: false, seq: command.seq, error: asFailure(thrown) };
      return { kind: 'different', step, version, discrepancies: [], failure };
    }
  }
  try {
    if (why) {
      replica.takeOver(step.patches, step.lastSeq, step.tick);
      sides.takeOver(step.patches);
      return { kind: 'skipped', step, why };
    }
    const { discrepancies, corrections } = sides.step(step.patches, rerun, () => replica.tables);
    if (corrections.length > 0) replica.takeOver(corrections, step.lastSeq, step.tick);
    if (discrepancies.length === 0) return { kind: 'same', step, isTolerated: corrections.length > 0 };
    return { kind: 'different', step, version, discrepancies, failure: undefined };
  } catch (thrown) {
    const failure = { isDamage: true, seq: step.lastSeq, error: asFailure(thrown) };
    return { kind: 'different', step, version, discrepancies: [], failure };
  }
}

/** Records of these say what changed, and not what would change it again. */
const ANONYMOUS: ReadonlySet<string> = new Set([UPDATE, SAVE, PATCH]);

/** Why the commands of a step cannot be run again; undefined when they can. */
export function reasonNotToRun({ firstSeq, lastSeq, commands }: PastStep): Skipped | undefined {
  if (commands.length !== lastSeq - firstSeq + 1) return 'not kept';
  if (commands.some(({ name }) => ANONYMOUS.has(name))) return 'anonymous';
  return commands.some(({ name }) => name.startsWith('@') && name !== TICK) ? 'whole' : undefined;
}

/** A failure of Orrery itself is none of the code that is run again. */
function asFailure(thrown: unknown): OrreryError {
  if (thrown instanceof OrreryError && thrown.code !== 'INTERNAL') return thrown;
  throw thrown;
}
