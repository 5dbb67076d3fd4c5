// `orrery replay --step`, with keys that come from a stream.

import { PassThrough, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shorten } from '#cli/columns.ts';
import { run } from '#cli/program.ts';
import { type Ended, orrery, removeFolders } from '../command-line.ts';
import { makeRecorded, type Recorded, visibleSeqs } from './recorded.ts';

let recorded: Recorded;

beforeAll(async () => {
  recorded = await makeRecorded();
});
afterAll(async () => {
  await recorded.close();
  removeFolders();
});

interface Walked extends Ended {
  /** What the terminal was told about raw keys, in order. */
  readonly raw: readonly boolean[];
}

/** Plays the keys, and lets the stream end behind them unless they quit before. */
function walk(keys: string, ...args: readonly string[]): Promise<Walked> {
  return walkOn({}, keys, ...args);
}

/** The same on a terminal of a size. */
async function walkOn(
  size: { readonly columns?: number; readonly rows?: number },
  keys: string,
  ...args: readonly string[]
): Promise<Walked> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof texts) =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString();
        done();
      },
    });
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (is: boolean) => raw.push(is) });
  stdin.end(keys);
  const isTTY = size.columns !== undefined;
  const console = {
    stdout: Object.assign(stream('stdout'), { isTTY, ...size }),
    stderr: stream('stderr'),
    env: {},
    stdin,
  };
  const status = await run(['replay', recorded.directory, ...args, '--step'], console);
  return { status, ...texts, raw };
}

/** Where it said that it stands. */
const places = ({ stdout }: Walked): number[] =>
  [...stripVTControlCharacters(stdout).matchAll(/^at seq (\d+) of/gm)].map((each) => Number(each[1]));
/** The steps it printed, by their last seq. */
const steps = ({ stdout }: Walked): number[] =>
  [...stripVTControlCharacters(stdout).matchAll(/^seq (?:\d+ to )?(\d+), tick/gm)].map((each) => Number(each[1]));

describe('replay --step', () => {
  it('[PC8] each key brings a step, and the end of the keys ends it', async () => {
    const ended = await walk(' n\r', 'every');
    expect(ended).toMatchObject({ status: 0, stderr: '', raw: [true, false] });
    expect(steps(ended)).toEqual([1, 2, 3]);
    expect(places(ended)).toEqual([0]);
  });

  it.for(['q', '\u0003', '\u0004'])('[PC8] %j ends it', async (key) => {
    const ended = await walk(` ${key} `, 'every');
    expect(ended).toMatchObject({ status: 0, raw: [true, false] });
    expect(steps(ended)).toEqual([1]);
  });

  it('[PC8] goes back as far as it came, and then no further', async () => {
    const seqs = visibleSeqs('merged', recorded.moments['merged'] ?? []);
    const ended = await walk('  bbb ', 'merged');
    expect(steps(ended)).toEqual([seqs[1], seqs[2], seqs[1]]);
    expect(places(ended)).toEqual([0, seqs[1], 0]);
    expect(ended.stdout).toContain('this is the first moment that is kept');
  });

  it('[PC8] jumps to seqs, ticks, first and last, and says when there is no such moment', async () => {
    const moments = recorded.moments['every'] ?? [];
    const ofTick9 = moments.findLast(({ tick }) => tick === 9)?.seq as number;
    const ended = await walk('j21\r jtick:9\rjlast\r jfirst\rj99999\rjtime:1\rjnoon\rj12\u001b', 'every');
    const last = moments.length - 1;
    // What lies after the end is the end; before the start there is nothing.
    expect(places(ended)).toEqual([0, 21, ofTick9, last, 0, last]);
    expect(steps(ended)).toEqual([22]);
    expect(ended.stdout).toContain('this is the end');
    expect(ended.stdout).toContain('"noon" is no moment');
    expect(ended.stdout).toContain('at time 1 ');
  });

  it('[PC8] prints what stands at a path, as it is after the step; typing can be corrected', async () => {
    const moments = recorded.moments['every'] ?? [];
    const total = (seq: number) => (moments[seq] as { state: { purse: { total: number } } }).state.purse.total;
    const ended = await walk('j30\rp/purse/totaX\u007fl\r p/purse/total\rp/nowhere\r', 'every');
    const lines = ended.stdout.split('\n');
    const printed = lines.filter((line) => /^-?\d+$/.test(line));
    expect(printed).toEqual([total(30), total(31)].map(String));
    expect(ended.stdout).toContain('nothing stands at this path of the state');
    expect(ended.stdout).toContain('totaX\b \bl');
  });

  it('[PC8] begins and ends where --from and --to say, and passes over what --path leaves out', async () => {
    const ended = await walk('     ', 'every', '--from', '7', '--to', '8');
    expect(places(ended)).toEqual([6]);
    expect(steps(ended)).toEqual([7, 8]);
    const moments = recorded.moments['every'] ?? [];
    const gold = (seq: number) => (moments[seq] as { state: { ports: { a?: { gold: number } } } }).state.ports.a?.gold;
    const changed = moments.filter(({ seq }) => seq > 0 && gold(seq) !== gold(seq - 1)).map(({ seq }) => seq);
    const over = await walk('  ', 'every', '--path', '/ports/a/gold');
    expect(steps(over)).toEqual(changed.slice(0, 2));
  });

  const seen = ({ stdout }: Walked): string[] => stripVTControlCharacters(stdout).trimEnd().split('\n');

  it('[PC8] s shows the state at the cursor, with --path that part of it', async () => {
    const moments = recorded.moments['every'] ?? [];
    const state = (seq: number) => (moments[seq] as { state: { purse: object } }).state;
    const whole = await walkOn({ columns: 80, rows: 10_000 }, ' s', 'every');
    const text = stripVTControlCharacters(whole.stdout);
    expect(JSON.parse(text.slice(text.indexOf('\n{')))).toEqual(state(1));
    expect(text).toMatch(/\nat seq 1 of \d+, tick \d+, .*\n\{/);
    const part = await walk('j30\rs', 'every', '--path', '/purse');
    expect(JSON.parse(part.stdout.slice(part.stdout.indexOf('\n{')))).toEqual(state(30).purse);
    const none = await walk('s q', 'every', '--path', '/nowhere');
    expect(none.stdout).toContain('nothing stands at this path of the state');
    expect(none.status).toBe(0);
  });

  it('[PC8] a long state comes in pages of the terminal, each line cut to it', async () => {
    const state = JSON.stringify((recorded.moments['every'] ?? [])[3]?.state, undefined, 2).split('\n');
    const page = 10;
    const paged = (keys: string) => walkOn({ columns: 30, rows: page + 2 }, `   s${keys}`, 'every');
    const note = `line ${page} of ${state.length}   space: more   q: enough`;
    expect(state.length).toBeGreaterThan(2 * page);
    const first = seen(await paged('q'));
    expect(first.slice(-page - 1, -1)).toEqual(state.slice(0, page).map((line) => shorten(line, 30)));
    expect(first.at(-1)).toBe(shorten(note, 30));
    expect(Math.max(...first.map((line) => line.length))).toBeLessThanOrEqual(30);
    const second = seen(await paged(' q'));
    expect(second.slice(-page - 1, -1)).toEqual(state.slice(page, 2 * page).map((line) => shorten(line, 30)));
    // Another key ends the pages and does what it does: here it goes back; and whoever wants out gets out.
    expect(places(await walkOn({ columns: 200, rows: 12 }, '   sb', 'every')).at(-1)).toBe(2);
    for (const key of ['\u0003', '\u0004', 'qq']) expect(steps(await paged(`${key} `))).toEqual([1, 2, 3]);
  });

  it.for([200, 80, 60, 40, 24])('[PC8] the keys fit a terminal of %i columns', async (columns) => {
    const lines = seen(await walkOn({ columns, rows: 24 }, '', 'every'));
    const keys = lines.slice(
      0,
      lines.findIndex((line) => line.startsWith('at seq')),
    );
    expect(keys.join('   ')).toBe('space: next   b: back   s: state   p: path   j: jump   h: keys   q: quit');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    if (columns >= 80) expect(keys).toHaveLength(1);
  });

  it('[PC8] any other key tells the keys', async () => {
    const ended = await walk('x?', 'every');
    expect(ended.stdout.match(/space: next/g)).toHaveLength(3);
  });

  it('[PC8] needs a terminal, and excludes --json and --speed', async () => {
    const without = await orrery('replay', recorded.directory, 'every', '--step');
    expect(without).toMatchObject({ status: 2, stdout: '' });
    expect(without.stderr).toContain('--step needs a terminal');
    expect(await walk(' ', 'every', '--json')).toMatchObject({ status: 2, stdout: '', raw: [] });
    expect(await walk(' ', 'every', '--speed', '3')).toMatchObject({ status: 2, stdout: '', raw: [] });
  });
});
