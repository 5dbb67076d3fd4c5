// Records as bytes, one after the other in one buffer: what a batch carries to the owner and a frame to the disk.
// Before it: the sink of a game, on the game loop's way; after it: engine/batch.ts. The form is that of record.ts and
// docs/FORMAT.md.

import type { Json, Patch, Path } from './patch.ts';
import type { Record } from './record.ts';

const FIRST_BYTES = 4 * 1024;
/** A buffer that had to grow beyond this for one large record is not used for other batches. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;
/** One is being filled while another is on its way. */
const MOST_SPARE = 2;
/** Up to this length a loop is faster than a call into the runtime. */
const SHORT = 48;
/**
 * A longer text is written in parts of so many code units: its JSON, and room for the most that it may take, are not
 * made as a whole.
 */
const LONG = 64 * 1024;
/** The most bytes that a number, or a constant piece of a record, takes. */
const TOKEN_BYTES = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const LINE_FEED = 0x0a;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where a writer puts its bytes. engine/shared-memory.ts has another one. */
export interface RecordMemory {
  /** So many bytes, whatever they hold, which are all of their buffer. */
  allocate(bytes: number): Uint8Array;
  /** All the bytes of a buffer that was allocated here. */
  again(buffer: ArrayBufferLike): Uint8Array;
  /** Writes a text as UTF-8, a lone surrogate as U+FFFD, and returns how many bytes it took. There is room. */
  encode(text: string, bytes: Uint8Array, at: number): number;
}

const encoder = new TextEncoder();

/** Memory of the thread's own, on any platform. */
export const OWN_MEMORY: RecordMemory = {
  allocate: (bytes) => new Uint8Array(bytes),
  again: (buffer) => new Uint8Array(buffer),
  encode: (text, bytes, at) => encoder.encodeInto(text, bytes.subarray(at)).written,
};

/**
 * Writes records as lines of UTF-8. By hand, because that is half of what JSON.stringify and an encoder take for the
 * same bytes.
 */
export class RecordWriter {
  readonly #memory: RecordMemory;
  #bytes: Uint8Array;
  readonly #spare: Uint8Array[] = [];
  #at = 0;
  /** The end of the last record that was kept. */
  #kept = 0;

  constructor(memory: RecordMemory = OWN_MEMORY) {
    this.#memory = memory;
    this.#bytes = memory.allocate(FIRST_BYTES);
  }

  /**
   * Writes a record with its line feed and returns its length in bytes. The next one takes its place, unless it is
   * kept.
   */
  write(record: Record): number {
    this.#at = this.#kept;
    this.#constant('{"g":');
    this.#string(record.game);
    this.#constant(',"s":');
    this.#number(record.seq);
    if (record.firstSeq !== undefined) {
      this.#constant(',"f":');
      this.#number(record.firstSeq);
    }
    this.#constant(',"k":');
    this.#number(record.tick);
    this.#constant(',"t":');
    this.#number(record.time);
    this.#constant(',"c":');
    this.#string(record.command);
    if (record.args !== undefined) {
      this.#constant(',"a":');
      this.#value(record.args);
    }
    if (record.player !== undefined) {
      this.#constant(',"p":');
      this.#string(record.player);
    }
    if (record.nonce !== undefined) {
      this.#constant(',"n":');
      this.#number(record.nonce);
    }
    if (record.type !== undefined) {
      this.#constant(',"y":');
      this.#string(record.type);
    }
    if (record.version !== undefined) {
      this.#constant(',"v":');
      this.#number(record.version);
    }
    if (record.tables !== undefined) {
      this.#constant(',"b":');
      this.#value(record.tables as Json);
    }
    if (record.seed !== undefined) {
      this.#constant(',"r":');
      this.#string(record.seed);
    }
    this.#constant(',"d":');
    this.#patches(record.patches);
    this.#byte(CLOSE_OBJECT);
    this.#byte(LINE_FEED);
    return this.#at - this.#kept;
  }

  /** The record that was written last is part of the batch. */
  keep(): void {
    this.#kept = this.#at;
  }

  /** All the records that were kept, in memory that stays as it is until it is given back. The next batch begins. */
  take(): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    const taken = new Uint8Array(buffer, byteOffset, this.#kept);
    this.#kept = 0;
    this.#bytes = this.#spare.pop() ?? this.#memory.allocate(FIRST_BYTES);
    return taken;
  }

  /** Nobody needs what was taken any more: another batch may be written there. */
  giveBack({ buffer }: Uint8Array): void {
    if (this.#spare.length >= MOST_SPARE || buffer.byteLength > MOST_KEPT_BYTES) return;
    this.#spare.push(this.#memory.again(buffer));
  }

  #patches(patches: readonly Patch[]): void {
    this.#byte(OPEN_LIST);
    for (let index = 0; index < patches.length; index += 1) {
      const patch = patches[index] as Patch;
      if (index > 0) this.#byte(COMMA);
      this.#constant(patch.op === 'remove' ? '["-",' : patch.op === 'add' ? '["+",' : '["=",');
      this.#path(patch.path);
      if (patch.op !== 'remove') {
        this.#byte(COMMA);
        this.#value(patch.value);
      }
      this.#byte(CLOSE_LIST);
    }
    this.#byte(CLOSE_LIST);
  }

  #path(path: Path): void {
    this.#byte(OPEN_LIST);
    for (let index = 0; index < path.length; index += 1) {
      const segment = path[index] as string | number;
      if (index > 0) this.#byte(COMMA);
      if (typeof segment === 'number') this.#number(segment);
      else this.#string(segment);
    }
    this.#byte(CLOSE_LIST);
  }

  #value(value: Json): void {
    if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') this.#constant(value ? 'true' : 'false');
    else if (value === null) this.#constant('null');
    else if (Array.isArray(value)) this.#list(value as readonly Json[]);
    else this.#object(value as { readonly [key: string]: Json });
  }

  #list(list: readonly Json[]): void {
    this.#byte(OPEN_LIST);
    for (let index = 0; index < list.length; index += 1) {
      if (index > 0) this.#byte(COMMA);
      this.#value(list[index] as Json);
    }
    this.#byte(CLOSE_LIST);
  }

  #object(object: { readonly [key: string]: Json }): void {
    this.#byte(OPEN_OBJECT);
    const keys = Object.keys(object);
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string;
      if (index > 0) this.#byte(COMMA);
      this.#string(key);
      this.#byte(COLON);
      this.#value(object[key] as Json);
    }
    this.#byte(CLOSE_OBJECT);
  }

  #string(text: string): void {
    const length = text.length;
    if (length > SHORT) {
      if (length > LONG) this.#longString(text);
      else this.#encode(JSON.stringify(text));
      return;
    }
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.#encode(JSON.stringify(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  #longString(text: string): void {
    this.#byte(QUOTE);
    for (let start = 0; start < text.length; ) {
      let end = Math.min(start + LONG, text.length);
      // The halves of a pair by themselves would be escaped.
      if (isFirstOfPair(text.charCodeAt(end - 1)) && end < text.length) end -= 1;
      this.#encode(JSON.stringify(text.slice(start, end)).slice(1, -1));
      start = end;
    }
    this.#byte(QUOTE);
  }

  #number(value: number): void {
    // Whole numbers that fit 32 bits are nearly all there are.
    if ((value | 0) !== value) {
      this.#constant(String(value));
      return;
    }
    this.#reserve(TOKEN_BYTES);
    let rest = value;
    if (rest < 0) {
      this.#bytes[this.#at++] = MINUS;
      rest = -rest;
    }
    let end = this.#at + 1;
    for (let power = 10; rest >= power; power *= 10) end += 1;
    this.#at = end;
    do {
      const left = Math.floor(rest / 10);
      this.#bytes[--end] = 0x30 + (rest - left * 10);
      rest = left;
    } while (rest > 0);
  }

  /** Short and of ASCII. */
  #constant(text: string): void {
    this.#reserve(TOKEN_BYTES);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < text.length; index += 1) bytes[at++] = text.charCodeAt(index);
    this.#at = at;
  }

  #encode(text: string): void {
    // Three bytes are the most that UTF-8 takes for a code unit.
    this.#reserve(text.length * 3);
    this.#at += this.#memory.encode(text, this.#bytes, this.#at);
  }

  #byte(byte: number): void {
    if (this.#at === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#at++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = this.#memory.allocate(Math.max(this.#bytes.length * 2, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

function isFirstOfPair(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
