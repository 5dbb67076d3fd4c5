// A shard's journal over its whole life, on a disk that fails and loses power: what was acknowledged is always there.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { listGenerations, scanJournal } from '#storage/sqlite/journal/scan.ts';
import { BEGINNING, temporaryFolder, UUID } from './disk.ts';

type Failure = 'write' | 'dataSync' | 'sync' | 'publishNew' | 'syncDirectory';

type Operation =
  | { readonly do: 'append'; readonly size: number }
  | { readonly do: 'commit'; readonly size: number }
  | { readonly do: 'sync' | 'rotate' | 'checkpoint' | 'close' | 'kill' }
  | { readonly do: 'power'; readonly noise: number }
  | { readonly do: 'fail'; readonly what: Failure; readonly times: number; readonly noise: number };

const failures: Failure[] = ['write', 'dataSync', 'sync', 'publishNew', 'syncDirectory'];
const size = fc.nat({ max: 200 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), size }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), size }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('sync', 'rotate', 'checkpoint', 'close', 'kill') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('power' as const), noise: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      what: fc.constantFrom(...failures),
      times: fc.integer({ min: 1, max: 3 }),
      noise: fc.nat(),
    }),
  },
);

/** Remembers what was made durable; loses all or some of the rest when the power goes. */
class LossyDisk {
  readonly folder = temporaryFolder();
  readonly files: Files;
  #failing: { what: Failure; times: number; noise: number } | undefined;
  /** By the name a file has now: how many of its bytes are durable. Bytes are only ever added. */
  #durableBytes = new Map<string, number>();
  #durableNames = new Set<string>();

  constructor() {
    const sync = (what: Failure) => (handle: { path: string }) => {
      this.#maybeFail(what);
      this.#durableBytes.set(handle.path, nodeFiles.size(handle.path));
    };
    this.files = {
      ...nodeFiles,
      dataSync: sync('dataSync'),
      sync: sync('sync'),
      write: (handle, bytes, position) => {
        const noise = this.#failing?.noise ?? 0;
        this.#maybeFail('write', () => nodeFiles.write(handle, bytes.subarray(0, noise % bytes.length), position));
        nodeFiles.write(handle, bytes, position);
      },
      publishNew: (from, to) => {
        // The failure may be told before or after the deed.
        const before = (this.#failing?.noise ?? 0) % 2 === 0;
        if (before) this.#maybeFail('publishNew');
        nodeFiles.publishNew(from, to);
        this.#durableBytes.set(to, this.#durableBytes.get(from) ?? 0);
        if (!before) this.#maybeFail('publishNew');
      },
      syncDirectory: () => {
        this.#maybeFail('syncDirectory');
        for (const name of nodeFiles.list(this.folder)) this.#durableNames.add(name);
      },
    };
  }

  fail(what: Failure, times: number, noise: number): void {
    this.#failing = { what, times, noise };
  }

  repair(): void {
    this.#failing = undefined;
  }

  /** Cuts the power: of what was not durable, names go, ends are cut, and blocks of 64 bytes read as zeros. */
  losePower(noise: number): void {
    let random = noise;
    const next = () => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return random >>> 8;
    };
    for (const name of nodeFiles.list(this.folder)) {
      const path = join(this.folder, name);
      if (!this.#durableNames.has(name) && next() % 2 === 0) {
        rmSync(path);
        continue;
      }
      const bytes = readFileSync(path);
      const durable = this.#durableBytes.get(path) ?? 0;
      const kept = next() % 3 === 0 ? bytes.length : durable + (next() % (bytes.length - durable + 1));
      for (let at = durable; at < kept; at += 64) if (next() % 3 === 0) bytes.fill(0, at, Math.min(kept, at + 64));
      writeFileSync(path, bytes.subarray(0, kept));
      this.#durableBytes.set(path, kept);
      this.#durableNames.add(name);
    }
  }

  #maybeFail(what: Failure, before: () => void = () => {}): void {
    if (this.#failing?.what !== what || this.#failing.times === 0) return;
    this.#failing.times -= 1;
    before();
    throw new OrreryError({ code: 'IO_FAILED', what: `${what} failed`, hint: 'None.', context: { errno: 'EIO' } });
  }
}

/** Does to a journal what the owner of a shard does, and knows what it has promised. */
class Shard {
  readonly disk = new LossyDisk();
  /** What was appended and may come back, in order; the first `acknowledged` of them must. */
  history: string[] = [];
  acknowledged = 0;
  epoch = 0;
  #journal: Journal | undefined;
  #generation = 0;
  #base = { position: BEGINNING, batches: 0, generation: 0 };
  #appended = 0;

  /** Recovery: read the tail, begin the next segment behind what is durable. Fails as the disk fails. */
  open(): void {
    const { files, folder } = this.disk;
    this.epoch += 1;
    const all = listGenerations(files, folder);
    const generations = all.filter((generation) => generation >= this.#base.generation);
    this.#generation = Math.max(this.#generation, ...all) + 1;
    const start = { epoch: this.epoch, shardUuid: UUID, generation: this.#generation };
    if (generations.length === 0) {
      this.#journal = Journal.create(files, folder, { ...start, firstFrame: 1, previousChain: 0 });
      return;
    }
    const { position, batches } = this.#base;
    const source = { shardUuid: UUID, generations, knownDurable: position.frame };
    const scan = scanJournal(files, folder, source, position);
    const got: string[] = [];
    let step = scan.next();
    for (; step.done !== true; step = scan.next()) got.push(Buffer.from(step.value.payload).toString());
    const recovered = [...this.history.slice(0, batches), ...got];
    expect(recovered).toEqual(this.history.slice(0, recovered.length));
    expect(recovered.length).toBeGreaterThanOrEqual(this.acknowledged);

    const { durable, pending } = step.value;
    const next = { ...start, firstFrame: durable.frame + 1, previousChain: durable.chain };
    this.#journal = Journal.create(files, folder, next, pending);
    this.history = recovered;
    this.acknowledged = recovered.length;
  }

  append(length: number): void {
    const text = `${this.#appended}:${'x'.repeat(length)}`;
    this.#appended += 1;
    this.history.push(text);
    this.#using((journal) => journal.append([Buffer.from(text)], 1));
  }

  sync(): void {
    this.#using((journal) => journal.sync());
    if (this.#journal?.state === 'open') this.acknowledged = this.history.length;
  }

  rotate(): void {
    this.#generation += 1;
    this.#using((journal) => {
      const next = journal.rotate(this.#generation);
      journal.close();
      this.#journal = next;
    });
    if (this.#journal?.durableFrame === this.#journal?.lastFrame) this.acknowledged = this.history.length;
  }

  /** An image was made of everything durable: the journal is wanted from there on, and older segments go. */
  checkpoint(): void {
    this.rotate();
    const journal = this.#journal as Journal;
    this.#base = { position: journal.durable, batches: this.history.length, generation: journal.header.generation };
    for (const name of nodeFiles.list(this.disk.folder)) {
      if (join(this.disk.folder, name) !== journal.path) nodeFiles.remove(join(this.disk.folder, name));
    }
  }

  close(): void {
    this.#using((journal) => journal.seal());
    this.acknowledged = this.history.length;
    this.kill();
  }

  /** The sync fails, and the process ends before anything else can be done about it. */
  dieSyncing(): void {
    this.disk.fail('dataSync', 1, 0);
    expect(() => this.#journal?.sync()).toThrow('dataSync failed');
    this.disk.repair();
    this.kill();
  }

  kill(): void {
    this.#journal?.close();
    this.#journal = undefined;
  }

  /** Runs a step; when it breaks the journal, successors are tried until the disk works again. */
  #using(step: (journal: Journal) => void): void {
    const journal = this.#journal as Journal;
    try {
      step(journal);
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code !== 'IO_FAILED') throw error;
      if (journal.state === 'broken') this.#takeOver(journal);
    }
  }

  #takeOver(journal: Journal): void {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      this.#generation += 1;
      try {
        this.#journal = journal.successor(this.#generation);
        journal.close();
        this.acknowledged = this.history.length;
        return;
      } catch (error) {
        if (!(error instanceof OrreryError) || error.code !== 'IO_FAILED') throw error;
      }
    }
    throw new Error('the disk never recovered');
  }
}

function openAtLast(shard: Shard): void {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      shard.open();
      return;
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code !== 'IO_FAILED') throw error;
    }
  }
  throw new Error('the disk never recovered');
}

function live(operations: readonly Operation[]): void {
  const shard = new Shard();
  shard.open();
  for (const step of operations) {
    if (step.do === 'append') shard.append(step.size);
    else if (step.do === 'commit') {
      shard.append(step.size);
      shard.sync();
    } else if (step.do === 'fail') shard.disk.fail(step.what, step.times, step.noise);
    else if (step.do === 'sync') shard.sync();
    else if (step.do === 'rotate') shard.rotate();
    else if (step.do === 'checkpoint') {
      shard.disk.repair();
      shard.checkpoint();
    } else {
      if (step.do === 'close') {
        shard.disk.repair();
        shard.close();
      } else shard.kill();
      if (step.do === 'power') shard.disk.losePower(step.noise);
      openAtLast(shard);
    }
  }
  shard.kill();
  shard.disk.repair();
  shard.disk.losePower(1);
  shard.open();
  shard.kill();
}

describe('the life of a journal', () => {
  test('[J42] whatever fails and whenever the power goes, what was acknowledged comes back, in order and once', () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 1, maxLength: 30 }), live), { numRuns: 300 });
  });

  test('[J42] a frame read from the cache after a failed sync survives the next loss of power', () => {
    for (let noise = 0; noise < 40; noise += 1) {
      const shard = new Shard();
      shard.open();
      shard.append(10);
      shard.sync();
      shard.append(300);
      shard.dieSyncing();
      // The new owner finds the frame whole, takes it over, and acknowledges it.
      shard.open();
      expect([shard.history.length, shard.acknowledged]).toEqual([2, 2]);
      shard.kill();
      shard.disk.losePower(noise);
      shard.open();
      expect([shard.history.length, shard.acknowledged]).toEqual([2, 2]);
      shard.kill();
    }
  });

  test('[J42] what a rotation has synced is not written a second time when the rotation fails afterwards', () => {
    for (const what of ['publishNew', 'syncDirectory'] as const) {
      for (const noise of [0, 1]) {
        live([
          { do: 'append', size: 0 },
          { do: 'fail', what, times: 1, noise },
          { do: 'rotate' },
          { do: 'commit', size: 0 },
        ]);
      }
    }
  });
});
