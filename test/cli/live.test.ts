// The command line beside a process that has the directory open.

import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { binary, type Digger, emptyFolder, orrery, removeFolders, startDigger } from './command-line.ts';

let digger: Digger | undefined;

afterEach(async () => {
  await digger?.end();
  digger = undefined;
});
afterAll(removeFolders);

interface Shown {
  readonly seq: number;
  readonly value: { readonly seams: { readonly [id: string]: { readonly metal: number } }; readonly total: number };
}

it('[K7] reads one whole moment after another while images are published without a pause', async () => {
  const directory = join(emptyFolder(), 'data');
  digger = await startDigger(directory, 'race');
  let seq = 0;
  let listed = 0;
  let first: number | undefined;
  for (let round = 0; round < 8; round += 1) {
    const command = round === 0 ? binary : orrery;
    const [ls, show, log, check] = await Promise.all([
      command('ls', directory, '--json'),
      command('show', directory, 'alpha', '--json'),
      command('log', directory, 'beta', '--json'),
      command('check', directory, '--explain', '--json'),
    ]);
    for (const { status, stderr } of [ls, show, log, check]) expect(`${status} ${stderr}`).toBe('0 ');

    const { games } = JSON.parse(ls.stdout) as { games: { id: string; seq: number }[] };
    expect(games.map(({ id }) => id)).toEqual(['alpha', 'beta', 'delta', 'gamma']);
    const { seq: now = 0 } = games[0] ?? {};
    first ??= now;
    expect(now).toBeGreaterThanOrEqual(listed);
    listed = now;

    const shown = JSON.parse(show.stdout) as Shown;
    expect(shown.seq).toBeGreaterThanOrEqual(seq);
    seq = shown.seq;
    const dug = Object.values(shown.value.seams).reduce((sum, { metal }) => sum + metal, 0);
    expect(shown.value.total).toBe(dug);

    const seqs = log.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(JSON.parse(check.stdout)).toMatchObject({ verdict: 'sound', errors: 0, holder: digger.pid });
  }
  // It did go on meanwhile.
  expect(listed).toBeGreaterThan(first as number);
});

it('[K9] checkpoint fails with status 4 and the process that has the directory', async () => {
  const directory = join(emptyFolder(), 'data');
  digger = await startDigger(directory, 'hold');
  const [plain, json] = await Promise.all([binary('checkpoint', directory), orrery('checkpoint', directory, '--json')]);
  expect(plain).toMatchObject({ status: 4, stdout: '' });
  expect(plain.stderr).toContain(`already open by process ${digger.pid}`);
  expect(json).toMatchObject({ status: 4, stdout: '' });
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'ALREADY_OPEN', context: { pid: digger.pid } } });
});
