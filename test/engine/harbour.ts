// An orrery over one staged store, and time that a test moves by hand.

import { expect, onTestFinished, vi } from 'vitest';
import { type GameOf, type Orrery, type OrreryOptions, table } from '#index.ts';
import { open, sandbox } from '../game/galaxy.ts';
import { StagedStore } from './staged-store.ts';

export const ledger = sandbox(() => ({ n: 0, text: '', units: table<{ hp: number }>() }), 'ledger');
export type Ledger = GameOf<typeof ledger>;

export interface Harbour {
  readonly orrery: Orrery;
  readonly store: StagedStore;
  readonly game: Ledger;
  /** What the orrery has told, in order. */
  readonly told: string[];
}

export async function harbour(options: Partial<OrreryOptions> = {}): Promise<Harbour> {
  const store = new StagedStore();
  const orrery = await open([ledger], { on: store, ...options });
  const told = listening(orrery);
  const game = (await orrery.open(ledger, 'g')) as Ledger;
  store.calls.length = 0;
  store.batches.length = 0;
  onTestFinished(() => {
    vi.useRealTimers();
    store.release();
    expect(store.faults).toEqual([]);
  });
  return { orrery, store, game, told };
}

export function listening(orrery: Orrery): string[] {
  const told: string[] = [];
  orrery.on('degraded', (error) => told.push(`degraded ${error.code}`));
  orrery.on('recovered', (shard) => told.push(`recovered ${shard}`));
  orrery.on('failed', (error) => told.push(`failed ${error.code}`));
  orrery.on('checkpoint', ({ shard }) => told.push(`checkpoint ${shard}`));
  return told;
}

/** Adds to a game, and so makes a record. */
export function add(game: Ledger, by = 1) {
  return game.update((draft) => {
    draft.n += by;
  });
}

/** A record of about so many bytes. */
export function write(game: Ledger, bytes: number) {
  return game.update((draft) => {
    draft.text = `${draft.n}`.padEnd(bytes, 'x');
    draft.n += 1;
  });
}

/** Stops the clock. Turns of the event loop go on. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
}

/** Enough turns of the event loop for everything that waits for no timer. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Time passes, in steps short enough that what one timer sets off can set another. */
export async function pass(ms: number): Promise<void> {
  const step = Math.max(1, Math.min(25, ms / 40));
  for (let passed = 0; passed < ms; passed += step) {
    await vi.advanceTimersByTimeAsync(Math.min(step, ms - passed));
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await settled();
}

/** Whether a promise has settled, and how. */
export function outcome(promise: Promise<unknown>): { state: string } {
  const seen = { state: 'pending' };
  promise.then(
    () => {
      seen.state = 'done';
    },
    (error: { code?: string }) => {
      seen.state = error.code ?? 'rejected';
    },
  );
  return seen;
}
