// A small shard in memory that was killed, with everything that was acknowledged in it, and the question that every damage to it
// has to answer: is what opens exactly what was acknowledged, or is it refused by name?

import { expect } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { commit, openOwner, perform, SHARD, stateAt, toldNothing } from '../fault/shard-script.ts';
import { inSample } from '../sampling.ts';
import { MemoryFolder } from './memory-folder.ts';

/** Games and the newest seq of each. */
export type Standing = ReadonlyMap<string, number>;

export interface SmallShard {
  readonly folder: MemoryFolder;
  readonly acknowledged: Standing;
  /** Without the last batch: nothing on the disk says that it was ever durable. */
  readonly butTheLast: Standing;
}

/** Two checkpoints, with a commit in the middle of each, and three batches behind the newest. */
export async function makeSmallShard(shard = 0): Promise<SmallShard> {
  const folder = new MemoryFolder();
  const told = toldNothing();
  const owner = await openOwner(folder, { directory: SHARD, shard });
  commit(owner, { a: 3, b: 2 }, told);
  perform(owner, { do: 'checkpoint', games: { a: 1, c: 2 } }, told);
  commit(owner, { b: 2, d: 1 }, told);
  perform(owner, { do: 'checkpoint', games: { a: 1, b: 1 } }, told);
  commit(owner, { c: 1, e: 2 }, told);
  commit(owner, { b: 1 }, told);
  const butTheLast = new Map(told.acknowledged);
  commit(owner, { a: 2 }, told);
  owner.abandon();
  return { folder, acknowledged: new Map(told.acknowledged), butTheLast };
}

interface Flips {
  readonly seed?: number;
  /** Which bytes. All of them, unless said. */
  readonly only?: (at: number) => boolean;
  /** A sampled run turns one of so many of these bits. */
  readonly oneIn?: number;
}

/** Every bit of a file in turn, or one seeded bit of every byte. */
export function* flips(
  bytes: Buffer,
  which: 'every bit' | 'every byte',
  { seed = 1, only = () => true, oneIn = 1 }: Flips = {},
): Generator<readonly [story: string, flipped: Buffer, at: number]> {
  let random = seed;
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    if (!only(at)) continue;
    const bits = which === 'every bit' ? [0, 1, 2, 3, 4, 5, 6, 7] : [random >>> 29];
    for (const bit of bits) {
      count += 1;
      if (!inSample(count - 1, oneIn)) continue;
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << bit);
      yield [`byte ${at}, bit ${bit}`, flipped, at];
    }
  }
}

/** What opens, or why it does not. Says in which story it was neither. */
export async function openOrRefuse(files: MemoryFolder, story: string): Promise<Standing | OrreryError> {
  let owner: Owner;
  try {
    // An opening publishes and sweeps: what was given stays as it is.
    owner = await openOwner(files.copy());
  } catch (error) {
    if (!(error instanceof OrreryError)) throw new Error(`${story}: threw ${String(error)}`, { cause: error });
    expect(['DAMAGED', 'FORMAT_TOO_NEW', 'PATCH_INVALID', 'SHARD_REPLACED'], `${story}: ${error.message}`).toContain(
      error.code,
    );
    const { file, directory } = error.context;
    if (!(file ?? directory)?.startsWith(SHARD)) throw new Error(`${story}: names no file: ${error.message}`);
    return error;
  }
  try {
    return standingOf(owner, story);
  } finally {
    owner.abandon();
  }
}

/** Newest seqs. Throws when a state is not the one that belongs to its seq. */
export function standingOf(owner: Pick<Owner, 'list' | 'load'>, story: string): Standing {
  const standing = new Map<string, number>();
  for (const { id, seq, type, tick, version, created } of owner.list()) {
    const [piece] = owner.load(id)?.pieces ?? [];
    const found = `${type} ${version} ${created} ${tick} ${new TextDecoder().decode(piece)}`;
    const due = `counter 1 1700000000000 ${Math.floor(seq / 3)} ${JSON.stringify([null, stateAt(seq)])}`;
    if (found !== due) throw new Error(`${story}: ${id} at seq ${seq} is ${found} in place of ${due}`);
    standing.set(id, seq);
  }
  return standing;
}

export function same(left: Standing, right: Standing): boolean {
  return left.size === right.size && [...left].every(([id, seq]) => right.get(id) === seq);
}
