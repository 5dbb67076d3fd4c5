// Every operation on the disk fails in turn, over a small workload of commits, compacts, checkpoints and a close: what was
// acknowledged is there afterwards, nothing is there twice, errors are typed, and the owner goes on when the fault is gone.

import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import {
  commit,
  expectRecovered,
  openOwner,
  perform,
  SCRIPT,
  type Step,
  type Told,
  toldNothing,
} from './shard-script.ts';
import { diskFailure, type Interference, type Moment, type Operation, VolatileDisk } from './volatile-disk.ts';

/** A disk that fails for good has to be given up on at some time; this one works again after so many failed steps. */
const PATIENCE = 4;

interface Fault {
  /** Counted over all operations that have this moment. */
  readonly nth: number;
  readonly moment: Moment;
  readonly errno: string;
  /** Once, or at every operation from there on. */
  readonly lasting: boolean;
  /** It ends after the step that met the failure, tried until it succeeded; otherwise after the whole workload. */
  readonly soon: boolean;
  /** How: after a power cut only what is durable is left, after a kill also what failed attempts left lying about. */
  readonly end: 'power cut' | 'kill';
}

/** Counts operations, and fails from the one that was asked for. */
class Saboteur {
  count = 0;
  hit: string | undefined;
  readonly #fault: Fault;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  readonly interference: Interference = (operation, moment, path) => {
    if (moment !== this.#fault.moment || !canFail(operation, moment)) return;
    this.count += 1;
    if (this.count < this.#fault.nth || (this.count > this.#fault.nth && !this.#fault.lasting)) return;
    this.hit ??= `${operation} of ${path} (${moment})`;
    throw diskFailure(this.#fault.errno, path);
  };
}

/** Looking at the disk either works or does not; changing it can fail when it is half done, or done. */
function canFail(operation: Operation, moment: Moment): boolean {
  return moment === 'before' || !['list', 'exists', 'read', 'readAt'].includes(operation);
}

function expectTyped(error: unknown, story: string): void {
  expect(error, story).toBeInstanceOf(OrreryError);
  expect(['DISK_FULL', 'IO_FAILED'], `${story}: ${String(error)}`).toContain((error as OrreryError).code);
}

/** Opens and does the steps, each until it succeeds. Nothing is hit when the fault lies behind the end of the workload. */
async function run(disk: VolatileDisk, fault: Fault, told: Told): Promise<string | undefined> {
  const saboteur = new Saboteur(fault);
  disk.interference = saboteur.interference;
  let failures = 0;
  const failed = (error: unknown): void => {
    expectTyped(error, `${JSON.stringify(fault)} hit ${saboteur.hit}`);
    failures += 1;
    if (failures >= PATIENCE) disk.interference = undefined;
  };
  let owner: Owner | undefined;
  while (!owner) {
    try {
      owner = await openOwner(disk);
    } catch (error) {
      failed(error);
    }
  }
  for (const step of SCRIPT) {
    attempt(owner, step, told, failed);
    if (fault.soon && saboteur.hit !== undefined) break;
  }
  return saboteur.hit;
}

function attempt(owner: Owner, step: Step, told: Told, failed: (error: unknown) => void): void {
  for (;;) {
    try {
      perform(owner, step, told);
      return;
    } catch (error) {
      failed(error);
    }
    // An owner that failed to close has let go all the same.
    if (step.do === 'close') return;
    // Whatever became of a checkpoint, commits go on before the next is tried.
    if (step.do === 'checkpoint') {
      attempt(owner, { do: 'commit', games: { a: 1, b: 1 } }, told, failed);
      return;
    }
  }
}

const FAULTS: readonly Omit<Fault, 'nth'>[] = [
  { moment: 'before', errno: 'EIO', lasting: false, soon: false, end: 'kill' },
  { moment: 'before', errno: 'EIO', lasting: false, soon: true, end: 'power cut' },
  { moment: 'after', errno: 'EIO', lasting: false, soon: true, end: 'power cut' },
  { moment: 'half', errno: 'ENOSPC', lasting: false, soon: false, end: 'power cut' },
  { moment: 'half', errno: 'ENOSPC', lasting: false, soon: true, end: 'kill' },
  { moment: 'before', errno: 'ENOSPC', lasting: true, soon: false, end: 'power cut' },
  { moment: 'after', errno: 'EIO', lasting: true, soon: false, end: 'kill' },
];

for (const kind of FAULTS) {
  const how = `${kind.errno} ${kind.moment} an operation ${kind.lasting ? 'and from then on' : 'once'}`;
  const what = `${how}, ${kind.end} ${kind.soon ? 'soon after' : 'at the end'}`;
  it(`[R5] [W2] ${what}: acknowledged batches are recovered, nothing twice, and the owner goes on`, async () => {
    let nth = 1;
    for (; ; nth += 1) {
      const disk = new VolatileDisk();
      const told = toldNothing();
      const fault = { ...kind, nth };
      const hit = await run(disk, fault, told);
      if (hit === undefined) break;
      const story = `${JSON.stringify(fault)} hit ${hit}`;
      if (kind.end === 'kill') disk.kill();
      else disk.cutPower();
      const fresh = await openOwner(disk);
      expectRecovered(fresh, told, story);
      commit(fresh, { a: 2, b: 1, d: 1 }, told);
      expectRecovered(fresh, told, `${story}, played on`);
      fresh.close();
      const last = await openOwner(disk);
      expectRecovered(last, told, `${story}, closed and opened`);
      expect(last.recovery.replayedFrames, `${story}, closed`).toBe(0);
      last.abandon();
    }
    console.log(`disk faults: ${what}: ${nth - 1} places`);
    expect(nth).toBeGreaterThan(kind.moment === 'half' ? 15 : 60);
  });
}
