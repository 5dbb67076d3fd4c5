// What capture makes of a change, checked on the way: the returned state and the folded patches are the next state.
import assert from 'node:assert/strict';
import { expect } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import { cloneJson, fold } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import type { Json, Patch, PathSegment } from '#core/patch/patch.ts';

export function change(
  before: unknown,
  after: unknown,
  path: PathSegment[] = [],
): { patches: Patch[]; base: Json; now: Json } {
  const base = admit(before, path);
  const patches: Patch[] = [];
  const now = capture(base, after, path, patches);
  assert.deepStrictEqual(now, JSON.parse(JSON.stringify(after)));
  expect(JSON.stringify(now)).toBe(JSON.stringify(after));
  if (path.length === 0) expect(JSON.stringify(fold(cloneJson(base), patches))).toBe(JSON.stringify(after));
  return { patches, base, now };
}

export function patchesOf(before: unknown, after: unknown): Patch[] {
  return change(before, after).patches;
}
