// The end of the demo: the directory is opened once more, by the parent, and every galaxy is examined through the
// library.

import { type GameInfo, openOrrery } from 'orrery';
import { type Galaxy, galaxy } from '../galaxy.ts';
import type { LogEntry } from '../recompute.ts';
import type { Setup } from '../state.ts';
import type { Ledger } from './ledger.ts';
import { seedsIn } from './seeds.ts';
import { judge, type Verdict } from './verdict.ts';

export interface Inspection {
  readonly verdicts: readonly Verdict[];
  /** What Orrery counts of each galaxy. */
  readonly rows: readonly GameInfo[];
  /** A place worth looking at: the home of the first player in the ranking of the first galaxy. */
  readonly sight: string;
}

export async function inspect(
  directory: string,
  galaxies: readonly string[],
  setup: Setup,
  ledger: Ledger,
  progress: (done: number) => void,
): Promise<Inspection> {
  progress(0);
  await using orrery = await openOrrery({ directory, games: [galaxy] });
  const games: Galaxy[] = [];
  for (const id of galaxies) games.push(await orrery.load(galaxy, id));
  ledger.recover(games.map((game) => game.seq));

  // Opening has published an image of everything.
  const seeds = await seedsIn(directory);

  const verdicts: Verdict[] = [];
  for (const [index, game] of games.entries()) {
    progress(index);
    const log: LogEntry[] = [];
    for await (const { name, ...entry } of (await orrery.history(game.id)).entries())
      log.push({ ...entry, command: name });
    const found = { id: game.id, seq: game.seq, state: game.state, log, seed: seeds.get(game.id) };
    verdicts.push(judge(setup, found, ledger.galaxy(index)));
  }

  const rows = new Map((await orrery.list()).map((row) => [row.id, row]));
  const { state } = games[0] as Galaxy;
  const leader = state.ranking[0];
  const home = leader === undefined ? undefined : state.players.get(leader)?.home;
  return {
    verdicts,
    rows: galaxies.map((id) => rows.get(id) as GameInfo),
    sight: home === undefined ? '/ranking' : `/systems/${home}`,
  };
}
