// A galaxy computed again without Orrery: plain objects, Maps and the log of commands. It shares the rules of the game
// with galaxy.ts and nothing of the engine, so where the two disagree the engine has lost or changed something.

import { createHash } from 'node:crypto';
import type { AgendaPage } from './agenda.ts';
import * as orders from './orders.ts';
import type { Player } from './player.ts';
import { type GalaxyDraft, newGalaxy, type Rows, type Setup, type Turn } from './state.ts';
import type { System } from './system.ts';

/** One accepted command, as the log of a galaxy has it. A tick is a command too, named TICK. */
export interface LogEntry {
  readonly seq: number;
  readonly tick: number;
  readonly command: string;
  readonly args?: unknown;
  readonly player?: string | undefined;
  /** What its random numbers were drawn under besides the secret; 0 when there is none. */
  readonly nonce?: number;
}

export const CREATE = '@create';
export const TICK = '@tick';

/** Entities by id in a Map: the plain twin of a table. What comes in is copied, what is opened is the entity itself. */
export class PlainTable<T> implements Rows<T> {
  readonly #entities = new Map<string, T>();

  constructor(entries: Iterable<readonly [string, T]> = []) {
    for (const [id, entity] of entries) this.set(id, entity);
  }

  get size(): number {
    return this.#entities.size;
  }

  has(id: string): boolean {
    return this.#entities.has(id);
  }

  get(id: string): T | undefined {
    return this.#entities.get(id);
  }

  peek(id: string): T | undefined {
    return this.#entities.get(id);
  }

  set(id: string, entity: T): this {
    this.#entities.set(id, structuredClone(entity));
    return this;
  }

  delete(id: string): boolean {
    return this.#entities.delete(id);
  }

  /** Ascending by UTF-16 code unit. */
  ids(): string[] {
    return [...this.#entities.keys()].sort();
  }

  values(): T[] {
    return this.ids().map((id) => this.#entities.get(id) as T);
  }

  entries(): [string, T][] {
    return this.ids().map((id) => [id, this.#entities.get(id) as T]);
  }

  toJSON(): { [id: string]: T } {
    return Object.fromEntries(this.entries());
  }
}

/**
 * A galaxy outside of Orrery. Unlike a real one it is not atomic: a rule that throws halfway leaves what it has done.
 */
export class PlainGalaxy {
  readonly id: string;
  readonly state: GalaxyDraft & {
    readonly systems: PlainTable<System>;
    readonly players: PlainTable<Player>;
    readonly agenda: PlainTable<AgendaPage>;
  };
  /** The secret of the galaxy, 32 hex digits; none for one that was made for tests. */
  readonly #seed: string;
  #seq = 0;
  #tick = 0;

  constructor(id: string, setup: Setup, seed = '') {
    this.id = id;
    this.#seed = seed;
    const { pace, systems, ...rest } = newGalaxy(setup);
    this.state = {
      pace,
      systems: new PlainTable(systems.map((system) => [system.id, system] as const)),
      players: new PlainTable<Player>(),
      agenda: new PlainTable<AgendaPage>(),
      ...rest,
    };
  }

  get seq(): number {
    return this.#seq;
  }

  get tick(): number {
    return this.#tick;
  }

  /** Runs one order and returns its log entry. Throws Refusal if the rules do not allow it; it then has no seq. */
  dispatch(
    command: string,
    args?: unknown,
    options: { readonly player?: string | undefined; readonly nonce?: number } = {},
  ): LogEntry {
    const seq = this.#seq + 1;
    const turn = this.#turn(seq, this.#tick, options.nonce);
    this.#run(command, structuredClone(args), { ...turn, player: options.player });
    this.#seq = seq;
    return { seq, tick: this.#tick, command, args, player: options.player };
  }

  /** Counts the tick, lets happen what is due, and returns the log entry. */
  advance(nonce?: number): LogEntry {
    const seq = this.#seq + 1;
    const tick = this.#tick + 1;
    orders.passTick(this.state, this.#turn(seq, tick, nonce));
    this.#seq = seq;
    this.#tick = tick;
    return { seq, tick, command: TICK };
  }

  /** Does again what a log says was done. Throws if the log has a gap or something that was never accepted. */
  apply(entry: LogEntry): void {
    if (entry.command === CREATE && entry.seq === 0) return;
    if (entry.seq !== this.#seq + 1) throw new Error(`${this.id}: after seq ${this.#seq} the log has ${entry.seq}`);
    const { command, args, player, nonce = 0 } = entry;
    const done = command === TICK ? this.advance(nonce) : this.dispatch(command, args, { player, nonce });
    if (done.tick !== entry.tick) {
      throw new Error(`${this.id}: seq ${entry.seq} is of tick ${entry.tick} in the log and of ${done.tick} by count`);
    }
  }

  /** The whole state as plain JSON of its own, a table as an object by id. */
  toJSON(): { [key: string]: unknown } {
    return JSON.parse(JSON.stringify(this.state)) as { [key: string]: unknown };
  }

  #turn(seq: number, tick: number, nonce = 0): Turn {
    let next: (() => number) | undefined;
    return {
      tick,
      random: () => {
        next ??= randomOf(this.id, seq, this.#seed, nonce);
        return next();
      },
    };
  }

  /** Arguments come from a log or from outside: the orders check what is in them, and refuse. */
  #run(command: string, args: unknown, turn: Turn): void {
    switch (command) {
      case 'join':
        orders.join(this.state, undefined, turn);
        break;
      case 'build':
        orders.build(this.state, args as orders.BuildArgs, turn);
        break;
      case 'colonise':
        orders.colonise(this.state, args as orders.ColoniseArgs, turn);
        break;
      case 'send':
        orders.send(this.state, args as orders.SendArgs, turn);
        break;
      case 'rename':
        orders.rename(this.state, args as orders.RenameArgs, turn);
        break;
      default:
        throw new Error(`${this.id}: a galaxy has no command ${JSON.stringify(command)}`);
    }
  }
}

/** The state that a setup and a log of accepted commands lead to. The log is in order of seq, without gaps. */
export function recompute(id: string, setup: Setup, log: Iterable<LogEntry>, seed = ''): PlainGalaxy {
  const galaxy = new PlainGalaxy(id, setup, seed);
  for (const entry of log) galaxy.apply(entry);
  return galaxy;
}

/**
 * The numbers that ctx.random() gives to the command with this seq, as Orrery documents them: sfc32, its four words the
 * first 16 bytes of SHA-256 over the bytes of the secret, id, line feed, seq and, unless it is 0, line feed and nonce,
 * little-endian, after twelve rounds that are thrown away.
 */
export function randomOf(id: string, seq: number, seed = '', nonce = 0): () => number {
  const place = nonce === 0 ? `${id}\n${seq}` : `${id}\n${seq}\n${nonce}`;
  const compaction = createHash('sha256').update(seed, 'hex').update(place).digest();
  const word = new Uint32Array(4).map((_, index) => compaction.readUInt32LE(index * 4));
  const next = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = word;
    const result = (a + b + d) >>> 0;
    word[0] = b ^ (b >>> 9);
    word[1] = c + (c << 3);
    word[2] = ((c << 21) | (c >>> 11)) + result;
    word[3] = d + 1;
    return result;
  };
  for (let round = 0; round < 12; round += 1) next();
  return () => next() / 2 ** 32;
}
