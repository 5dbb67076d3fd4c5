// Why commits, or checkpoints, do not succeed at present, or do not end. commit-queue.ts keeps it; the orrery hears
// when it begins and ends.

import type { OrreryError } from '../core/errors.ts';
import type { CheckpointReport } from '../storage/store.ts';

export interface TroubleEvents {
  /** The disk or the thread fails; games go on in memory and the commit queue goes on trying. */
  degraded(error: OrreryError): void;
  recovered(): void;
}

/** What a commit queue tells about itself. */
export interface CommitQueueEvents extends TroubleEvents {
  checkpoint(report: CheckpointReport): void;
  /** Nothing more can become durable here. */
  failed(error: OrreryError): void;
  /** Nothing more of one game can become durable; the others go on. */
  gameFailed(error: OrreryError, game: string): void;
}

export class Trouble {
  readonly #events: TroubleEvents;
  #commit: OrreryError | undefined;
  #checkpoint: OrreryError | undefined;
  #stall: OrreryError | undefined;

  constructor(events: TroubleEvents) {
    this.#events = events;
  }

  get error(): OrreryError | undefined {
    return this.#commit ?? this.#checkpoint ?? this.#stall;
  }

  commit(error: OrreryError | undefined): void {
    this.#change(() => {
      this.#commit = error;
    });
  }

  checkpoint(error: OrreryError | undefined): void {
    this.#change(() => {
      this.#checkpoint = error;
    });
  }

  stall(error: OrreryError | undefined): void {
    this.#change(() => {
      this.#stall = error;
    });
  }

  /** Told once when the first trouble comes, and once when the last has gone. */
  #change(set: () => void): void {
    const before = this.error;
    set();
    const now = this.error;
    if (now && !before) this.#events.degraded(now);
    if (before && !now) this.#events.recovered();
  }
}
