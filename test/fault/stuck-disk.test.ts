// A disk that does not answer: fdatasync does not fail and does not return. The thread that waits for it is a real one in a real
// system call, which nothing ends but the disk; when the disk answers, the test decides.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Orrery, type OrreryOptions, openOrrery } from '#index.ts';
import { stopTime } from '../engine/harbour.ts';
import { rejection, sandbox } from '../game/galaxy.ts';
import { isStuck, STUCK_WORKER, stick, unstick } from '../programs/stuck-disk.ts';

const ledger = sandbox(() => ({ n: 0 }), 'ledger');
const CLI = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;

let directory: string;
let logged: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-stuck-'));
  logged = '';
});
afterEach(async () => {
  vi.useRealTimers();
  unstick(directory);
  await expect.poll(() => existsSync(join(directory, 'LOCK')), { timeout: 20_000 }).toBe(false);
  rmSync(directory, { recursive: true, force: true });
});

const logger = pino(
  { level: 'warn' },
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString('utf8');
      done();
    },
  }),
);

function open(options: Partial<OrreryOptions> = {}): Promise<Orrery> {
  return openOrrery({ directory, games: [ledger], logger, workerUrl: STUCK_WORKER, ...options });
}

function add(game: Awaited<ReturnType<typeof openGame>>) {
  return game.update((draft) => {
    draft.n += 1;
  });
}

function openGame(orrery: Orrery) {
  return orrery.open(ledger, 'g');
}

const leases = (): string[] => readdirSync(join(directory, 'shard-00')).filter((name) => name.startsWith('OWNER-'));
const reached = () => expect.poll(() => isStuck(directory), { timeout: 20_000 }).toBe(true);
const unlocked = () => expect.poll(() => existsSync(join(directory, 'LOCK')), { timeout: 20_000 }).toBe(false);

/** Ends with a command that waits in the disk, behind one that is durable. */
async function stuckCommit(options: Partial<OrreryOptions> = {}) {
  const orrery = await open(options);
  const game = await openGame(orrery);
  await add(game).durable;
  stick(directory);
  const receipt = add(game);
  await reached();
  return { orrery, game, receipt };
}

/** The time limit of `close` passes, by a clock that nobody waits for. `until` comes before it. */
async function closedTooLate(orrery: Orrery, until?: () => Promise<void>) {
  stopTime();
  const closing = rejection('CLOSE_TIMEOUT', orrery.close({ timeoutMs: 1000 }));
  await until?.();
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  return closing;
}

describe.skipIf(process.platform === 'win32')('an fdatasync that does not return', () => {
  it('[W25] is told: degraded, the age of what waits, metrics with the age of the numbers; and is over when it returns', async () => {
    const told: string[] = [];
    const { orrery, game, receipt } = await stuckCommit({ stalledAfterMs: 20 });
    orrery.on('degraded', ({ code }) => told.push(`degraded ${code}`));
    orrery.on('recovered', (shard) => told.push(`recovered ${shard}`));
    await expect.poll(() => orrery.health.state).toBe('degraded');
    const waited = orrery.health.shards[0]?.oldestWaitingMs ?? 0;
    expect(waited).toBeGreaterThan(20);
    // The games go on, and nobody waits for the owner.
    add(game);
    expect(game.state.n).toBe(3);
    const { total } = await orrery.metrics();
    expect(total).toMatchObject({ queuedRecords: 2, records: 2 });
    expect(total.oldestWaitingMs).toBeGreaterThanOrEqual(waited);
    expect(total.ownerAgeMs).toBeGreaterThan(0);
    unstick(directory);
    await receipt.durable;
    await orrery.flush();
    await expect.poll(() => orrery.health.state).toBe('ok');
    expect(orrery.health.shards[0]?.oldestWaitingMs).toBe(0);
    expect((await orrery.metrics()).total).toMatchObject({ ownerAgeMs: 0, oldestWaitingMs: 0, records: 4 });
    expect(told.at(-1)).toBe('recovered 0');
    await orrery.close();
  });

  it('[W26] close ends in time; the directory stays locked until the thread has ended, and says why', async () => {
    const { orrery, receipt } = await stuckCommit();
    const error = await closedTooLate(orrery);
    expect(error.context).toMatchObject({ unsaved: [{ game: 'g', firstSeq: 2 }], stuckShards: [0] });
    await rejection('CLOSE_TIMEOUT', receipt.durable);
    expect(existsSync(join(directory, 'LOCK'))).toBe(true);
    const again = await rejection('ALREADY_OPEN', open());
    expect(again.message).toContain('closed here');
    expect(again.message).toContain('the thread of shard 0 waits for the disk');
    const other = spawnSync(process.execPath, [CLI, 'checkpoint', directory], { encoding: 'utf8' });
    expect([other.status, other.stderr]).toEqual([4, expect.stringContaining(`by process ${process.pid}`)]);
    unstick(directory);
    await unlocked();
    expect(logged).toContain('the directory is free');
    const next = await open();
    // What had not been acknowledged may be there.
    expect([1, 2]).toContain((await openGame(next)).seq);
    await next.close();
  });

  it('[W26] so it is when the thread waits over closing, and no other thread takes its place', async () => {
    const orrery = await open();
    await add(await openGame(orrery)).durable;
    const before = leases();
    stick(directory);
    const error = await closedTooLate(orrery, reached);
    expect(error.context).toMatchObject({ stuckShards: [0] });
    expect(error.context['unsaved']).toBeUndefined();
    await rejection('ALREADY_OPEN', open());
    unstick(directory);
    await unlocked();
    expect(leases()).toEqual(before);
    const next = await open();
    expect((await openGame(next)).state.n).toBe(1);
    await next.close();
  });

  it('[W27] an opening that is given a time gives up in time, and its directory stays locked as long', async () => {
    await (await open()).close();
    stick(directory);
    stopTime();
    const opening = rejection('OPEN_TIMEOUT', open({ openTimeoutMs: 1000, stalledAfterMs: 100 }));
    await reached();
    await vi.advanceTimersByTimeAsync(5000);
    vi.useRealTimers();
    const error = await opening;
    expect(error.context).toMatchObject({ shard: 0 });
    expect(logged).toContain('still being opened');
    await rejection('ALREADY_OPEN', open());
    unstick(directory);
    await unlocked();
    await (await open()).close();
  });

  it('[W28] should somebody remove the lock and open the directory, what the thread still writes counts for nothing', async () => {
    const { orrery } = await stuckCommit();
    await closedTooLate(orrery);
    rmSync(join(directory, 'LOCK'));
    const next = await open({ workerUrl: undefined as never });
    const game = await openGame(next);
    const { n } = game.state;
    await add(game).durable;
    unstick(directory);
    await expect.poll(() => logged).toContain('the directory is free');
    // The lock is that of whoever has the directory now.
    await rejection('ALREADY_OPEN', open());
    await add(game).durable;
    await next.close();
    const last = await open();
    expect((await openGame(last)).state.n).toBe(n + 2);
    await last.close();
  });
});
