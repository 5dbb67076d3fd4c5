// One trial: a copy of a prepared folder is opened with a setting; a loop plays at its pace, then as fast as it can.
// Before it: search.ts with the setting; after it: the figures. The folder is gone when it ends.

import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { OrreryError } from '../../core/errors.ts';
import { type GameOf, type Orrery, type OrreryMetrics, openOrrery, type Receipt } from '../../index.ts';
import { type Figures, figuresWith } from './figures.ts';
import { idOf, type TrialType, trialType } from './game.ts';
import { History } from './history.ts';
import { type Opening, type Threads, TUNED_DEFAULTS } from './options.ts';
import type { Scratch } from './scratch.ts';
import type { Workload } from './workload.ts';

/** How much a trial does. */
export interface Effort {
  readonly pacedMs: number;
  /** Commands of the loop that does not keep a pace; it stops after `unpacedMs` all the same. */
  readonly commands: number;
  readonly unpacedMs: number;
  /**
   * Whether that loop waits for what it did to become durable, slot by slot or so, and then gives the owner a turn for
   * what lies behind.
   */
  readonly steady: boolean;
}

/** A loop that does not wait still waits when so much is queued: the commit queue refuses at four times as much. */
const QUEUE_BYTES = 16 * 2 ** 20;

/** A steady loop waits after so many: for each small slot it would take too long to write enough. */
const STEADY_COMMANDS = 500;

/** Nothing of a trial that failed is worth waiting for. */
const GIVE_UP_MS = 500;

type TrialGame = GameOf<TrialType>;

/** The trials of one workload. Folders with its games are made once for each number of shards, and copied. */
export class Trials {
  readonly #workload: Workload;
  readonly #type: TrialType;
  readonly #scratch: Scratch;
  readonly #prepared = new Map<number, string>();
  #history: History | undefined;

  constructor(workload: Workload, scratch: Scratch) {
    this.#workload = workload;
    this.#type = trialType(workload);
    this.#scratch = scratch;
  }

  async run(setting: Opening, effort: Effort): Promise<Figures> {
    const directory = this.#scratch.copyOf(await this.#prepare(setting.shards ?? TUNED_DEFAULTS.shards));
    const orrery = await openOrrery({ directory, games: [this.#type], ...setting });
    let broken: OrreryError | undefined;
    const fail = (error: OrreryError): void => {
      broken = error;
    };
    orrery.on('degraded', fail).on('failed', fail);
    try {
      const games = await this.#open(orrery);
      const player = new Player(this.#workload, orrery, games, () => broken);
      const paced = await player.pace(effort.pacedMs);
      const after = await orrery.metrics();
      const unpaced = await player.rush(effort);
      const figures = figuresOf(paced, unpaced, after, await orrery.metrics(), player);
      await orrery.close();
      return figures;
    } catch (error) {
      // What stopped the trial is the one to tell; that nothing could be saved afterwards follows from it.
      await orrery.close({ timeoutMs: GIVE_UP_MS }).catch(() => undefined);
      throw error;
    } finally {
      this.#scratch.discard(directory);
    }
  }

  /** Verifies a history that this thread needs about so long for. It is played when it is first asked for. */
  async verify(threads: Threads | undefined, ms: number): Promise<Figures> {
    this.#history ??= await History.play(this.#workload, this.#scratch.next(), ms);
    return this.#history.verify(threads);
  }

  async #prepare(shards: number): Promise<string> {
    const known = this.#prepared.get(shards);
    if (known !== undefined) return known;
    const directory = this.#scratch.next();
    await using orrery = await openOrrery({ directory, games: [this.#type], shards });
    await this.#open(orrery);
    this.#prepared.set(shards, directory);
    return directory;
  }

  #open(orrery: Orrery): Promise<TrialGame[]> {
    return Promise.all(
      Array.from({ length: this.#workload.games }, (_, index) => orrery.open(this.#type, `game-${index}`)),
    );
  }
}

interface Paced {
  readonly commands: number;
  readonly busyMs: number;
}

interface Rushed {
  readonly commands: number;
  readonly durableMs: number;
  readonly compactedMs: number;
}

/** Plays the workload, slot by slot. */
class Player {
  readonly #workload: Workload;
  readonly #orrery: Orrery;
  readonly #games: readonly TrialGame[];
  readonly #broken: () => OrreryError | undefined;
  #game = 0;
  #count = 0;
  /** Microseconds. */
  readonly waits = createHistogram();
  largestLagBytes = 0;
  replayBytes = 0;

  constructor(workload: Workload, orrery: Orrery, games: readonly TrialGame[], broken: () => OrreryError | undefined) {
    this.#workload = workload;
    this.#orrery = orrery;
    this.#games = games;
    this.#broken = broken;
  }

  async pace(ms: number): Promise<Paced> {
    const { awaited, intervalMs } = this.#workload;
    const before = this.#count;
    const began = performance.now();
    const load = performance.eventLoopUtilization();
    const intervals = Math.max(2, Math.ceil(ms / intervalMs));
    for (let interval = 0; interval < intervals; interval += 1) {
      // Whoever awaits commands that wait for others gets through few of them.
      if (interval > 0 && performance.now() - began > ms) break;
      const receipt = this.#interval();
      if (awaited) await receipt.durable;
      const wait = began + (interval + 1) * intervalMs - performance.now();
      if (wait > 0) await delay(wait);
      this.#look();
    }
    const { active } = performance.eventLoopUtilization(load);
    await this.#orrery.flush();
    return { commands: this.#count - before, busyMs: active };
  }

  async rush({ commands, unpacedMs, steady }: Effort): Promise<Rushed> {
    const { awaited, gamesAnInterval, commandsAGame } = this.#workload;
    const burst = Math.ceil(STEADY_COMMANDS / (gamesAnInterval * commandsAGame));
    const before = this.#count;
    const began = performance.now();
    let intervals = 0;
    while (this.#count - before < commands && performance.now() - began < unpacedMs) {
      const last = this.#interval();
      const queued = this.#look();
      intervals += 1;
      const due = awaited || (steady && intervals % burst === 0);
      if (due) {
        const sent = performance.now();
        await last.durable;
        this.waits.record(Math.max(1, Math.round((performance.now() - sent) * 1_000)));
      } else if (queued > QUEUE_BYTES) await last.durable;
      // Without a turn the next batch would be on its way before the owner is asked for anything else.
      if (steady || !awaited) await turn();
    }
    // Not its receipt: with 'relaxed' that would add the delay of the last batch to the time of all.
    await this.#orrery.flush();
    const durableMs = performance.now() - began;
    this.#look();
    // Whoever lists games is shown the database with everything durable in it.
    await this.#orrery.list();
    return { commands: this.#count - before, durableMs, compactedMs: performance.now() - began };
  }

  /** The next games have their turn. The result is the receipt of the last thing that was done. */
  #interval(): Receipt {
    const { gamesAnInterval, commandsAGame, entities, ticks } = this.#workload;
    let receipt: Receipt | undefined;
    for (let each = 0; each < gamesAnInterval; each += 1) {
      const game = this.#games[this.#game] as TrialGame;
      this.#game = (this.#game + 1) % this.#games.length;
      for (let command = 0; command < commandsAGame; command += 1) {
        this.#count += 1;
        // A stride without a pattern that a cache could follow, and another entity each time.
        const entity = idOf((this.#count * 7_919) % entities);
        receipt = game.dispatch('work', { entity, count: this.#count }, { player: 'ada' });
      }
      if (ticks) receipt = game.advance();
    }
    return receipt as Receipt;
  }

  /** The result is what is queued. Throws what went wrong with the disk: the orrery would try again for ever. */
  #look(): number {
    const broken = this.#broken();
    if (broken) throw broken;
    let queued = 0;
    let lag = 0;
    let journal = 0;
    for (const shard of this.#orrery.health.shards) {
      queued += shard.queuedBytes;
      lag = Math.max(lag, shard.compactionLagBytes);
      journal += shard.journalBytes;
    }
    this.largestLagBytes = Math.max(this.largestLagBytes, lag);
    this.replayBytes = Math.max(this.replayBytes, journal);
    return queued;
  }
}

function figuresOf(
  paced: Paced,
  rushed: Rushed,
  { total: inPace }: OrreryMetrics,
  { total }: OrreryMetrics,
  { waits, largestLagBytes, replayBytes }: Player,
): Figures {
  const commands = paced.commands + rushed.commands;
  const compactedPerMs = rushed.commands / rushed.compactedMs;
  const journalPerCommand = total.journalBytesWritten / commands;
  return figuresWith({
    durablePerSecond: (rushed.commands / rushed.durableMs) * 1_000,
    compactedPerSecond: compactedPerMs * 1_000,
    commitP50: inPace.commitMicroseconds.p50,
    commitP99: inPace.commitMicroseconds.p99,
    durableP50: inPace.durableMicroseconds.p50,
    durableP99: inPace.durableMicroseconds.p99,
    waitP99: waits.count > 0 ? waits.percentile(99) : 0,
    loopMicroseconds: (paced.busyMs * 1_000) / paced.commands,
    bytesPerCommand: (total.journalBytesWritten + total.imageBytesWritten) / commands,
    replayBytes,
    replayMs: replayBytes / journalPerCommand / compactedPerMs,
    largestBatchBytes: total.batchBytes.max,
    largestLagBytes,
    checkpoints: total.checkpointMicroseconds.count,
    syncP50: inPace.syncMicroseconds.p50,
  });
}
