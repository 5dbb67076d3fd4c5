// SHA-256 (FIPS 180-4), at once and on any platform: what the Web has answers only later, and what Node has is Node's.
// Before it: seed.ts and randomness.ts, with some dozens of bytes for each command that draws numbers. After it: the
// words of a generator.

const BLOCK = 64;

// biome-ignore format: eight to a line, as the standard has them
const ROUND = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

const START = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
);

/**
 * Hashes one message after the other. It keeps its working memory, which takes longer to make than a short message to
 * hash.
 */
export class Sha256 {
  readonly #hash = new Int32Array(8);
  readonly #words = new Int32Array(BLOCK);
  /** What there is no whole block of in the message, and the length. */
  readonly #end = new Uint8Array(2 * BLOCK);

  /** The 32 bytes of the hash. */
  digest(message: Uint8Array): Uint8Array<ArrayBuffer> {
    const { length } = message;
    this.#hash.set(START);
    const whole = length - (length % BLOCK);
    for (let at = 0; at < whole; at += BLOCK) this.#add(message, at);
    const end = this.#end.fill(0);
    for (let index = whole; index < length; index += 1) end[index - whole] = message[index]!;
    end[length - whole] = 0x80;
    const endLength = length - whole + 9 > BLOCK ? 2 * BLOCK : BLOCK;
    // The length in bits.
    writeWord(end, endLength - 8, Math.floor(length / 2 ** 29));
    writeWord(end, endLength - 4, length << 3);
    for (let at = 0; at < endLength; at += BLOCK) this.#add(end, at);
    const digest = new Uint8Array(32);
    for (let index = 0; index < 8; index += 1) writeWord(digest, index * 4, this.#hash[index]!);
    return digest;
  }

  #add(bytes: Uint8Array, at: number): void {
    const words = this.#words;
    const hash = this.#hash;
    for (let index = 0; index < 16; index += 1) words[index] = readWord(bytes, at + index * 4);
    for (let index = 16; index < BLOCK; index += 1) {
      const early = words[index - 15]!;
      const late = words[index - 2]!;
      const s0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
      const s1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
      words[index] = (words[index - 16]! + s0 + words[index - 7]! + s1) | 0;
    }
    let a = hash[0]!;
    let b = hash[1]!;
    let c = hash[2]!;
    let d = hash[3]!;
    let e = hash[4]!;
    let f = hash[5]!;
    let g = hash[6]!;
    let h = hash[7]!;
    for (let index = 0; index < BLOCK; index += 1) {
      const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[index]! + words[index]!) | 0;
      const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    hash[0]! += a;
    hash[1]! += b;
    hash[2]! += c;
    hash[3]! += d;
    hash[4]! += e;
    hash[5]! += f;
    hash[6]! += g;
    hash[7]! += h;
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
