// Text that is safe to print. Ids, players, arguments and states come from a disk and may hold anything: a control
// character or a change of writing direction must not reach a terminal as one.

/**
 * C0, DEL, C1, line and paragraph separators, what changes the direction of writing, and what nobody sees: U+200B,
 * U+2060, U+FEFF.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** Each unsafe character as \uXXXX: of JSON text this is still the same JSON. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** JSON over several lines, for people. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split('\n').map(printable).join('\n');
}

/** JSON on one line, for programs. */
export function compactJson(value: unknown): string {
  return printable(JSON.stringify(value));
}

/** Milliseconds since 1970 as ISO 8601. A number that is no time comes out as it is. */
export function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1023.95 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size.toFixed(1)} ${UNITS[unit]}`;
}

/** `1 game`, `3 games`, `2 batches`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
