// What a game of the test world must be like after its first n deeds, worked out with plain objects: nothing of src/ has a
// part in it, and nothing of the game definition either.

import { deedAt } from '../programs/script.ts';

interface OracleSystem {
  id: string;
  metal: number;
  queue: number[];
}

/** The states of one game, forwards only: recovery never goes back behind what it has recovered once. */
export class Oracle {
  readonly game: string;
  seq = 0;
  tick = 0;
  readonly #systems = new Map<string, OracleSystem>();
  #treasury = 0;
  readonly #log: string[] = [];
  readonly #notes: { [key: string]: string } = {};
  #archive: string | null = null;
  #clock = { tick: 0, day: 0 };

  constructor(game: string) {
    this.game = game;
  }

  /** Plays on to a seq. */
  advanceTo(seq: number): void {
    if (seq < this.seq) throw new Error(`${this.game} went back from seq ${this.seq} to ${seq}`);
    while (this.seq < seq) {
      this.seq += 1;
      this.#play();
    }
  }

  /** The state as JSON text, keys in the order in which they must come back. */
  json(): string {
    return JSON.stringify({
      systems: Object.fromEntries(this.#sortedSystems().map((id) => [id, this.#systems.get(id)])),
      treasury: this.#treasury,
      log: this.#log,
      notes: this.#notes,
      archive: this.#archive,
      clock: this.#clock,
    });
  }

  #sortedSystems(): string[] {
    return [...this.#systems.keys()].sort();
  }

  #play(): void {
    const deed = deedAt(this.game, this.seq);
    switch (deed.kind) {
      case 'build': {
        const system = this.#systems.get(deed.system);
        if (system) {
          system.metal += deed.metal;
          system.queue = [...system.queue, deed.metal].slice(-6);
        } else {
          this.#systems.set(deed.system, { id: deed.system, metal: deed.metal, queue: [deed.metal] });
        }
        break;
      }
      case 'raze':
        this.#systems.delete(deed.system);
        break;
      case 'log':
        this.#log.push(deed.text);
        if (this.#log.length > 40) this.#log.shift();
        break;
      case 'edit':
        this.#log.splice(deed.at, deed.remove, ...deed.lines);
        break;
      case 'note':
        delete this.#notes[deed.key];
        this.#notes[deed.key] = deed.value;
        break;
      case 'forget':
        delete this.#notes[deed.key];
        break;
      case 'archive':
        this.#archive = deed.length === 0 ? null : deed.letter.repeat(deed.length);
        break;
      case 'pay':
        this.#treasury += deed.amount;
        break;
      case 'save':
        this.#treasury = deed.treasury;
        break;
      case 'tick': {
        this.tick += 1;
        this.#clock.tick = this.tick;
        if (this.tick % 10 === 0) this.#clock.day += 1;
        const system = this.#systems.get(this.#sortedSystems()[this.tick % 7] ?? '');
        if (system) system.metal -= 1;
        break;
      }
    }
  }
}
