// Whether a galaxy came through: what was acknowledged is there, the log holds what was acknowledged, and the log leads
// to the state that Orrery serves. Nothing here can be talked into a yes: what it looks at comes in as plain values.

import { firstDifference } from '../difference.ts';
import { type LogEntry, recompute, TICK } from '../recompute.ts';
import type { Setup } from '../state.ts';
import { checksumOf } from './crew.ts';
import { counted } from './figures.ts';
import type { GalaxyAccount, Promised } from './ledger.ts';

/** A galaxy as it was found in the end. */
export interface Found {
  readonly id: string;
  /** Of the state that is served. */
  readonly seq: number;
  readonly state: unknown;
  /** Every command from seq 1 on. */
  readonly log: readonly LogEntry[];
  /** The secret from which its random numbers follow. */
  readonly seed?: string | undefined;
}

export interface Verdict {
  readonly id: string;
  readonly commands: number;
  readonly ticks: number;
  readonly acknowledged: number;
  readonly lost: number;
  /** Everything that is wrong, each in a sentence. */
  readonly faults: readonly string[];
}

export function judge(setup: Setup, { id, seq, state, log, seed }: Found, account: GalaxyAccount): Verdict {
  const faults: string[] = [];
  const { acknowledged, lost } = account;
  if (lost > 0) faults.push(`${counted(lost, 'acknowledged command was', 'acknowledged commands were')} lost`);
  if (log.length !== seq) faults.push(`the state is at seq ${seq} and the log has ${log.length} commands`);
  for (const promised of account.promised) {
    if (checksumOfOrders(log, promised) === promised.checksum) continue;
    faults.push(`the log between seq ${promised.afterSeq} and ${promised.upToSeq} is not what was acknowledged`);
  }
  faults.push(...differences(setup, id, log, state, seed));
  const ticks = log.filter(({ command }) => command === TICK).length;
  return { id, commands: log.length, ticks, acknowledged, lost, faults };
}

function differences(
  setup: Setup,
  id: string,
  log: readonly LogEntry[],
  state: unknown,
  seed: string | undefined,
): string[] {
  try {
    const difference = firstDifference(recompute(id, setup, log, seed), state);
    return difference === undefined ? [] : [`the state is not what its log leads to: ${difference}`];
  } catch (error) {
    return [`the log cannot be done again: ${(error as Error).message}`];
  }
}

/** Ticks are not orders: nobody sends them, so nobody was told of them. */
function checksumOfOrders(log: readonly LogEntry[], { afterSeq, upToSeq }: Promised): number {
  let checksum = 0;
  for (const { seq, command, args, player } of log) {
    if (seq > afterSeq && seq <= upToSeq && command !== TICK)
      checksum = checksumOf(seq, command, args, player, checksum);
  }
  return checksum;
}
