// `orrery show --at` and `orrery diff` against every state the games ever had.

import type { Operation } from 'fast-json-patch';
import fastJsonPatch from 'fast-json-patch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint, orrery, removeFolders } from '../command-line.ts';
import { documentsOf, makeRecorded, type Recorded, visibleSeqs } from './recorded.ts';

let recorded: Recorded;
let untouched: string[];

beforeAll(async () => {
  recorded = await makeRecorded();
  untouched = fingerprint(recorded.directory);
});
afterAll(async () => {
  await recorded.close();
  removeFolders();
});

interface Shown {
  readonly seq: number;
  readonly tick: number;
  readonly time: string;
  readonly value: unknown;
}

async function at(game: string, moment: string | number, ...args: readonly string[]): Promise<Shown> {
  const ended = await orrery('show', recorded.directory, game, '--at', String(moment), ...args, '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return documentsOf(ended.stdout)[0] as Shown;
}

const GAMES = ['every', 'merged'];

describe('show --at', () => {
  it.for(GAMES)('[PC2] %s: the state after every visible seq', async (game) => {
    const moments = recorded.moments[game] ?? [];
    const seqs = visibleSeqs(game, moments).filter((seq) => seq % 3 === 0 || seq > moments.length - 5);
    expect(seqs.length).toBeGreaterThan(10);
    for (const seq of seqs) {
      const { tick, state } = moments[seq] as (typeof moments)[number];
      expect(await at(game, seq)).toMatchObject({ seq, tick, value: state });
    }
  });

  it.for(GAMES)(
    '[PC2] %s: a tick is the state after its last command, a time that of the last command up to it',
    async (game) => {
      const moments = recorded.moments[game] ?? [];
      for (const tick of [0, 7, 21, 39]) {
        const last = moments.findLast((moment) => moment.tick === tick);
        const shown = await at(game, `tick:${tick}`);
        expect(shown).toMatchObject({ seq: last?.seq, tick, value: last?.state });
        const later = await at(game, `time:${shown.time}`, '--nearest');
        expect(later.seq).toBeGreaterThanOrEqual(shown.seq);
        expect(later).toMatchObject({ time: shown.time, value: moments[later.seq]?.state });
      }
      expect(await at(game, 'time:9999-01-01')).toMatchObject({ seq: moments.length - 1 });
    },
  );

  it('[PC16] a time in seconds is told as such, where it means a moment of the game as seconds', async () => {
    const last = Date.parse((await at('every', 0)).time);
    const seconds = Math.floor(last / 1000) + 1;
    const ended = await orrery('show', recorded.directory, 'every', '--at', `time:${seconds}`);
    expect(ended).toMatchObject({ status: 3, stdout: '' });
    const iso = new Date(seconds * 1000).toISOString();
    const told = `A time is in milliseconds since 1970: if ${seconds} is in seconds, write ${seconds}000, which is ${iso}.`;
    expect(ended.stderr).toContain(told);
    for (const option of ['--from', '--to']) {
      const logged = await orrery('log', recorded.directory, 'every', option, `time:${seconds}`);
      expect(logged).toMatchObject({ status: 0, stderr: `${told}\n` });
    }
    for (const time of ['1', String(last - 1), '1970-01-02']) {
      const early = await orrery('show', recorded.directory, 'every', '--at', `time:${time}`);
      expect(early.status).toBe(3);
      expect(early.stderr).not.toContain('in seconds');
    }
  });

  it('[PC2] prints a part for people, and says on standard error which moment it is', async () => {
    const last = recorded.moments['every']?.at(-1);
    const ended = await orrery('show', recorded.directory, 'every', '--at', `${last?.seq}`, '--path', '/purse/total');
    const { purse } = (last as NonNullable<typeof last>).state as { purse: { total: number } };
    expect(ended).toMatchObject({ status: 0, stdout: `${purse.total}\n` });
    expect(ended.stderr).toMatch(new RegExp(`^seq ${last?.seq}, tick ${last?.tick}, \\d{4}-`));
  });

  it('[PC2] a moment that is not kept ends with 3 and the ones around it; --nearest takes the one before', async () => {
    const moments = recorded.moments['merged'] ?? [];
    const visible = visibleSeqs('merged', moments);
    const inside = moments.findIndex(({ seq }) => !visible.includes(seq));
    const before = visible.findLast((seq) => seq < inside) as number;
    const after = visible.find((seq) => seq > inside);
    const refused = await orrery('show', recorded.directory, 'merged', '--at', String(inside), '--json');
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(JSON.parse(refused.stderr)).toMatchObject({
      error: { code: 'MOMENT_NOT_KEPT', context: { game: 'merged', seq: inside, before, after } },
    });
    expect(JSON.parse(refused.stderr).error.hint).toContain('--nearest');
    const nearest = await at('merged', inside, '--nearest');
    expect(nearest).toMatchObject({ seq: before, value: moments[before]?.state });
  });

  it.for(['seq:99999', 'tick:99999', 'time:1'])('[PC2] %s is before the start or after the end', async (moment) => {
    const ended = await orrery('show', recorded.directory, 'every', '--at', moment);
    expect(ended).toMatchObject({ status: 3, stdout: '' });
    expect(ended.stderr).not.toMatch(/^ +at /m);
  });

  it('[PC2] nothing at --path ends with 3 and what is there instead', async () => {
    const ended = await orrery('show', recorded.directory, 'every', '--at', '0', '--path', '/purse/silver');
    expect(ended).toMatchObject({ status: 3, stdout: '' });
    expect(ended.stderr).toContain('/purse is an object with total, n~01.');
  });
});

describe('diff', () => {
  it.for(GAMES)('[PC3] %s: the operations lead from the state at A to that at B, in either direction', async (game) => {
    const moments = recorded.moments[game] ?? [];
    const seqs = visibleSeqs(game, moments);
    const pairs = seqs.slice(0, 8).map((_, index) => [seqs[index * 3], seqs.at(-1 - index * 2)] as const);
    for (const [one, two] of [...pairs, ...pairs.map(([a, b]) => [b, a] as const)]) {
      const ended = await orrery(
        'diff',
        recorded.directory,
        game,
        '--from',
        String(one),
        '--to',
        `seq:${two}`,
        '--json',
      );
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      const [told] = documentsOf(ended.stdout) as [{ from: object; to: object; operations: Operation[] }];
      expect(told).toMatchObject({ from: { seq: one }, to: { seq: two } });
      const base = structuredClone(moments[one as number]?.state);
      expect(fastJsonPatch.applyPatch(base, told.operations, true).newDocument).toEqual(moments[two as number]?.state);
    }
  });

  it('[PC3] takes ticks, times, first and last', async () => {
    const ended = await orrery('diff', recorded.directory, 'merged', '--from', 'first', '--json');
    const [told] = documentsOf(ended.stdout) as [{ from: Shown; to: Shown }];
    const last = (recorded.moments['merged'] ?? []).length - 1;
    expect(told).toMatchObject({ from: { seq: 0 }, to: { seq: last } });
    const same = await orrery(
      'diff',
      recorded.directory,
      'merged',
      '--from',
      'tick:40',
      '--to',
      `time:${told.to.time}`,
    );
    expect(same.stdout.split('\n').slice(2)).toEqual(['nothing differs', '']);
  });

  it('[PC3] lists changes by entity, with old and new value', async () => {
    const moments = recorded.moments['every'] ?? [];
    const trades = (recorded.commands['every'] ?? []).filter(
      ({ name, args }) => name === 'trade' && (args as { gold: number }).gold !== 0,
    );
    const { seq, args } = trades[3] as (typeof trades)[number];
    const { port, gold } = args as { port: string; gold: number };
    const { ports, purse } = (moments[seq - 1] as (typeof moments)[number]).state as {
      ports: { [id: string]: { gold: number } };
      purse: { total: number };
    };
    const held = ports[port]?.gold as number;
    const ended = await orrery('diff', recorded.directory, 'every', '--from', String(seq - 1), '--to', String(seq));
    const lines = ended.stdout.split('\n');
    expect(lines[0]).toMatch(new RegExp(`^from {2}seq ${seq - 1}, tick \\d+, \\d{4}-.*, version 2$`));
    expect(lines.slice(lines.indexOf(`/ports/${port}`))).toContain(`  ~ gold  ${held} -> ${held + gold}`);
    expect(lines.slice(lines.indexOf('/purse'))).toContain(`  ~ total  ${purse.total} -> ${purse.total + gold}`);
    expect(lines.slice(lines.indexOf('/news'))).toContain(`  + 0  "${port} has ${held + gold}"`);
    expect(lines.at(-2)).toMatch(/^\d+ changes in 3 places$/);
  });

  it('[PC3] keeps to a path', async () => {
    const ended = await orrery(
      'diff',
      recorded.directory,
      'every',
      '--from',
      'first',
      '--to',
      'last',
      '--path',
      '/purse',
      '--json',
    );
    const [{ operations }] = documentsOf(ended.stdout) as [{ operations: Operation[] }];
    expect(operations.length).toBeGreaterThan(0);
    expect(operations.filter(({ path }) => !path.startsWith('/purse'))).toEqual([]);
  });
});

it('[PC10] none of this has changed the directory, which a process has open', () => {
  expect(fingerprint(recorded.directory)).toEqual(untouched);
});
