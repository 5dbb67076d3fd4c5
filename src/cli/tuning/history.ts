// A history to verify: a game of the workload, played once, and its records run again with one number of threads or
// another. Before it: trial.ts, for the option `threads`; after it: GameHistory.verify, as a program would ask for it.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { OrreryError } from '../../core/errors.ts';
import { LEAST_SECTION, SECTIONS_A_THREAD, usualThreads } from '../../history/rerun/threads.ts';
import { openOrrery } from '../../index.ts';
import { type Figures, figuresWith } from './figures.ts';
import { idOf, trialModule, trialType } from './game.ts';
import type { Threads } from './options.ts';
import type { Workload } from './workload.ts';

const GAME = 'game-0';

/** Two threads have all their pieces in the shortest; the longest takes seconds to play and little of the disk. */
const LEAST_RECORDS = 2 * SECTIONS_A_THREAD * LEAST_SECTION;
const MOST_RECORDS = 300_000;

/** Pieces begin at snapshots. A long history has many; here there are as many as eight threads have pieces. */
const SNAPSHOTS = 8 * SECTIONS_A_THREAD;

/** Whoever plays waits for the disk after so many. */
const UNAWAITED = 2_000;

/** Of the loop that looks how late it is. */
const TURN_MS = 1;

export class History {
  readonly #workload: Workload;
  readonly #directory: string;
  readonly #module: string;

  private constructor(workload: Workload, directory: string) {
    this.#workload = workload;
    this.#directory = directory;
    this.#module = trialModule(workload);
  }

  /**
   * Plays one game into a directory that is not there yet, for so long that one thread needs about `ms` to verify it:
   * starting threads should not be most of what they are compared in.
   */
  static async play(workload: Workload, directory: string, ms: number): Promise<History> {
    const history = new History(workload, directory);
    let records = LEAST_RECORDS;
    await history.#playUpTo(records);
    // The first time is for the compiler; and the longer a history, the less of it is opening it.
    await history.verify('none');
    for (;;) {
      const { verifiedPerSecond } = await history.verify('none');
      const fitting = Math.min(MOST_RECORDS, Math.round((verifiedPerSecond * ms) / 1_000));
      if (fitting < records * 1.5) break;
      records = fitting;
      await history.#playUpTo(records);
    }
    return history;
  }

  /** With the default when nothing is said. Starting the threads is part of it, as it is for whoever calls verify. */
  async verify(threads: Threads = usualThreads()): Promise<Figures> {
    await using orrery = await openOrrery({ directory: this.#directory, games: [trialType(this.#workload)] });
    const lateness = monitorEventLoopDelay({ resolution: TURN_MS });
    lateness.enable();
    const began = performance.now();
    const past = await orrery.history(GAME);
    const found = await past.verify(threads === 'none' ? {} : { module: this.#module, threads });
    const seconds = (performance.now() - began) / 1_000;
    lateness.disable();
    if (found.difference) throw notTheSame(found.difference.message);
    return figuresWith({
      verifiedPerSecond: found.commands / seconds,
      lateP99: Math.max(0, lateness.percentile(99) / 1_000 - TURN_MS * 1_000),
    });
  }

  async #playUpTo(records: number): Promise<void> {
    const { entities, commandsAGame } = this.#workload;
    const type = trialType(this.#workload, Math.ceil(records / SNAPSHOTS));
    await using orrery = await openOrrery({ directory: this.#directory, games: [type] });
    const game = await orrery.open(type, GAME);
    for (let awaited = game.seq; game.seq < records; ) {
      for (let command = 0; command < commandsAGame; command += 1) {
        const count = game.seq + 1;
        game.dispatch('work', { entity: idOf((count * 7_919) % entities), count }, { player: 'ada' });
      }
      // Also where the workload has no ticks: commands of one tick are one step, and a piece is at least a step.
      const { durable } = game.advance();
      if (game.seq - awaited < UNAWAITED) continue;
      await durable;
      awaited = game.seq;
    }
  }
}

function notTheSame(difference = 'nothing was run again'): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: `the game of the trials did not come out as it was recorded: ${difference}`,
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}
