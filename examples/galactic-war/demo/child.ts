// The process that the demo kills. It opens the directory, plays, and says over the pipe what is accepted and, later
// and apart from that, what is durable. It knows nothing of being killed and prepares for nothing.

import { performance } from 'node:perf_hooks';
import { type Loop, openOrrery, type Receipt, runLoop } from 'orrery';
import { mapOf } from '../bots.ts';
import { type Galaxy, galaxy, give } from '../galaxy.ts';
import { PACES } from '../rules.ts';
import { loadStars } from '../stars.ts';
import { Crew, checksumOf } from './crew.ts';
import type { Acknowledgement, ChildMessage, ChildTask, ParentMessage } from './messages.ts';
import { fail, obey, tell, tellLast } from './parent.ts';
import { CHECKPOINT_BYTES, HZ } from './settings.ts';

/** Between two reports of what is durable, in milliseconds. */
const REPORT_EVERY = 20;

/** What is durable of each galaxy. Reports are gathered: 50 a second say as much as 2,000 would. */
class Acknowledged {
  readonly #galaxies: Acknowledgement[];
  #timer: NodeJS.Timeout | undefined;
  #reported = 0;

  constructor(seqs: readonly number[]) {
    this.#galaxies = seqs.map((seq) => ({ seq, checksum: 0 }));
  }

  /** Only ever called when the receipt of this command has resolved. */
  add(index: number, acknowledgement: Acknowledgement): void {
    this.#galaxies[index] = acknowledgement;
    this.#timer ??= setTimeout(() => this.report(), Math.max(0, this.#reported + REPORT_EVERY - performance.now()));
  }

  report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reported = performance.now();
    tell({ kind: 'acknowledged', galaxies: this.#galaxies } satisfies ChildMessage);
  }
}

async function play({ directory, galaxies, stars, seed }: ChildTask): Promise<void> {
  const setup = { stars: loadStars(stars), pace: PACES.blitz };
  const began = performance.now();
  const orrery = await openOrrery({ directory, games: [galaxy], checkpointBytes: CHECKPOINT_BYTES });
  const games: Galaxy[] = await Promise.all(galaxies.map((id) => orrery.open(galaxy, id, setup)));
  const seqs = (): number[] => games.map((game) => game.seq);
  tell({ kind: 'ready', milliseconds: performance.now() - began, seqs: seqs() } satisfies ChildMessage);

  orrery.on('error', fail).on('failed', fail);
  const map = mapOf((games[0] as Galaxy).state);
  const acknowledged = new Acknowledged(seqs());
  const seats = games.map((game, index) => ({
    game,
    crew: new Crew(game, (order) => give(game, order), seed + index, map),
    checksum: 0,
  }));
  const promise = (index: number, { seq, durable }: Receipt, checksum: number): void => {
    durable.then(() => acknowledged.add(index, { seq, checksum }), fail);
  };
  const loop: Loop = runLoop(orrery, {
    hz: HZ,
    // Left to itself the loop would count the ticks, and keep their receipts to itself: here those are commands to
    // account for like any other.
    games: [],
    beforeTick: () => {
      for (const [index, seat] of seats.entries()) {
        seat.crew.play(({ command, args, player }, receipt) => {
          seat.checksum = checksumOf(receipt.seq, command, args, player, seat.checksum);
          promise(index, receipt, seat.checksum);
        });
        promise(index, seat.game.advance(), seat.checksum);
      }
    },
    afterTick: (tick) =>
      tell({ kind: 'accepted', seqs: seqs(), ticks: tick, skipped: loop.skipped } satisfies ChildMessage),
  });

  await new Promise<void>((resolve) => {
    process.on('message', ({ kind }: ParentMessage) => {
      if (kind === 'stop') resolve();
    });
  });
  loop.stop();
  await orrery.flush();
  acknowledged.report();
  await orrery.close();
  tellLast({ kind: 'closed' } satisfies ChildMessage);
}

obey(play);
