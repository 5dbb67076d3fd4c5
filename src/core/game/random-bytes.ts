// The machine's source of secrets, as every platform has it.

// Taken when this is loaded: while commands are run again, what they must not call is replaced.
const fill = globalThis.crypto.getRandomValues.bind(globalThis.crypto);

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return fill(new Uint8Array(length));
}
