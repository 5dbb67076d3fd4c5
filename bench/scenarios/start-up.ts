// Starting: processor time, user and system, of whole processes, which threads and background compilation add to.
// Beside each the time of a Node that does nothing.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';

const INDEX = new URL('../../src/index.js', import.meta.url);
const MAIN = new URL('../../src/cli/main.js', import.meta.url).pathname;

/** Tells the time on a stream of its own when the process ends. */
const TELL = `
const { isMainThread } = require('node:worker_threads');
if (isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    require('node:fs').writeSync(3, String((user + system) / 1000));
  });
}`;

const FIRST_COMMAND = `
const { defineGame, openOrrery } = await import(process.argv[2]);
const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0 }),
  commands: { add(draft, by) { draft.n += by; } },
});
const orrery = await openOrrery({ directory: process.argv[3], games: [counter] });
const game = await orrery.open(counter, 'a');
await game.dispatch('add', 1).durable;
await orrery.close();
`;

/** `argsOf` gives the arguments of Node, from a new folder and a file in it with FIRST_COMMAND. */
function starting(name: string, operation: string, argsOf: (folder: string, program: string) => string[]): Scenario {
  return {
    name: `start-up/${name}`,
    unit: 'process',
    operation,
    slow: true,
    prepare(setting) {
      const folder = setting.folder();
      const [teller, program] = [join(folder, 'tell.cjs'), join(folder, 'first-command.mjs')];
      writeFileSync(teller, TELL);
      writeFileSync(program, FIRST_COMMAND);
      let milliseconds = 0;
      return {
        operations: 1,
        run() {
          const { status, output } = spawnSync(
            process.execPath,
            ['--require', teller, ...argsOf(setting.folder(), program)],
            { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], encoding: 'utf8' },
          );
          milliseconds = Number(output[3]);
          if (status !== 0 || !(milliseconds > 0)) throw new Error(`the process ended with ${status}`);
        },
        measured: () => milliseconds,
      };
    },
  };
}

export const startUpScenarios: readonly Scenario[] = [
  starting('node', 'a Node that does nothing: node -e 0', () => ['-e', '0']),
  starting('version', 'orrery --version', () => [MAIN, '--version']),
  starting('import', "a program that has import 'orrery' and nothing else", () => ['-e', `import('${INDEX.href}')`]),
  starting('first-command', 'a new directory opened, a game made, one command durable, closed', (folder, program) => [
    program,
    INDEX.href,
    join(folder, 'data'),
  ]),
];
