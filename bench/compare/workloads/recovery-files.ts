// The files that W6 recovers, made by recovery-writer.ts in a process that is killed at the end of it. Making them
// takes many times as long as recovering, so they are kept in the system's temporary folder under a name that stands
// for the code that made them, and a trial gets a copy.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { neededJson, Past, recordsJson, type Standing } from './recovery-past.ts';

export interface KeptFiles {
  readonly data: string;
  /**
   * Paths of files: JSON to compare with. A line of `history` is a tick; the last is the state. Only Orrery's have
   * them.
   */
  readonly json?: {
    readonly snapshot: string;
    readonly steps: string;
    readonly tail: string;
    readonly history: string;
  };
}

const PREFIX = 'orrery-bench-recovery-';

/** Far longer than a comparison takes. */
const KEPT_MS = 3 * 3_600_000;

/** What the writer ends with when a checkpoint came that was not wanted. */
const TRY_AGAIN = 75;
const TRIES = 4;

/** Where compiled programs are, and what the files depend on. */
const COMPILED = fileURLToPath(new URL('../../../', import.meta.url));
const OWN = ['recovery-files.js', 'recovery-past.js', 'recovery-writer.js', 'sqlite-peer.js'];
const SOURCES = [
  'src',
  'workers',
  'schemas',
  'bench/galaxy.js',
  ...OWN.map((name) => `bench/compare/workloads/${name}`),
];

export async function keptFiles(contender: string, systems: number, ticks: number): Promise<KeptFiles> {
  const key = createHash('sha256').update(`${process.version} ${systems} ${ticks}\n`);
  for (const source of SOURCES) addTo(key, join(COMPILED, source));
  const parent = join(tmpdir(), PREFIX + key.digest('hex').slice(0, 16));
  const kept = join(parent, contender);
  if (!existsSync(kept)) {
    sweep(parent);
    mkdirSync(parent, { recursive: true });
    await make(kept, contender, systems, ticks);
  }
  const data = join(kept, 'data');
  if (!existsSync(join(kept, 'json'))) return { data };
  const path = (name: string): string => join(kept, 'json', name);
  return {
    data,
    json: { snapshot: path('snapshot'), steps: path('steps'), tail: path('tail'), history: path('history') },
  };
}

/** Whole or not at all: what somebody interrupted has another name. */
async function make(kept: string, contender: string, systems: number, ticks: number): Promise<void> {
  const folder = mkdtempSync(`${kept}-`);
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    let standing = await write(contender, data, systems, ticks);
    for (let tries = 1; standing === undefined; tries += 1) {
      if (tries === TRIES) throw new Error(`a checkpoint came in between, ${TRIES} times`);
      rmSync(data, { recursive: true });
      mkdirSync(data);
      standing = await write(contender, data, systems, ticks);
    }
    if ('journal' in standing) writeJson(join(folder, 'json'), systems, standing);
    renameSync(folder, kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves with what the writer said before it was killed, or closed; undefined when it is to be tried again. */
function write(
  contender: string,
  data: string,
  systems: number,
  ticks: number,
): Promise<Standing | object | undefined> {
  const program = fileURLToPath(new URL('recovery-writer.js', import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, contender, data, String(systems), String(ticks)], (error, out, err) => {
      const last = out.trimEnd().split('\n').at(-1);
      const asMeant = contender === 'orrery-closed' ? error === null : error?.signal === 'SIGKILL';
      if (error?.code === TRY_AGAIN) resolve(undefined);
      else if (asMeant && last) resolve(JSON.parse(last) as Standing | object);
      else
        reject(new Error(`making the files of ${contender} failed: ${error?.message ?? 'it was not killed'}\n${err}`));
    });
  });
}

function writeJson(folder: string, systems: number, standing: Standing): void {
  mkdirSync(folder);
  const { snapshot, steps, tail } = neededJson(systems, standing);
  writeFileSync(join(folder, 'snapshot'), snapshot);
  writeFileSync(join(folder, 'steps'), steps);
  writeFileSync(join(folder, 'tail'), `[${tail.join(',')}]`);
  const history = join(folder, 'history');
  const past = new Past(systems);
  while (past.ticks < standing.journal) {
    const tick = past.ticks;
    writeFileSync(history, `${recordsJson(tick, past.next())}\n`, { flag: 'a' });
  }
  writeFileSync(history, `${JSON.stringify(past.state)}\n`, { flag: 'a' });
}

function addTo(key: ReturnType<typeof createHash>, path: string): void {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).sort()) addTo(key, join(path, name));
  } else if (/\.(js|sql)$/.test(path)) {
    key.update(`${path.slice(COMPILED.length)}\n`).update(readFileSync(path));
  }
}

/** Files of other versions of the code. They are large, and nobody is going to ask for them again. */
function sweep(mine: string): void {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (!name.startsWith(PREFIX) || path === mine) continue;
    if (statSync(path).mtimeMs < Date.now() - KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}
