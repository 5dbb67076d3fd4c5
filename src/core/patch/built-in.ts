// Which built-in class an object is of, whatever realm it was made in and whatever it says of itself: most have a
// method that works on objects of the class alone. Before it: remedy.ts and refusal.ts, about a value that may not
// enter a state. A proxy is of none.

import { isProxy } from './plain.ts';

export type BuiltIn =
  | ('Date' | 'Map' | 'Set' | 'weak' | 'RegExp' | 'Error' | 'Promise')
  | ('typed array' | 'DataView' | 'ArrayBuffer' | 'boxed text' | 'boxed');

type Method = (this: unknown, ...args: unknown[]) => unknown;

function getter(prototype: object, name: PropertyKey): Method {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Method;
}

type Probe = readonly [kind: BuiltIn, method: Method, argument?: object];

/** Methods that throw for what is of another class, and change nothing. */
const PROBES: readonly Probe[] = [
  ['Date', Date.prototype.getTime],
  ['Map', getter(Map.prototype, 'size')],
  ['Set', getter(Set.prototype, 'size')],
  ['weak', WeakMap.prototype.has as Method, {}],
  ['weak', WeakSet.prototype.has as Method, {}],
  ['DataView', getter(DataView.prototype, 'buffer')],
  // A page that is not isolated from other sites has no shared memory.
  ...[ArrayBuffer, globalThis.SharedArrayBuffer]
    .filter((each) => each !== undefined)
    .map(({ prototype }): Probe => ['ArrayBuffer', getter(prototype, 'byteLength')]),
  ['boxed text', String.prototype.valueOf],
  ['boxed', Number.prototype.valueOf as Method],
  ['boxed', Boolean.prototype.valueOf],
  ['boxed', BigInt.prototype.valueOf],
  ['boxed', Symbol.prototype.valueOf],
];

/** The name of a class of typed arrays; undefined for all else. */
const typedArrayName = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);

export function builtInOf(value: object): BuiltIn | undefined {
  if (isProxy(value)) return undefined;
  if (typedArrayName.call(value) !== undefined) return 'typed array';
  const found = PROBES.find(([, method, argument]) => works(method, value, argument));
  if (found) return found[0];
  // For these there is only the name that the language itself gives them, unless the object has another.
  if (isCalled(value, 'RegExp')) return 'RegExp';
  if (isCalled(value, 'Error')) return 'Error';
  return value instanceof Promise || nameOf(value) === 'Promise' ? 'Promise' : undefined;
}

export function isArguments(value: object): boolean {
  return isCalled(value, 'Arguments');
}

/** The namespace of a module. */
export function isModule(value: object): boolean {
  if (Object.getPrototypeOf(value) !== null) return false;
  const tag = Object.getOwnPropertyDescriptor(value, Symbol.toStringTag);
  return tag?.value === 'Module' && !tag.configurable && !tag.enumerable;
}

function works(method: Method, value: object, argument: object | undefined): boolean {
  try {
    method.call(value, argument);
    return true;
  } catch {
    return false;
  }
}

/** Whether the language calls an object so: what has a name of its own choice is not believed. */
function isCalled(value: object, name: string): boolean {
  return !(Symbol.toStringTag in value) && nameOf(value) === name;
}

function nameOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
