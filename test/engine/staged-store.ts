// A store in memory whose answers a test directs: they can be held back, fail, or come from a thread that dies. It checks
// what every store may rely on: calls come one at a time, and only while it is open.

import { decodeRecord, type Record } from '#core/patch/record.ts';
import { MemoryStore, OrreryError, type OrreryErrorCode } from '#index.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type { Moment, StepRange } from '#storage/history-reader.ts';
import type { Batch, Store, StoreLoad } from '#storage/store.ts';

type Call = Exclude<keyof Store, 'capabilities'>;

/** What happens to one call instead of, or beside, what a store does. */
type Fate =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly code: OrreryErrorCode }
  /** The thread dies with the work undone, or done and not answered. */
  | { readonly kind: 'die'; readonly done: boolean };

export class StagedStore implements Store {
  readonly capabilities = { durable: true, images: true };
  /** Every call that was made, in order. */
  readonly calls: Call[] = [];
  /** The seqs of each batch that was taken in, as `game:first-last`. */
  readonly batches: string[][] = [];
  /** Rules that were broken; a test ends by looking. */
  readonly faults: string[] = [];
  /** What commits tell of the work that is left. */
  left: StoreLoad = { compactionLagBytes: 0, journalBytes: 0, checkpointDue: false, checkpointOverdue: false };
  /** How many calls a checkpoint takes. */
  slices = 1;
  #slicesDone = 0;
  readonly #inner = new MemoryStore();
  readonly #fates = new Map<Call, Fate[]>();
  #always: Fate | undefined;
  #held: (() => void)[] | undefined;
  #heldCalls: readonly Call[] = [];
  #busy: Call | undefined;
  #alive = false;
  readonly #watchers: { readonly call: Call; readonly tell: () => void }[] = [];

  get inner(): MemoryStore {
    return this.#inner;
  }

  /** The next `times` calls of a kind fail. */
  fail(call: Call, code: OrreryErrorCode, times = 1): void {
    for (let each = 0; each < times; each += 1) this.#fate(call, { kind: 'fail', code });
  }

  /** The next call of a kind is answered as it is: what is staged after it is for the one behind. */
  pass(call: Call): void {
    this.#fate(call, { kind: 'pass' });
  }

  /** Over the next call of a kind the thread dies, with the work done or not. */
  die(call: Call, done: boolean): void {
    this.#fate(call, { kind: 'die', done });
  }

  /** Every commit fails until `heal`. */
  breakDown(code: OrreryErrorCode): void {
    this.#always = { kind: 'fail', code };
  }

  heal(): void {
    this.#always = undefined;
  }

  /** Calls of these kinds are not answered until `release`. */
  hold(...calls: Call[]): void {
    this.#held ??= [];
    this.#heldCalls = calls.length > 0 ? calls : ['commit'];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** Resolves at the next call of a kind, or at once while one is held. */
  async asked(call: Call): Promise<void> {
    if (this.#busy === call) return;
    await new Promise<void>((tell) => this.#watchers.push({ call, tell }));
  }

  open() {
    return this.#call('open', () => {
      this.#alive = true;
      return this.#inner.open();
    });
  }

  commit(batch: Batch): Promise<StoreLoad> {
    return this.#call('commit', async () => {
      this.#checkSpans(batch);
      const frames = (await this.#inner.stats()).frames;
      await this.#inner.commit(batch);
      if ((await this.#inner.stats()).frames > frames) this.batches.push(spansOf(batch));
      return this.left;
    });
  }

  compact(): Promise<StoreLoad> {
    return this.#call('compact', async () => {
      this.left = { ...this.left, compactionLagBytes: 0 };
      return this.left;
    });
  }

  checkpoint() {
    return this.#call('checkpoint', async () => {
      this.left = { ...this.left, checkpointDue: false, checkpointOverdue: false };
      this.#slicesDone = (this.#slicesDone + 1) % this.slices;
      if (this.#slicesDone > 0) return undefined;
      return this.#inner.checkpoint();
    });
  }

  load(game: string) {
    return this.#call('load', () => this.#inner.load(game));
  }

  list() {
    return this.#call('list', () => this.#inner.list());
  }

  stateAt(game: string, moment: Moment, nearest: boolean) {
    return this.#call('stateAt', () => this.#inner.stateAt(game, moment, nearest));
  }

  past(game: string, range: StepRange, limit: number) {
    return this.#call('past', () => this.#inner.past(game, range, limit));
  }

  snapshots(game: string) {
    return this.#call('snapshots', () => this.#inner.snapshots(game));
  }

  quarantine(game: string) {
    return this.#call('quarantine', () => this.#inner.quarantine(game));
  }

  /** Says that the game is there, and keeps nothing of it. */
  import({ game }: { readonly game: string }): Promise<GameInfo> {
    return this.#call('import', async () => ({ ...((await this.#inner.list())[0] as GameInfo), id: game }));
  }

  stats() {
    return this.#call('stats', () => this.#inner.stats());
  }

  close(): Promise<void> {
    return this.#call('close', async () => {
      this.#alive = false;
    });
  }

  async destroy(): Promise<void> {
    this.calls.push('destroy');
    this.#alive = false;
  }

  /** What a batch says of itself must be what is in it: a store goes by that, and does not look inside. */
  #checkSpans(batch: Batch): void {
    const inside = new Map<string, { game: string; firstSeq: number; lastSeq: number }>();
    const records = recordsOf(batch);
    for (const { game, seq, firstSeq = seq } of records) {
      const span = inside.get(game);
      if (span && firstSeq !== span.lastSeq + 1) this.faults.push(`seq ${firstSeq} follows ${span.lastSeq}`);
      if (span) span.lastSeq = seq;
      else inside.set(game, { game, firstSeq, lastSeq: seq });
    }
    const told = JSON.stringify([batch.count, batch.spans]);
    if (told !== JSON.stringify([records.length, [...inside.values()]])) this.faults.push(`a batch says ${told}`);
  }

  #fate(call: Call, fate: Fate): void {
    const fates = this.#fates.get(call);
    if (fates) fates.push(fate);
    else this.#fates.set(call, [fate]);
  }

  async #call<T>(call: Call, work: () => Promise<T>): Promise<T> {
    if (this.#busy) this.faults.push(`${call} while ${this.#busy} is not answered`);
    if (!this.#alive && call !== 'open') this.faults.push(`${call} while closed`);
    this.calls.push(call);
    this.#busy = call;
    for (const [at, { call: awaited, tell }] of [...this.#watchers.entries()].reverse()) {
      if (awaited !== call) continue;
      this.#watchers.splice(at, 1);
      tell();
    }
    try {
      if (this.#held && this.#heldCalls.includes(call)) await new Promise<void>((go) => this.#held?.push(go));
      // Never in the same turn: an answer from another thread takes longer than that.
      else await new Promise<void>((go) => setImmediate(go));
      return await this.#outcome(call, work);
    } finally {
      this.#busy = undefined;
    }
  }

  async #outcome<T>(call: Call, work: () => Promise<T>): Promise<T> {
    const fate = (call === 'commit' ? this.#always : undefined) ?? this.#fates.get(call)?.shift();
    if (fate?.kind === 'fail') throw staged(fate.code);
    if (fate?.kind === 'die') {
      if (fate.done) await work();
      this.#alive = false;
      throw staged('OWNER_DIED');
    }
    return work();
  }
}

function recordsOf(batch: Batch): Record[] {
  return new TextDecoder().decode(batch.payload).split('\n').slice(0, -1).map(decodeRecord);
}

function spansOf(batch: Batch): string[] {
  return recordsOf(batch).map(({ game, firstSeq, seq }) =>
    firstSeq === undefined ? `${game}:${seq}` : `${game}:${firstSeq}-${seq}`,
  );
}

function staged(code: OrreryErrorCode): OrreryError {
  return new OrreryError({ code, what: `a staged ${code}`, hint: 'Nothing is wrong.' });
}
