// The first place in which two states differ. Order counts in lists and in the keys of objects, as it does for Orrery;
// in a table, which is an object by id here, it is given by the ids.

/** A JSON pointer with both values, or undefined if the two are the same. Anything with toJSON is taken by its JSON. */
export function firstDifference(expected: unknown, actual: unknown): string | undefined {
  return differ(plain(expected), plain(actual), '');
}

function plain(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

function differ(expected: unknown, actual: unknown, pointer: string): string | undefined {
  if (Object.is(expected, actual)) return undefined;
  if (!isObject(expected) || !isObject(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return `${pointer || '(the whole)'}: expected ${short(expected)}, found ${short(actual)}`;
  }
  for (const key of Object.keys(expected)) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!Object.hasOwn(actual, key)) return `${at}: expected ${short(expected[key])}, found nothing`;
    const difference = differ(expected[key], actual[key], at);
    if (difference !== undefined) return difference;
  }
  const [wanted, found] = [Object.keys(expected), Object.keys(actual)];
  const index = found.findIndex((key, place) => key !== wanted[place]);
  if (index < 0) return undefined;
  const key = found[index] as string;
  if (!Object.hasOwn(expected, key)) {
    return `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}: expected nothing, found ${short(actual[key])}`;
  }
  return `${pointer || '(the whole)'}: expected the keys in the order ${wanted.join(', ')}, found ${found.join(', ')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function short(value: unknown): string {
  const text = String(JSON.stringify(value));
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}
