// What is to be known about the first step that came out differently: which command, at which place, and whether it is
// chance or a clock that made it so. The step is run twice more for that. Before it: reenact.ts; after it: whoever
// reads.

import { type ErrorData, errorToData, OrreryError, reason } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import type { Json, Patch, Path } from '../../core/patch/patch.ts';
import { toPointer } from '../../core/patch/pointer.ts';
import type { HistoryReader, PastStep, StateAt } from '../../storage/history-reader.ts';
import {
  openingAt,
  type RuntimeDifference,
  type RuntimeInfo,
  runtimeDifferences,
  thisRuntime,
} from '../../storage/openings.ts';
import type { CommandEntry } from '../../storage/steps.ts';
import { type Discrepancy, samePatches } from './comparison.ts';
import type { TypeVersions } from './games-module.ts';
import { watchNondeterminism } from './nondeterminism.ts';
import type { Outcome } from './reenact.ts';
import { type RandomOrigin, Replica, randomOriginAt } from './replica.ts';

/**
 * The first step of a game that today's code does not make as it was recorded. Plain data, and JSON but for what is
 * undefined.
 */
export interface Difference {
  readonly game: string;
  /**
   * `state`: another value. `refused`: today's code does not accept the command. `damaged`: what was recorded fits
   * nothing.
   */
  readonly kind: 'state' | 'refused' | 'damaged';
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly command: string;
  readonly player: string | undefined;
  readonly args: Json | undefined;
  /** The visible step; of several commands in it the likeliest was named unless `isCertain`. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly isCertain: boolean;
  /** RFC 6901. Empty for the whole state, or when the command was refused before anything was compared. */
  readonly path: string;
  /** Undefined: nothing stood there, or `kind` is not `state`. */
  readonly recorded: Json | undefined;
  readonly rerun: Json | undefined;
  /** Why it was refused, or does not fit. */
  readonly reason: ErrorData | undefined;
  /** What the command used that differs each time, such as `Math.random()`. */
  readonly randomUse: readonly string[];
  /** Two runs of today's code, one after the other, came out differently. */
  readonly isUnstable: boolean;
  /**
   * What surrounded the program when it was recorded and is otherwise now, as far as it is known: its Node, time zone
   * and the like.
   */
  readonly runtimeDifferences: readonly RuntimeDifference[];
  /** All of it as a sentence or two. */
  readonly message: string;
}

type Different = Extract<Outcome, { kind: 'different' }>;

/** What one command did when it was run again, once. */
interface Trial {
  readonly command: CommandEntry;
  readonly patches: readonly Patch[] | undefined;
  readonly used: readonly string[];
}

/** Throws what the past throws. */
export async function explain(past: HistoryReader, types: TypeVersions, outcome: Different): Promise<Difference> {
  const { step, discrepancies, failure, version } = outcome;
  const type = types.get(version) as AnyGameType;
  const before = await past.stateAt({ seq: step.firstSeq - 1 });
  const origin = randomOriginAt(past, step.firstSeq);
  const trials = attempt(before, type, origin, step.commands);
  const again = attempt(before, type, origin, step.commands);
  const stable = trials.map(({ patches }, index) => isSame(patches, again[index]?.patches));
  const refusedSeq = failure?.isDamage === false ? failure.seq : undefined;
  const { index, isCertain, discrepancy } = firstUnsound(trials, stable, refusedSeq, discrepancies);
  // Of a step whose commands are not kept only its end is known.
  const { command, used } = trials[index] ?? { command: endOf(step), used: [] };
  const { seq, tick, time, name, player, args } = command;
  const told = {
    game: past.row.id,
    kind: failure ? (failure.isDamage ? ('damaged' as const) : ('refused' as const)) : ('state' as const),
    seq,
    tick,
    time,
    command: name,
    player,
    args,
    firstSeq: step.firstSeq,
    lastSeq: step.lastSeq,
    isCertain,
    path: discrepancy ? toPointer(discrepancy.path) : (failure?.error.context.path ?? ''),
    recorded: discrepancy?.recorded,
    rerun: discrepancy?.rerun,
    reason: failure && errorToData(failure.error),
    randomUse: used,
    isUnstable: stable[index] === false,
    runtimeDifferences: differencesAt(past, step),
  };
  return { ...told, message: messageOf(told, discrepancy, failure?.error) };
}

function endOf({ lastSeq, tick, time }: PastStep): CommandEntry {
  return { seq: lastSeq, tick, time, name: '(not kept)', player: undefined, args: undefined };
}

/** Runs the commands of a step once, watched, down to the first that is refused. */
function attempt(before: StateAt, type: AnyGameType, origin: RandomOrigin, commands: readonly CommandEntry[]): Trial[] {
  const replica = new Replica(before, type, origin);
  const trials: Trial[] = [];
  for (const command of commands) {
    let patches: readonly Patch[] | undefined;
    const { used } = watchNondeterminism(() => {
      try {
        patches = replica.run(command);
      } catch (error) {
        if (!(error instanceof OrreryError) || error.code === 'INTERNAL') throw error;
      }
    });
    trials.push({ command, patches, used });
    if (!patches) break;
  }
  return trials;
}

function isSame(some: readonly Patch[] | undefined, other: readonly Patch[] | undefined): boolean {
  return some && other ? samePatches(some, other) : some === other;
}

interface UnsoundRecord {
  readonly index: number;
  readonly isCertain: boolean;
  readonly discrepancy: Discrepancy | undefined;
}

/** Which command of the step it is, and where. What was recorded tells only what all of them did together. */
function firstUnsound(
  trials: readonly Trial[],
  stable: readonly boolean[],
  refusedSeq: number | undefined,
  discrepancies: readonly Discrepancy[],
): UnsoundRecord {
  const last = trials.length - 1;
  const [first] = discrepancies;
  if (refusedSeq !== undefined) {
    const index = trials.findIndex(({ command }) => command.seq === refusedSeq);
    // By chance it may have been accepted this time, and an earlier one refused.
    return { index: index < 0 ? last : index, isCertain: true, discrepancy: first };
  }
  if (trials.length <= 1) return { index: last, isCertain: true, discrepancy: first };
  // The first that chance plays a part in makes all that follow come out differently too.
  const chancy = trials.findIndex(({ used }, index) => used.length > 0 || stable[index] === false);
  if (chancy >= 0) {
    const discrepancy = discrepancies.find(({ path }) => touches(trials[chancy] as Trial, path));
    return { index: chancy, isCertain: discrepancy !== undefined, discrepancy: discrepancy ?? first };
  }
  // A place that one command alone touched tells which it was.
  for (const discrepancy of discrepancies) {
    const touching = [...trials.keys()].filter((index) => touches(trials[index] as Trial, discrepancy.path));
    if (touching.length === 1) return { index: touching[0] as number, isCertain: true, discrepancy };
  }
  const index = first ? trials.findLastIndex((trial) => touches(trial, first.path)) : -1;
  return { index: index < 0 ? last : index, isCertain: false, discrepancy: first };
}

function touches({ patches }: Trial, place: Path): boolean {
  return (patches ?? []).some(({ path }) => {
    const shared = Math.min(path.length, place.length);
    return path.slice(0, shared).every((segment, index) => segment === place[index]);
  });
}

const SHOWN = 200;

function messageOf(
  difference: Omit<Difference, 'message'>,
  discrepancy: Discrepancy | undefined,
  error: OrreryError | undefined,
): string {
  const { kind, seq, tick, command, player, isCertain, firstSeq, lastSeq } = difference;
  const by = player === undefined ? '' : ` by ${JSON.stringify(player)}`;
  const among = isCertain ? '' : ` (or another command of seq ${firstSeq} to ${lastSeq})`;
  const who = `seq ${seq}, tick ${tick}, ${command}${by}${among}`;
  return `${who}: ${whatOf(kind, discrepancy, error)}.${randomUseOf(difference)}${runtimeOf(difference.runtimeDifferences)}`;
}

function whatOf(
  kind: Difference['kind'],
  discrepancy: Discrepancy | undefined,
  error: OrreryError | undefined,
): string {
  if (kind === 'refused') return `it was accepted when it was recorded and is refused now (${refusalOf(error)})`;
  if (kind === 'damaged') return `what was recorded does not fit the state before it (${error?.what})`;
  const { path, recorded, rerun, isOrder } = discrepancy as Discrepancy;
  const place = path.length === 0 ? 'the whole state' : toPointer(path);
  if (isOrder)
    return `the keys of ${place} stood in the order ${shown(recorded)} when it was recorded, and now in the order ${shown(rerun)}`;
  return `${place} was ${shown(recorded)} when it was recorded and is ${shown(rerun)} now${apart(recorded, rerun)}`;
}

/** Numbers that differ by less than this part of the larger one are told as rounded. */
const ROUNDING = 1e-9;

function apart(recorded: Json | undefined, rerun: Json | undefined): string {
  if (typeof recorded !== 'number' || typeof rerun !== 'number') return '';
  const part = Math.abs(recorded - rerun) / Math.max(Math.abs(recorded), Math.abs(rerun));
  return part < ROUNDING ? `, which differs by ${part.toPrecision(2)} of it` : '';
}

function refusalOf(error: OrreryError | undefined): string {
  if (!error) return 'for no reason';
  const cause = error.cause === undefined ? '' : `: ${reason(error.cause)}`;
  return `${error.code}: ${error.what}${cause}`;
}

function differencesAt(
  { openings = [], importedSeq = -1 }: HistoryReader,
  { lastSeq, time }: PastStep,
): readonly RuntimeDifference[] {
  // What came in from a pack was recorded by a program of which nothing is known here.
  const then = lastSeq > importedSeq ? openingAt(openings, time) : undefined;
  return then ? runtimeDifferences(then, thisRuntime()) : [];
}

const NAMES: { readonly [what in keyof RuntimeInfo]: string } = {
  runtime: '',
  v8: 'V8 ',
  icu: 'ICU ',
  unicode: 'Unicode ',
  zones: 'the time zones of ',
  platform: 'the platform ',
  timeZone: 'the time zone ',
  locale: 'the locale ',
};

function runtimeOf(differing: readonly RuntimeDifference[]): string {
  if (differing.length === 0) return '';
  const named = differing.map(({ what, recorded, now }) => {
    return `${NAMES[what]}${recorded || '(not told)'}, now ${now || '(not told)'}`;
  });
  const isOtherEngine = differing.some(({ what }) => what === 'v8' || what === 'platform');
  const remedy = isOtherEngine
    ? ' Another V8 or processor may round otherwise, as in ** and Math.sin: a tolerance passes that.'
    : '';
  return ` By its time, it was recorded with ${named.join('; ')}.${remedy}`;
}

function randomUseOf({ randomUse, isUnstable }: Omit<Difference, 'message'>): string {
  if (randomUse.length === 0 && !isUnstable) return '';
  const unstable = isUnstable
    ? ' Two runs one after the other come out differently, so it is not the code that changed.'
    : '';
  const remedy = 'ake chance from context.random() and the time from context.now.';
  if (randomUse.length === 0) {
    return `${unstable} Perhaps it keeps something outside of the state, such as a variable of its module: put it into the state. T${remedy}`;
  }
  return `${unstable} It uses ${randomUse.join(', ')}, which gives something else each time: t${remedy}`;
}

function shown(value: Json | undefined): string {
  if (value === undefined) return 'not there';
  const text = JSON.stringify(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;
}
