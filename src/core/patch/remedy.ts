// What a value is that no state may hold, and what to store instead. refusal.ts puts it into an error. Whoever does
// what is said here stores all that the value holds, under whatever name: so a remedy is given only where nothing can
// be hidden from it.
import { builtInOf } from './built-in.ts';
import { isForbiddenKey, isIndexKey } from './patch.ts';
import { isProxy } from './plain.ts';

/** `hint` calls the value `value`. */
export interface Remedy {
  readonly kind: string;
  readonly hint: string;
}

const MADE_OF = 'Store what it is made of, as plain data from which your code can make it again.';
const BYTES = "Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')";

export function remedyOf(value: unknown): Remedy {
  switch (typeof value) {
    case 'undefined':
      return { kind: 'undefined', hint: 'Store null, or delete the key.' };
    case 'number':
      if (value === 0) return { kind: '-0', hint: 'Store 0 instead: adding 0 to a number turns -0 into 0.' };
      return {
        kind: String(value),
        hint: 'Check the arithmetic it comes from, and store null where there is no number.',
      };
    case 'string':
      return {
        kind: 'a string with a lone surrogate',
        hint: 'Use value.toWellFormed(), and cut strings by code points instead of by index.',
      };
    case 'bigint':
      return { kind: 'a BigInt', hint: 'Store String(value) instead, and BigInt(text) when you read it.' };
    case 'symbol':
      return { kind: 'a symbol', hint: 'Store a string instead.' };
    case 'function':
      return {
        kind: 'a function',
        hint: 'Store data only, and choose the behaviour by a name stored in the state.',
      };
    default:
      return remedyOfBuiltIn(value as object) ?? remedyOfInstance(value as object);
  }
}

function remedyOfBuiltIn(value: object): Remedy | undefined {
  switch (builtInOf(value)) {
    case 'Date':
      if (Number.isNaN(Date.prototype.getTime.call(value))) {
        return { kind: 'an invalid Date', hint: 'Store null, and look at where it was made.' };
      }
      return { kind: 'a Date', hint: stored(value, 0, 'value.getTime()') };
    case 'Map':
      return { kind: 'a Map', hint: remedyOfMap(value) };
    case 'Set':
      return { kind: 'a Set', hint: stored(value, 0, '[...value]') };
    case 'weak':
      return { kind: 'a weak collection', hint: 'Keep it outside the state.' };
    case 'RegExp': {
      const place = (value as RegExp).lastIndex === 0 ? '' : ', lastIndex: value.lastIndex';
      return { kind: 'a RegExp', hint: stored(value, 1, `{ source: value.source, flags: value.flags${place} }`) };
    }
    case 'Error': {
      const hint = 'Store { name: value.name, message: value.message } instead, with what else you want to keep of it.';
      return { kind: 'an Error', hint };
    }
    case 'Promise':
      return { kind: 'a Promise', hint: 'Await it before the command, and pass the result as an argument.' };
    case 'typed array':
      return remedyOfTypedArray(value as Numbers);
    case 'DataView':
      return { kind: 'an ArrayBuffer', hint: stored(value, 0, BYTES) };
    case 'ArrayBuffer':
      return { kind: 'an ArrayBuffer', hint: stored(value, 0, "Buffer.from(value).toString('base64')") };
    case 'boxed text':
      return boxed(value, String.prototype.valueOf.call(value).length + 1);
    case 'boxed':
      return boxed(value, 0);
    default:
      return undefined;
  }
}

function boxed(value: object, keyCount: number): Remedy {
  return { kind: 'a boxed primitive', hint: stored(value, keyCount, 'value.valueOf()') };
}

/** Of numbers or of bigints. */
type Numbers = Float64Array | BigInt64Array;

function remedyOfTypedArray(list: Numbers): Remedy {
  const kind = 'a typed array';
  // A Buffer of Node, or what stands in for it elsewhere.
  if (className(list) === 'Buffer') return { kind, hint: "Store value.toString('base64') instead." };
  return { kind, hint: stored(list, list.length, remedyOfNumbers(list)) };
}

/** `code` says what a value holds that has `keyCount` own properties by its nature, unless its class adds to that. */
function stored(value: object, keyCount: number, code: string): string {
  const isAll = Reflect.ownKeys(value).length === keyCount && foundation(value) !== undefined;
  return isAll ? `Store ${code} instead.` : MADE_OF;
}

function remedyOfMap(map: object): string {
  for (const key of Map.prototype.keys.call(map)) {
    // Under other keys an object would have another order, or two of them would be one.
    if (typeof key !== 'string' || isIndexKey(key) || isForbiddenKey(key)) return stored(map, 0, '[...value]');
  }
  const hint = stored(map, 0, 'Object.fromEntries(value)');
  return hint === MADE_OF ? hint : `${hint} If it is wide, use a table.`;
}

function remedyOfNumbers(list: Numbers): string {
  if (typeof list[0] === 'bigint') return 'Array.from(value, String)';
  const isJson = (list as Float64Array).every((number) => Number.isFinite(number) && !Object.is(number, -0));
  return isJson ? 'Array.from(value)' : BYTES;
}

function remedyOfInstance(value: object): Remedy {
  if (isProxy(value)) {
    // What stands behind it may be anything, and its methods may not work through it.
    return { kind: `a proxy of ${instanceOf(value)}`, hint: MADE_OF };
  }
  if (Array.isArray(value)) {
    return {
      kind: `an array of class ${className(value)}`,
      hint: stored(value, value.length + 1, 'Array.from(value)'),
    };
  }
  return { kind: instanceOf(value), hint: remedyOfFields(value) };
}

function remedyOfFields(value: object): string {
  if (hasAllInFields(value)) return 'Store its fields as a plain object, { ...value }, instead.';
  return typeof Reflect.get(value, 'toJSON') === 'function' ? 'Store value.toJSON() instead.' : MADE_OF;
}

/** Whether a spread copies all of an object: it has data of its own and nothing else, and its class hides nothing. */
function hasAllInFields(value: object): boolean {
  const fields = Object.values(Object.getOwnPropertyDescriptors(value));
  const isData = (field: PropertyDescriptor): boolean =>
    field.enumerable === true && 'value' in field && typeof field.value !== 'function';
  if (fields.length === 0 || Object.getOwnPropertySymbols(value).length > 0 || !fields.every(isData)) return false;
  const below = foundation(value);
  return below === null || (below !== undefined && Object.getPrototypeOf(below) === null);
}

/**
 * The built-in prototype that the class of a value stands on, null if it stands on none; undefined if a class above it
 * may keep something of the value where nobody can see it: private fields, a WeakMap, a closure, accessors, or data
 * that is inherited.
 */
function foundation(value: object): object | null | undefined {
  let prototype = Object.getPrototypeOf(value) as object | null;
  while (prototype !== null && !isBuiltIn(prototype)) {
    for (const key of Reflect.ownKeys(prototype)) {
      const member: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      if (typeof member !== 'function' || mayHide(member)) return undefined;
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype;
}

function isBuiltIn(prototype: object): boolean {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' && sourceOf(maker).includes('[native code]');
}

/**
 * Whether a class or method may hold something of its object elsewhere, by its text: a private name, or `this` handed
 * to somebody or kept under another name. Text in a comment counts too: then the remedy is the careful one.
 */
function mayHide(code: object): boolean {
  return /#|\bthis\s*[,)\]}]|=\s*this\b(?!\s*[.[])|\[native code\]/.test(sourceOf(code));
}

function sourceOf(code: object): string {
  return Function.prototype.toString.call(code);
}

function instanceOf(value: object): string {
  return `an instance of ${className(value)}`;
}

function className(value: object): string {
  const maker: unknown = value.constructor;
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'a class without a name';
}
