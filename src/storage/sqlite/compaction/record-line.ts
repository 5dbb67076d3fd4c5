// A line of the journal taken apart without JSON.parse: where its parts stand, checked to the last byte. For lines as
// encodeRecord writes them for commands; compaction.ts asks decodeRecord about any other.

import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COMMA,
  countAt,
  endOfCount,
  endOfString,
  endOfUniqueString,
  endOfValue,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from '../../../core/patch/json-text.ts';
import { isNonce } from '../../../core/patch/record.ts';
import type { ByteText } from './byte-text.ts';
import { PatchScan } from './patch-scan.ts';

const COLON = 0x3a;
const AT = 0x40;
const BACKSLASH = 0x5c;
const LETTER_C = 0x63;
const NULL = Buffer.from('null', 'latin1');
/** Where there is a nonce the arguments stand in a list, which is empty without any. */
const NO_ARGUMENTS = Buffer.from('[]', 'latin1');

export class RecordLine {
  game = '';
  seq = 0;
  /** As `seq`, unless the record stands for several. */
  firstSeq = 0;
  tick = 0;
  time = 0;
  readonly patches = new PatchScan();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** The value of the member found last. */
  #from = 0;
  #seqFrom = 0;
  #seqTo = 0;
  #tickFrom = 0;
  #tickTo = 0;
  #timeFrom = 0;
  #timeTo = 0;
  #nameFrom = 0;
  #nameTo = 0;
  #playerFrom = 0;
  #playerTo = 0;
  #argsFrom = 0;
  #argsTo = 0;
  #nonceFrom = 0;
  #nonceTo = 0;
  /** Most lines are of the game of the line before: its name as bytes, quotes included. */
  #gameBytes: Buffer = Buffer.alloc(0);

  /** False when the line has another form: that does not make it wrong. */
  scan(bytes: Buffer, from: number, to: number): boolean {
    this.#bytes = bytes;
    this.#at = from + 1;
    if (bytes[from] !== OPEN_OBJECT) return false;
    if (!this.#key(0x67) || !this.#game()) return false;
    if (bytes[this.#at] !== COMMA) return false;
    this.#at += 1;
    if (!this.#key(0x73) || !this.#count()) return false;
    this.#seqFrom = this.#from;
    this.#seqTo = this.#at;
    this.seq = countAt(bytes, this.#from, this.#at);
    this.firstSeq = this.seq;
    if (this.#next(0x66)) {
      if (!this.#count()) return false;
      this.firstSeq = countAt(bytes, this.#from, this.#at);
      if (this.firstSeq > this.seq) return false;
    }
    if (!this.#next(0x6b) || !this.#count()) return false;
    this.#tickFrom = this.#from;
    this.#tickTo = this.#at;
    this.tick = countAt(bytes, this.#from, this.#at);
    if (!this.#next(0x74) || !this.#count()) return false;
    this.#timeFrom = this.#from;
    this.#timeTo = this.#at;
    this.time = countAt(bytes, this.#from, this.#at);
    if (!this.#next(0x63) || !this.#ends(endOfUniqueString(bytes, this.#at))) return false;
    this.#nameFrom = this.#from;
    this.#nameTo = this.#at;
    // @create makes a game, and no command's record looks like it.
    if (bytes[this.#nameFrom + 1] === AT && bytes[this.#nameFrom + 2] === LETTER_C) return false;
    this.#argsFrom = 0;
    this.#argsTo = 0;
    if (this.#next(0x61)) {
      if (!this.#ends(endOfValue(bytes, this.#at))) return false;
      this.#argsFrom = this.#from;
      this.#argsTo = this.#at;
    }
    this.#playerFrom = 0;
    this.#playerTo = 0;
    if (this.#next(0x70)) {
      if (!this.#ends(endOfString(bytes, this.#at))) return false;
      this.#playerFrom = this.#from;
      this.#playerTo = this.#at;
    }
    this.#nonceFrom = 0;
    this.#nonceTo = 0;
    if (this.#next(0x6e)) {
      if (!this.#count() || !isNonce(countAt(bytes, this.#from, this.#at))) return false;
      this.#nonceFrom = this.#from;
      this.#nonceTo = this.#at;
    }
    if (!this.#next(0x64) || !this.patches.scan(bytes, this.#at)) return false;
    const { to: behind } = this.patches;
    return bytes[behind] === CLOSE_OBJECT && behind + 1 === to;
  }

  /** Appends what was asked of the game, as an entry of a row's commands. */
  writeCommand(out: ByteText): void {
    const bytes = this.#bytes;
    out.byte(OPEN_LIST);
    out.copy(bytes, this.#seqFrom, this.#seqTo);
    out.byte(COMMA);
    out.copy(bytes, this.#tickFrom, this.#tickTo);
    out.byte(COMMA);
    out.copy(bytes, this.#timeFrom, this.#timeTo);
    out.byte(COMMA);
    out.copy(bytes, this.#nameFrom, this.#nameTo);
    out.byte(COMMA);
    if (this.#playerTo > 0) out.copy(bytes, this.#playerFrom, this.#playerTo);
    else out.copy(NULL, 0, NULL.length);
    const hasNonce = this.#nonceTo > 0;
    if (this.#argsTo > 0) {
      out.byte(COMMA);
      if (hasNonce) out.byte(OPEN_LIST);
      out.copy(bytes, this.#argsFrom, this.#argsTo);
      if (hasNonce) out.byte(CLOSE_LIST);
    } else if (hasNonce) {
      out.byte(COMMA);
      out.copy(NO_ARGUMENTS, 0, NO_ARGUMENTS.length);
    }
    if (hasNonce) {
      out.byte(COMMA);
      out.copy(bytes, this.#nonceFrom, this.#nonceTo);
    }
    out.byte(CLOSE_LIST);
  }

  #game(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const known = this.#gameBytes;
    let same = 0;
    while (same < known.length && bytes[at + same] === known[same]) same += 1;
    if (same > 0 && same === known.length) {
      this.#at = at + same;
      return true;
    }
    const end = endOfUniqueString(bytes, at);
    // Without a name it belongs to no game.
    if (end < at + 3 || bytes.subarray(at, end).includes(BACKSLASH)) return false;
    this.#gameBytes = Buffer.from(bytes.subarray(at, end));
    this.game = bytes.toString('utf8', at + 1, end - 1);
    this.#at = end;
    return true;
  }

  /** A comma, and a key of one letter. */
  #next(letter: number): boolean {
    if (this.#bytes[this.#at] !== COMMA || this.#bytes[this.#at + 2] !== letter) return false;
    this.#at += 1;
    return this.#key(letter);
  }

  #key(letter: number): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes[at] !== QUOTE || bytes[at + 1] !== letter || bytes[at + 2] !== QUOTE || bytes[at + 3] !== COLON)
      return false;
    this.#at = at + 4;
    return true;
  }

  #count(): boolean {
    return this.#ends(endOfCount(this.#bytes, this.#at));
  }

  #ends(end: number): boolean {
    if (end < 0) return false;
    this.#from = this.#at;
    this.#at = end;
    return true;
  }
}
