// Gives a contender its commands, the same to all of them, and checks what became of each. The files in workloads/ say
// how many and how fast; what is measured lies between their calls.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { visits } from '../galaxy.ts';
import { type Contender, metalAtFirst, orderOf, type Shape, type Stored, type World } from './contenders/contender.ts';
import { LoopTime } from './loop-time.ts';

/** Ticks of 20 Hz. */
const TICK_MS = 50;

/** Ticks that may wait to become durable before the next one begins, where nobody waits for the clock. */
const TICKS_UNDER_WAY = 8;

/** Timed to find out how many commands a tick can have. */
const PROBES = 5;
/** A tick of all its commands may take as long as this; a contender that needs longer gets shorter ticks. */
const LONGEST_TICK_MS = 1_000;

export interface Pace {
  readonly commands: number;
  readonly ms: number;
}

export class Drill {
  readonly #contender: Contender;
  readonly #folder: string;
  readonly #shape: Shape;
  readonly #world: World;
  readonly #ids: readonly string[];
  /** Commands that one game gets before it is the next one's turn. */
  readonly #turn: number;
  #commands = 0;
  #given = 0;
  #ticks = 0;
  #closed = false;

  private constructor(contender: Contender, folder: string, shape: Shape, turn: number, world: World) {
    this.#contender = contender;
    this.#folder = folder;
    this.#shape = shape;
    this.#turn = turn;
    this.#world = world;
    this.#ids = visits(shape.systems);
  }

  static async begin(contender: Contender, folder: string, shape: Shape, turn = 1): Promise<Drill> {
    const world = await contender.create(folder, shape);
    await world.caughtUp?.();
    return new Drill(contender, folder, shape, turn, world);
  }

  /** So far. */
  get commands(): number {
    return this.#commands;
  }

  /** A command in no tick. Done when it is durable. */
  one(): void | Promise<void> {
    this.#command();
    return this.#world.commit();
  }

  /** A tick of so many commands. Done when it is durable; the state has changed when this returns, which is checked. */
  tick(commands: number): void | Promise<void> {
    this.#ticks += 1;
    this.#world.beginTick?.(this.#ticks);
    for (let left = commands; left > 1; left -= 1) this.#command();
    this.#checkedCommand();
    return this.#world.commit();
  }

  /** How many of the commands of a tick this contender can do before it is time for another workload. Does a few. */
  async commandsPerTick(wanted: number): Promise<number> {
    // The first are slow with everybody: nothing is compiled yet.
    let shortest = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const start = performance.now();
      this.#checkedCommand();
      shortest = Math.min(shortest, performance.now() - start);
      await this.#world.commit();
      if (shortest > LONGEST_TICK_MS) break;
    }
    return Math.max(1, Math.min(wanted, Math.floor(LONGEST_TICK_MS / shortest)));
  }

  /**
   * Ticks one after the other, several on their way to disk at a time, until the time is over and all of it is durable.
   */
  async asFastAsPossible(
    commandsPerTick: number,
    until: { readonly ms: number; readonly commands: number },
  ): Promise<{ readonly acknowledged: Pace; readonly caughtUp: Pace }> {
    const before = this.#commands;
    const start = performance.now();
    const underWay: Promise<void>[] = [];
    do {
      const durable = this.tick(commandsPerTick);
      if (durable) {
        // It is awaited below, after others; until then its failure is nobody's surprise.
        durable.catch(() => undefined);
        underWay.push(durable);
        if (underWay.length >= TICKS_UNDER_WAY) await underWay.shift();
      }
      await nextTurn();
    } while (performance.now() - start < until.ms && this.#commands - before < until.commands);
    await Promise.all(underWay);
    const commands = this.#commands - before;
    const acknowledged = { commands, ms: performance.now() - start };
    await this.#world.caughtUp?.();
    return { acknowledged, caughtUp: { commands, ms: performance.now() - start } };
  }

  /** Ticks at 20 Hz for so long, at least two. Gives the time of the game loop for each command, in microseconds. */
  async paced(commandsPerTick: number, ms: number): Promise<number> {
    const before = this.#commands;
    const loop = new LoopTime();
    const start = performance.now();
    let due = start;
    let durable: void | Promise<void>;
    for (let tick = 0; tick < 2 || performance.now() - start < ms; tick += 1) {
      durable = this.tick(commandsPerTick);
      due = Math.max(due + TICK_MS, performance.now());
      await Promise.all([sleep(Math.max(0, due - performance.now())), durable]);
    }
    return loop.busyMicroseconds / (this.#commands - before);
  }

  async caughtUp(): Promise<void> {
    await this.#world.caughtUp?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#world.close();
  }

  /**
   * After the last command: every one of them must be in the history and in the state, as another process finds them.
   */
  async verify(): Promise<void> {
    if (!this.#closed) await this.close();
    const { read, durable, name } = this.#contender;
    if (!durable || !read) return;
    const found = await read(this.#folder, this.#shape);
    const expected = this.#expected();
    for (const key of ['commands', 'given', 'held'] as const) {
      if (found[key] === expected[key]) continue;
      throw new Error(`${name} does not verify: after reopening, ${key} is ${found[key]} and not ${expected[key]}`);
    }
  }

  #expected(): Stored {
    const { games, systems, queue } = this.#shape;
    const [commands, given] = [this.#commands, this.#given];
    if (queue === 0) return { commands, given, held: metalAtFirst(systems) * games + given };
    let held = 0;
    for (let order = commands; order < commands + queue; order += 1) held += order;
    return { commands, given, held };
  }

  #command(): void {
    const count = this.#commands;
    this.#commands += 1;
    const { queue } = this.#shape;
    if (queue > 0) {
      this.#world.rotate(orderOf(queue + count));
      this.#given += queue + count;
      return;
    }
    const { game, system, metal } = this.#mining(count);
    this.#world.mine(game, system, metal);
    this.#given += metal;
  }

  /** The same, and the state must show it at once. */
  #checkedCommand(): void {
    const world = this.#world;
    if (this.#shape.queue > 0) {
      this.#command();
      const oldest = world.oldest();
      if (oldest !== this.#commands) throw new Error(`order ${oldest} is the oldest, and not ${this.#commands}`);
      return;
    }
    const { game, system, metal } = this.#mining(this.#commands);
    const before = world.metal(game, system);
    this.#command();
    const after = world.metal(game, system);
    if (after !== before + metal)
      throw new Error(`system ${system} has ${after} metal, and not ${before} and ${metal}`);
  }

  /** What the command does that has this number. Systems come in an order without a pattern. */
  #mining(count: number): { game: number; system: string; metal: number } {
    const { games, systems } = this.#shape;
    const turn = Math.floor(count / this.#turn);
    const round = Math.floor(turn / games) * this.#turn + (count % this.#turn);
    return { game: turn % games, system: this.#ids[round % systems] as string, metal: 1 + (count % 7) };
  }
}
