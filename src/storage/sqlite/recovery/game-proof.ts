// The rows of one game, proven: folded from the first snapshot over every step it ever took, by way of each later
// snapshot, with every command beside them. Before it: an image, with or without the journal after it; after it:
// `orrery check`, which names what does not add up, and salvage.ts, which keeps what comes before that.

import { OrreryError } from '../../../core/errors.ts';
import { fold } from '../../../core/patch/apply.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Patch } from '../../../core/patch/patch.ts';
import { MERGED } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Step } from '../../steps.ts';
import type { Compaction } from '../compaction/compaction.ts';
import type { Database } from '../image/database.ts';
import { rangesWithoutCommands } from '../image/kept-rows.ts';
import { readSnapshot, type Snapshot } from '../image/snapshots.ts';

/** Image and journal, or an image alone. */
export interface GameSource {
  readonly database: Database;
  readonly compaction: Compaction;
}

export interface GameProof {
  /** Up to here, and no further, everything adds up; -1 when not even the first snapshot does. */
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  /** At that seq; nobody else holds it. */
  readonly state: unknown;
  readonly steps: number;
  readonly snapshots: number;
  readonly commands: number;
  /** The first thing that does not. */
  readonly fault: string | undefined;
}

/** Throws only what is nobody's damage: FORMAT_TOO_NEW, and what the disk throws. */
export function proveGame(source: GameSource, row: GameInfo): GameProof {
  const history = proveCommands(source, row);
  const run = proveSteps(source, row, row.seq);
  const fault = run.fault ?? history.fault;
  if (fault === undefined) return { ...run, commands: history.count, fault };
  if (run.seq < 0) return { ...run, commands: 0, fault };
  // Once more up to there: a fold that failed half-way leaves a state that is none.
  const clean = proveSteps(source, row, Math.min(run.seq, history.seq), 'rows alone');
  const commands = proveCommands(source, { ...row, seq: clean.seq }).count;
  return { ...clean, seq: clean.fault === undefined ? clean.seq : -1, commands, fault };
}

/** What a row that cannot be read says of itself. Rethrows what is no damage. */
export function complaintOf(error: unknown): string {
  if (error instanceof OrreryError && error.code !== 'FORMAT_TOO_NEW') return error.what;
  // A body inflates and is not JSON, or not of the shape it should have, or is nested beyond any stack.
  if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
    return `a row cannot be read: ${error.message}`;
  }
  throw error;
}

type StepRun = Omit<GameProof, 'commands'>;

/** With `rows alone`, what the game is listed with does not count. */
function proveSteps({ database, compaction }: GameSource, row: GameInfo, upTo: number, how?: 'rows alone'): StepRun {
  let proven: StepRun = { seq: -1, tick: 0, time: 0, state: undefined, steps: 0, snapshots: 0, fault: undefined };
  try {
    const [first, ...later] = database
      .all('SELECT seq FROM snapshots WHERE game = ? ORDER BY seq', [row.id])
      .map(({ seq }) => Number(seq));
    if (first === undefined) throw fault('has no snapshot');
    const beginning = snapshotAt(database, row.id, first);
    let state = stateOf(beginning);
    proven = { ...proven, seq: first, tick: beginning.tick, time: beginning.time, state, snapshots: 1 };
    for (const step of compaction.steps(row.id, first, upTo)) {
      if (step.lastSeq > upTo) break;
      if (step.firstSeq !== proven.seq + 1) throw fault(`has no step from seq ${proven.seq} to seq ${step.firstSeq}`);
      const next = later[0] ?? Number.POSITIVE_INFINITY;
      if (step.lastSeq > next) throw fault(`its snapshot at seq ${next} is in the middle of a step`);
      state = advance(state, step);
      let { snapshots } = proven;
      if (step.lastSeq === next) {
        if (JSON.stringify(state) !== snapshotAt(database, row.id, next).json)
          throw fault(`its snapshot at seq ${next} is not what its steps lead to`);
        later.shift();
        snapshots += 1;
      }
      const { lastSeq: seq, tick, time } = step;
      proven = { seq, tick, time, state, steps: proven.steps + 1, snapshots, fault: undefined };
    }
    if (how) return proven;
    if (later[0] !== undefined) throw fault(`its snapshot at seq ${later[0]} is behind its last step`);
    if (first !== row.firstSeq) {
      throw fault(`its first snapshot is that of seq ${first}, and its past is listed from seq ${row.firstSeq} on`);
    }
    if (proven.seq !== row.seq || proven.tick !== row.tick) {
      const end = `its steps end at seq ${proven.seq}, tick ${proven.tick}`;
      throw fault(`${end}, and it is listed with seq ${row.seq}, tick ${row.tick}`);
    }
  } catch (error) {
    return { ...proven, fault: complaintOf(error) };
  }
  return proven;
}

/** A seq may only be left out where several commands were merged into one, or retention has let the commands go. */
function proveCommands(
  { database, compaction }: GameSource,
  row: GameInfo,
): { readonly seq: number; readonly count: number; readonly fault?: string } {
  let seq = row.firstSeq;
  let count = 0;
  try {
    const letGo = rangesWithoutCommands(database, row.id).filter(({ lastSeq }) => lastSeq <= row.seq);
    const isThinned = row.firstSeq > 0 || letGo.length > 0;
    const skip = (): void => {
      while (letGo[0]?.firstSeq === seq + 1) seq = (letGo.shift() as { lastSeq: number }).lastSeq;
    };
    skip();
    for (const command of compaction.commands(row.id, row.firstSeq, row.seq)) {
      if (command.seq <= seq || (command.seq > seq + 1 && command.name !== MERGED)) {
        throw fault(`its history leads from command ${seq} to command ${command.seq}`);
      }
      seq = command.seq;
      count += 1;
      skip();
    }
    if (seq !== row.seq) throw fault(`its history ends at command ${seq} in place of ${row.seq}`);
    if (isThinned ? count > row.records : count !== row.records)
      throw fault(`its history has ${count} commands in place of ${row.records}`);
  } catch (error) {
    return { seq, count, fault: complaintOf(error) };
  }
  return { seq, count };
}

function snapshotAt(database: Database, game: string, seq: number): Snapshot {
  const snapshot = readSnapshot(database, game, seq);
  if (!snapshot || snapshot.seq !== seq) throw fault(`its snapshot at seq ${seq} cannot be found`);
  return snapshot;
}

function stateOf(snapshot: Snapshot): unknown {
  const whole: Patch = { op: 'replace', path: [], value: parseJson(snapshot.json) as never };
  return fold(undefined, [whole], 'owned');
}

function advance(state: unknown, { lastSeq, patches }: Step): unknown {
  try {
    return fold(state, patches);
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error;
    throw fault(`its step to seq ${lastSeq} does not apply: ${error.what} at ${error.context.path}`);
  }
}

function fault(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'Run `orrery salvage` to keep what comes before it.' });
}
