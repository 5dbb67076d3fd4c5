// The server of docs/SERVER.md as a process: it answers, and a signal ends it in good order.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { snippetsOf } from './snippets.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'orrery-server-'));

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/orrery'), 'dir');
  const [server] = snippetsOf('docs/SERVER.md', readFileSync(join(ROOT, 'docs/SERVER.md'), 'utf8'));
  writeFileSync(join(folder, 'server.mjs'), server?.text ?? '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started(): Promise<{ url: string; end(signal: NodeJS.Signals): Promise<readonly unknown[]> }> {
  const env = { ...process.env, PORT: '0', DATA: join(folder, 'data') };
  const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const listening = /listening[\s\S]*port: (\d+)/.exec(text)?.[1];
      if (listening) resolve(listening);
    });
    ended.then(([status]) => reject(new Error(`the server ended with ${String(status)}`)), reject);
  });
  const end = (signal: NodeJS.Signals): Promise<readonly unknown[]> => {
    child.kill(signal);
    return ended;
  };
  return { url: `http://127.0.0.1:${port}/`, end };
}

it.each(['SIGTERM', 'SIGINT'] as const)('[DC6] it answers, refuses, and ends in good order on %s', async (signal) => {
  const first = await started();
  const before = (await (await fetch(first.url)).json()) as { sold: number };
  const bought = await fetch(`${first.url}?count=3`, { method: 'POST', headers: { 'x-player': 'ada' } });
  expect(bought.status).toBe(200);
  const refused = await fetch(`${first.url}?count=-1`, { method: 'POST' });
  expect(refused.status).toBe(409);
  expect(await refused.json()).toEqual({ code: 'COMMAND_REFUSED', reason: 'count must be a whole number over 0' });
  expect(await first.end(signal)).toEqual([0, null]);

  const second = await started();
  expect(await (await fetch(second.url)).json()).toMatchObject({ sold: before.sold + 3 });
  expect(await second.end(signal)).toEqual([0, null]);
});
