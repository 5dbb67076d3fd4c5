// The sample that `npm test` walks of an exhaustive proof.

import { expect, it } from 'vitest';
import { inSample, share } from './sampling.ts';

const chosen = (length: number, oneIn: number, seed: number): number[] =>
  Array.from({ length }, (_, index) => index).filter((index) => inSample(index, oneIn, seed, false));

it('[H9] a sample has one case of every stretch, the same in every run, and other cases with another seed', () => {
  const sample = chosen(700, 7, 1);
  expect(sample.map((index) => Math.floor(index / 7))).toEqual(Array.from({ length: 100 }, (_, stretch) => stretch));
  expect(chosen(700, 7, 1)).toEqual(sample);
  expect(chosen(700, 7, 2)).not.toEqual(sample);
  // No stride: every place of a stretch is drawn.
  expect(new Set(sample.map((index) => index % 7)).size).toBe(7);
});

it('[H9] every case is in some sample, and a full run has them all', () => {
  const found = new Set(Array.from({ length: 60 }, (_, seed) => chosen(70, 7, seed)).flat());
  expect(found.size).toBe(70);
  expect(Array.from({ length: 70 }, (_, index) => index).every((index) => inSample(index, 7, 1, true))).toBe(true);
});

it('[H9] a share is rounded up, and a full run has the whole', () => {
  expect([share(300, 7, false), share(3, 7, false), share(300, 7, true)]).toEqual([43, 1, 300]);
});
