// Whether bytes of a line or a row are text. Before it: payloads and rows that were read. After it: whoever makes
// strings of them.

import { isUtf8 } from 'node:buffer';
import { MAX_TEXT_BYTES } from '../core/patch/bounded-json.ts';

/** Whether these bytes can become a string and be the same bytes again. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_TEXT_BYTES && isUtf8(bytes);
}
