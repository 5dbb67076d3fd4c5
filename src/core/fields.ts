// What the fields of a document that was read, or of options that were passed, must be. All faults are told at once,
// each with its place. Loading this costs nothing, in the main thread and in the thread of every shard, where a library
// for it costs 65 ms each.

/**
 * Returns the value as it is to be used, and adds to `faults` what is wrong with it. What it returns with a fault is of
 * no use. `at` is the place of the value: `images[0].bytes`.
 */
export type Field<T> = (value: unknown, at: string, faults: string[]) => T;

export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

export type Checked<T> =
  | { readonly value: T; readonly fault?: never }
  | { readonly value?: never; readonly fault: string };

const MOST_TOLD = 20;

/** The checked value, or everything that is wrong with it in one line. */
export function checked<T>(field: Field<T>, value: unknown): Checked<T> {
  const faults: string[] = [];
  const result = field(value, '', faults);
  if (faults.length === 0) return { value: result };
  const more = faults.length > MOST_TOLD ? [`and ${faults.length - MOST_TOLD} more`] : [];
  return { fault: [...faults.slice(0, MOST_TOLD), ...more].join('; ') };
}

/**
 * An object. Fields that are not named are left out of the result, or are a fault: `others`. Only its own fields count.
 */
export function objectOf<T extends object>(fields: Fields<T>, others: 'ignored' | 'refused' = 'ignored'): Field<T> {
  const known = Object.entries<Field<unknown>>(fields);
  return (value, at, faults) => {
    const result: [name: string, value: unknown][] = [];
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(value, at, 'an object', faults);
    for (const [name, field] of known) {
      const given = Object.hasOwn(value, name) ? (value as { [name: string]: unknown })[name] : undefined;
      const found = field(given, at === '' ? name : `${at}.${name}`, faults);
      if (found !== undefined) result.push([name, found]);
    }
    if (others === 'refused') {
      for (const name of Object.keys(value)) {
        if (!Object.hasOwn(fields, name)) faults.push(`${place(at)}has no field ${shown(name)}`);
      }
    }
    return Object.fromEntries(result) as T;
  };
}

export function listOf<T>(field: Field<T>, least = 0, most = Infinity): Field<T[]> {
  const bounds = most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  return (value, at, faults) => {
    if (!Array.isArray(value) || value.length < least || value.length > most)
      return wrong(value, at, least === 0 && most === Infinity ? 'a list' : `a list of ${bounds}`, faults);
    return Array.from(value as unknown[], (each, index) => field(each, `${at}[${index}]`, faults));
  };
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, at, faults) => (value === undefined ? undefined : field(value, at, faults));
}

export function byDefault<T>(field: Field<T>, standard: T): Field<T> {
  return (value, at, faults) => (value === undefined ? standard : field(value, at, faults));
}

export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  const due = choices.map(shown).join(' or ');
  return (value, at, faults) => (choices.includes(value as T) ? (value as T) : wrong(value, at, due, faults));
}

/** A whole number that is exact. */
export function whole(least = -Number.MAX_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Field<number> {
  const from = least === -Number.MAX_SAFE_INTEGER ? '' : ` of at least ${least}`;
  const due = most === Number.MAX_SAFE_INTEGER ? `a whole number${from}` : `a whole number from ${least} to ${most}`;
  return (value, at, faults) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : wrong(value, at, due, faults);
}

/** Text, of the form that `due` says in words. */
export function text(due = 'text', fits: (text: string) => boolean = () => true): Field<string> {
  return (value, at, faults) => (typeof value === 'string' && fits(value) ? value : wrong(value, at, due, faults));
}

export const boolean: Field<boolean> = (value, at, faults) =>
  typeof value === 'boolean' ? value : wrong(value, at, 'true or false', faults);

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const uuid = text('a UUID', (value) => UUID.test(value));

/** Whatever `fits`; `due` says in words what that is. */
export function such<T>(due: string, fits: (value: unknown) => boolean): Field<T> {
  return (value, at, faults) => (fits(value) ? (value as T) : wrong(value, at, due, faults));
}

function wrong(value: unknown, at: string, due: string, faults: string[]): never {
  faults.push(`${place(at)}must be ${due}, and is ${kindOf(value)}`);
  return undefined as never;
}

function place(at: string): string {
  return at === '' ? 'it ' : `\`${at}\` `;
}

const LONGEST_TOLD = 40;

function shown(text: string): string {
  return JSON.stringify(text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD)}...` : text);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return shown(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
