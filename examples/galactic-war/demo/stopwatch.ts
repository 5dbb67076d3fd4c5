// The process that measures what persistence costs a tick. Three variants play the very same game: the same galaxies,
// the same bots, the same orders at the same ticks. They take turns in one warm process, a round of a few ticks each,
// so that what the machine does meanwhile meets all three; each waits until the background work of the one before has
// ended.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { type Orrery, openOrrery, runLoop } from 'orrery';
import { mapOf } from '../bots.ts';
import { firstDifference } from '../difference.ts';
import { type Galaxy, galaxy, give } from '../galaxy.ts';
import { PlainGalaxy } from '../recompute.ts';
import { PACES } from '../rules.ts';
import { loadStars } from '../stars.ts';
import type { Setup } from '../state.ts';
import { Crew } from './crew.ts';
import { type StopwatchMessage, type StopwatchTask, type TickTimes, VARIANTS, type Variant } from './messages.ts';
import { NullStore } from './null-store.ts';
import { fail, obey, tell, tellLast } from './parent.ts';
import { CHECKPOINT_BYTES } from './settings.ts';

/**
 * Faster than the game is played, to have enough ticks in little time; so there is also more to make durable a second.
 */
const HZ = 50;
const TICKS_A_ROUND = 25;

/** What the owner thread has left to do after a flush gets this many milliseconds before somebody else's turn. */
const SETTLING_MS = 100;

interface Track {
  readonly histogram: RecordableHistogram;
  /** One tick of every galaxy. */
  tick(): void;
  settle(): Promise<void>;
  states(): unknown[];
}

async function measure(task: StopwatchTask): Promise<void> {
  const { directory, galaxies, seed, ticks, warmUp, patience } = task;
  const rounds = Math.ceil((warmUp + ticks) / TICKS_A_ROUND);
  const warm = Math.ceil(warmUp / TICKS_A_ROUND);
  const setup: Setup = { stars: loadStars(task.stars), pace: PACES.blitz };
  // Without secrets, so that all of them play the same game.
  const options = { directory, games: [galaxy], predictableRandom: true };
  const disk = await openOrrery({ ...options, checkpointBytes: CHECKPOINT_BYTES });
  const nowhere = await openOrrery({ ...options, store: () => new NullStore() });
  const tracks: Readonly<Record<Variant, Track>> = {
    disk: await orreryTrack(disk, galaxies, setup, seed),
    nowhere: await orreryTrack(nowhere, galaxies, setup, seed),
    plain: plainTrack(galaxies, setup, seed),
  };

  const deadline = Date.now() + patience * 1000;
  for (let round = 0; round < rounds && (round <= warm || Date.now() < deadline); round += 1) {
    // Who begins changes, so that nobody always follows the same neighbour.
    for (let place = 0; place < VARIANTS.length; place += 1) {
      const track = tracks[VARIANTS[(round + place) % VARIANTS.length] as Variant];
      const times = await playRound(nowhere, track);
      if (round >= warm) track.histogram.add(times);
      await track.settle();
    }
    tell({ kind: 'round', done: round + 1, of: rounds } satisfies StopwatchMessage);
  }

  const [first, ...others] = VARIANTS.map((variant) => tracks[variant].states());
  const same = others.every((states) => firstDifference(first, states) === undefined);
  const times = Object.fromEntries(VARIANTS.map((variant) => [variant, timesOf(tracks[variant].histogram)]));
  await disk.close();
  await nowhere.close();
  tellLast({ kind: 'times', times, same } as StopwatchMessage);
}

async function orreryTrack(orrery: Orrery, ids: readonly string[], setup: Setup, seed: number): Promise<Track> {
  const games: Galaxy[] = await Promise.all(ids.map((id) => orrery.open(galaxy, id, setup)));
  const map = mapOf((games[0] as Galaxy).state);
  const crews = games.map((game, index) => new Crew(game, (order) => give(game, order), seed + index, map));
  orrery.on('failed', fail);
  return {
    histogram: createHistogram(),
    tick: () => {
      for (const crew of crews) crew.play((_order, { durable }) => void durable.catch(fail));
      for (const game of games) game.advance();
    },
    settle: async () => {
      await orrery.flush();
      await pause(SETTLING_MS);
    },
    states: () => games.map((game) => game.state),
  };
}

function plainTrack(ids: readonly string[], setup: Setup, seed: number): Track {
  const games = ids.map((id) => new PlainGalaxy(id, setup));
  const map = mapOf((games[0] as PlainGalaxy).state);
  const crews = games.map(
    (game, index) =>
      new Crew(game, ({ command, args, player }) => game.dispatch(command, args, { player }), seed + index, map),
  );
  return {
    histogram: createHistogram(),
    tick: () => {
      for (const crew of crews) crew.play();
      for (const game of games) game.advance();
    },
    settle: async () => undefined,
    states: () => games,
  };
}

/** All variants run in the same loop, which drives no games of its own: the tick is the track's. */
async function playRound(orrery: Orrery, track: Track): Promise<RecordableHistogram> {
  const loop = await new Promise<ReturnType<typeof runLoop>>((resolve) => {
    const running = runLoop(orrery, {
      hz: HZ,
      games: [],
      beforeTick: () => track.tick(),
      afterTick: (tick) => {
        if (tick < TICKS_A_ROUND) return;
        running.stop();
        resolve(running);
      },
    });
  });
  // The loop records a tick when afterTick has returned.
  await turn();
  return loop.histogram;
}

function timesOf(histogram: RecordableHistogram): TickTimes {
  return { ticks: histogram.count, p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6 };
}

obey(measure);
