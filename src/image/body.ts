// Bodies of rows: JSON, deflated. Reading is bounded, because the size a deflated body grows to is the writer's choice.

import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { OrreryError } from '../errors.ts';

export const CODEC_JSON = 0;
export const CODEC_DEFLATE = 1;

/** No body of ours inflates to more: a state is bounded when it is written, and batches are far smaller. */
export const MAX_BODY_BYTES = 1 << 30;

export function pack(json: string): Uint8Array {
  // Level 1: a body is written once and read rarely; on patch logs it gives up a tenth of the ratio for half the time.
  return deflateSync(json, { level: 1 });
}

export function unpack(body: unknown, codec: unknown): string {
  if (!(body instanceof Uint8Array)) throw unreadable('a body is not a blob');
  if (codec === CODEC_JSON) return Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  if (codec !== CODEC_DEFLATE) throw unreadable(`a body has the unknown codec ${String(codec)}`);
  try {
    return inflateSync(body, { maxOutputLength: MAX_BODY_BYTES }).toString('utf8');
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
    hint: 'Run `orrery doctor` on the directory.',
    ...(cause === undefined ? {} : { cause }),
  });
}
