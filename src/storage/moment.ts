// Moments of a game's past, as somebody asks for them: checked, and found among the records. stored-history.ts and
// memory/memory-store.ts give the records, newest first; what is not kept is told with the moments around it that are.

import { OrreryError } from '../core/errors.ts';
import type { Moment } from './history-reader.ts';

/** The end of a record. `firstSeq` is smaller than `seq` where it stands for several of which nothing else is known. */
export interface Point {
  readonly firstSeq: number;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
}

/** Moments that are kept, on both sides of one that is not. */
export interface Neighbours {
  readonly before: number | undefined;
  readonly after: number | undefined;
  /**
   * Of a tick that the game has been at and a recovery took it back from: the last record up to it among those given
   * up.
   */
  readonly givenUp?: number | undefined;
  /**
   * When the game began, and when its newest record was made: a time that is none of its own may be in another unit.
   */
  readonly times?: Times | undefined;
}

/** In milliseconds since 1970. */
export interface Times {
  readonly first: number;
  readonly last: number;
}

/** Records between these two seqs, of which nothing is known. */
export interface Hidden {
  readonly before: number;
  readonly after: number;
}

const MEASURES = ['seq', 'tick', 'time'] as const;

/** By what a moment is asked for, and the number. Throws INVALID_OPTION. */
export function measured(game: string, moment: Moment): { readonly by: 'seq' | 'tick' | 'time'; readonly at: number } {
  const given = MEASURES.filter((by) => (moment as Moment | undefined)?.[by] !== undefined);
  const other = Object.keys((moment as Moment | undefined) ?? {}).find((key) => !MEASURES.includes(key as never));
  if (other !== undefined) throw invalid(game, `a moment has no ${JSON.stringify(other)}`);
  const [by] = given;
  if (by === undefined || given.length > 1) {
    throw invalid(game, `a moment has ${given.length === 0 ? 'neither seq, tick nor time' : given.join(' and ')}`);
  }
  const at = moment[by] as number;
  if (!Number.isSafeInteger(at) || (by !== 'time' && at < 0))
    throw invalid(game, `the ${by} of a moment is ${String(at)}`);
  return { by, at };
}

function invalid(game: string, what: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what,
    hint: 'Give one of { seq }, { tick } and { time }: whole numbers, the time in milliseconds since 1970.',
    context: { game },
  });
}

/**
 * The seq of the last record whose tick or time is at most `at`. `points` are records newest first, down to the first
 * moment that is kept. Hidden when it lies among records that one point stands for, undefined when all of them are
 * later.
 */
export function lastPoint(points: Iterable<Point>, by: 'tick' | 'time', at: number): number | Hidden | undefined {
  let later: Point | undefined;
  for (const point of points) {
    // What a point hides lies between the one before and itself. On the stroke of the one before, that one is meant.
    if (later && later.firstSeq < later.seq && point[by] < at) return { before: point.seq, after: later.seq };
    if (point[by] <= at) return point.seq;
    later = point;
  }
  return undefined;
}

/** The records of a step as points, newest first. */
export function* pointsOf(
  step: { readonly firstSeq: number; readonly lastSeq: number; readonly tick: number; readonly time: number },
  commands: readonly { readonly seq: number; readonly tick: number; readonly time: number }[],
): Generator<Point> {
  const last = commands.at(-1);
  if (last?.seq !== step.lastSeq) {
    yield { firstSeq: (last?.seq ?? step.firstSeq - 1) + 1, seq: step.lastSeq, tick: step.tick, time: step.time };
  }
  for (let index = commands.length - 1; index >= 0; index -= 1) {
    const { seq, tick, time } = commands[index] as Point;
    const before = index === 0 ? step.firstSeq - 1 : (commands[index - 1] as Point).seq;
    yield { firstSeq: before + 1, seq, tick, time };
  }
}

export function momentNotKept(game: string, moment: Moment, neighbours: Neighbours): OrreryError {
  const { by, at } = measured(game, moment);
  const { before, after, givenUp, times } = neighbours;
  const seconds = by === 'time' && times ? secondsRemark(at, times) : undefined;
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `the state at ${by} ${at} ${reasonOf(before, after, givenUp)}`,
    hint: [hintOf(before, after, givenUp), seconds].filter((each) => each !== undefined).join(' '),
    context: { game, [by]: at, before, after, ...(givenUp === undefined ? {} : { givenUp }) },
  });
}

/** How far from what a game has recorded a time may be and still be meant. */
const A_YEAR = 366 * 24 * 3600 * 1000;

/** What to say of a time that is before everything in milliseconds, and in the life of the game in seconds. */
export function secondsRemark(time: number, { first, last }: Times): string | undefined {
  const meant = time * 1000;
  if (time >= first || meant < first - A_YEAR || meant > last + A_YEAR) return undefined;
  const date = new Date(meant);
  const iso = Number.isNaN(date.getTime()) ? '' : `, which is ${date.toISOString()}`;
  return `A time is in milliseconds since 1970: if ${time} is in seconds, write ${meant}${iso}.`;
}

function reasonOf(before: number | undefined, after: number | undefined, givenUp: number | undefined): string {
  if (givenUp !== undefined) return 'is no moment of the game as it goes on: a recovery took it back to before that';
  if (before === undefined) return 'cannot be read: the past of the game begins later';
  if (after === undefined) return 'cannot be read: the game has not come so far';
  return 'is not kept by itself: it lies inside a step that was merged';
}

function hintOf(before: number | undefined, after: number | undefined, givenUp: number | undefined): string {
  if (givenUp !== undefined)
    return `What was given up can be read by its seq: there that is seq ${givenUp}. The newest is seq ${before}.`;
  if (before === undefined) return `The first moment that can be read is seq ${after}.`;
  if (after === undefined) return `The newest moment is seq ${before}.`;
  return `The moments around it are seq ${before} and seq ${after}; { nearest: true } takes the one before.`;
}
