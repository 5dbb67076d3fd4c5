// Which moment a game is to go on from. Nothing is written here: `orrery recover --dry-run` ends with a plan, and
// recover.ts carries one out. Before it: probe.ts and before-error.ts.

import { OrreryError } from '../../core/errors.ts';
import type { HistoryReader, Moment, StateAt } from '../../storage/history-reader.ts';
import type { CommandEntry } from '../../storage/steps.ts';
import { findTurn } from './before-error.ts';
import { isDamage, type Probe, type Sound, type Unsound } from './probe.ts';

/**
 * How a game is recovered. `latest`: its newest state, however that can still be read. `snapshot`: the newest snapshot
 * that is whole and sound. `{ to }`: that moment. `before-error`: the last moment before the first record after which
 * it is unsound.
 */
export type RecoveryMode = 'latest' | 'snapshot' | 'before-error' | { readonly to: Moment };

export interface Tried {
  readonly mode: RecoveryMode;
  readonly error: OrreryError;
}

/** The record after which a game was first seen to be unsound; what is not known could not be read. */
export interface UnsoundRecord {
  readonly seq: number;
  readonly tick?: number;
  readonly command?: string;
  readonly player?: string;
  /**
   * Where several records were merged and cannot be told apart: the first of them, whose state is not known, and their
   * commands, oldest first. Each of them may have done it, and none is named.
   */
  readonly firstSeq?: number;
  readonly commands?: readonly CommandEntry[];
}

export interface Plan {
  readonly used: RecoveryMode;
  /** The modes that were tried before and could not be used, with why. */
  readonly tried: readonly Tried[];
  /** What the game goes on from. */
  readonly state: StateAt;
  /** The newest seq there was. */
  readonly newestSeq: number;
  /** False when the game is sound and loads as it is: then there is nothing to write. */
  readonly needed: boolean;
  /** What is wrong with what is given up; undefined when nothing was looked for or found. */
  readonly problem: OrreryError | undefined;
  readonly firstUnsound: UnsoundRecord | undefined;
}

interface Choice {
  readonly sound: Sound;
  readonly problem?: OrreryError;
  readonly firstUnsound?: UnsoundRecord;
}

export interface PlanParts {
  readonly past: HistoryReader;
  readonly probe: Probe;
  /** What stopped the game from being loaded the ordinary way, where that was tried. */
  readonly notLoadable?: OrreryError | undefined;
}

/**
 * Tries the modes in their order and takes the first that gives a sound state.
 *
 * @throws OrreryError RECOVERY_FAILED with `context.tried` when none does; MOMENT_NOT_KEPT when the only one was a
 * moment that is not kept; and what says nothing about the game, such as IO_FAILED or CLOSED.
 */
export async function planRecovery(parts: PlanParts, modes: readonly RecoveryMode[]): Promise<Plan> {
  // What the past says of it changes while the game goes on.
  const { seq: newestSeq } = parts.past.row;
  const planning = new Planning(parts, newestSeq);
  const tried: Tried[] = [];
  for (const mode of modes) {
    const choice = await planning.choose(mode);
    if (choice instanceof OrreryError) {
      tried.push({ mode, error: choice });
      continue;
    }
    const { state, rebuilt } = choice.sound;
    const { seq: newestSeq } = parts.past.row;
    return {
      used: mode,
      tried,
      state,
      newestSeq,
      needed: state.seq !== newestSeq || rebuilt || parts.notLoadable !== undefined,
      problem: choice.problem ?? parts.notLoadable ?? tried.find(tellsOfGame)?.error,
      firstUnsound: choice.firstUnsound,
    };
  }
  throw failed(parts.past.row.id, tried);
}

class Planning {
  readonly #past: HistoryReader;
  readonly #probe: Probe;
  readonly #newestSeq: number;
  #newest: Sound | Unsound | undefined;

  constructor({ past, probe }: PlanParts, newestSeq: number) {
    this.#past = past;
    this.#probe = probe;
    this.#newestSeq = newestSeq;
  }

  async choose(mode: RecoveryMode): Promise<Choice | OrreryError> {
    if (mode === 'latest') return this.#latest();
    if (mode === 'snapshot') return this.#snapshot();
    if (mode === 'before-error') return this.#beforeError();
    return this.#moment(mode.to);
  }

  async #latest(): Promise<Choice | OrreryError> {
    const newest = await this.#lookAtNewest();
    return newest.problem ?? { sound: newest };
  }

  async #snapshot(): Promise<Choice | OrreryError> {
    let problem: OrreryError | undefined;
    for (const { seq } of [...this.#probe.snapshots].reverse()) {
      const found = await this.#probe.at(seq);
      if (!found.problem) return problem ? { sound: found, problem } : { sound: found };
      problem ??= found.problem;
    }
    return nothingSound(this.#past.row.id, 'no snapshot is whole and sound', problem);
  }

  async #moment(moment: Moment): Promise<Choice | OrreryError> {
    let state: StateAt;
    try {
      state = await this.#past.stateAt(moment);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return error.code === 'MOMENT_NOT_KEPT' || moment.seq === undefined ? error : this.#atSeq(moment.seq, error);
    }
    const problem = this.#probe.problemOf(state);
    return problem ?? { sound: { state, rebuilt: false } };
  }

  /** A seq whose state cannot be read the ordinary way. */
  async #atSeq(seq: number, error: OrreryError): Promise<Choice | OrreryError> {
    if (this.#probe.lineage.placeOf(seq) === undefined) return error;
    const found = await this.#probe.at(seq);
    if (found.problem) return found.problem;
    return found.state.seq === seq ? { sound: found } : error;
  }

  async #beforeError(): Promise<Choice | OrreryError> {
    const newest = await this.#lookAtNewest();
    if (!newest.problem) return { sound: newest };
    const turn = await findTurn(this.#probe, newest);
    if (!turn) {
      return nothingSound(this.#past.row.id, 'no moment that is kept as a snapshot is sound', newest.problem);
    }
    return { sound: turn.good, problem: turn.problem, firstUnsound: await this.#firstUnsound(turn.firstBadSeq) };
  }

  async #lookAtNewest(): Promise<Sound | Unsound> {
    this.#newest ??= await this.#probe.at(this.#newestSeq);
    return this.#newest;
  }

  async #firstUnsound(seq: number): Promise<UnsoundRecord> {
    try {
      for await (const step of this.#past.steps({ fromSeq: seq, toSeq: seq })) {
        const { firstSeq, lastSeq, commands } = step;
        const [command] = commands;
        if (!command) return { seq, tick: step.tick };
        if (firstSeq < lastSeq) return { seq, tick: step.tick, firstSeq, commands };
        const { tick, name, player } = command;
        return { seq, tick, command: name, ...(player === undefined ? {} : { player }) };
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return { seq };
  }
}

/** A moment that is not kept says nothing about what is wrong. */
function tellsOfGame({ error }: Tried): boolean {
  return error.code !== 'MOMENT_NOT_KEPT';
}

/** A mode as people and records write it. */
export function nameOf(mode: RecoveryMode): string {
  if (typeof mode === 'string') return mode;
  const [unit, value] = Object.entries(mode.to)[0] as [string, number];
  return `${unit}:${value}`;
}

function nothingSound(game: string, what: string, cause: OrreryError | undefined): OrreryError {
  return new OrreryError({
    code: 'RECOVERY_FAILED',
    what,
    hint: 'Recover to a moment of your choice, or go back to a backup. Nothing was changed.',
    context: { game },
    cause,
  });
}

function failed(game: string, tried: readonly Tried[]): OrreryError {
  const [only, ...others] = tried;
  if (only?.error.code === 'MOMENT_NOT_KEPT' && others.length === 0) return only.error.within({ game });
  const list = tried.map(({ mode, error }) => ({ mode: nameOf(mode), code: error.code, what: error.what }));
  return new OrreryError({
    code: 'RECOVERY_FAILED',
    what: `the game cannot be recovered by ${list.map(({ mode }) => mode).join(', ')}`,
    hint: 'Allow another mode, such as before-error or a moment of your choice. Nothing was changed.',
    context: { game, tried: list },
    cause: tried.at(-1)?.error,
  });
}
