// The rows that a projection should have, computed from a definition as a user writes it and a whole state, by walking it. It
// shares no code with src/projection: what it is held against never sees a state.

import type { Projections } from '#core/projection/definition.ts';

type Json = unknown;

/** Rows as SQLite gives them, by column name, sorted by their JSON. */
export function expectedRows(projections: Projections, table: string, game: string, state: Json): object[] {
  const definition = projections[table];
  if (!definition) throw new Error(`no ${table}`);
  let pattern = definition.from === '' ? [] : definition.from.split('/');
  if (pattern.length === 1 && pattern[0] !== '*' && pattern[0] !== '#') pattern = [pattern[0] as string, '*'];
  const wild = pattern.filter((segment) => segment === '*' || segment === '#');
  const keyNames =
    definition.key === undefined ? wild.map((segment) => (segment === '*' ? 'id' : 'place')) : [definition.key].flat();
  let found: { keys: (string | number)[]; value: Json }[] = [{ keys: [], value: state }];
  for (const segment of pattern) {
    found = found.flatMap(({ keys, value }) => {
      const isList = Array.isArray(value);
      if (typeof value !== 'object' || value === null) return [];
      if (segment === '#') return isList ? value.map((each, place) => ({ keys: [...keys, place], value: each })) : [];
      if (isList) return [];
      const members = Object.entries(value);
      if (segment === '*') return members.map(([key, each]) => ({ keys: [...keys, key], value: each }));
      const wanted = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      return members.filter(([key]) => key === wanted).map(([, each]) => ({ keys, value: each }));
    });
  }
  const rows = found.map(({ keys, value }) => {
    const row: { [column: string]: Json } = { [definition.game ?? 'game']: game };
    for (const [index, name] of keyNames.entries()) row[name] = keys[index];
    for (const [name, column] of Object.entries(definition.columns)) {
      const { path = name, type } = typeof column === 'string' ? { type: column } : column;
      row[name] = cell(step(value, path === '' ? [] : path.split('/')), type);
    }
    return row;
  });
  return sorted(rows);
}

export function sorted(rows: readonly object[]): object[] {
  return rows
    .map((row) => [JSON.stringify(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1))), row] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, row]) => row);
}

function step(value: Json, path: readonly string[]): Json {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const key = first.replaceAll('~1', '/').replaceAll('~0', '~');
  return Object.hasOwn(value, key) ? step((value as { [key: string]: Json })[key], rest) : undefined;
}

function cell(value: Json, type: string): Json {
  if (value === undefined) return null;
  if (type === 'JSON') return JSON.stringify(value);
  if (type === 'TEXT') return typeof value === 'string' ? value : null;
  if (type === 'REAL') return typeof value === 'number' ? value : null;
  if (value === true) return 1;
  if (value === false) return 0;
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 53 ? value : null;
}
