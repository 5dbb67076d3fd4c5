// RFC 6902 in the plainest way there is: each operation gives a new document. It shares no code with the engine.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Operation = { op: string; path: string; from?: string; value?: Json };

/** The document after all operations, or undefined when one of them cannot be done. */
export function patchedByOracle(document: unknown, operations: readonly object[]): unknown {
  let now = copyOf(document as Json);
  try {
    for (const operation of operations) now = after(now, operation as Operation);
  } catch (reason) {
    if (reason === NO) return undefined;
    throw reason;
  }
  return now;
}

const NO = 'not possible';

function after(document: Json, { op, path, from, value }: Operation): Json {
  const to = tokensOf(path);
  if (op === 'add') return added(document, to, copyOf(value as Json));
  if (op === 'remove') return removed(document, to);
  if (op === 'replace') return added(to.length === 0 ? null : removed(document, to), to, copyOf(value as Json));
  if (op === 'copy') return added(document, to, copyOf(valueAt(document, tokensOf(from as string))));
  if (op === 'test') {
    if (sorted(valueAt(document, to)) !== sorted(value as Json)) throw NO;
    return document;
  }
  const source = tokensOf(from as string);
  const moved = copyOf(valueAt(document, source));
  if (path === from) return document;
  if (path.startsWith(`${from}/`)) throw NO;
  return added(removed(document, source), to, moved);
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.split('~1').join('/').split('~0').join('~'));
}

function valueAt(document: Json, tokens: readonly string[]): Json {
  const [token, ...rest] = tokens;
  if (token === undefined) return document;
  return valueAt(inside(document, token), rest);
}

function inside(document: Json, token: string): Json {
  if (typeof document !== 'object' || document === null) throw NO;
  const keys = Object.keys(document);
  if (!keys.includes(token)) throw NO;
  return (document as { [key: string]: Json })[token] as Json;
}

/** The same document with something else where the first tokens lead to. */
function within(document: Json, tokens: readonly string[], change: (container: Json, last: string) => Json): Json {
  const [token, ...rest] = tokens as [string, ...string[]];
  if (rest.length === 0) return change(document, token);
  const child = within(inside(document, token), rest, change);
  if (Array.isArray(document)) return document.map((one, index) => (String(index) === token ? child : one));
  return Object.fromEntries(
    Object.entries(document as object).map(([key, one]) => [key, key === token ? child : one]),
  ) as Json;
}

function added(document: Json, tokens: readonly string[], value: Json): Json {
  if (tokens.length === 0) return value;
  return within(document, tokens, (container, last) => {
    if (typeof container !== 'object' || container === null) throw NO;
    if (!Array.isArray(container)) return { ...container, [last]: value };
    const places = [...container.keys(), container.length].map(String);
    const index = last === '-' ? container.length : places.indexOf(last);
    if (index < 0) throw NO;
    return [...container.slice(0, index), value, ...container.slice(index)];
  });
}

function removed(document: Json, tokens: readonly string[]): Json {
  if (tokens.length === 0) throw NO;
  return within(document, tokens, (container, last) => {
    inside(container, last);
    if (Array.isArray(container)) return container.filter((_, index) => String(index) !== last);
    return Object.fromEntries(Object.entries(container as object).filter(([key]) => key !== last)) as Json;
  });
}

function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** JSON text that does not depend on the order of keys. */
export function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  const entries = Object.entries(value).sort(([some], [other]) => (some < other ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${sorted(one)}`).join(',')}}`;
}
