// Whether a value is better than the default, from the rounds of both. Before it: search.ts; after it: report.ts.

import { type FigureName, type Figures, medianFigures, READINGS, spread } from './figures.ts';
import type { Candidate, Tuned } from './options.ts';

/** All rounds of one candidate. */
export interface Measured {
  readonly candidate: Candidate;
  readonly rounds: readonly Figures[];
}

export interface Verdict {
  /** Undefined when the default stays. */
  readonly chosen: Candidate | undefined;
  readonly reason: string;
}

/** Differences below this are not worth an option, however steady they are. */
const LEAST_GAIN = 0.05;

/** The default's rounds first, as the candidates of `tuned` are. */
export function judge(tuned: Tuned, measured: readonly Measured[]): Verdict {
  const { aim } = tuned;
  if (aim === undefined) return { chosen: undefined, reason: '' };
  const [standard, ...others] = measured as readonly [Measured, ...Measured[]];
  const normal = medianFigures(standard.rounds);
  let best: { readonly candidate: Candidate; readonly gain: number; readonly reason: string } | undefined;
  const spoiled: string[] = [];
  let compared = 0;
  for (const other of others) {
    const figures = medianFigures(other.rounds);
    if (!tuned.reached(normal, figures, other.candidate.setting)) continue;
    compared += 1;
    if (difference(aim, standard, other) <= 0) continue;
    const fault = faultOf(tuned, standard, other);
    if (fault !== undefined) {
      spoiled.push(`${other.candidate.label} is better in ${READINGS[aim].words}, but ${fault}`);
      continue;
    }
    const gain = Math.abs(figures[aim] - normal[aim]) / normal[aim];
    if (!best || gain > best.gain) best = { candidate: other.candidate, gain, reason: told(aim, normal, figures) };
  }
  if (best) return { chosen: best.candidate, reason: best.reason };
  if (compared === 0) return { chosen: undefined, reason: `nothing to compare: ${tuned.unreached}` };
  if (spoiled.length > 0) return { chosen: undefined, reason: spoiled.join('; ') };
  const words = READINGS[aim].words;
  return { chosen: undefined, reason: `no value is better in ${words} by more than the rounds differ` };
}

/** Whether fresh rounds still show it, with whatever else was recommended. */
export function isConfirmed(aim: FigureName, standard: Measured, together: Measured): boolean {
  const before = medianFigures(standard.rounds)[aim];
  const after = medianFigures(together.rounds)[aim];
  const gain = READINGS[aim].better === 'higher' ? after - before : before - after;
  return gain >= before * LEAST_GAIN;
}

/** `durable commands a second: 41,200 instead of 25,300`. */
export function told(aim: FigureName, normal: Figures, figures: Figures): string {
  const { words, print } = READINGS[aim];
  return `${words}: ${print(figures[aim])} instead of ${print(normal[aim])}`;
}

/**
 * By how much one is better than the other beyond what rounds of the same differ by: positive, negative, or 0 for
 * neither.
 */
function difference(figure: FigureName, standard: Measured, other: Measured): number {
  const of = ({ rounds }: Measured): readonly number[] => rounds.map((round) => round[figure]);
  const before = medianFigures(standard.rounds)[figure];
  const after = medianFigures(other.rounds)[figure];
  const better = READINGS[figure].better === 'higher' ? after - before : before - after;
  const noise = Math.max(spread(of(standard)), spread(of(other)), before * LEAST_GAIN);
  return Math.abs(better) > noise ? better : 0;
}

function faultOf({ guards, ceiling }: Tuned, standard: Measured, other: Measured): string | undefined {
  const normal = medianFigures(standard.rounds);
  const figures = medianFigures(other.rounds);
  const worse = guards.find((guard) => difference(guard, standard, other) < 0);
  if (worse !== undefined) return `worse in ${told(worse, normal, figures)}`;
  if (ceiling && figures[ceiling.figure] > ceiling.most) {
    const { words, print } = READINGS[ceiling.figure];
    return `its ${words} is ${print(figures[ceiling.figure])}, more than ${print(ceiling.most)}`;
  }
  return undefined;
}
