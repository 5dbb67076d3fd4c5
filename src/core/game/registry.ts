// The games in memory, and who has to leave when there are too many.

import type { GameActor } from './actor.ts';

/** What the registry must know to let a game go. */
export interface Residence {
  /** Grows with every use of any game. */
  readonly lastUsed: number;
  /** Nothing would be lost: everything of the game is durable and nobody listens to it. */
  readonly idle: boolean;
  /** Counts as a use. */
  use(): void;
}

/** What the registry asks and tells. */
export interface RegistryEvents {
  /** False while somebody works on the game, who relies on finding it as it was. */
  mayLeave(id: string): boolean;
  left(id: string): void;
}

export class Registry {
  readonly #most: number;
  readonly #events: RegistryEvents;
  readonly #loaded = new Map<string, { readonly game: GameActor; readonly residence: Residence }>();
  /** Evicted games that somebody still holds: opening one again must give the same object. */
  readonly #evicted = new Map<string, WeakRef<GameActor>>();
  readonly #forgotten = new FinalizationRegistry<string>((id) => {
    if (this.#evicted.get(id)?.deref() === undefined) this.#evicted.delete(id);
  });

  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(most: number, events: RegistryEvents) {
    this.#most = most;
    this.#events = events;
  }

  get(id: string): GameActor | undefined {
    return this.#loaded.get(id)?.game ?? this.#evicted.get(id)?.deref();
  }

  /** Whether the next game that is added makes others leave. */
  get isFull(): boolean {
    return this.#loaded.size >= this.#most;
  }

  /** How often a game that was asked for was in memory, and how often not. */
  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  /** Games that have left memory to make room. */
  get evicted(): number {
    return this.#evictions;
  }

  /** A game was asked for that is not in memory. */
  missed(): void {
    this.#misses += 1;
  }

  /** A game that is in memory and was asked for again. */
  use(id: string): void {
    this.#hits += 1;
    this.#loaded.get(id)?.residence.use();
  }

  /** In the order in which they were opened. */
  *loaded(): IterableIterator<GameActor> {
    for (const { game } of [...this.#loaded.values()]) yield game;
  }

  add(game: GameActor, residence: Residence): void {
    this.#evicted.delete(game.id);
    this.#loaded.set(game.id, { game, residence });
    this.makeRoom(game.id);
  }

  /** Whoever may leave does, if there are too many; not the game that was just opened, or else the one used last. */
  makeRoom(opened?: string): void {
    if (this.#loaded.size > this.#most) this.#evict(opened);
  }

  drop(id: string): void {
    this.#loaded.get(id)?.game.evict();
    this.#loaded.delete(id);
  }

  clear(): void {
    for (const { game } of this.#loaded.values()) game.evict();
    this.#loaded.clear();
    this.#evicted.clear();
  }

  /** A tenth at a time, so that finding them is paid once for many. More stay when they are busy. */
  #evict(opened: string | undefined): void {
    const excess = this.#loaded.size - this.#most;
    const wanted = Math.max(excess, Math.ceil(this.#most / 10));
    const byAge = [...this.#loaded.values()].sort((a, b) => a.residence.lastUsed - b.residence.lastUsed);
    const kept = opened ?? byAge.at(-1)?.game.id;
    let evicted = 0;
    for (const { game, residence } of byAge) {
      if (evicted >= wanted) return;
      if (game.id === kept || !residence.idle || !this.#events.mayLeave(game.id)) continue;
      game.evict();
      this.#loaded.delete(game.id);
      this.#evicted.set(game.id, new WeakRef(game));
      this.#forgotten.register(game, game.id);
      evicted += 1;
      this.#evictions += 1;
      this.#events.left(game.id);
    }
  }
}
