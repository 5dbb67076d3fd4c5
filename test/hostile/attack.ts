// One attack on a directory through the public types alone: sessions in which random calls come at any moment, each held
// against what was acknowledged. The choices follow from the seed; how threads interleave does not.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import * as orreryPackage from '#index.ts';
import {
  type Change,
  defineGame,
  type GameOf,
  type Loop,
  type Orrery,
  openOrrery,
  type Receipt,
  runLoop,
  table,
} from '#index.ts';
import { ask } from '../history/ask.ts';
import { Dice, oddThings, sorted } from './odd-things.ts';
import { type Found, reach } from './reachable.ts';

const IDS = ['a', 'b', 'c', 'd'];
const STEPS = 90;
/** A poke is not a call that ends the session, writes where it likes, starts threads, or that Node itself does not survive. */
const NOT_POKED =
  /histogram|syncMicroseconds|\.(close|pack|unpack|verify|loadGameTypes|openPackPast|openOrrery|Symbol\(.*[dD]ispose\))$/;

interface Mark {
  version: number;
  last: string;
  count: number;
  units: ReturnType<typeof table<{ n: number }>>;
}

/** What commands were handed, kept by a program that should not. */
const kept: unknown[] = [];

function typeOf(version: number) {
  const migrations = Object.fromEntries(
    Array.from({ length: version - 1 }, (_, from) => [
      from + 1,
      (state: object) => void Object.assign(state, { version: from + 2 }),
    ]),
  );
  return defineGame('mark', {
    version,
    history: 'commands',
    initial: (): Mark => ({ version, last: '', count: 0, units: table({}) }),
    commands: {
      mark(draft, token: string, context) {
        draft.last = token;
        draft.count += 1;
        draft.units.set(`u${draft.count % 7}`, { n: draft.count });
        if (draft.count % 5 === 0) kept.splice(0, kept.length, draft, draft.units, context);
      },
      odd(draft, given: unknown) {
        draft.last = String(JSON.stringify(given)).slice(0, 40);
      },
    },
    onTick(draft) {
      draft.count += 1;
    },
    resolve: ({ theirs, ours }) => ({ ...theirs, last: (ours as { last: string }).last }),
    ...(version > 1 ? { migrations } : {}),
  });
}

type MarkType = ReturnType<typeof typeOf>;
type MarkGame = GameOf<MarkType>;
interface Seen {
  readonly seq: number;
  readonly tick: number;
  readonly state: string;
}

export class Attack {
  readonly log: string[] = [];
  /** Of each game, what was accepted under which seq: a token of `mark`, or what else it was. */
  readonly #accepted = new Map<string, Map<number, string>>();
  readonly #acknowledged = new Map<string, Map<number, string>>();
  readonly #faults: string[] = [];
  readonly #held: MarkGame[] = [];
  readonly #loops: Loop[] = [];
  #pending: Promise<unknown>[] = [];
  readonly #dice: Dice;
  readonly #directory: string;
  #tokens = 0;
  #reached: readonly Found[] = [];
  #pokes = 0;
  calls = 0;
  acknowledged = 0;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#directory = mkdtempSync(join(tmpdir(), 'orrery-attack-'));
  }

  /** What was found wrong; empty is well. */
  async run(sessions: number): Promise<readonly string[]> {
    try {
      let before = new Map<string, Seen>();
      for (let session = 1; session <= sessions + 1; session += 1) {
        // The last one only looks.
        before = await this.#session(Math.min(session, sessions), before, session <= sessions ? STEPS : 0);
        if (this.#faults.length > 0) break;
      }
      return this.#faults;
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  async #session(version: number, before: ReadonlyMap<string, Seen>, steps: number): Promise<Map<string, Seen>> {
    const type = typeOf(version);
    this.log.push(`--- version ${version}`);
    const orrery = await openOrrery({
      directory: this.#directory,
      games: [type],
      logger: pino({ level: 'silent' }),
      maxLoadedGames: 1,
      durability: this.#dice.of(['group', 'group', 'strict', 'relaxed'] as const),
      coalescingDelayMs: 5,
      checkpointBytes: 20_000,
    });
    orrery.on('failed', (error) => this.#faults.push(`a shard failed: ${error.message}`));
    orrery.on('error', () => undefined);
    await this.#compare(orrery, before);
    for (let step = 0; step < steps; step += 1) {
      this.#step(orrery, type);
      // Now and then everything in flight gets on a little, at times a lot.
      if (this.#dice.below(3) === 0) await turn();
      if (this.#dice.below(12) === 0) await Promise.race([Promise.allSettled(this.#pending), orrery.flush()]);
    }
    for (const loop of this.#loops.splice(0)) loop.stop();
    const rough = steps > 0 && this.#dice.below(3) === 0;
    const closing = rough ? orrery.close() : undefined;
    if (!rough) {
      await this.#settle();
      await orrery.flush();
    }
    const after = rough ? new Map<string, Seen>() : await this.#look(orrery, type);
    this.#poke(orrery, type);
    await (closing ?? orrery.close()).catch((error: unknown) => this.#faults.push(`close: ${String(error)}`));
    this.#poke(orrery, type);
    await this.#settle();
    return after;
  }

  /** Every game as the program that plays it sees it. */
  async #look(orrery: Orrery, type: MarkType): Promise<Map<string, Seen>> {
    const seen = new Map<string, Seen>();
    for (const { id, type: name } of await orrery.list()) {
      if (name !== type.name) continue;
      const game = await orrery.load(type, id);
      seen.set(id, { seq: game.seq, tick: game.tick, state: JSON.stringify(game) });
    }
    return seen;
  }

  /** Acknowledged commands are in the history under their seqs; states are those that were seen. */
  async #compare(orrery: Orrery, before: ReadonlyMap<string, Seen>): Promise<void> {
    for (const [id, commands] of this.#acknowledged) {
      const recorded = new Map<number, string>();
      try {
        for await (const { seq, name, args } of ask(orrery, id).entries())
          recorded.set(seq, name === 'mark' ? String(args) : name);
      } catch (error) {
        this.#faults.push(`the history of ${id}: ${String(error)}`);
      }
      for (const [seq, what] of commands) {
        const there = recorded.get(seq);
        if (there === undefined || (what.startsWith('token') && there !== what)) {
          this.#faults.push(`${id} seq ${seq}: acknowledged as ${what}, recorded as ${String(there)}`);
        }
      }
    }
    for (const [id, { seq, tick, state }] of before) {
      const found = await ask(orrery, id)
        .at({ seq })
        .catch((error: unknown) => ({ tick, state: String(error) }));
      if (found.tick !== tick || sorted(found.state) !== sorted(JSON.parse(state))) {
        this.#faults.push(`${id} seq ${seq}: was ${state}, is ${JSON.stringify(found.state)}`);
      }
    }
  }

  #step(orrery: Orrery, type: MarkType): void {
    const { below, of } = {
      below: (bound: number) => this.#dice.below(bound),
      of: <T>(list: readonly T[]) => this.#dice.of(list),
    };
    const id = of(IDS);
    this.#tokens += 1;
    const token = `token ${this.#tokens}`;
    const choice = below(16);
    if (choice <= 2) {
      this.#await(
        `open ${id}`,
        orrery.open(type, id).then((game) => this.#hold(game)),
      );
    } else if (choice <= 7 && this.#held.length > 0) {
      // Those in memory, those that just left it, and those of other sessions.
      const loaded = [...orrery.loaded()] as MarkGame[];
      const recent = this.#held.slice(-4);
      const game = of(below(3) > 0 && loaded.length > 0 ? loaded : below(2) === 0 ? recent : this.#held);
      this.#play(game, token, below(5));
    } else if (choice === 8) {
      this.#await(`recover ${id}`, ask(orrery, id).recover({ mode: { to: { seq: below(6) } } }));
    } else if (choice === 9) {
      const as = below(3) === 0 ? `fork ${below(4)}` : of(IDS);
      this.#await(`fork ${id} as ${as}`, ask(orrery, id).fork({ at: below(4), as }));
    } else if (choice === 10) {
      this.#await(`submit ${id}`, this.#submit(orrery, id, token));
    } else if (choice === 11) {
      const some = of([
        () => orrery.migrateAll(),
        () => orrery.checkpoint(),
        () => orrery.flush(),
        () => orrery.metrics(),
        () => orrery.load(type, of(['fork 0', 'fork 1', id])).then((game) => this.#hold(game)),
      ]);
      this.#await('ask', some());
    } else if (choice === 12) {
      this.log.push('loop');
      for (const loop of this.#loops.splice(0)) loop.stop();
      if (below(2) === 0) this.#loops.push(runLoop(orrery, { hz: 500 }));
    } else {
      this.#poke(orrery, type);
    }
  }

  #hold(game: MarkGame): void {
    if (this.#held.length < 200) this.#held.push(game);
  }

  #play(game: MarkGame, token: string, way: number): void {
    this.log.push(`play ${game.id} ${way}`);
    try {
      if (way <= 2) this.#accept(game.id, game.dispatch('mark', token), token);
      else if (way === 3) this.#accept(game.id, game.save({ ...game.state, last: token }), 'save');
      else this.#listen(game, token);
    } catch (error) {
      this.#check(error);
    }
  }

  /** A listener that goes on playing, and stops after a while so that its game can leave. */
  #listen(game: MarkGame, token: string): void {
    let heard = 0;
    const stop = game.subscribe((change: Change<Mark>) => {
      kept.push(change);
      heard += 1;
      if (heard === 1 && game.loaded) this.#accept(game.id, game.dispatch('mark', token), token);
      if (heard > 2) stop();
    });
    this.#pending.push(turn().then(turn).then(stop));
  }

  async #submit(orrery: Orrery, id: string, token: string): Promise<void> {
    const { seq, state } = await ask(orrery, id).at({ seq: Number.MAX_SAFE_INTEGER }, { nearest: true });
    this.#accept(id, await orrery.submit(id, { state: { ...state, last: token }, baseSeq: seq }), 'save');
  }

  #accept(id: string, receipt: Receipt, what: string): void {
    this.calls += 1;
    const seqs = this.#accepted.get(id) ?? new Map<number, string>();
    this.#accepted.set(id, seqs);
    const { seq, durable } = { ...receipt };
    if (seqs.has(seq)) this.#faults.push(`${id} seq ${seq} was given to ${String(seqs.get(seq))} and to ${what}`);
    seqs.set(seq, what);
    if (!(durable instanceof Promise)) this.#faults.push(`a receipt of ${id} has no promise`);
    const acknowledged = this.#acknowledged.get(id) ?? new Map<number, string>();
    this.#acknowledged.set(id, acknowledged);
    this.#pending.push(
      durable.then(() => {
        this.acknowledged += 1;
        acknowledged.set(seq, what);
      }, this.#check),
    );
  }

  /** Calls something that can be reached, with something that it may not expect. */
  #poke(orrery: Orrery, type: MarkType): void {
    const game = this.#held.length > 0 ? this.#dice.of(this.#held) : undefined;
    const roots = { orrery, game, type, package: orreryPackage, kept: this.#dice.of(kept), loop: this.#loops[0] };
    // Walking costs more than calling: what was found serves for a few calls.
    if (this.#pokes % 4 === 0) this.#reached = reach(roots, 3).functions;
    this.#pokes += 1;
    const found = this.#dice.of(
      this.#reached.filter(({ path, owner }) => !NOT_POKED.test(path) && !(owner instanceof Error)),
    );
    const odd = [...oddThings(this.#dice.of(IDS)), type, game, orrery];
    const args = Array.from({ length: this.#dice.below(4) }, () => this.#dice.of(odd));
    const isNew = found.key === 'constructor' || this.#dice.below(6) === 0;
    this.log.push(`poke ${found.path}`);
    try {
      const given: unknown = isNew
        ? Reflect.construct(found.call, args)
        : Reflect.apply(found.call, found.owner, args as never[]);
      this.#take(found, given, args);
    } catch (error) {
      this.#check(error);
    }
    if (!/prototype|histogram/.test(found.path)) this.#bend(found.owner);
  }

  /** What came of a poke: a receipt is held against the oracle, whatever else is used a little. */
  #take({ owner, path }: Found, given: unknown, args: readonly unknown[]): void {
    if (typeof given !== 'object' || given === null) return;
    const id = (owner as { id?: unknown }).id ?? args[0];
    if (isReceipt(given)) {
      this.#accept(String(id), given, path);
    } else if (given instanceof Promise) {
      const then = (result: unknown): void => {
        if (isReceipt(result)) this.#accept(String(id), result, path);
        else if (result instanceof Object && 'dispatch' in result) this.#hold(result as MarkGame);
        else kept.push(result);
      };
      this.#pending.push(given.then(then, this.#check));
    } else if (Symbol.asyncIterator in given) {
      const entries = (given as AsyncGenerator)[Symbol.asyncIterator]();
      this.#pending.push(Promise.resolve(entries.next()).then(() => entries.return?.(undefined), this.#check));
    } else if ('stop' in given) {
      this.#loops.push(given as Loop);
    }
    if (kept.length > 40) kept.splice(0, 20);
  }

  /** Tries to change an object that it was given; its class is left alone, for this program needs it. */
  #bend(owner: object): void {
    if (typeof owner === 'function' || owner === orreryPackage) return;
    try {
      const key = this.#dice.of([...Reflect.ownKeys(owner), 'state', 'seq', 'id']);
      if (this.#dice.below(2) === 0) Reflect.set(owner, key, this.#dice.of([undefined, null, -1, 'b', {}]));
      else Reflect.deleteProperty(owner, key);
    } catch {
      // It may be a proxy that says no.
    }
  }

  #await(what: string, work: Promise<unknown>): void {
    this.log.push(what);
    this.calls += 1;
    this.#pending.push(work.then(() => undefined, this.#check));
  }

  async #settle(): Promise<void> {
    // What is waited for may ask for more.
    while (this.#pending.length > 0) await Promise.allSettled(this.#pending.splice(0));
  }

  /** Refusals are well; a defect is not. */
  readonly #check = (error: unknown): void => {
    const code = (error as { code?: unknown } | undefined)?.code;
    if (code === 'INTERNAL' || code === 'DAMAGED' || code === 'PATCH_INVALID')
      this.#faults.push(`an error: ${String(error)}`);
  };
}

function isReceipt(value: unknown): value is Receipt {
  return typeof value === 'object' && value !== null && 'seq' in value && 'durable' in value;
}
