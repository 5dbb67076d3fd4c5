// A second reader of the journal, which follows docs/FORMAT.md rule by rule. It imports nothing, not even zlib for the
// CRC: where it and the engine differ, one of them or the page is wrong.

export interface ReadFrame {
  readonly number: number;
  readonly recordCount: number;
  readonly codec: number;
  readonly payload: Uint8Array;
  readonly chain: number;
}

export interface Reading {
  readonly verdict: 'clean' | 'sealed' | 'torn' | 'damaged' | 'too new' | 'continued';
  /** Batches, in order. */
  readonly frames: ReadFrame[];
  /** The frame that was expected where the reading stopped. */
  readonly number: number;
  readonly chain: number;
  readonly offset: number;
  /** W of the page. */
  readonly durable: number;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc(bytes: Uint8Array, seed = 0): number {
  let register = ~seed;
  for (const byte of bytes) register = (register >>> 8) ^ (TABLE[(register ^ byte) & 0xff] as number);
  return ~register >>> 0;
}

class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** Infinity stands for a number that is too large to be possible. */
  u64(at: number): number {
    const value = this.view.getBigUint64(at, true);
    return value >= 1n << 53n ? Number.POSITIVE_INFINITY : Number(value);
  }

  ascii(at: number, length: number): string {
    return String.fromCharCode(...this.bytes.subarray(at, at + length));
  }

  crc(from: number, to: number, seed = 0): number {
    return crc(this.bytes.subarray(from, to), seed);
  }
}

export interface ReadHeader {
  readonly epoch: number;
  readonly uuid: string;
  readonly generation: number;
  readonly firstFrame: number;
  readonly previousChain: number;
  readonly salt: number;
}

export function readHeader(bytes: Uint8Array): ReadHeader | 'damaged' | 'too new' {
  if (bytes.length < 64) return 'damaged';
  const cursor = new Cursor(bytes);
  if (cursor.ascii(0, 8) !== 'ORRYJRNL' || cursor.u32(60) !== cursor.crc(0, 60)) return 'damaged';
  if (cursor.u16(10) > 1 || cursor.u8(56) !== 0 || cursor.u16(58) !== 0) return 'too new';
  const digits = Array.from(bytes.subarray(16, 32), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const uuid = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
  const header = {
    epoch: cursor.u32(12),
    uuid,
    generation: cursor.u64(32),
    firstFrame: cursor.u64(40),
    previousChain: cursor.u32(48),
    salt: cursor.u32(52),
  };
  const possible = Number.isFinite(header.generation) && Number.isFinite(header.firstFrame);
  return possible && header.firstFrame > 0 && header.salt !== 0 ? header : 'damaged';
}

/** Reads one segment; frames from `until` on are left alone. */
export function readSegment(bytes: Uint8Array, known = 0, until = Number.POSITIVE_INFINITY): Reading {
  const frames: ReadFrame[] = [];
  const header = readHeader(bytes);
  if (typeof header === 'string') return { verdict: header, frames, number: 0, chain: 0, offset: 0, durable: known };

  const cursor = new Cursor(bytes);
  let number = header.firstFrame;
  let chain = header.previousChain;
  let offset = 64;
  let durable = known;
  let sealed = false;
  let stop: 'end of file' | 'bad frame' | 'impossible frame' | undefined;

  while (stop === undefined) {
    if (number === until) return { verdict: 'continued', frames, number, chain, offset, durable };
    if (offset === bytes.length) stop = 'end of file';
    else if (sealed) stop = anyHeader(cursor, offset, header.salt, 0).found ? 'impossible frame' : 'bad frame';
    else if (!goodHeader(cursor, offset)) stop = 'bad frame';
    else if (cursor.u32(offset + 28) !== header.salt || cursor.u32(offset + 24) !== header.epoch) stop = 'bad frame';
    else if (!knownKind(cursor, offset)) stop = 'impossible frame';
    else if (cursor.u64(offset + 16) !== number) stop = 'bad frame';
    else {
      const length = cursor.u32(offset + 8);
      const padded = length % 8 === 0 ? length : length + 8 - (length % 8);
      const payload = bytes.subarray(offset + 48, offset + 48 + length);
      if (offset + 48 + padded > bytes.length || crc(payload, chain) !== cursor.u32(offset + 40)) stop = 'bad frame';
      else {
        chain = cursor.u32(offset + 40);
        sealed = cursor.u8(offset + 4) === 2;
        const recordCount = cursor.u32(offset + 12);
        if (!sealed) frames.push({ number, recordCount, codec: cursor.u8(offset + 5), payload, chain });
        durable = Math.max(durable, cursor.u64(offset + 32));
        number += 1;
        offset += 48 + padded;
      }
    }
  }

  durable = Math.max(durable, anyHeader(cursor, offset, header.salt, number).synced);
  const end = { frames, number, chain, offset, durable };
  if (stop === 'impossible frame' || number <= durable) return { verdict: 'damaged', ...end };
  if (stop === 'bad frame') return { verdict: 'torn', ...end };
  return { verdict: sealed ? 'sealed' : 'clean', ...end };
}

function goodHeader(cursor: Cursor, at: number): boolean {
  if (cursor.bytes.length - at < 48 || cursor.ascii(at, 4) !== 'FRM1') return false;
  return cursor.u32(at + 44) === cursor.crc(at, at + 44);
}

function knownKind(cursor: Cursor, at: number): boolean {
  const type = cursor.u8(at + 4);
  const codec = cursor.u8(at + 5);
  const number = cursor.u64(at + 16);
  if (cursor.u16(at + 6) !== 0 || !Number.isFinite(number) || cursor.u64(at + 32) >= number) return false;
  if (type === 1) return codec === 0 || codec === 1;
  return type === 2 && codec === 0 && cursor.u32(at + 8) === 0 && cursor.u32(at + 12) === 0;
}

/** Headers with this salt and a number not below `least`, at multiples of 8 from `from` on. */
function anyHeader(cursor: Cursor, from: number, salt: number, least: number): { found: boolean; synced: number } {
  let found = false;
  let synced = 0;
  for (let at = Math.ceil(from / 8) * 8; at + 48 <= cursor.bytes.length; at += 8) {
    if (!goodHeader(cursor, at) || cursor.u32(at + 28) !== salt || cursor.u64(at + 16) < least) continue;
    found = true;
    synced = Math.max(synced, cursor.u64(at + 32));
  }
  return { found, synced };
}

/** Reads a whole journal from a position on. Segments are given by generation, in any order. */
export function readJournal(
  segments: ReadonlyMap<number, Uint8Array>,
  uuid: string,
  from: { readonly frame: number; readonly chain: number },
  known: number,
): Pick<Reading, 'verdict' | 'frames'> & { readonly pending: number[] } {
  const listed: { readonly bytes: Uint8Array; readonly header: ReadHeader }[] = [];
  const frames: ReadFrame[] = [];
  const refuse = (verdict: 'damaged' | 'too new') => ({ verdict, frames, pending: [] });

  for (const generation of [...segments.keys()].sort((a, b) => a - b)) {
    const bytes = segments.get(generation) as Uint8Array;
    const header = readHeader(bytes);
    if (typeof header === 'string') return refuse(header);
    if (header.uuid !== uuid || header.generation !== generation) return refuse('damaged');
    if (listed.some((other) => other.header.epoch > header.epoch)) continue;
    if (listed.some((other) => other.header.firstFrame > header.firstFrame)) return refuse('damaged');
    listed.push({ bytes, header });
  }

  const needed = listed.slice(listed.findLastIndex(({ header }) => header.firstFrame <= from.frame + 1));
  if (!listed.some(({ header }) => header.firstFrame <= from.frame + 1)) return refuse('damaged');
  let number = needed[0]?.header.firstFrame;
  let chain = needed[0]?.header.previousChain;
  let durable = Math.max(known, from.frame);
  for (const [index, { bytes, header }] of needed.entries()) {
    if (header.firstFrame !== number || header.previousChain !== chain) return refuse('damaged');
    if (number === from.frame + 1 && chain !== from.chain) return refuse('damaged');
    const until = needed[index + 1]?.header.firstFrame ?? Number.POSITIVE_INFINITY;
    if (Number.isFinite(until)) durable = Math.max(durable, until - 1);
    const reading = readSegment(bytes, durable, until);
    for (const frame of reading.frames) {
      if (frame.number === from.frame && frame.chain !== from.chain) return refuse('damaged');
      if (frame.number > from.frame) frames.push(frame);
    }
    number = reading.number;
    chain = reading.chain;
    durable = reading.durable;
    if (reading.verdict === 'continued') continue;
    const pending = frames.filter((frame) => frame.number > durable).map((frame) => frame.number);
    return { verdict: reading.verdict, frames, pending };
  }
  return refuse('damaged');
}

/** A record as docs/FORMAT.md describes it. */
export interface ReadRecord {
  readonly game: string;
  readonly firstSeq: number;
  readonly seq: number;
}

/** What one line of a payload says, without its line feed; or what of it can be told when it is no record. */
export function readRecord(
  line: Uint8Array,
): ReadRecord | { readonly game: string | undefined; readonly wrong: string } {
  const named = nameAtBeginning(line);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    return { game: named, wrong: 'no UTF-8' };
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { game: named, wrong: 'no JSON' };
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { game: undefined, wrong: 'no object' };
  const { g, s, f, k, t, c, p, n, y, v, b, r, d, ...rest } = raw as { [key: string]: unknown };
  const game = isString(g) && g !== '' ? g : undefined;
  const wrong = (what: string) => ({ game: named ?? game, wrong: what });
  if (game === undefined) return wrong('g');
  if (!isCount(s)) return wrong('s');
  if (f !== undefined && !(isCount(f) && f <= s)) return wrong('f');
  if (!isCount(k)) return wrong('k');
  if (!Number.isSafeInteger(t)) return wrong('t');
  if (!isString(c)) return wrong('c');
  if ('a' in rest && !isValue(rest['a'], 0)) return wrong('a');
  if (p !== undefined && !isString(p)) return wrong('p');
  if (n !== undefined && !(isCount(n) && n >= 1 && n <= 4294967295)) return wrong('n');
  if (y !== undefined && !isString(y)) return wrong('y');
  if (v !== undefined && !isCount(v)) return wrong('v');
  if (b !== undefined && !(Array.isArray(b) && b.every(isString))) return wrong('b');
  if (r !== undefined && !(isString(r) && /^[0-9a-f]{32}$/.test(r))) return wrong('r');
  if (!Array.isArray(d) || !d.every(isPatch)) return wrong('d');
  return { game, firstSeq: f ?? s, seq: s };
}

/** The string behind `{"g":`, when the line begins so: a line that is no record belongs to the game of that name. */
function nameAtBeginning(line: Uint8Array): string | undefined {
  const latin = Array.from(line, (byte) => String.fromCharCode(byte)).join('');
  const quoted = /^\{"g":("(?:[^"\\]|\\.)*")/.exec(latin)?.[1];
  if (quoted === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(quoted, (letter) => letter.charCodeAt(0));
    const name = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as string;
    return name !== '' && isString(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function isPatch(patch: unknown): boolean {
  if (!Array.isArray(patch)) return false;
  const [operation, path, value] = patch as unknown[];
  if (!Array.isArray(path) || path.length > 64) return false;
  if (!path.every((segment) => isCount(segment) || (isString(segment) && !isForbidden(segment)))) return false;
  if (operation === '-') return patch.length === 2;
  return (operation === '+' || operation === '=') && patch.length === 3 && isValue(value, path.length);
}

function isValue(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value === 'string') return isString(value);
  if (depth >= 64) return false;
  if (Array.isArray(value)) return value.every((each) => isValue(each, depth + 1));
  return Object.entries(value as object).every(
    ([key, each]) => isString(key) && !isForbidden(key) && isValue(each, depth + 1),
  );
}

function isString(value: unknown): value is string {
  // Encoded and decoded again, a lone surrogate is another character.
  return typeof value === 'string' && new TextDecoder().decode(new TextEncoder().encode(`x${value}`)) === `x${value}`;
}

function isForbidden(key: string): boolean {
  return ['__proto__', 'constructor', 'prototype'].includes(key);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
