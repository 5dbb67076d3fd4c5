// How figures are written for people, in tables of a terminal, in Markdown and in the chart.

const SIGNIFICANT = 3;
const THOUSAND = 1_000;

/** Ends of the names of figures, and the unit they tell of. */
const UNITS: readonly (readonly [end: string, unit: string])[] = [
  ['Microseconds', 'µs'],
  ['Milliseconds', 'ms'],
  ['PerSecond', '/s'],
];

/** `loopMicroseconds` becomes `loop µs`, `bytesPerCommand` stays in words. */
export function titleOf(figure: string): string {
  const found = UNITS.find(([end]) => figure.endsWith(end));
  const name = found ? figure.slice(0, -found[0].length) : figure;
  const words = name.replace(/([a-z])([A-Z0-9])/g, '$1 $2').toLowerCase();
  return found ? `${words} ${found[1]}`.replace(' /s', '/s') : words;
}

/** Three significant digits, thousands apart. */
export function numberOf(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : Math.max(0, SIGNIFICANT - 1 - Math.floor(Math.log10(size)));
  const whole = size >= THOUSAND ? Number(value.toPrecision(SIGNIFICANT)) : value;
  return whole.toLocaleString('en', { maximumFractionDigits: digits });
}

/** A time in the unit a person would choose. */
export function timeOf(microseconds: number): string {
  if (microseconds < THOUSAND) return `${numberOf(microseconds)} µs`;
  if (microseconds < THOUSAND * THOUSAND) return `${numberOf(microseconds / THOUSAND)} ms`;
  return `${numberOf(microseconds / THOUSAND / THOUSAND)} s`;
}

/** 20,300 becomes 20k. */
export function shortOf(value: number): string {
  if (value >= 1_000_000) return `${numberOf(value / 1_000_000)}M`;
  if (value >= 10_000) return `${numberOf(value / 1_000)}k`;
  return numberOf(value);
}

/** Columns of text, the first to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd(),
  );
}
