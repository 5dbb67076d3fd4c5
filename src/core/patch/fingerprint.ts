// A number for a value, equal for equal values and mostly different for others, so that lists can be compared by
// numbers. alignment.ts asks for it and checks with equal.ts what it suggests.

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** How many values of a tree are looked at, and how many characters at each end of a string. */
const MAX_VALUES = 24;
const MAX_CHARACTERS = 12;

/** 32 bits, the same within a process for two values that are equal. Reads a bounded part of the value. */
export function fingerprint(value: unknown): number {
  left = MAX_VALUES;
  return mixValue(0x2f0b4a27, value);
}

// Kept outside, because a fingerprint is asked for 20,000 times where a list of 10,000 is compared.
let left = 0;

function mixValue(seed: number, value: unknown): number {
  left--;
  switch (typeof value) {
    case 'number':
      double[0] = value;
      return mix(mix(seed, words[0]!), words[1]!);
    case 'string':
      return mixText(seed, value);
    case 'object':
      if (value === null) return mix(seed, 1);
      return Array.isArray(value) ? mixList(seed, value) : mixObject(seed, value);
    default:
      return mix(seed, value === true ? 2 : 3);
  }
}

function mixObject(seed: number, value: object): number {
  let result = mix(seed, 4);
  for (const child of Object.values(value)) {
    if (left <= 0) break;
    result = mixValue(result, child);
  }
  return result;
}

function mixList(seed: number, list: readonly unknown[]): number {
  let result = mix(seed, list.length);
  for (let index = 0; index < list.length && left > 0; index++) result = mixValue(result, list[index]);
  return result;
}

function mixText(seed: number, text: string): number {
  let result = mix(seed, text.length);
  const head = Math.min(text.length, MAX_CHARACTERS);
  for (let index = 0; index < head; index++) result = mix(result, text.charCodeAt(index));
  for (let index = Math.max(head, text.length - MAX_CHARACTERS); index < text.length; index++) {
    result = mix(result, text.charCodeAt(index));
  }
  return result;
}

function mix(seed: number, word: number): number {
  const mixed = Math.imul(seed ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
