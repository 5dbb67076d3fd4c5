// npm run torture, as it is run by hand and by machines: its last line and its exit code.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from './project-root.ts';

const PROGRAM = join(projectRoot(), 'dist/test/programs/torture.js');

function torture(...options: string[]): { readonly code: number | null; readonly out: string; readonly last: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...options], { encoding: 'utf8' });
  return { code: status, out: stdout + stderr, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

it('[X9] says how much it has looked at, what it covered, and that nothing was broken', () => {
  const { code, out, last } = torture('--states', '3000', '--full-states', '20', '--kills', '2', '--seed', '3');
  expect(out).toMatch(/plain engine: \d+ states in [\d.]+ s \(\d+ a second\), \d+ crash points of \d+ workloads/);
  expect(out).toMatch(/full engine: \d+ states/);
  expect(out).toMatch(/crashed while: .*checkpoint \d+/);
  expect(last).toMatch(/^states=30\d\d kills=2 violations=0$/);
  expect(code).toBe(0);
});

it('[X9] a broken promise is told with the way to see it again, and the exit code is 1', () => {
  const mutant = ['--mutant', 'acknowledged before fdatasync'];
  const { code, out, last } = torture('--states', '20000', '--threads', '1', ...mutant);
  expect(last).toMatch(/^states=\d+ kills=0 violations=1$/);
  expect(code).toBe(1);
  const replay = /--replay '(.*)'$/m.exec(out)?.[1] as string;
  const again = torture('--replay', replay, ...mutant);
  expect(again.code).toBe(1);
  expect(again.out).toContain(/VIOLATION .*/.exec(out)?.[0]);
  // The same case is no violation when nothing is wrong.
  expect(torture('--replay', replay).last).toMatch(/violations=0$/);
});

it('[X9] stops in time, and refuses what it does not understand', () => {
  // Told nothing else, it would go on for ever without the option.
  expect(torture('--seconds', '3').last).toMatch(/^states=\d+ kills=0 violations=0$/);
  expect(torture('--kills', '0', '--seconds', '3').last).toMatch(/^states=[1-9]\d* kills=0 violations=0$/);
  expect(torture('--states', 'many').code).toBe(2);
  expect(torture('--mutant', 'none such').code).toBe(2);
});

it('[X9] a run that looks at nothing is no success', () => {
  const nothing = torture('--kills', '0', '--states', '0');
  expect(nothing.code).toBe(2);
  expect(nothing.out).toContain('nothing to look at');
  const noTime = torture('--states', '100', '--kills', '1', '--seconds', '0');
  expect(noTime.last).toBe('states=0 kills=0 violations=0');
  expect(noTime.code).toBe(1);
});
