// Bodies of rows: JSON, deflated. Reading is bounded, because the size a deflated body grows to is the writer's choice.

import { createHash } from 'node:crypto';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { MAX_TEXT_BYTES } from '../../../core/patch/bounded-json.ts';

export const CODEC_JSON = 0;
export const CODEC_DEFLATE = 1;
/** Members of gzip one after the other: together one stream for any tool, and each can be inflated by itself. */
export const CODEC_MEMBERS = 2;

/** A state and a record are bounded when they are written, and other rows are far smaller. */
export const MAX_BODY_BYTES = MAX_TEXT_BYTES;

/** zlib inflates into buffers of this size: a member of a body fits into one. */
const CHUNK_BYTES = 96 * 1024;

/** `json` as text, or as text in UTF-8. */
export function pack(json: string | Uint8Array): Uint8Array {
  // Level 1: a body is written once and read rarely; on patch logs it gives up a tenth of the ratio for half the time.
  return deflateSync(json, { level: 1 });
}

/** One member: a part of a body that has CODEC_MEMBERS. */
export function packMember(json: Uint8Array): Uint8Array {
  return gzipSync(json, { level: 1 });
}

export function unpack(body: unknown, codec: unknown): string {
  return unpackBytes(body, codec).toString('utf8');
}

export function unpackBytes(body: unknown, codec: unknown): Buffer {
  if (!(body instanceof Uint8Array)) throw unreadable('a body is not a blob');
  if (codec === CODEC_JSON) {
    if (body.length > MAX_BODY_BYTES) throw unreadable('a body is longer than any text can be');
    return Buffer.from(body.buffer, body.byteOffset, body.length);
  }
  if (codec !== CODEC_DEFLATE && codec !== CODEC_MEMBERS) {
    throw unreadable(`a body has the unknown codec ${String(codec)}`);
  }
  const inflate = codec === CODEC_DEFLATE ? inflateSync : gunzipSync;
  try {
    return inflate(body, { maxOutputLength: MAX_BODY_BYTES, chunkSize: CHUNK_BYTES });
  } catch (cause) {
    throw unreadable('a body cannot be inflated', cause);
  }
}

export function sha256(data: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}

function unreadable(what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: '`orrery check` names every game with damage, and `orrery salvage` recovers what comes before it.',
    ...(cause === undefined ? {} : { cause }),
  });
}
