// Crashes a workload at every place of its log, opens the shard from the states that a disk may be left in, plays on from some
// of them and crashes again. simulation.ts feeds it workloads; crash-states.ts says which states there are.

import { type Dice, dice } from '../../programs/script.ts';
import { Chain } from './chain.ts';
import { type CrashState, crashStates, isExhaustive } from './crash-states.ts';
import { exploreDamage } from './damage.ts';
import { DiskImage, type Operation } from './disk-image.ts';
import type { Engine } from './engine.ts';
import { type Mark, Play, type Scene } from './play.ts';
import type { Lie } from './recording-files.ts';
import { Tally } from './tally.ts';
import { type Step, sequelOf, type Workload } from './workload.ts';

export interface Limits {
  /** One in so many crash points is looked at. */
  readonly pointEvery: number;
  /** A crash point with so many sets of things that may be kept has all of them looked at, otherwise so many states. */
  readonly statesAPoint: number;
  /** The same for workloads of very few steps. */
  readonly statesOfSmall: number;
  /** One in so many workloads is crashed while it makes the shard, too: that goes in much the same way every time. */
  readonly makingEvery: number;
  /** One in so many states is played on from, crashed again and looked at in the same way. */
  readonly sequelEvery: number;
  /** One in so many recoveries is itself cut at every place. */
  readonly recoveryEvery: number;
  /** States of one crash point of a recovery or a sequel. */
  readonly statesAgain: number;
  /** One in so many states has something on the disk damaged, which is no crash. */
  readonly damageEvery: number;
}

export interface Finding {
  readonly seed: number;
  readonly workload: Workload;
  readonly violation: string;
  /** What was done, from the beginning, with what each crash has lost. */
  readonly story: readonly string[];
}

/** A place in a history, for the story of a finding. */
interface Past {
  readonly before: Past | undefined;
  readonly tell: () => readonly string[];
}

const DEEPEST = 3;
const FEW_STEPS = 2;

export class Exploration {
  readonly tally = new Tally();
  finding: Finding | undefined;
  readonly #engine: Engine;
  readonly #limits: Limits;
  readonly #lies: ReadonlySet<Lie>;
  readonly #enough: (tally: Tally) => boolean;
  #statesAPoint = 0;

  /** `enough` is asked now and then whether to stop. */
  constructor(engine: Engine, limits: Limits, lies: ReadonlySet<Lie>, enough: (tally: Tally) => boolean) {
    this.#engine = engine;
    this.#limits = limits;
    this.#lies = lies;
    this.#enough = enough;
  }

  /** Stops at the first finding. */
  explore(workload: Workload, seed: number): void {
    const roll = dice(seed);
    const { statesAPoint, statesOfSmall } = this.#limits;
    this.#statesAPoint = workload.steps.length <= FEW_STEPS ? statesOfSmall : statesAPoint;
    const scene = { image: new DiskImage(), chain: Chain.empty(), inFlight: undefined, closed: false };
    const play = new Play(this.#engine, scene, '0', this.#lies);
    play.run(workload.steps, workload.fault);
    this.tally.workload(workload, play);
    const past = { before: undefined, tell: () => [`does ${JSON.stringify(workload)}`] };
    if (play.violation !== undefined) this.#report(play.violation, past);
    else this.#cut(scene, play, roll, 1, past);
    if (this.finding) this.finding = { ...this.finding, seed, workload };
  }

  get #over(): boolean {
    return this.finding !== undefined || this.#enough(this.tally);
  }

  /** Crashes at every place of the log of a play, one after the other. */
  #cut(scene: Scene, play: Play, roll: Dice, depth: number, past: Past): void {
    const most = depth === 1 ? this.#statesAPoint : this.#limits.statesAgain;
    const image = scene.image.clone();
    const { log } = play.disk;
    const marks = play.marks.values();
    let mark = marks.next().value as Mark;
    let next = marks.next().value as Mark | undefined;
    const from = depth === 1 && roll(this.#limits.makingEvery) > 0 ? play.openedAt : 0;
    for (let at = 0; at <= log.length; at += 1) {
      const last = at === 0 ? undefined : (log[at - 1] as Operation);
      if (last) image.apply(last);
      // A promise that was made here, or none since the operation before.
      let fresh = at === 0;
      while (next !== undefined && next.at <= at) {
        mark = next;
        next = marks.next().value as Mark | undefined;
        fresh = true;
      }
      if (at < from || roll(this.#limits.pointEvery) > 0) continue;
      // What a sync leaves was possible before it.
      if (!fresh && last && isSync(last)) continue;
      this.tally.point(last, mark, depth, isExhaustive(image, most));
      this.#crash(image, mark, last, fresh, most, play.name, roll, depth, {
        before: past,
        tell: () => [...log.slice(0, at).map(tellOperation), `the crash comes while: ${mark.doing}`],
      });
      if (this.#over) return;
    }
  }

  #crash(
    image: DiskImage,
    mark: Mark,
    last: Operation | undefined,
    fresh: boolean,
    most: number,
    name: string,
    roll: Dice,
    depth: number,
    past: Past,
  ): void {
    for (const state of crashStates(image, last, fresh, most, roll)) {
      this.#from(state, mark, name, roll, depth, past);
      if (this.#over) return;
    }
    // The process goes and the machine stays: all can be read, and what was not durable is so no more than before.
    this.#from({ image: image.clone(), lost: () => 'nothing: the process was killed' }, mark, name, roll, depth, past);
  }

  #from(state: CrashState, mark: Mark, name: string, roll: Dice, depth: number, past: Past): void {
    const { sequelEvery, recoveryEvery, damageEvery } = this.#limits;
    const { chain, inFlight, closed } = mark;
    const scene = { image: state.image, chain, inFlight, closed };
    const again = depth < DEEPEST && roll(sequelEvery * depth * depth) === 0;
    const steps: readonly Step[] = again ? sequelOf(roll) : [];
    const play = new Play(this.#engine, scene, `${name}.${this.tally.states}`, this.#lies);
    play.run(steps);
    this.tally.state(play, depth);
    const told: Past = {
      before: past,
      tell: () => [`lost: ${state.lost()}`, steps.length > 0 ? `opens, then ${JSON.stringify(steps)}` : 'opens'],
    };
    if (play.violation !== undefined) {
      this.#report(play.violation, told);
      return;
    }
    if (again || (depth < DEEPEST && roll(recoveryEvery * depth * depth) === 0)) {
      this.#cut(scene, play, roll, depth + 1, told);
      if (this.#over) return;
    }
    if (roll(damageEvery) !== 0) return;
    const found = exploreDamage(this.#engine, scene, this.#lies, roll, this.tally);
    if (found) this.#report(found.violation, { before: past, tell: () => [`lost: ${state.lost()}`, ...found.what] });
  }

  #report(violation: string, past: Past): void {
    const story: string[] = [];
    for (let each: Past | undefined = past; each !== undefined; each = each.before) story.unshift(...each.tell());
    this.finding ??= { seed: 0, workload: { steps: [], fault: undefined }, violation, story };
  }
}

function isSync(operation: Operation): boolean {
  return operation.kind === 'sync' || operation.kind === 'sync directory' || operation.kind === 'failed sync';
}

const inodeNames = new Map<number, string>();

function tellOperation(operation: Operation): string {
  if ('name' in operation) {
    const name = operation.name.replace(/^.*\//, '');
    if (operation.kind !== 'unlink') inodeNames.set(operation.inode, name);
    return `${operation.kind} ${name}`;
  }
  if (operation.kind === 'sync directory') return operation.kind;
  const file = inodeNames.get(operation.inode) ?? 'a file from before';
  if (operation.kind === 'write') return `write ${operation.bytes.length} bytes at ${operation.at} of ${file}`;
  if (operation.kind === 'truncate') return `truncate ${file} to ${operation.length}`;
  return `${operation.kind} ${file}`;
}
