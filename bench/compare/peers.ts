// The packages that Orrery is compared with: in bench/node_modules, from bench/package.json, and nobody but the
// comparison needs them. Installed on first use.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of bench/package.json: this file's own when it runs as source, and not that of what it is compiled to. */
export const BENCH = benchFolder();

/** Their install scripts fetch or compile a library. Where neither works, the others are there all the same. */
const NATIVE = ['better-sqlite3', 'lmdb', 'msgpackr-extract', 'sqlite3'] as const;

/** Written after the packages are in place: why a native one could not be built. */
const OUTCOME = 'node_modules/.orrery-peers.json';

const LONGEST_MS = 15 * 60_000;
const LINES_OF_FAILURE = 3;

interface Outcome {
  /** SHA-256 of the lock file they were installed from. */
  readonly lock: string;
  /** Node's version of compiled libraries: those of another do not load. */
  readonly abi: string;
  readonly failures: Readonly<Record<string, string>>;
}

const load = createRequire(join(BENCH, 'package.json'));

/** A package of bench/node_modules. Throws, saying why, when it is not there or does not load. */
export function peer<T>(name: string): T {
  try {
    return load(name) as T;
  } catch (error) {
    const failure = outcome()?.failures[name];
    throw new Error(failure ?? firstLine((error as Error).message), { cause: error });
  }
}

export function peerVersion(name: string): string {
  // A package need not export its package.json.
  const manifest = join(BENCH, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) throw new Error(`${name} is not installed in ${BENCH}`);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** Installs what is missing. `tell` hears what happens: it takes a minute or two. */
export async function installPeers(tell: (line: string) => void): Promise<void> {
  if (isInstalled()) return;
  tell(`installing what Orrery is compared with in ${BENCH} (once; builds without a prebuilt library take minutes)`);
  const installed = await npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  if (installed !== undefined) throw new Error(`npm ci in ${BENCH} failed: ${installed}`);
  const failures: Record<string, string> = {};
  for (const name of NATIVE) {
    tell(`building ${name}`);
    const failure = await npm('rebuild', name);
    if (failure === undefined) continue;
    failures[name] = `its native library could not be built: ${failure}`;
    tell(`${name}: ${failures[name]}`);
  }
  const result: Outcome = { lock: lockHash(), abi: process.versions.modules, failures };
  writeFileSync(join(BENCH, OUTCOME), `${JSON.stringify(result, null, 2)}\n`);
}

/** Everything of the lock file is there, and was built for this Node. */
function isInstalled(): boolean {
  const known = outcome();
  return known?.abi === process.versions.modules && known.lock === lockHash();
}

function lockHash(): string {
  return createHash('sha256')
    .update(readFileSync(join(BENCH, 'package-lock.json')))
    .digest('hex');
}

function outcome(): Outcome | undefined {
  const path = join(BENCH, OUTCOME);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Outcome) : undefined;
}

/** Resolves with what went wrong, if anything did. */
function npm(...args: string[]): Promise<string | undefined> {
  const windows = process.platform === 'win32';
  return new Promise((resolve) => {
    const options = { cwd: BENCH, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024, shell: windows };
    execFile(windows ? 'npm.cmd' : 'npm', args, options, (error, _out, complaints) => {
      if (!error) resolve(undefined);
      else resolve(failureIn(complaints) || firstLine(error.message));
    });
  });
}

/**
 * The lines of npm's output in which a compiler, a download or npm itself says what is wrong; failing that, its first
 * lines.
 */
function failureIn(complaints: string): string {
  const lines = complaints
    .split('\n')
    .filter((line) => !/^npm warn/i.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/i, '').trim())
    .filter((line) => line !== '');
  const telling = lines.filter((line) => /error[: ]|not found|cannot|failed|\bE[A-Z]{4,}/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(0, LINES_OF_FAILURE).join('; ');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string;
}

function benchFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const here = join(folder, 'bench', 'package.json');
    // dist/ has a bench/ too, and no package.json in it.
    if (existsSync(here)) return join(folder, 'bench');
    const above = dirname(folder);
    if (above === folder) throw new Error('bench/package.json is not there: the comparison runs in a checkout only');
    folder = above;
  }
}
