// The order in which vitest begins the test files: what takes longest comes first, or one worker would be left with it in the end.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Slowest first, on two cores; most of these wait for processes and the disk. The others follow by their size. */
const SLOWEST = [
  'fault/kill',
  'fault/crash-simulator',
  'recovery/salvage',
  'fault/mutants',
  'bench/smoke',
  'example/demo',
  'recovery/every-bit',
  'cli/tune',
  'fault/strace',
  'fault/torture',
  'bench/compare',
  'bench/guard',
  'compaction/bounded-disk',
  'package/pack',
  'history/moments.property',
  'cli/renewal',
  'cli/sql',
  'property/patch.property',
  'upgrade/opening',
  'history/live',
  'docs/snippets',
  'cli/check',
  'cli/live',
].map((name) => `/test/${name}.test.ts`);

function rankOf({ moduleId }: TestSpecification): number {
  const rank = SLOWEST.findIndex((name) => moduleId.endsWith(name));
  return rank < 0 ? SLOWEST.length : rank;
}

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => rankOf(left) - rankOf(right));
  }
}
