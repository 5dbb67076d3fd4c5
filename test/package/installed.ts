// The package as its users get it: packed, and installed with npm into an empty folder.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, type TestContext } from 'vitest';

export const ROOT = new URL('../..', import.meta.url).pathname;

/** What npm said of the network, and of a cache that would have had to stand in for it. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i;

export interface Installed {
  /** Where everything of this test file lies. */
  readonly folder: string;
  /** Where the package is installed. */
  readonly app: string;
  skipOffline(context: TestContext): void;
}

/** For one test file, which has it until its last test has ended. */
export function installed(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-package-'));
  const app = join(folder, 'app');
  /** Why nothing can be installed here, if that is so. */
  let offline: string | undefined;
  beforeAll(() => {
    // Without prepack: everything is built before the tests, and building again would rewrite what other tests run.
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string;
    offline = install(app, join(folder, tarball));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    app,
    skipOffline({ skip }) {
      if (offline) skip(offline);
    },
  };
}

/** What a command writes to standard output. Throws what `execFileSync` throws. */
export function run(command: string, args: readonly string[], cwd: string): string {
  // What npm told the process that runs these tests must not tell the npm that is tested.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_OPTIONS$|^VITEST/i.test(name)),
  );
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Installs a package into a folder. The result is why it could not, when there is no network. */
export function install(cwd: string, what: string): string | undefined {
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  try {
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', what], cwd);
    return undefined;
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr);
    if (NO_NETWORK.test(said)) return `npm cannot install ${what}: ${said.trim().split('\n')[0]}`;
    throw new Error(said, { cause: error });
  }
}
