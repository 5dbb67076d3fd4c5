// `orrery log --format redux-devtools`: whether Redux DevTools would import the file, and what it would then show.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReduxDevtools } from '#cli/past/redux-devtools.ts';
import type { HistoryReader, PastStep, StateAt } from '#storage/history-reader.ts';
import { emptyFolder, orrery, removeFolders } from '../command-line.ts';
import { type Imported, importIntoDevtools } from './devtools-import.ts';
import { documentsOf, makeRecorded, type Recorded, visibleSeqs } from './recorded.ts';

let recorded: Recorded;

beforeAll(async () => {
  recorded = await makeRecorded();
});
afterAll(async () => {
  await recorded.close();
  removeFolders();
});

async function exported(game: string, ...args: readonly string[]): Promise<Imported> {
  const ended = await orrery('log', recorded.directory, game, '--format', 'redux-devtools', ...args);
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return importIntoDevtools(ended.stdout);
}

const momentsOf = (game: string) => recorded.moments[game] ?? [];

describe('the export', () => {
  it.for(['every', 'merged'])('[PC9] %s: is imported with the state after every step', async (game) => {
    const moments = momentsOf(game);
    const seqs = visibleSeqs(game, moments);
    const { actions, states, times } = await exported(game);
    expect(actions.map(({ seq }) => seq)).toEqual(seqs);
    expect(states).toEqual(seqs.map((seq) => moments[seq]?.state));
    const replayed = documentsOf((await orrery('replay', recorded.directory, game, '--json')).stdout) as {
      time: string;
    }[];
    expect(times.slice(1).map((time) => new Date(time).toISOString())).toEqual(replayed.map(({ time }) => time));
  });

  it.for(['every', 'merged'])('[PC9] %s: a reducer that applies the patches computes the same states', async (game) => {
    for (const args of [
      [],
      ['--path', '/ports/a'],
      ['--path', '/news'],
      ['--path', '/news/1'],
      ['--path', '/purse/n~01'],
    ]) {
      const { states, recomputed } = await exported(game, ...args);
      expect(recomputed).toEqual(states);
      expect(new Set(states.map((state) => JSON.stringify(state))).size, String(args)).toBeGreaterThan(3);
    }
  });

  it('[PC9] an action is named by its commands, with player, arguments and patches', async () => {
    const { actions } = await exported('every');
    const told = actions.slice(1).map(({ type, seq, player, args }) => ({ name: type, seq, player, args }));
    expect(told).toEqual((recorded.commands['every'] ?? []).map(({ tick: _, ...rest }) => rest));
    const merged = (await exported('merged')).actions.slice(1);
    const several = merged.filter(({ commands }) => Array.isArray(commands));
    const inThem = several.flatMap(({ commands }) => commands as { seq: number; command: string }[]);
    expect(inThem.length).toBeGreaterThan(several.length);
    for (const { seq, command } of inThem)
      expect(recorded.commands['merged']?.[seq - 1]).toMatchObject({ seq, name: command });
    expect(several.some(({ type }) => / × \d/.test(type))).toBe(true);
  });

  it('[PC9] is bounded: the newest steps of the range, 500 unless --limit says otherwise', async () => {
    const moments = momentsOf('every');
    const ten = await exported('every', '--limit', '10');
    expect(ten.states).toEqual(moments.slice(-11).map(({ state }) => state));
    const range = await exported('every', '--from', 'tick:3', '--to', 'tick:8', '--limit', '4');
    const last = moments.findLast(({ tick }) => tick === 8)?.seq as number;
    expect(range.actions.map(({ seq }) => seq)).toEqual([last - 4, last - 3, last - 2, last - 1, last]);
    expect(range.states.at(-1)).toEqual(moments[last]?.state);
    const none = await exported('every', '--to', 'time:2000-01-01');
    expect(none.states).toEqual([moments.at(-1)?.state]);
  });

  it('[PC9] a path where nothing stands is null', async () => {
    const { states } = await exported('every', '--path', '/ports/nowhere', '--limit', '2');
    expect(states).toEqual([null, null, null]);
  });

  it('[PC9] -o writes a file whole or not at all, and never over another one', async () => {
    const folder = emptyFolder();
    const file = join(folder, 'log.json');
    const to = (path: string) =>
      orrery('log', recorded.directory, 'every', '--format', 'redux-devtools', '-o', path, '--limit', '5');
    const written = await to(file);
    expect(written).toMatchObject({ status: 0, stdout: '' });
    expect(written.stderr).toMatch(/^5 steps, seq \d+ to \d+, written to /);
    expect(importIntoDevtools(readFileSync(file, 'utf8')).states).toHaveLength(6);
    writeFileSync(file, 'mine');
    const refused = await to(file);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('there is such a file already');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await to(join(folder, 'nowhere/log.json'))).status).toBe(5);
    expect(readdirSync(folder)).toEqual(['log.json']);
  });

  it.for([
    [['--player', 'ada'], '--player'],
    [['--backwards'], '--backwards'],
    [['--json'], '--json'],
  ] as const)('[PC9] %j says something else than the export can', async ([args, says]) => {
    const ended = await orrery('log', recorded.directory, 'every', '--format', 'redux-devtools', ...args);
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(`--format redux-devtools and ${says} exclude each other`);
    expect((await orrery('log', recorded.directory, 'every', '-o', '/tmp/never')).stderr).toContain(
      '-o needs --format',
    );
    expect(existsSync('/tmp/never')).toBe(false);
  });
});

/** A past of a few equal steps, without a directory. */
function pastOf(before: StateAt['state'], step: Pick<PastStep, 'patches'>, count = 1): HistoryReader {
  const row = { id: 'g', seq: count, firstSeq: 0 } as HistoryReader['row'];
  return {
    row,
    stateAt: async ({ seq = 0 }) =>
      ({
        game: 'g',
        type: 't',
        version: 1,
        seq,
        tick: 0,
        time: 0,
        tables: [],
        state: structuredClone(before),
      }) as StateAt,
    async *steps({ fromSeq = 1, toSeq = count, backwards = false } = {}) {
      const seqs = Array.from({ length: count }, (_, index) => index + 1).filter(
        (seq) => seq >= fromSeq && seq <= toSeq,
      );
      for (const seq of backwards ? seqs.reverse() : seqs)
        yield { firstSeq: seq, lastSeq: seq, tick: 0, time: 0, commands: [], ...step };
    },
    snapshots: async () => [],
    close: async () => undefined,
  };
}

describe('what a browser could not take', () => {
  const options = { range: {}, path: '', maxBytes: 256 * 1024 };

  it('[PC9] a state with the key that the parser of DevTools takes for its own is refused', async () => {
    const chunks: string[] = [];
    const write = async (text: string): Promise<void> => void chunks.push(text);
    const reserved = pastOf({ a: { $jsan: 'd0' } }, { patches: [] });
    await expect(writeReduxDevtools(reserved, options, write)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(chunks).toEqual([]);
    await writeReduxDevtools(pastOf({ a: '"$jsan":', b: '$jsan' }, { patches: [] }), options, write);
    expect(importIntoDevtools(chunks.join('')).states).toEqual(Array(2).fill({ a: '"$jsan":', b: '$jsan' }));
  });

  it('[PC9] unless told how many, it takes as many steps as fit', async () => {
    const past = pastOf({ large: 'x'.repeat(60 * 1024) }, { patches: [] }, 5);
    let length = 0;
    const write = async (text: string): Promise<void> => {
      length += text.length;
    };
    const report = await writeReduxDevtools(past, options, write);
    expect(report).toEqual({ steps: 2, firstSeq: 4, lastSeq: 5, isCut: true });
    expect(length).toBeLessThan(256 * 1024);
    const asked = writeReduxDevtools(past, { ...options, limit: 3 }, write);
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_OPTION', hint: expect.stringContaining('--limit 2') });
  });

  it('[PC9] where not a single step fits, nothing is written', async () => {
    const past = pastOf({ large: 'x'.repeat(90 * 1024) }, { patches: [] });
    const write = async (): Promise<void> => {
      throw new Error('nothing should have been written');
    };
    await expect(writeReduxDevtools(past, options, write)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      hint: expect.stringContaining('--path'),
    });
  });
});
