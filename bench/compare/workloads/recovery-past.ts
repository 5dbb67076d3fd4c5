// The past that W6 recovers from: ticks of 500 `mine` commands, each followed by the tick itself. Everything about it
// can be computed, so that recovery.ts can check what came back and knows, without a look into anybody's files, which
// JSON had to be read. recovery-writer.ts plays it.

import { encodePatches, encodeRecord, type Record, TICK } from '../../../src/core/patch/record.ts';
import { type FlatGalaxy, plainGalaxy, type System, TICK_COMMANDS, visits } from '../../galaxy.ts';

export const GAME = 'andromeda';
export const METAL = 3;

/** 500 commands and the tick. */
export const TICK_RECORDS = TICK_COMMANDS + 1;

/** Any moment of the present will do: only its number of digits matters. */
const TIME = 1_790_000_000_000;

interface Replacement {
  readonly op: 'replace';
  readonly path: [string, string, string];
  readonly value: number;
}

export interface MineCommand {
  readonly system: string;
  readonly patches: readonly [Replacement, Replacement];
}

/** The past, from its beginning, a tick at a time. `state` is what the ticks so far have led to. */
export class Past {
  readonly state: FlatGalaxy;
  readonly #ids: readonly string[];
  #tick = 0;

  constructor(systems: number) {
    this.state = plainGalaxy(systems);
    this.#ids = visits(systems);
  }

  /** Ticks so far. */
  get ticks(): number {
    return this.#tick;
  }

  /** Plays a tick: what each command changed. While they run, the tick has the number of the one before. */
  next(): MineCommand[] {
    const tick = this.#tick;
    this.#tick += 1;
    return Array.from({ length: TICK_COMMANDS }, (_, place) => {
      const id = this.#ids[(tick * TICK_COMMANDS + place) % this.#ids.length] as string;
      const system = this.state.systems[id] as System;
      system.metal += METAL;
      system.mined = tick;
      return {
        system: id,
        patches: [
          { op: 'replace', path: ['systems', id, 'metal'], value: system.metal },
          { op: 'replace', path: ['systems', id, 'mined'], value: tick },
        ],
      };
    });
  }

  skipTo(ticks: number): this {
    while (this.#tick < ticks) this.next();
    return this;
  }
}

/** The records of a tick as the journal has them, as one JSON array. */
export function recordsJson(tick: number, commands: readonly MineCommand[]): string {
  const firstSeq = tick * TICK_RECORDS + 1;
  const record = (index: number, rest: Pick<Record, 'command' | 'patches' | 'args'>): string =>
    encodeRecord({ game: GAME, seq: firstSeq + index, tick, time: TIME, ...rest });
  const lines = commands.map(({ system, patches }, index) =>
    record(index, { command: 'mine', args: { system, metal: METAL }, patches }),
  );
  lines.push(
    encodeRecord({ game: GAME, seq: firstSeq + TICK_COMMANDS, tick: tick + 1, time: TIME, command: TICK, patches: [] }),
  );
  return `[${lines.join(',')}]`;
}

/** A tick as a step of the history in an image. */
function stepJson(tick: number, commands: readonly MineCommand[]): string {
  const firstSeq = tick * TICK_RECORDS + 1;
  const patches = encodePatches(commands.flatMap((command) => command.patches));
  return `[${firstSeq},${firstSeq + TICK_COMMANDS - 1},${tick},${TIME},${patches}]`;
}

/** Where the files stood when the process was killed. All in ticks. */
export interface Standing {
  /** Of the newest snapshot in the image. */
  readonly snapshot: number;
  /** Of the image. */
  readonly image: number;
  /** Of the journal. */
  readonly journal: number;
}

/** Texts that a recovery cannot do without: the state of the snapshot, the steps since, the journal since the image. */
export function neededJson(systems: number, standing: Standing): { snapshot: string; steps: string; tail: string[] } {
  const past = new Past(systems).skipTo(standing.snapshot);
  const snapshot = JSON.stringify(past.state);
  const steps: string[] = [];
  const tail: string[] = [];
  while (past.ticks < standing.journal) {
    const tick = past.ticks;
    const commands = past.next();
    if (tick < standing.image) steps.push(stepJson(tick, commands));
    else tail.push(recordsJson(tick, commands));
  }
  return { snapshot, steps: `[${steps.join(',')}]`, tail };
}

/** The seq of the last record of so many ticks; the record that creates the game has seq 0. */
export function seqAfter(ticks: number): number {
  return ticks * TICK_RECORDS;
}
