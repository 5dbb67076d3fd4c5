// The play: one child after the other in the same directory, each killed at its hour but the last. What the children
// say goes into the ledger; nothing else of them survives, which is the point.

import { setTimeout as pause } from 'node:timers/promises';
import { mulberry32 } from '../bots.ts';
import type { DiskMeter } from './disk-meter.ts';
import { counted, duration, whole } from './figures.ts';
import { Forked } from './forked.ts';
import type { Ledger } from './ledger.ts';
import type { ChildMessage, ChildTask } from './messages.ts';
import type { Screen } from './screen.ts';

/**
 * How a child ends. 'aimed': at a random moment, from when the next message says that commands are under way. 'blind':
 * at a random moment, whatever it does. 'recovering': before it is ready. 'close': in good order.
 */
export interface Life {
  readonly milliseconds: number;
  readonly end: 'aimed' | 'blind' | 'recovering' | 'close';
}

const SECONDS_A_KILL = 4;
const LEAST_KILLS = 4;

/** About how long the commands of a tick are under way, in milliseconds. */
const FLIGHT_MS = 3;

/** Lives of random lengths, of which `seconds` are played in all. The same for the same seed. */
export function planLives(seconds: number, seed: number): Life[] {
  const random = mulberry32(seed);
  const kills = Math.max(LEAST_KILLS, Math.floor(seconds / SECONDS_A_KILL));
  const weights = Array.from({ length: kills + 1 }, () => 0.5 + random());
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const lives = weights.map((weight, index): Life => {
    const milliseconds = (seconds * 1000 * weight) / all;
    return { milliseconds, end: index === kills ? 'close' : index % 3 === 2 ? 'blind' : 'aimed' };
  });
  lives.splice(2, 0, { milliseconds: 0, end: 'recovering' });
  return lives;
}

export interface Played {
  /** Milliseconds of play. */
  readonly played: number;
  readonly kills: number;
  /** Kills that met commands which were accepted and not acknowledged. */
  readonly killsInFlight: number;
  readonly underWay: number;
  readonly survived: number;
  /** How long opening the directory and all galaxies took after each kill, in milliseconds. */
  readonly recoveries: readonly number[];
  readonly skippedTicks: number;
  /** What the children wrote to standard error. */
  readonly complaints: string;
}

export class Campaign {
  readonly #task: ChildTask;
  readonly #lives: readonly Life[];
  readonly #ledger: Ledger;
  readonly #disk: DiskMeter;
  readonly #screen: Screen;
  readonly #random: () => number;
  /** What has been seen. */
  readonly #recoveries: number[] = [];
  #number = 0;
  #doing = 'starting';
  #kills = 0;
  #killsInFlight = 0;
  #underWay = 0;
  #survived = 0;
  #played = 0;
  #playingSince: number | undefined;
  #forkedAt = 0;
  /** From fork() to being ready. */
  #startMs = 500;
  #ticksBefore = 0;
  #ticks = 0;
  #skippedBefore = 0;
  #skipped = 0;
  #complaints = '';
  /** Accepted commands at some moments of the last second. */
  #pulse: { readonly at: number; readonly accepted: number }[] = [];

  constructor(task: ChildTask, lives: readonly Life[], ledger: Ledger, disk: DiskMeter, screen: Screen) {
    this.#task = task;
    this.#lives = lives;
    this.#ledger = ledger;
    this.#disk = disk;
    this.#screen = screen;
    this.#random = mulberry32(task.seed ^ 0x9e3779b9);
  }

  /** Throws ChildFailure when a child does not do its part. */
  async run(): Promise<Played> {
    const ticking = setInterval(() => this.#look(), 100);
    try {
      for (const life of this.#lives) await this.#live(life);
    } finally {
      clearInterval(ticking);
    }
    return {
      played: this.#played,
      kills: this.#kills,
      killsInFlight: this.#killsInFlight,
      underWay: this.#underWay,
      survived: this.#survived,
      recoveries: this.#recoveries,
      skippedTicks: this.#skippedBefore,
      complaints: this.#complaints.trim(),
    };
  }

  async #live({ milliseconds, end }: Life): Promise<void> {
    this.#number += 1;
    this.#doing = this.#number === 1 ? 'starting' : 'recovering';
    const task: ChildTask = { ...this.#task, seed: (this.#task.seed + this.#number * 1000) >>> 0 };
    this.#forkedAt = performance.now();
    const child = new Forked<ChildMessage>('./child.js', task, (message) => this.#take(message));
    try {
      if (end === 'recovering') {
        await child.survives(this.#startMs * (0.3 + 0.6 * this.#random()));
        await this.#kill(child);
        return;
      }
      await child.next('ready');
      await child.survives(milliseconds);
      if (end === 'close') {
        await this.#close(child);
        return;
      }
      if (end === 'aimed') {
        await child.next('accepted');
        await pause(this.#random() * FLIGHT_MS);
      }
      await this.#kill(child);
    } finally {
      this.#stopClock();
      if (child.complaints) this.#complaints += `${child.complaints}\n`;
      this.#ticksBefore += this.#ticks;
      this.#skippedBefore += this.#skipped;
      this.#ticks = 0;
      this.#skipped = 0;
    }
  }

  async #kill(child: Forked<ChildMessage>): Promise<void> {
    const playing = this.#playingSince !== undefined;
    this.#stopClock();
    await child.kill();
    this.#disk.look();
    this.#kills += 1;
    const { durable, underWay } = this.#ledger;
    if (playing && underWay > 0) this.#killsInFlight += 1;
    const doing = this.#doing === 'playing' ? '' : ' while it was recovering';
    const told = playing ? `: ${whole(durable)} commands durable, ${whole(underWay)} under way` : '';
    this.#screen.event(`${this.#screen.paint('bold', `killed child ${this.#number}`)}${doing}${told}`);
  }

  async #close(child: Forked<ChildMessage>): Promise<void> {
    this.#stopClock();
    this.#doing = 'closing';
    const closed = child.next('closed');
    child.send({ kind: 'stop' });
    await closed;
    await child.ended;
    this.#disk.look();
    this.#screen.event(`child ${this.#number} closed in good order: ${whole(this.#ledger.durable)} commands`);
  }

  #take(message: ChildMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#ready(message.milliseconds, message.seqs);
        break;
      case 'accepted':
        this.#ledger.accept(message.seqs);
        this.#ticks = message.ticks;
        this.#skipped = message.skipped;
        break;
      case 'acknowledged':
        this.#ledger.acknowledge(message.galaxies);
        break;
      case 'closed':
      case 'failed':
        break;
    }
  }

  #ready(milliseconds: number, seqs: readonly number[]): void {
    const now = performance.now();
    this.#startMs = now - this.#forkedAt;
    this.#doing = 'playing';
    this.#playingSince = now;
    this.#pulse = [];
    const { recovered, lost, underWay, survived } = this.#ledger.recover(seqs);
    if (this.#number === 1) {
      const galaxies = counted(seqs.length, 'galaxy', 'galaxies');
      this.#screen.event(`child 1 created ${galaxies} in ${duration(milliseconds)}`);
      return;
    }
    this.#recoveries.push(milliseconds);
    this.#underWay += underWay;
    this.#survived += survived;
    const verdict = this.#screen.paint(lost === 0 ? 'green' : 'red', `${whole(lost)} lost`);
    const kept = survived === underWay ? 'all' : survived === 0 ? 'none of' : `${whole(survived)} of`;
    const rest = underWay > 0 ? `; ${kept} ${whole(underWay)} under way were on disk` : '';
    this.#screen.event(
      `child ${this.#number} recovered ${whole(recovered)} commands in ${duration(milliseconds)}: ${verdict}${rest}`,
    );
  }

  #stopClock(): void {
    if (this.#playingSince === undefined) return;
    this.#played += performance.now() - this.#playingSince;
    this.#playingSince = undefined;
  }

  #look(): void {
    this.#disk.look();
    const now = performance.now();
    const { accepted, durable } = this.#ledger;
    const playing = this.#playingSince !== undefined;
    if (playing) this.#pulse.push({ at: now, accepted });
    this.#pulse = this.#pulse.filter(({ at }) => at > now - 1000);
    const first = this.#pulse[0];
    const rate = first && now - first.at > 300 ? ((accepted - first.accepted) * 1000) / (now - first.at) : 0;
    const kills = this.#lives.length - 1;
    const played = this.#played + (this.#playingSince === undefined ? 0 : now - this.#playingSince);
    const all = this.#lives.reduce((sum, life) => sum + life.milliseconds, 0);
    const ticks = (this.#ticksBefore + this.#ticks) * this.#task.galaxies.length;
    this.#screen.progress(
      this.#doing,
      played / all,
      `child ${this.#number}, killed ${this.#kills} of ${kills} times`,
      [
        `${whole(ticks)} ticks`,
        `${whole(accepted)} commands`,
        ...(playing && rate > 0 ? [`${whole(rate)} a second`] : []),
        `${whole(durable)} durable`,
      ].join(', '),
    );
  }
}
