// Memory that the main thread and the owner of a shard share, for the request that is made all the time: a small
// commit, and what the store owes after it. Making objects into a message and back costs the game loop more than
// everything else about an awaited command, and an owner that is looking here need not be woken. sqlite/owner-thread.ts
// and serve.ts are its two ends.

import type { Batch, Span, StoreLoad } from '../../store.ts';

/** The owner is asleep or at work: it has to be sent a message. */
const AWAY = 0;
/** The owner looks for the next request. */
const LOOKING = 1;
/** It was looking, and a request is in the slot. */
const ASKED = 2;

/** The message that says no more than that there is something in the slot. */
export const IN_SLOT = 1;

/** Of records and spans. A larger batch is worth a message of its own. */
const BODY_BYTES = 16 * 1024;
/** Words: state, bytes of records, count of records, bytes of spans, two flags; then three numbers, then the body. */
const [STATE, RECORDS, COUNT, SPANS, FLAGS] = [0, 1, 2, 3, 4];
const [LAG_AT, JOURNAL_AT, COMPACTING_AT, BODY_AT] = [24, 32, 40, 48];
const [DUE, OVERDUE] = [1, 2];
/** Above them in their word: the number of games with records that cannot be read. */
const FLAG_BITS = 2;

export class CommitSlot {
  /** For the other end. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: DataView;
  readonly #body: Buffer;

  constructor(memory = new SharedArrayBuffer(BODY_AT + BODY_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, BODY_AT / 4);
    this.#numbers = new DataView(memory);
    this.#body = Buffer.from(memory, BODY_AT);
  }

  /** The main thread puts a batch in, for the owner to take. False when it is too large. */
  put({ payload, count, spans }: Batch): boolean {
    if (payload.length > BODY_BYTES) return false;
    const text = JSON.stringify(spans);
    // Three bytes are the most that UTF-8 takes for a code unit.
    if (payload.length + text.length * 3 > BODY_BYTES) return false;
    this.#body.set(payload);
    this.#words[RECORDS] = payload.length;
    this.#words[COUNT] = count;
    this.#words[SPANS] = this.#body.write(text, payload.length, 'utf8');
    return true;
  }

  /** Whether the owner is looking: then it has been told of what was put in, and needs no message. */
  tell(): boolean {
    return Atomics.compareExchange(this.#words, STATE, LOOKING, ASKED) === LOOKING;
  }

  /** The owner begins to look. */
  look(): void {
    Atomics.store(this.#words, STATE, LOOKING);
  }

  /** Whether the main thread has told of something since. */
  get asked(): boolean {
    return Atomics.load(this.#words, STATE) === ASKED;
  }

  /** The owner looks no longer. True when it was told of something before that. */
  leave(): boolean {
    return Atomics.exchange(this.#words, STATE, AWAY) === ASKED;
  }

  /** The owner takes the batch. Its records are those in the slot, until the answer. */
  take(): Batch {
    const end = this.#words[RECORDS] as number;
    const spans = this.#body.toString('utf8', end, end + (this.#words[SPANS] as number));
    return {
      payload: new Uint8Array(this.memory, BODY_AT, end),
      count: this.#words[COUNT] as number,
      spans: JSON.parse(spans) as Span[],
    };
  }

  /** The owner answers. */
  answer(load: StoreLoad): void {
    const { compactionLagBytes, compactingBytes = 0, journalBytes, unreadableGames = 0 } = load;
    const { checkpointDue, checkpointOverdue } = load;
    this.#numbers.setFloat64(LAG_AT, compactionLagBytes);
    this.#numbers.setFloat64(COMPACTING_AT, compactingBytes);
    this.#numbers.setFloat64(JOURNAL_AT, journalBytes);
    this.#words[FLAGS] = (checkpointDue ? DUE : 0) | (checkpointOverdue ? OVERDUE : 0) | (unreadableGames << FLAG_BITS);
  }

  /** What the owner answered last. */
  get load(): StoreLoad {
    const flags = this.#words[FLAGS] as number;
    return {
      compactionLagBytes: this.#numbers.getFloat64(LAG_AT),
      compactingBytes: this.#numbers.getFloat64(COMPACTING_AT),
      journalBytes: this.#numbers.getFloat64(JOURNAL_AT),
      checkpointDue: (flags & DUE) !== 0,
      checkpointOverdue: (flags & OVERDUE) !== 0,
      ...(flags >> FLAG_BITS > 0 ? { unreadableGames: flags >> FLAG_BITS } : {}),
    };
  }
}
