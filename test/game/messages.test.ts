// What errors say: whole sentences, whatever they are made of, and a remedy that fits.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { OrreryError, openOrrery, runLoop } from '#index.ts';
import { galaxy, open, play, refusal, rejection, sandbox, silent } from './galaxy.ts';

const parts = { code: 'IO_FAILED', what: 'it failed', hint: 'Look at the disk.' } as const;

it.each([
  ['no full stop', 'boom', 'it failed: boom. Look at the disk.'],
  ['a full stop', 'boom.', 'it failed: boom. Look at the disk.'],
  ['a full stop and a line feed', 'boom.\n', 'it failed: boom. Look at the disk.'],
  ['a question', 'why?', 'it failed: why? Look at the disk.'],
  ['dots', 'and so on...', 'it failed: and so on... Look at the disk.'],
])('[ER1] a cause that ends in %s is followed by one stop', (_, message, told) => {
  expect(new OrreryError({ ...parts, cause: new Error(message) }).message).toBe(told);
});

it('[ER1] a cause without a message, one of another error, and texts that end otherwise, make sentences', () => {
  expect(new OrreryError({ ...parts, cause: new TypeError() }).message).toBe('it failed: TypeError. Look at the disk.');
  const cause = new OrreryError(parts);
  expect(new OrreryError({ ...parts, cause }).message).toBe(
    'it failed: it failed. Look at the disk. Look at the disk.',
  );
  const odd = { code: 'IO_FAILED', what: 'it failed.', hint: 'Look', context: { game: 'g' } } as const;
  expect(new OrreryError(odd).message).toBe('it failed [game "g"]. Look.');
  expect(new OrreryError({ ...odd, cause: 'no error' }).within({ shard: 1 }).message).toBe(
    'it failed [game "g", shard 1]: no error. Look.',
  );
});

it('[ER1] a path that is a file, in the words that openOrrery has for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-messages-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), '');
  const opening = openOrrery({ directory: join(folder, 'file', 'x'), games: [galaxy], logger: silent });
  const { message } = await rejection('DIRECTORY_UNUSABLE', opening);
  expect(message).toContain('on the directory. Pass a path');
  expect(message).not.toMatch(/[.:]\s*[.:]/);
});

it('[ER2] in a log an error is told once: what its cause says does not follow its full stop', async () => {
  const lines: { err: { message: string; stack: string; code: string } }[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const stumbling = {
    ...sandbox(() => ({ n: 0 }), 'stumbling'),
    onTick: () => {
      throw new Error('tick boom');
    },
  };
  const orrery = await open([stumbling], { logger });
  await orrery.open(stumbling, 'g');
  let fire = (): void => undefined;
  let time = 0;
  const after = (ms: number, call: () => void): (() => void) => {
    fire = () => {
      time += ms;
      call();
    };
    return () => undefined;
  };
  const loop = runLoop(orrery, { hz: 10, clock: { now: () => time, after } });
  fire();
  loop.stop();
  const [{ err } = expect.unreachable()] = lines;
  expect(err.code).toBe('COMMAND_REFUSED');
  expect(err.message.match(/tick boom/g)).toHaveLength(1);
  expect(err.message).not.toMatch(/[.:]\s*[.:]/);
  expect(err.stack).toMatch(/COMMAND_REFUSED|the command threw[\s\S]*caused by: Error: tick boom/);
});

it.each([
  ['set', (args: { at: string }) => Object.assign(args, { at: 'vega' })],
  ['added to', (args: object) => Object.assign(args, { more: 1 })],
  ['taken from', (args: { at?: string }) => delete args.at],
  ['defined', (args: object) => Object.defineProperty(args, 'at', { value: 1 })],
  ['pushed to', (args: { list: number[] }) => args.list.push(2)],
])('[ER3] an argument is frozen: one that is %s says what to do instead', async (_, change) => {
  const type = {
    ...sandbox(() => ({ n: 0 })),
    commands: { change: (_draft: unknown, args: unknown) => void change(args as never) },
  };
  const { game } = await play(type);
  const error = refusal('COMMAND_REFUSED', () => game.dispatch('change', { at: 'sol', list: [1] } as never));
  expect(error.hint).toContain('frozen');
  expect(error.hint).toContain('structuredClone(args)');
});

it('[ER4] a worker file that is missing, or cannot be loaded, is named, with why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-messages-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'throws.mjs'), "throw new Error('cannot be loaded');");
  writeFileSync(join(folder, 'other.mjs'), 'export const other = 1;');
  for (const [name, why] of [
    ['missing.mjs', 'missing.mjs'],
    ['throws.mjs', 'cannot be loaded'],
    ['other.mjs', 'No handler'],
  ] as const) {
    const file = join(folder, name);
    const directory = join(folder, 'games');
    const opening = openOrrery({ directory, games: [galaxy], logger: silent, workerUrl: pathToFileURL(file) });
    const error = await rejection('OWNER_DIED', opening);
    expect(error.context).toMatchObject({ shard: 0, file });
    expect(error.what).toContain('could not load its file');
    expect(error.hint).toContain('`workerUrl`');
    expect(String((error.cause as Error).message)).toContain(why);
    expect(readdirSync(directory)).not.toContain('LOCK');
  }
});
