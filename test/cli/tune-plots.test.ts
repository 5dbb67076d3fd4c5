// The plots of docs/TUNING.md are what their measurements say, and the page shows each of them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { QUICK_VALUES, tunedOptions } from '#cli/tuning/options.ts';
import { runPlots } from '../../bench/tuning-plots.ts';
import { emptyFolder, removeFolders } from './command-line.ts';

afterAll(removeFolders);

const DOCS = new URL('../../docs/', import.meta.url).pathname;

it('[TU11] drawn again from the measurements, every plot is the one in docs/tuning', async () => {
  const out = emptyFolder();
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  expect(await runPlots(['--from', join(DOCS, 'tuning/measurements.tsv'), '--out', out])).toBe(0);
  log.mockRestore();
  const plots = readdirSync(join(DOCS, 'tuning')).filter((name) => name.endsWith('.svg'));
  expect(plots.sort()).toEqual(
    tunedOptions(QUICK_VALUES, 1)
      .map(({ option }) => `${option}.svg`)
      .sort(),
  );
  for (const name of plots) {
    expect(readFileSync(join(out, name), 'utf8'), name).toBe(readFileSync(join(DOCS, 'tuning', name), 'utf8'));
  }
});

it('[TU11] the page shows each plot, and what it links to is there', () => {
  const page = readFileSync(join(DOCS, 'TUNING.md'), 'utf8');
  for (const { option } of tunedOptions(QUICK_VALUES, 1)) expect(page).toContain(`](tuning/${option}.svg)`);
  const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string);
  expect(links.length).toBeGreaterThan(7);
  for (const link of links) expect(() => readFileSync(join(DOCS, link)), link).not.toThrow();
});
