// Well-formed JSON found in bytes without making anything of it: where a value ends, or that this is not plain JSON as
// JSON.stringify writes it. Before it: payloads of the journal. After it: whoever copies the text as it stands.
//
// What is refused here is not wrong, only not certain: the caller then asks JSON.parse. The bytes are valid UTF-8.

import { MAX_DEPTH } from './patch.ts';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_OBJECT = 0x7b;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;

/** No number of JavaScript is written with more characters. */
const LONGEST_NUMBER = 25;

/**
 * Where the value that begins at `at` ends, or -1. Reads beyond `bytes` give undefined, which is no part of any value.
 */
export function endOfValue(bytes: Uint8Array, at: number, depth = 0): number {
  switch (bytes[at]) {
    case QUOTE:
      return endOfString(bytes, at);
    case OPEN_OBJECT:
      return depth >= MAX_DEPTH ? -1 : endOfObject(bytes, at, depth + 1);
    case OPEN_LIST:
      return depth >= MAX_DEPTH ? -1 : endOfList(bytes, at, depth + 1);
    case 0x74:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
    case 0x66:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65
        ? at + 5
        : -1;
    case 0x6e:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
    default:
      return endOfNumber(bytes, at);
  }
}

/**
 * As endOfValue, for what somebody will parse anyhow: only strings and brackets are looked at, which takes half the
 * time.
 */
export function endOfUnchecked(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return endOfValue(bytes, at);
  const { length } = bytes;
  let depth = 0;
  for (let index = at; index < length; index += 1) {
    const byte = bytes[index] as number;
    if (byte === QUOTE) {
      for (index += 1; index < length && bytes[index] !== QUOTE; index += 1) if (bytes[index] === BACKSLASH) index += 1;
    } else if (byte >= OPEN_LIST) {
      // Of the bytes from here on, brackets differ from braces by one bit, and opening from closing by another.
      const kind = byte | 0x20;
      if (kind === OPEN_OBJECT) depth += 1;
      else if (kind === CLOSE_OBJECT) {
        depth -= 1;
        if (depth === 0) return index + 1;
      }
    }
  }
  return -1;
}

export function endOfString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  for (let index = at + 1; ; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE) return index + 1;
    if (byte === undefined || byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    index = endOfEscape(bytes, index + 1) - 1;
    if (index < at) return -1;
  }
}

/** As endOfString, for strings as JSON.stringify writes them: two that are equal have the same text, and only then. */
export function endOfUniqueString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  for (let index = at + 1; ; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE) return index + 1;
    if (byte === undefined || byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    // A character after `\u` may have a shorter form, and be written as it is.
    if (endOfEscape(bytes, index + 1) !== index + 2 || bytes[index + 1] === SLASH) return -1;
    index += 1;
  }
}

/** Of a whole number that is not negative, written in the one way there is, and safe to count with; or -1. */
export function endOfCount(bytes: Uint8Array, at: number): number {
  let index = at;
  while (isDigit(bytes[index])) index += 1;
  if (index === at || index - at > 15 || (bytes[at] === ZERO && index - at > 1)) return -1;
  return index;
}

/** The number that `endOfCount` has found. */
export function countAt(bytes: Uint8Array, at: number, end: number): number {
  let count = 0;
  for (let index = at; index < end; index += 1) count = count * 10 + (bytes[index] as number) - ZERO;
  return count;
}

const encoder = new TextEncoder();
const FORBIDDEN = ['"__proto__"', '"constructor"', '"prototype"'].map((key) => encoder.encode(key));

/** Whether the string that stands there, quotes included, is a key that no state may have. */
export function isForbiddenKeyAt(bytes: Uint8Array, at: number, end: number): boolean {
  const length = end - at;
  if (length !== 11 && length !== 13) return false;
  return FORBIDDEN.some((key) => {
    if (key.length !== length) return false;
    let same = 1;
    while (same < length && bytes[at + same] === key[same]) same += 1;
    return same === length;
  });
}

function endOfEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      // Only what JSON.stringify escapes so: a control character. A lone surrogate is refused, and a character that has
      // a shorter form may make a key that looks like another.
      if (bytes[at + 1] !== ZERO || bytes[at + 2] !== ZERO || (bytes[at + 3] !== ZERO && bytes[at + 3] !== ONE))
        return -1;
      return isHexDigit(bytes[at + 4]) ? at + 5 : -1;
    default:
      return -1;
  }
}

/** Only forms that give a finite number other than -0 whatever the digits. */
function endOfNumber(bytes: Uint8Array, at: number): number {
  let index = at;
  if (bytes[index] === MINUS) index += 1;
  const whole = index;
  while (isDigit(bytes[index])) index += 1;
  if (index === whole || (bytes[whole] === ZERO && index - whole > 1)) return -1;
  if (bytes[index] === DOT) {
    const fraction = index + 1;
    index = fraction;
    while (isDigit(bytes[index])) index += 1;
    if (index === fraction) return -1;
  } else if (whole > at && bytes[whole] === ZERO) {
    return -1;
  }
  if (bytes[index] === 0x65) {
    index += 1;
    if (bytes[index] === MINUS || bytes[index] === PLUS) index += 1;
    const exponent = index;
    while (isDigit(bytes[index])) index += 1;
    if (index === exponent || index - exponent > 2) return -1;
  }
  if (index - at > LONGEST_NUMBER) return -1;
  // -0.0 is -0 as well: a negative number must have a digit that counts.
  return whole === at || hasDigitThatCounts(bytes, whole, index) ? index : -1;
}

function hasDigitThatCounts(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index] as number;
    if (byte === 0x65) return false;
    if (byte > ZERO && byte <= NINE) return true;
  }
  return false;
}

function endOfObject(bytes: Uint8Array, at: number, depth: number): number {
  let index = at + 1;
  if (bytes[index] === CLOSE_OBJECT) return index + 1;
  for (;;) {
    const key = index;
    index = endOfString(bytes, index);
    if (index < 0 || bytes[index] !== COLON || isForbiddenKeyAt(bytes, key, index)) return -1;
    index = endOfValue(bytes, index + 1, depth);
    if (index < 0) return -1;
    if (bytes[index] === CLOSE_OBJECT) return index + 1;
    if (bytes[index] !== COMMA) return -1;
    index += 1;
  }
}

function endOfList(bytes: Uint8Array, at: number, depth: number): number {
  let index = at + 1;
  if (bytes[index] === CLOSE_LIST) return index + 1;
  for (;;) {
    index = endOfValue(bytes, index, depth);
    if (index < 0) return -1;
    if (bytes[index] === CLOSE_LIST) return index + 1;
    if (bytes[index] !== COMMA) return -1;
    index += 1;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && ((byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46)));
}
