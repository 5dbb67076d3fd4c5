// What the trials of `orrery tune` do: how many games of what size, and which commands how often. Before it: a name, or
// the profile of a directory; after it: trial.ts.

import type { Profile } from './profile.ts';

export interface Workload {
  readonly name: string;
  readonly games: number;
  /** Of each game: what its commands change one of. */
  readonly entities: number;
  /** Changed by each command. */
  readonly patches: number;
  /** What a command should take in the journal; 0 for whatever it takes. */
  readonly recordBytes: number;
  /** One command at a time, each awaited until it is durable. */
  readonly awaited: boolean;
  /** Whether a game advances by a tick after its commands. */
  readonly ticks: boolean;
  /** The paced loop: every so many milliseconds the next games, so many commands each. */
  readonly intervalMs: number;
  readonly gamesAnInterval: number;
  readonly commandsAGame: number;
}

export const WORKLOADS = ['awaited', 'loop', 'many'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

export function namedWorkload(name: WorkloadName): Workload {
  const plain = { name, patches: 2, recordBytes: 0, ticks: true, awaited: false };
  switch (name) {
    case 'awaited':
      return {
        ...plain,
        awaited: true,
        ticks: false,
        games: 1,
        entities: 1_000,
        intervalMs: 10,
        gamesAnInterval: 1,
        commandsAGame: 1,
      };
    case 'loop':
      return { ...plain, games: 1, entities: 10_000, intervalMs: 50, gamesAnInterval: 1, commandsAGame: 500 };
    case 'many':
      // Each game has a tick a second; a twentieth of them has its turn every 50 ms.
      return { ...plain, games: 1_000, entities: 50, intervalMs: 50, gamesAnInterval: 50, commandsAGame: 10 };
  }
}

/** Bounds of what a trial does: it has a second or two, and its folders should not fill a disk. */
const MOST_GAMES = 1_000;
const MOST_STATE_BYTES = 16 * 2 ** 20;
const MOST_COMMANDS_A_SECOND = 10_000;
const MOST_PATCHES = 8;

/** An entity of the trials' games as JSON, about. */
const ENTITY_BYTES = 200;

/** A workload like what a directory holds, and what had to be left out of it. */
export function workloadOf(profile: Profile): { readonly workload: Workload; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const stateBytes = Math.max(1, profile.medianStateBytes);
  const fitting = Math.max(1, Math.floor(MOST_STATE_BYTES / stateBytes));
  const games = Math.min(profile.games, MOST_GAMES, fitting);
  if (games < profile.games) {
    notes.push(`The trials play ${games} of ${profile.games} games: more would take longer and show nothing else.`);
  }
  const entities = Math.max(1, Math.round(Math.min(stateBytes, MOST_STATE_BYTES) / ENTITY_BYTES));
  const commandsAGame = Math.max(1, Math.round(profile.commandsATick ?? 1));
  const hz = Math.min(50, Math.max(0.1, profile.ticksASecond ?? profile.commandsASecond ?? 20));
  // Games that tick seldom take turns; no slot is longer than 50 ms, or there would be few of them in a trial.
  const intervalMs = Math.min(50, 1_000 / hz);
  const turn = Math.max(1, Math.round((games * hz * intervalMs) / 1_000));
  const most = Math.max(1, Math.floor((MOST_COMMANDS_A_SECOND * intervalMs) / 1_000 / commandsAGame));
  const gamesAnInterval = Math.min(turn, most);
  if (gamesAnInterval < turn) {
    notes.push(
      `The paced loop plays about ${MOST_COMMANDS_A_SECOND.toLocaleString('en')} commands a second and no more.`,
    );
  }
  const workload = {
    name: 'profile',
    games,
    entities,
    patches: Math.min(MOST_PATCHES, Math.max(1, Math.round(profile.patchesACommand))),
    recordBytes: Math.round(profile.recordBytes),
    awaited: false,
    ticks: profile.ticksASecond !== undefined,
    intervalMs,
    gamesAnInterval,
    commandsAGame,
  };
  return { workload, notes };
}
