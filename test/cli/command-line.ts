// The built command and the processes beside it, as tests run them, and what they are run on.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { run } from '#cli/program.ts';
import { openOrrery } from '#index.ts';
import { match, mine } from '../programs/mine.ts';

const DIST = new URL('../../dist/', import.meta.url).pathname;
const MAIN = join(DIST, 'src/cli/main.js');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a process of its own. */
export function binary(...args: readonly string[]): Promise<Ended> {
  return endOf(spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** The same with another environment. */
export function endedBinary(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  return endOf(spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env }));
}

/** Runs the command line without a process of its own, which takes a tenth of the time. */
export function orrery(...args: readonly string[]): Promise<Ended> {
  return orreryOn({}, ...args);
}

/** The same on a terminal, or with variables of the environment. */
export async function orreryOn(
  { columns, env = {} }: { readonly columns?: number; readonly env?: NodeJS.ProcessEnv },
  ...args: readonly string[]
): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof texts) => {
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      texts[name] += chunk.toString();
      done();
    };
    return Object.assign(new Writable({ write }), columns === undefined ? {} : { isTTY: true, columns });
  };
  const status = await run(args, { stdout: stream('stdout'), stderr: stream('stderr'), env });
  return { status, ...texts };
}

/** Runs a line of the shell in which `orrery` stands for the built command. */
export function shell(line: string): Promise<Ended> {
  const script = `orrery() { "${process.execPath}" "${MAIN}" "$@"; }\n${line}`;
  return endOf(spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

export interface Digger {
  readonly pid: number;
  /** Lets it come to its end, and waits for that. */
  end(): Promise<void>;
}

/** Starts test/programs/digger.ts, which then has the directory open. */
export async function startDigger(directory: string, way: 'hold' | 'race'): Promise<Digger> {
  const child = spawn(process.execPath, [join(DIST, 'test/programs/digger.js'), directory, way], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise((resolve) => child.stdout.once('data', resolve));
  const early = await Promise.race([ready.then(() => undefined), ended.then((status) => `ended with ${status}`)]);
  if (early !== undefined) throw new Error(`the digger ${early} before it was ready`);
  return {
    pid: child.pid as number,
    async end() {
      child.stdin.end();
      const status = await ended;
      if (status !== 0) throw new Error(`the digger ended with ${status}`);
    },
  };
}

/** Lets a process play in the directory and die by SIGKILL when everything is durable. */
export async function playAndDie(directory: string): Promise<void> {
  const child = spawn(process.execPath, [join(DIST, 'test/programs/digger.js'), directory, 'die'], { stdio: 'ignore' });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`the digger ended by ${String(signal)}`);
}

const folders: string[] = [];

export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-cli-'));
  folders.push(folder);
  return folder;
}

export function copyOf(directory: string): string {
  const copy = join(emptyFolder(), 'copy');
  cpSync(directory, copy, { recursive: true });
  return copy;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Ids that a careless program would take for something else. */
export const HOSTILE_IDS = ['-x', '--json', '..x', '.hidden', 'a=b', 'Ωmega 星雲', 'shard-00', '(1, 2)!'];

/** Two shards, three games with a past, and one for each hostile id; closed in good order. */
export async function makeDirectory(): Promise<string> {
  const directory = join(emptyFolder(), 'data');
  await using open = await openOrrery({ directory, games: [mine, match], shards: 2 });
  const ore = await open.open(mine, 'ore', ['north', 'south']);
  ore.dispatch('dig', { seam: 'north', metal: 5 }, { player: 'ada' });
  ore.dispatch('dig', { seam: 'south', metal: 7 }, { player: 'bob' });
  ore.advance();
  for (const text of ['one', 'two', 'three']) ore.dispatch('tell', text);
  ore.update((draft) => {
    draft.total += 0;
    draft.news = [];
  });
  const final = await open.open(match, 'final');
  for (let minute = 0; minute < 4; minute += 1) {
    final.dispatch('goal', { team: 'red' });
    final.dispatch('goal', { team: 'blue' });
    final.advance();
  }
  const loud = await open.open(mine, 'loud', ['x']);
  loud.dispatch('tell', 'bell \u0007, red \u001b[31m, C1 \u009b31m, turned \u202e round', {
    player: '\u001b]0;owned\u0007',
  });
  for (const id of HOSTILE_IDS) await open.open(mine, id, [id]);
  return directory;
}

/** Everything about a directory that a reader could change: names, bytes, times, links. */
export function fingerprint(directory: string): string[] {
  const lines: string[] = [];
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, entry);
    const { mode, mtimeMs, ctimeMs, size, nlink, ino } = lstatSync(path);
    const bytes = lstatSync(path).isDirectory() ? '' : readFileSync(path).toString('base64');
    lines.push([entry, mode, mtimeMs, ctimeMs, size, nlink, ino, bytes].join('|'));
  }
  return lines;
}
