// Measures the checks: round by round, each beside its calibration. What comes out are ratios, which a slower machine
// or another program on this one changes far less than it changes times.

import type { Folders } from '../folders.ts';
import { measureRound, median, type Round } from '../measure.ts';
import type { Setting } from '../scenario.ts';
import { CALIBRATIONS } from './calibration.ts';
import type { Check } from './checks.ts';

/** What the measurement of one check gave. */
export interface Reading {
  readonly name: string;
  /** The time of one operation over that of one of the calibration, round by round, and of these the median. */
  readonly ratio: number;
  /** The time of one operation, of the rounds the median. */
  readonly microseconds: number;
}

/** A check whose scenario threw. */
export interface Failure {
  readonly name: string;
  readonly error: unknown;
}

export interface Readings {
  readonly readings: readonly Reading[];
  readonly failures: readonly Failure[];
}

/** Measures some checks. The guard asks once for all of them, and again for those that look as if they had moved. */
export type Measure = (checks: readonly Check[], rounds: number) => Promise<Readings>;

export function measuring(folders: Folders, smoke: boolean, tell: (name: string) => void): Measure {
  const setting: Setting = { smoke, folder: () => folders.make() };
  return async (checks, rounds) => {
    const pairs = new Map<Check, { readonly check: number; readonly calibration: number }[]>(
      checks.map((check) => [check, []]),
    );
    const failures: Failure[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const [check, measured] of pairs) {
        tell(check.scenario.name);
        try {
          const before = await measureRound(CALIBRATIONS[check.against], setting);
          const samples = await measureRound(check.scenario, setting);
          const after = await measureRound(CALIBRATIONS[check.against], setting);
          measured.push({ check: undisturbed(samples), calibration: (undisturbed(before) + undisturbed(after)) / 2 });
        } catch (error) {
          failures.push({ name: check.scenario.name, error });
          pairs.delete(check);
        }
        folders.clear();
      }
    }
    return { readings: [...pairs].map(([check, measured]) => readingOf(check.scenario.name, measured)), failures };
  };
}

/** From at least one round. */
export function readingOf(
  name: string,
  rounds: readonly { readonly check: number; readonly calibration: number }[],
): Reading {
  return {
    name,
    ratio: median(rounds.map(({ check, calibration }) => check / calibration)),
    microseconds: median(rounds.map(({ check }) => check)),
  };
}

/** The lower quartile: whatever else the machine does can only add to a sample. */
function undisturbed({ samples }: Round): number {
  const ascending = [...samples].sort((a, b) => a - b);
  return ascending[Math.ceil(ascending.length / 4) - 1] as number;
}
