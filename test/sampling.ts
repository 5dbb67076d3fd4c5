// How much of an exhaustive proof a run of the tests walks. `npm run test:full` walks all of it; `npm test` a sample, which is the same in
// every run. ORRERY_SAMPLE_SEED draws another sample. test/build.ts prints which it is.

/** The variable that `npm run test:full` sets to 1. */
export const FULL_TESTS = 'ORRERY_FULL_TESTS';

export const isFull = process.env[FULL_TESTS] === '1';
export const sampleSeed = Number(process.env['ORRERY_SAMPLE_SEED'] ?? 1);

/**
 * Whether a case of an exhaustive loop belongs to the sample: one of every `oneIn` cases that follow each other, drawn by the seed. So a
 * sample has cases from every part of a file, and no fixed stride that its layout could match.
 */
export function inSample(index: number, oneIn: number, seed = sampleSeed, full = isFull): boolean {
  return full || index % oneIn === draw(Math.floor(index / oneIn), seed) % oneIn;
}

/** The cases of a list that belong to the sample. */
export function sampled<T>(cases: readonly T[], oneIn: number): readonly T[] {
  return cases.filter((_, index) => inSample(index, oneIn));
}

/** How many: `whole` in a full run, else one in `oneIn` of them, at least one. For rounds, and for counts that a test expects. */
export function share(whole: number, oneIn: number, full = isFull): number {
  return full ? whole : Math.ceil(whole / oneIn);
}

/** A whole number from 0 to 2^32 - 1 that looks random. */
function draw(stratum: number, seed: number): number {
  let mixed = Math.imul(stratum + 1, 0x9e37_79b1) ^ Math.imul(seed, 0x85eb_ca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
