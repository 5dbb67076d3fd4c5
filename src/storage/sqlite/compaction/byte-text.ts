// Text that grows at its end, as UTF-8 bytes: what the rows of a game are gathered in. Pieces of the journal's payloads
// are copied in as they stand, and zlib takes the result as it is: no string is made on the way.

const FIRST_BYTES = 256;

/** Below this a loop is faster than a call. */
const SHORT = 48;

export class ByteText {
  bytes: Uint8Array<ArrayBuffer> = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  /** What there is, without a copy: it changes when the text is emptied and filled again. */
  view(): Buffer {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    wider.set(this.bytes.subarray(0, this.length));
    this.bytes = wider;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length] = value;
    this.length += 1;
  }

  /** `source` from `from` up to, but not including, `to`. */
  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    this.reserve(count);
    const { bytes, length } = this;
    if (count > SHORT) bytes.set(source.subarray(from, to), length);
    else for (let index = 0; index < count; index += 1) bytes[length + index] = source[from + index] as number;
    this.length = length + count;
  }

  text(text: string): void {
    // No character of UTF-16 takes more than three bytes.
    this.reserve(text.length * 3);
    const { bytes } = this;
    this.length += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write(text, this.length, 'utf8');
  }

  /** A whole number that is not negative. */
  count(value: number): void {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits += 1;
    this.reserve(digits);
    let rest = value;
    for (let index = this.length + digits - 1; index >= this.length; index -= 1) {
      const tens = Math.floor(rest / 10);
      this.bytes[index] = 48 + rest - tens * 10;
      rest = tens;
    }
    this.length += digits;
  }
}
