// The payload of a frame as lines. Before it: the journal; after it: whoever looks at each line by itself.

const LINE_FEED = 0x0a;

/** Without their line feeds; the last need not have one. They share the memory of the payload. */
export function linesOf(payload: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = payload.indexOf(LINE_FEED); end >= 0; end = payload.indexOf(LINE_FEED, start)) {
    lines.push(payload.subarray(start, end));
    start = end + 1;
  }
  if (start < payload.length) lines.push(payload.subarray(start));
  return lines;
}
